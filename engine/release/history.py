"""What was live at a moment and what moved since, from the append-only deployments."""

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
    return tuple(record(row) for row in rows if row is not None)


def since(db: sqlite3.Connection, when: datetime | None, project: str | None = None) -> tuple[Deployment, ...]:
    """The releases and rollbacks after ``when`` (None: all there were), of one project or of all, the oldest first."""
    rows = db.execute(
        "SELECT * FROM deployments WHERE at > ? AND project = coalesce(?, project) ORDER BY seq",
        (stamp(when) if when else "", project),
    ).fetchall()
    return tuple(record(row) for row in rows)


def record(row: sqlite3.Row) -> Deployment:
    """A row of the deployments."""
    return Deployment(
        seq=row["seq"],
        project=row["project"],
        number=row["number"],
        previous=row["previous"],
        kind=row["kind"],
        at=moment(row["at"]),
        actor=row["actor"],
        reason=row["reason"],
    )


def _ever(db: sqlite3.Connection) -> list[str]:
    """Every project that ever had a live version, also those that were removed since."""
    return [r["project"] for r in db.execute("SELECT DISTINCT project FROM deployments ORDER BY project")]
