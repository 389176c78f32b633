"""What the ledger says was done stays said: each table that only grows refuses every change of every column."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger

WHOLE = ("audit", "decisions", "deployments", "measurements", "occurrences", "downtimes", "past")
# Of these the columns that say what it is are fixed, and those that say how it stands are not.
FIXED = {
    "versions": [
        "id", "project", "number", "digest", "made_at", "as_of", "run", "verdict", "comparison", "sentence", "metric",
        "authors",
    ],
    "schedules": [
        "id", "project", "job", "rule", "timezone", "catch_up", "give_up_after", "cool_down", "enabled", "note",
        "origin", "since",
    ],
}  # fmt: skip


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The ledger with a row in each of the tables; what it names need not be there."""
    workspace = workspaces.create(tmp_path / "home")
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    ledger.close()
    db = sqlite3.connect(workspace.ledger)
    db.executescript("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;")
    for table in (*WHOLE, *FIXED):
        columns = db.execute(f"SELECT name, type FROM pragma_table_info('{table}')").fetchall()
        values = ["{}" if name == "body" else "x" if kind == "TEXT" else 1 for name, kind in columns]
        names = ", ".join(name for name, _ in columns)
        db.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", values)
    db.commit()
    yield db
    db.close()


def columns_of(db: sqlite3.Connection, table: str) -> list[str]:
    return [name for (name,) in db.execute(f"SELECT name FROM pragma_table_info('{table}')")]


@pytest.mark.parametrize("table", [*WHOLE, *FIXED])
def test_no_row_is_taken_out(db: sqlite3.Connection, table: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
        db.execute(f"DELETE FROM {table}")
    assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)


@pytest.mark.parametrize("table", [*WHOLE, *FIXED])
def test_nothing_that_was_said_is_changed(db: sqlite3.Connection, table: str) -> None:
    for column in FIXED.get(table) or columns_of(db, table):
        before = db.execute(f"SELECT * FROM {table}").fetchall()
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
            db.execute(f"UPDATE {table} SET {column} = {column}")
        assert db.execute(f"SELECT * FROM {table}").fetchall() == before


def test_every_column_that_is_not_fixed_may_change(db: sqlite3.Connection) -> None:
    for table, fixed in FIXED.items():
        for column in set(columns_of(db, table)) - set(fixed):
            db.execute(f"UPDATE {table} SET {column} = {column}")
