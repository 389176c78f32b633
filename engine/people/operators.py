"""Operators: identified people with a role. The rules are pure; the shell keeps them in the ledger."""

from __future__ import annotations

import getpass
import os
import re
import socket
import sqlite3
from datetime import datetime

from engine.audit import trail
from engine.clock import stamp
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.records import Operator, Role
from engine.storage.ledger import Ledger

_RANK = {"viewer": 0, "operator": 1, "admin": 2}
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


def require(operator: Operator, role: Role, what: str) -> None:
    """Raise Forbidden unless ``operator`` has at least ``role``."""
    if _RANK[operator.role] < _RANK[role]:
        raise Forbidden(f"{operator.name} is {_a(operator.role)} and may not {what}; ask somebody who is {role}.")


def _a(role: str) -> str:
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role}"


def checked_reason(reason: str) -> str:
    """``reason`` without surrounding space. Raises Invalid when there is none or it is longer than 1,000 characters."""
    reason = reason.strip()
    if not reason:
        raise Invalid("A reason is needed: in a year somebody will ask why this was done.")
    if len(reason) > 1000:
        raise Invalid(f"The reason has {len(reason)} characters; keep it under 1,000.")
    return reason


def account() -> str:
    """The operating-system account this process runs under, with the machine's name."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def system(name: str) -> Operator:
    """What acts by itself, as the actor of its row in the trail. No person has such a name: it has a space."""
    assert " " in name
    return Operator(name, "operator", account())


def claimed_name(name: str | None) -> str:
    """The name somebody works under: as given, ``$LEVERFRAME_OPERATOR``, or that of the account."""
    claimed = name or os.environ.get("LEVERFRAME_OPERATOR") or getpass.getuser()
    return checked_name(claimed)


def checked_name(name: str) -> str:
    """``name`` if it can be one. Raises Invalid."""
    if not _NAME.fullmatch(name):
        raise Invalid(f"'{name[:40]!a}' cannot be an operator's name; use up to 32 of a-z, 0-9, '.', '_' and '-'.")
    return name


def identify(ledger: Ledger, name: str) -> Operator:
    """The operator called ``name``. Raises NotFound when the workspace does not know them."""
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
    return Operator(name, row["role"], account())


def everyone(ledger: Ledger) -> tuple[Operator, ...]:
    """All operators, by name; ``account`` is empty, for it belongs to a session."""
    with ledger.read() as db:
        rows = db.execute("SELECT name, role FROM operators ORDER BY name").fetchall()
    return tuple(Operator(r["name"], r["role"], "") for r in rows)


def found_workspace(db: sqlite3.Connection, name: str, at: datetime) -> None:
    """Whoever creates a workspace is its first admin."""
    if db.execute("SELECT 1 FROM operators").fetchone():
        return
    db.execute("INSERT INTO operators (name, role, added_at) VALUES (?, 'admin', ?)", (name, stamp(at)))
    founder = Operator(name, "admin", account())
    trail.append(db, at=at, actor=founder, action="init", subject="workspace", reason="created")


def add(ledger: Ledger, by: Operator, name: str, role: Role, reason: str, at: datetime) -> Operator:
    """Let ``name`` work here as ``role``; only an admin may."""
    require(by, "admin", "add operators")
    checked_name(name)
    if role not in _RANK:
        raise Invalid(f"'{role}' is no role; it is one of viewer, operator, admin.")
    with ledger.write() as db:
        if db.execute("SELECT 1 FROM operators WHERE name = ?", (name,)).fetchone():
            raise Conflict(f"There is an operator '{name}' already.")
        db.execute("INSERT INTO operators (name, role, added_at) VALUES (?, ?, ?)", (name, role, stamp(at)))
        trail.append(
            db, at=at, actor=by, action="add-operator", subject=name, reason=reason, details={"role": role}
        )
    return Operator(name, role, "")
