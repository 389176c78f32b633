"""What a run works on, written down as soon as it is known: also of a run that fails, so that it can be explained."""

from __future__ import annotations

import sqlite3

from engine.storage.ledger import Ledger

_COLUMNS = ("revision", "lock", "rows", "train_rows", "holdout_rows", "retries", "retry_after", "asked")


def note(ledger: Ledger, run: int, **facts: str | float | None) -> None:
    """Keep ``facts`` about a run beside those that are kept already; their names are the columns of run_facts."""
    unknown = facts.keys() - set(_COLUMNS)
    if unknown:
        raise ValueError(f"run_facts has no {sorted(unknown)}")
    names = list(facts)
    with ledger.write() as db:
        db.execute("INSERT OR IGNORE INTO run_facts (run) VALUES (?)", (run,))
        db.execute(
            f"UPDATE run_facts SET {', '.join(f'{name} = ?' for name in names)} WHERE run = ?",
            (*facts.values(), run),
        )


def rows(db: sqlite3.Connection, run: int) -> int:
    """How many rows the run's extract brought; 0 where that is not known."""
    row = db.execute("SELECT rows FROM run_facts WHERE run = ?", (run,)).fetchone()
    return int(row["rows"] or 0) if row else 0


def environments(db: sqlite3.Connection) -> dict[str, list[str]]:
    """The projects whose runs used an environment, by its name."""
    found = db.execute(
        "SELECT DISTINCT substr(f.lock, 1, 16) AS name, r.project FROM run_facts f JOIN runs r ON r.id = f.run"
        " WHERE f.lock IS NOT NULL ORDER BY r.project"
    )
    users: dict[str, list[str]] = {}
    for row in found:
        users.setdefault(row["name"], []).append(row["project"])
    return users
