"""Operators: the people whom the workspace knows, each with a role. Only this file reads and writes their table."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from engine.access.caller import Caller, Claim, checked_name
from engine.access.roles import ROLES
from engine.audit import trail
from engine.clock import stamp
from engine.errors import Conflict, Invalid, NotFound
from engine.records import Operator, Role
from engine.storage.ledger import Ledger


def identify(ledger: Ledger, name: str) -> Caller:
    """Whoever says that they are ``name``. Raises NotFound when the workspace does not know them."""
    with ledger.read() as db:
        row = db.execute("SELECT role FROM operators WHERE name = ?", (name,)).fetchone()
        anybody = row is not None or db.execute("SELECT 1 FROM operators LIMIT 1").fetchone() is not None
    if not anybody:
        raise NotFound(
            f"The workspace {ledger.path.parent} was begun and never finished; 'leverframe init' finishes it."
        )
    if row is None:
        raise NotFound(
            f"This workspace knows no operator '{name}'; say who you are with --operator, or have an admin let you in "
            f"with 'leverframe operators add {name} --role operator --reason …'."
        )
    return Caller(Operator(name, row["role"]), Claim())


def everyone(ledger: Ledger) -> tuple[Operator, ...]:
    """All operators, by name."""
    with ledger.read() as db:
        rows = db.execute("SELECT name, role FROM operators ORDER BY name").fetchall()
    return tuple(Operator(r["name"], r["role"]) for r in rows)


def is_one(db: sqlite3.Connection, name: str) -> bool:
    """Whether the workspace knows an operator of that name."""
    return db.execute("SELECT 1 FROM operators WHERE name = ?", (name,)).fetchone() is not None


def found_workspace(db: sqlite3.Connection, name: str, at: datetime) -> None:
    """Whoever creates a workspace is its first admin."""
    if db.execute("SELECT 1 FROM operators").fetchone():
        return
    db.execute("INSERT INTO operators (name, role, added_at) VALUES (?, 'admin', ?)", (name, stamp(at)))
    founder = Caller(Operator(name, "admin"), Claim())
    trail.append(db, at=at, actor=founder, action="init", subject="workspace", reason="created")


def add(ledger: Ledger, by: Caller, name: str, role: Role, reason: str, at: datetime) -> Operator:
    """Let ``name`` work here as ``role``. Raises Invalid, Conflict when there is one of that name."""
    checked_name(name)
    if role not in ROLES:
        raise Invalid(f"'{role}' is no role; it is one of {', '.join(ROLES)}.")
    with ledger.write() as db:
        if db.execute("SELECT 1 FROM operators WHERE name = ?", (name,)).fetchone():
            raise Conflict(f"There is an operator '{name}' already.")
        db.execute("INSERT INTO operators (name, role, added_at) VALUES (?, ?, ?)", (name, role, stamp(at)))
        trail.append(db, at=at, actor=by, action="add-operator", subject=name, reason=reason, details={"role": role})
    return Operator(name, role)
