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


def too_many(crashes: Iterable[datetime], now: datetime, waited: float = 0.0) -> bool:
    """Whether a version that crashed at these moments is to be taken out. Pure.

    ``waited``: for how many seconds each was waited for before it was given up; a version whose process hangs every
    time crashes no more often than it is given up, so that this time does not count. A clock that was set back leaves
    moments behind that are still to come; those say nothing of this minute.
    """
    return sum(timedelta(0) <= now - at <= _within(waited) for at in crashes) >= MOST


def _within(waited: float) -> timedelta:
    return WITHIN + (MOST - 1) * timedelta(seconds=waited)


def record(
    ledger: Ledger, label: tuple[str, int], deployment: int, worker: str, why: str, now: datetime, waited: float = 0.0
) -> str | None:
    """Keep that the scorer of the version crashed in ``worker``. Returns why it is taken out, if by this it is.

    ``waited``: see ``too_many``.
    """
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
        times = [moment(row["at"]) for row in rows]
        if why_out(db, project, deployment) is not None or not too_many(times, now, waited):
            return None
        seconds = _within(waited).total_seconds()
        said = (
            f"{project}@{number} crashed {MOST} times within {seconds:.0f} s and is asked no more "
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
