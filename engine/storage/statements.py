"""What migrations are made of: statements, one after the other, and triggers that keep a table as it was written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def refuse(table: str, event: str, columns: str = "") -> str:
    what = event.split()[0].lower()
    return (
        f"CREATE TRIGGER {table}_no_{what} BEFORE {event}{columns} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;"
    )


def split(script: str) -> list[str]:
    """The single statements of ``script``; ``executescript`` would end the migration's transaction."""
    statements, current = [], ""
    for piece in script.split(";"):
        current += piece + ";"
        if sqlite3.complete_statement(current):
            statements.append(current.strip())
            current = ""
    return [s for s in statements if s != ";"]


def script(statements: str) -> Callable[[Database], None]:
    """A migration that is nothing but ``statements``."""

    def run(db: Database) -> None:
        for statement in split(statements):
            db.execute(statement)

    return run


def append_only(*tables: str) -> str:
    """Rows of ``tables`` stay as they were written."""
    return "".join(refuse(table, "UPDATE") + refuse(table, "DELETE") for table in tables)
