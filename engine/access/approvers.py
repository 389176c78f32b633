"""Who of the workspace's people has which role for a project: what says who may approve."""

from __future__ import annotations

import sqlite3

from engine.records import Role


def roles(db: sqlite3.Connection, project: str) -> dict[str, Role]:
    """Everybody who may work here, with their role for ``project``."""
    return {row["name"]: row["role"] for row in db.execute("SELECT name, role FROM operators")}
