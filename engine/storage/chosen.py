"""What was chosen for this workspace, by name: numbers and texts. What they mean is for the rooms that ask."""

from __future__ import annotations

import sqlite3


def numbers(db: sqlite3.Connection) -> dict[str, int]:
    """The numbers that somebody chose; a default holds for all others."""
    return {row["name"]: int(row["value"]) for row in db.execute("SELECT name, value FROM settings ORDER BY name")}


def texts(db: sqlite3.Connection) -> dict[str, str]:
    """The same of texts."""
    return {row["name"]: str(row["value"]) for row in db.execute("SELECT name, value FROM texts")}


def choose(db: sqlite3.Connection, name: str, value: int | str) -> None:
    """From now on it is ``value``, inside the caller's transaction."""
    table = "texts" if isinstance(value, str) else "settings"
    db.execute(
        f"INSERT INTO {table} (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def forget(db: sqlite3.Connection, name: str) -> bool:
    """From now on its default holds. Returns whether anything was chosen."""
    found = [db.execute(f"DELETE FROM {table} WHERE name = ?", (name,)).rowcount for table in ("settings", "texts")]
    return any(found)
