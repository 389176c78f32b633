"""What was live at a moment, from the append-only deployments."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from engine.clock import moment, stamp
from engine.projects import registry
from engine.records import Deployment


def at(db: sqlite3.Connection, when: datetime, project: str | None = None) -> tuple[Deployment, ...]:
    """The deployment that was in force at ``when``, for one project or for each, by name."""
    names = [registry.find(db, project).name] if project else _ever(db)
    rows = [
        db.execute(
            "SELECT * FROM deployments WHERE project = ? AND at <= ? ORDER BY seq DESC LIMIT 1", (name, stamp(when))
        ).fetchone()
        for name in names
    ]
    return tuple(
        Deployment(
            seq=r["seq"],
            project=r["project"],
            number=r["number"],
            previous=r["previous"],
            kind=r["kind"],
            at=moment(r["at"]),
            actor=r["actor"],
            reason=r["reason"],
        )
        for r in rows
        if r is not None
    )


def _ever(db: sqlite3.Connection) -> list[str]:
    """Every project that ever had a live version, also those that were removed since."""
    return [r["project"] for r in db.execute("SELECT DISTINCT project FROM deployments ORDER BY project")]
