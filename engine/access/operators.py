"""Operators: whom the workspace knows and what each is here. Only this file reads and writes their tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from engine.access import bindings
from engine.access.caller import Caller, checked_name
from engine.access.proof import AccountProof
from engine.access.public_key import PublicKey
from engine.access.roles import ROLES, a_role
from engine.audit import trail
from engine.clock import stamp
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.records import Operator, Role
from engine.storage.ledger import Ledger
from engine.text import plain

_STANDINGS = """
SELECT operators.name, role, disabled FROM operators JOIN standings ON standings.id =
    (SELECT max(id) FROM standings WHERE operator = operators.name)
"""
_PROJECT_ROLES = """
SELECT operator, project, role FROM project_roles WHERE role <> '' AND id IN
    (SELECT max(id) FROM project_roles GROUP BY operator, project)
"""


def find(db: sqlite3.Connection, name: str) -> Operator | None:
    """Who ``name`` is by now; None where there is nobody of that name."""
    row = db.execute(f"{_STANDINGS} WHERE operators.name = ?", (name,)).fetchone()
    if row is None:
        return None
    given = db.execute(f"{_PROJECT_ROLES} AND operator = ? ORDER BY project", (name,)).fetchall()
    return Operator(name, row["role"], bool(row["disabled"]), tuple((r["project"], r["role"]) for r in given))


def known(db: sqlite3.Connection, name: str) -> Operator:
    """The same. Raises NotFound."""
    found = find(db, name)
    if found is None:
        raise unknown(name)
    return found


def unknown(name: str) -> NotFound:
    """What is told of a name that nobody has here."""
    return NotFound(f"This workspace knows no operator '{plain(name, 40)}'; 'leverframe operators' lists them.")


def everyone(ledger: Ledger) -> tuple[Operator, ...]:
    """All operators, by name, each with what proves that it is them."""
    with ledger.read() as db:
        return everybody(db)


def everybody(db: sqlite3.Connection) -> tuple[Operator, ...]:
    """The same, in the caller's view of the ledger."""
    rows = db.execute(f"{_STANDINGS} ORDER BY operators.name").fetchall()
    given = db.execute(f"{_PROJECT_ROLES} ORDER BY project").fetchall()
    ways = bindings.everything(db)
    return tuple(
        Operator(
            row["name"],
            row["role"],
            bool(row["disabled"]),
            tuple((each["project"], each["role"]) for each in given if each["operator"] == row["name"]),
            tuple(each for each in ways if each.operator == row["name"]),
        )
        for row in rows
    )


def roles(db: sqlite3.Connection, project: str | None) -> dict[str, tuple[Role, ...]]:
    """Everybody who may work here, with their roles for ``project``, or for the workspace."""
    return {each.name: each.roles(project) for each in everybody(db) if not each.disabled}


def is_one(db: sqlite3.Connection, name: str) -> bool:
    """Whether the workspace knows an operator of that name."""
    return db.execute("SELECT 1 FROM operators WHERE name = ?", (name,)).fetchone() is not None


def are_there_any(db: sqlite3.Connection) -> bool:
    """Whether the workspace has been finished: whoever makes it is the first."""
    return db.execute("SELECT 1 FROM operators LIMIT 1").fetchone() is not None


def insert(db: sqlite3.Connection, name: str, role: Role, at: datetime, by: str) -> None:
    """Write down ``name`` as ``role``, in the caller's transaction."""
    db.execute("INSERT INTO operators (name, added_at) VALUES (?, ?)", (name, stamp(at)))
    _stand(db, name, role, False, at, by)


def _stand(db: sqlite3.Connection, name: str, role: Role, disabled: bool, at: datetime, by: str) -> None:
    db.execute(
        "INSERT INTO standings (operator, role, disabled, at, by) VALUES (?, ?, ?, ?, ?)",
        (name, role, int(disabled), stamp(at), by),
    )


def make_admin(db: sqlite3.Connection, name: str, at: datetime) -> None:
    """Let ``name`` be an admin who may work, whatever they were, in the caller's transaction."""
    _stand(db, name, "admin", False, at, name)


def add(
    ledger: Ledger,
    by: Caller,
    name: str,
    role: Role,
    reason: str,
    at: datetime,
    *,
    keys: Iterable[PublicKey] = (),
    accounts: Iterable[AccountProof] = (),
) -> Operator:
    """Let ``name`` work here as ``role``. Raises Invalid, Conflict when there is one of that name or key."""
    checked_name(name)
    _refuse_no_role(role)
    with ledger.write() as db:
        _still_admin(db, by)
        if is_one(db, name):
            raise Conflict(f"There is an operator '{name}' already.")
        insert(db, name, role, at, by.name)
        bindings.bind_all(db, name, keys, accounts, at)
        ways = tuple(each for each in bindings.everything(db) if each.operator == name)
        details = {"role": role} | ({"bound": [f"{each.kind} {each.label}" for each in ways]} if ways else {})
        trail.append(db, at=at, actor=by, action="add-operator", subject=name, reason=reason, details=details)
    return Operator(name, role, ways=ways)


def set_role(ledger: Ledger, by: Caller, name: str, role: Role, reason: str, at: datetime) -> Operator:
    """Let ``name`` be ``role`` for the workspace. Raises Invalid, NotFound, Conflict for the last admin."""
    _refuse_no_role(role)
    with ledger.write() as db:
        _still_admin(db, by)
        before = known(db, name)
        if before.role == role:
            raise Conflict(f"{name} is {a_role(role)} already.")
        _stand(db, name, role, before.disabled, at, by.name)
        _refuse_no_admin(db, name)
        details = {"role": role, "was": before.role}
        trail.append(db, at=at, actor=by, action="set-role", subject=name, reason=reason, details=details)
        return known(db, name)


def set_project_role(
    ledger: Ledger, by: Caller, name: str, project: str, role: Role | None, reason: str, at: datetime
) -> Operator:
    """Let ``name`` be ``role`` for ``project`` besides what they are for the workspace; None takes that back.

    The project must be known, which the caller sees to. Raises Invalid, NotFound, Conflict.
    """
    if role is not None:
        _refuse_no_role(role)
    with ledger.write() as db:
        _still_admin(db, by, project)
        was = dict(known(db, name).projects).get(project)
        if was == role:
            raise Conflict(f"{name} has {'no role' if role is None else f'the role {role}'} for {project} already.")
        db.execute(
            "INSERT INTO project_roles (operator, project, role, at, by) VALUES (?, ?, ?, ?, ?)",
            (name, project, role or "", stamp(at), by.name),
        )
        details = {"project": project, "role": role, "was": was}
        trail.append(db, at=at, actor=by, action="set-role", subject=name, reason=reason, details=details)
        return known(db, name)


def set_disabled(ledger: Ledger, by: Caller, name: str, disabled: bool, reason: str, at: datetime) -> Operator:
    """Keep ``name`` from working here, or let them again. Raises NotFound, Conflict, also for the last admin."""
    with ledger.write() as db:
        _still_admin(db, by)
        before = known(db, name)
        if before.disabled == disabled:
            raise Conflict(f"{name} is {'disabled' if disabled else 'enabled'} already.")
        _stand(db, name, before.role, disabled, at, by.name)
        _refuse_no_admin(db, name)
        action = "disable-operator" if disabled else "enable-operator"
        trail.append(db, at=at, actor=by, action=action, subject=name, reason=reason)
        return known(db, name)


def add_way(
    ledger: Ledger, by: Caller, name: str, way: PublicKey | AccountProof, reason: str, at: datetime
) -> Operator:
    """Let a key or an account prove that somebody is ``name``. Raises NotFound, Conflict when it proves anybody."""
    with ledger.write() as db:
        _still_admin(db, by)
        found = known(db, name)
        keys, accounts = ((), (way,)) if isinstance(way, AccountProof) else ((way,), ())
        bindings.bind_all(db, name, keys, accounts, at)
        ways = tuple(each for each in bindings.everything(db) if each.operator == name)
        details = {"bound": f"{ways[-1].kind} {ways[-1].label}"}
        trail.append(db, at=at, actor=by, action="bind", subject=name, reason=reason, details=details)
    return Operator(name, found.role, found.disabled, found.projects, ways)


def remove_way(ledger: Ledger, by: Caller, name: str, label: str, reason: str, at: datetime) -> None:
    """Let what ``label`` names prove ``name`` no more. Raises NotFound; Conflict where no admin could come in then."""
    with ledger.write() as db:
        _still_admin(db, by)
        known(db, name)
        ended = bindings.end(db, name, label, at)
        _refuse_no_admin(db, name)
        details = {"was": f"{ended.kind} {ended.label}"}
        trail.append(db, at=at, actor=by, action="unbind", subject=name, reason=reason, details=details)


def _refuse_no_role(role: str) -> None:
    if role not in ROLES:
        raise Invalid(f"'{plain(role, 40)}' is no role; it is one of {', '.join(ROLES)}.")


def _still_admin(db: sqlite3.Connection, by: Caller, project: str | None = None) -> None:
    """Of two admins who disable each other the second is none any more, though the door let both in."""
    now = known(db, by.name)
    if now.disabled or "admin" not in now.roles(project):
        raise Forbidden(f"{by.name} is no admin any more; nothing was changed.")


def _refuse_no_admin(db: sqlite3.Connection, name: str) -> None:
    """Raise Conflict, and with that undo what was written, where no admin is left who could come in."""
    admins = db.execute(f"{_STANDINGS} WHERE role = 'admin' AND NOT disabled").fetchall()
    ways = {each.operator for each in bindings.everything(db)}
    if not any(each["name"] in ways for each in admins):
        raise Conflict(
            f"{name} is the last admin who can come in; first let somebody else be one: leverframe operators role NAME "
            "admin --reason '…'"
        )
