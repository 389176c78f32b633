"""Who of the workspace's people has which roles for a project: what says who may approve."""

from __future__ import annotations

import sqlite3

from engine.access import operators
from engine.records import Role


def roles(db: sqlite3.Connection, project: str | None) -> dict[str, tuple[Role, ...]]:
    """Everybody who may work here, with their roles for ``project``, or for the workspace."""
    return {each.name: tuple(each.roles(project)) for each in operators.everybody(db) if not each.disabled}
