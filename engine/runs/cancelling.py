"""Whether somebody has asked a run to end. The request stands in the ledger, where an outcome is recorded too: so one
of the two came first, and whoever came second is told."""

from __future__ import annotations

import sqlite3

from engine.errors import Conflict


def asked_to_end(db: sqlite3.Connection, run: int) -> str | None:
    """Who has asked a run to end and why, in words; None when nobody has."""
    row = db.execute("SELECT cancel FROM runs WHERE id = ?", (run,)).fetchone()
    return row["cancel"] if row else None


def refuse_cancelled(db: sqlite3.Connection, run: int) -> None:
    """Raise Conflict when a run was asked to end: for the transaction in which it would record what it came to."""
    asked = asked_to_end(db, run)
    if asked:
        raise Conflict(asked)
