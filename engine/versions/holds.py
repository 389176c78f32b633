"""Legal holds: versions whose content nobody may clean up, however old they are, until the hold is released."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime

from engine.access.caller import Caller
from engine.audit import trail
from engine.clock import stamp
from engine.errors import Conflict, Refusal
from engine.records import Version
from engine.storage.ledger import Ledger
from engine.versions import catalog


def everything(db: sqlite3.Connection) -> list[sqlite3.Row]:
    """The holds that were not released: project, number, since, held_by, reason."""
    return db.execute("SELECT * FROM holds WHERE released_at IS NULL ORDER BY id").fetchall()


def standing(db: sqlite3.Connection) -> dict[tuple[str, int], str]:
    """By project and number, who holds the version, since when and why; the longest held first."""
    return {
        (row["project"], row["number"]): f"{row['held_by']} since {row['since'][:10]}: {row['reason']}"
        for row in everything(db)
    }


def told(ledger: Ledger, versions: tuple[Version, ...]) -> tuple[Version, ...]:
    """``versions``, each with its hold."""
    with ledger.read() as db:
        held = standing(db)
    return tuple(replace(each, held=held.get((each.project, each.number))) for each in versions)


def is_held(db: sqlite3.Connection, project: str, number: int) -> bool:
    """Whether nobody may clean the version up."""
    held = "SELECT 1 FROM holds WHERE project = ? AND number = ? AND released_at IS NULL"
    return db.execute(held, (project, number)).fetchone() is not None


def place(ledger: Ledger, label: str, reason: str, by: Caller, at: datetime) -> None:
    """Hold the version called ``label``. Raises Refusal when its content is gone already."""
    with ledger.write() as db:
        row = catalog.find(db, label)
        if row["cleaned_at"]:
            raise Refusal(f"The content of {label} was cleaned up on {row['cleaned_at'][:10]}; restore it first.")
        if is_held(db, row["project"], row["number"]):
            raise Conflict(f"{label} is under legal hold already.")
        db.execute(
            "INSERT INTO holds (project, number, since, held_by, reason) VALUES (?, ?, ?, ?, ?)",
            (row["project"], row["number"], stamp(at), by.name, reason),
        )
        trail.append(db, at=at, actor=by, action="hold", subject=label, reason=reason)


def release(ledger: Ledger, label: str, reason: str, by: Caller, at: datetime) -> None:
    """Release the hold on ``label``. Raises Conflict when there is none."""
    with ledger.write() as db:
        row = catalog.find(db, label)
        changed = db.execute(
            "UPDATE holds SET released_at = ? WHERE project = ? AND number = ? AND released_at IS NULL",
            (stamp(at), row["project"], row["number"]),
        )
        if not changed.rowcount:
            raise Conflict(f"{label} is under no legal hold.")
        trail.append(db, at=at, actor=by, action="release-hold", subject=label, reason=reason)
