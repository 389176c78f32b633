"""Who is on duty, in the ledger: whoever took the newest hand-over that was taken."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from engine.access.caller import Caller
from engine.audit import trail
from engine.clock import moment, stamp
from engine.errors import Conflict, NotFound, Refusal
from engine.routing.duty_records import Duty, Handover

_OPEN = "taken_at IS NULL AND withdrawn_at IS NULL"
_TAKEN = "SELECT to_whom, taken_at FROM handovers WHERE taken_at IS NOT NULL ORDER BY id DESC LIMIT 1"


def on_duty(db: sqlite3.Connection) -> Duty:
    """Who is on duty, and whom that is offered to."""
    taken, offered = db.execute(_TAKEN).fetchone(), _offered(db)
    return Duty(
        taken["to_whom"] if taken else None,
        moment(taken["taken_at"]) if taken else None,
        offered["to_whom"] if offered else None,
        offered["by"] if offered else None,
        moment(offered["offered_at"]) if offered else None,
    )


def _offered(db: sqlite3.Connection) -> sqlite3.Row | None:
    found: sqlite3.Row | None = db.execute(f"SELECT * FROM handovers WHERE {_OPEN}").fetchone()
    return found


def offer(db: sqlite3.Connection, to: str, note: str, matters: str, by: Caller, at: datetime) -> Handover:
    """Hand over to ``to``, who is on duty once they have taken it; inside the caller's transaction. An offer that
    nobody took is withdrawn with it. Raises Refusal for whoever has nothing to hand over, Conflict."""
    now = on_duty(db)
    if now.operator is not None and now.operator != by.name:
        raise Refusal(
            f"{now.operator} is on duty, and hands over; whoever wants to take over without that says why: leverframe "
            "handover take --reason …"
        )
    if to == now.operator:
        raise Conflict(f"{to} is on duty already.")
    _withdraw(db, at)
    number = _insert(db, now.operator, to, note, matters, by, at)
    details = {"to": to, "handover": number}
    trail.append(db, at=at, actor=by, action="hand-over", subject="duty", reason=note, details=details)
    return find(db, number)


def take(db: sqlite3.Connection, reason: str, matters: str, by: Caller, at: datetime) -> Handover:
    """Go on duty, inside the caller's transaction: what was offered, or what nobody has; from somebody who did not
    offer it only with a ``reason``. Who is on duty takes back what they offered. Raises Refusal, Conflict."""
    now, offered = on_duty(db), _offered(db)
    if now.operator == by.name:
        if offered is None:
            raise Conflict(f"{by.name} is on duty already.")
        _withdraw(db, at)
        details = {"handover": int(offered["id"])}
        trail.append(db, at=at, actor=by, action="keep-duty", subject="duty", reason=reason, details=details)
        return find(db, int(offered["id"]))
    mine = offered is not None and offered["to_whom"] == by.name
    if not mine and now.operator is not None and not reason:
        raise Refusal(
            f"Nothing is offered to {by.name}, and {now.operator} is on duty; to take over all the same say why: "
            "leverframe handover take --reason …"
        )
    if mine and offered is not None:
        number = int(offered["id"])
    else:
        _withdraw(db, at)
        number = _insert(db, now.operator, by.name, reason, matters, by, at)
    db.execute("UPDATE handovers SET taken_at = ? WHERE id = ?", (stamp(at), number))
    taken = {"from": now.operator, "handover": number, "offered": mine}
    trail.append(db, at=at, actor=by, action="take-over", subject="duty", reason=reason, details=taken)
    return find(db, number)


def _withdraw(db: sqlite3.Connection, at: datetime) -> None:
    db.execute(f"UPDATE handovers SET withdrawn_at = ? WHERE {_OPEN}", (stamp(at),))


def _insert(
    db: sqlite3.Connection, former: str | None, to: str, note: str, matters: str, by: Caller, at: datetime
) -> int:
    cursor = db.execute(
        "INSERT INTO handovers (former, to_whom, by, note, matters, offered_at) VALUES (?, ?, ?, ?, ?, ?)",
        (former, to, by.name, note, matters, stamp(at)),
    )
    return int(cursor.lastrowid or 0)


def find(db: sqlite3.Connection, number: int) -> Handover:
    """One hand-over. Raises NotFound."""
    row = db.execute("SELECT * FROM handovers WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise NotFound(f"There is no hand-over {number}; 'leverframe handover' lists them.")
    return _handover(row)


def page(db: sqlite3.Connection, *, offset: int, limit: int) -> tuple[Handover, ...]:
    """All there were, the newest first."""
    rows = db.execute("SELECT * FROM handovers ORDER BY id DESC LIMIT ? OFFSET ?", (limit, offset))
    return tuple(_handover(row) for row in rows)


def _handover(row: sqlite3.Row) -> Handover:
    def time(name: str) -> datetime | None:
        return moment(row[name]) if row[name] else None

    return Handover(
        row["id"], row["former"], row["to_whom"], row["by"], row["note"], moment(row["offered_at"]),
        time("taken_at"), time("withdrawn_at"), row["matters"],
    )  # fmt: skip
