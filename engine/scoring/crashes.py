"""A version whose scorer crashes again and again is taken out by policy, in every worker, until a person acts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from engine.access.caller import SystemActor
from engine.audit import trail
from engine.clock import moment, stamp
from engine.storage.ledger import Ledger
from engine.text import plain

MOST = 3
WITHIN = timedelta(minutes=1)
KEPT = timedelta(days=1)  # rows of single crashes


def of_trial(seq: int) -> int:
    """Where crashes of a candidate on trial are counted: no deployment made it live, and none has such a number."""
    return -seq


def too_many(crashes: Iterable[datetime], now: datetime) -> bool:
    """Whether a version that crashed at these moments is to be taken out. Pure.

    A clock that was set back leaves moments behind that are still to come; those say nothing of this minute.
    """
    return sum(timedelta(0) <= now - at <= WITHIN for at in crashes) >= MOST


def record(
    ledger: Ledger, label: tuple[str, int], deployment: int, worker: str, why: str, now: datetime
) -> str | None:
    """Keep that the scorer of the version crashed in ``worker``. Returns why it is taken out, if by this it is."""
    project, number = label
    with ledger.write() as db:
        db.execute("DELETE FROM crashes WHERE at < ?", (stamp(now - KEPT),))
        db.execute(
            "INSERT INTO crashes (project, number, deployment, worker, at, why) VALUES (?, ?, ?, ?, ?, ?)",
            (project, number, deployment, worker, stamp(now), plain(why, 1000)),
        )
        rows = db.execute(
            "SELECT at FROM crashes WHERE project = ? AND deployment = ? AND at > coalesce((SELECT max(until) FROM"
            " taken_out WHERE project = crashes.project AND deployment = crashes.deployment), '')",
            (project, deployment),
        )
        if why_out(db, project, deployment) is not None or not too_many((moment(row["at"]) for row in rows), now):
            return None
        said = (
            f"{project}@{number} crashed {MOST} times within {int(WITHIN.total_seconds())} s and is asked no more "
            f"(the last time: {plain(why, 300).rstrip('.')})"
        )
        db.execute(
            "INSERT INTO taken_out (project, number, deployment, at, why) VALUES (?, ?, ?, ?, ?)",
            (project, number, deployment, stamp(now), said),
        )
        trail.append(
            db, at=now, actor=SystemActor("the engine"), action="take-out", subject=f"{project}@{number}", reason=said
        )
        return said


def why_out(db: sqlite3.Connection, project: str, deployment: int) -> str | None:
    """Why what ``deployment`` made live is asked no more; None where it is."""
    row = db.execute(
        "SELECT why FROM taken_out WHERE project = ? AND deployment = ? AND until IS NULL", (project, deployment)
    ).fetchone()
    return str(row["why"]) if row is not None else None


def out(db: sqlite3.Connection) -> dict[tuple[str, int], str]:
    """Why each is asked no more, by project and deployment."""
    rows = db.execute("SELECT project, deployment, why FROM taken_out WHERE until IS NULL")
    return {(row["project"], row["deployment"]): row["why"] for row in rows}


def put_back(db: sqlite3.Connection, project: str, deployment: int, by: str, now: datetime) -> bool:
    """Ask it again, inside the caller's transaction; False where it was not taken out."""
    changed = db.execute(
        "UPDATE taken_out SET until = ?, ended_by = ? WHERE project = ? AND deployment = ? AND until IS NULL",
        (stamp(now), by, project, deployment),
    )
    return changed.rowcount > 0
