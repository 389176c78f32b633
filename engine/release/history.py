"""What was live at a moment and what moved since, from the append-only deployments."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from engine.clock import moment, stamp
from engine.projects import registry
from engine.records import Deployment
from engine.versions import catalog

_LIVE = """
SELECT d.seq, d.project, d.number, d.release, d.at FROM json_each(?) given
JOIN deployments d ON d.seq = (SELECT max(seq) FROM deployments WHERE project = given.value)
"""


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


def one(db: sqlite3.Connection, seq: int) -> Deployment:
    """The deployment with that number."""
    return record(db.execute("SELECT * FROM deployments WHERE seq = ?", (seq,)).fetchone())


def newest(db: sqlite3.Connection, project: str) -> Deployment | None:
    """The release or rollback that made live what is live now."""
    row = db.execute("SELECT * FROM deployments WHERE project = ? ORDER BY seq DESC LIMIT 1", (project,)).fetchone()
    return record(row) if row is not None else None


def last_by(db: sqlite3.Connection, project: str, actor: str) -> Deployment | None:
    """What ``actor`` made live last."""
    row = db.execute(
        "SELECT * FROM deployments WHERE project = ? AND actor = ? ORDER BY seq DESC LIMIT 1", (project, actor)
    ).fetchone()
    return record(row) if row is not None else None


def between(db: sqlite3.Connection, project: str, since: datetime, until: datetime) -> tuple[Deployment, ...]:
    """The releases and rollbacks of ``project`` since then and before ``until``, the oldest first."""
    rows = db.execute(
        "SELECT * FROM deployments WHERE project = ? AND at >= ? AND at < ? ORDER BY seq",
        (project, stamp(since), stamp(until)),
    )
    return tuple(record(row) for row in rows)


def live_since(db: sqlite3.Connection, when: datetime) -> tuple[Deployment, ...]:
    """What is live of each project that was moved after ``when``, the last move first."""
    found: dict[str, Deployment] = {}
    # No row is of an earlier time than the one before it, so the first that is too old ends the search.
    for row in db.execute("SELECT * FROM deployments ORDER BY seq DESC"):
        if row["at"] <= stamp(when):
            break
        found.setdefault(row["project"], record(row))
    return tuple(found.values())


@dataclass(frozen=True)
class LiveRelease:
    """What the newest deployment of a project made live, and the name of the folder that it stands in."""

    seq: int
    project: str
    number: int
    release: str
    at: datetime

    @property
    def label(self) -> str:
        return f"{self.project}@{self.number}"


def live(db: sqlite3.Connection, projects: Collection[str]) -> dict[str, LiveRelease]:
    """What is live of each of ``projects``. From them, for to group the deployments would read all there ever were."""
    return {
        row["project"]: LiveRelease(row["seq"], row["project"], row["number"], row["release"], moment(row["at"]))
        for row in db.execute(_LIVE, (json.dumps(list(projects)),))
    }


def live_deployment(db: sqlite3.Connection, project: str) -> sqlite3.Row | None:
    """The newest row of the deployments of ``project``: it says what is live."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM deployments WHERE project = ? ORDER BY seq DESC LIMIT 1", (project,)
    ).fetchone()
    return row


def releases(db: sqlite3.Connection) -> dict[str, str]:
    """The name of the live release folder of each project that has one, also of those that were removed."""
    given = json.dumps(registry.names(db, removed=True))
    return {row["project"]: row["release"] for row in db.execute(_LIVE, (given,))}


def live_contents(db: sqlite3.Connection) -> dict[str, tuple[LiveRelease, str]]:
    """What is live of every project, also of those that were removed, each with its version's digest."""
    found = live(db, registry.names(db, removed=True))
    versions = catalog.numbered(db, {project: each.number for project, each in found.items()})
    return {project: (each, versions[project].digest) for project, each in found.items()}


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
