"""Routes and what they have done, in the ledger: whoever changes one ends a row and begins another."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from datetime import datetime, timedelta

from engine.access.caller import Caller
from engine.audit import trail
from engine.clock import moment, stamp
from engine.errors import Conflict, NotFound
from engine.routing.reach import is_operator
from engine.routing.records import Route, Routed, RouteTerms
from engine.routing.steps import MadeStep
from engine.routing.words import how, written
from engine.storage.ledger import Ledger


def everything(db: sqlite3.Connection) -> tuple[Route, ...]:
    """The routes that are in force, in the order in which they were added."""
    return tuple(_route(row) for row in db.execute("SELECT * FROM routes WHERE until IS NULL ORDER BY id"))


def add(db: sqlite3.Connection, terms: RouteTerms, by: Caller, reason: str, at: datetime) -> Route:
    """Put a route in force, inside the caller's transaction. Raises Conflict where it is already."""
    for route in everything(db):
        if written(route) == written(terms):
            raise Conflict(f"Route {route.id} says that already.")
    given = {**asdict(terms), "days": "".join(map(str, terms.days)), "at": stamp(at), "by": by.name}
    names = ", ".join(given)
    cursor = db.execute(f"INSERT INTO routes ({names}) VALUES ({', '.join(f':{name}' for name in given)})", given)
    number = int(cursor.lastrowid or 0)
    _note(db, "add-route", number, terms, by, reason, at)
    return find(db, number)


def end(db: sqlite3.Connection, number: int, by: Caller, reason: str, at: datetime) -> Route:
    """Put a route out of force, inside the caller's transaction. Raises NotFound."""
    found = find(db, number)
    db.execute("UPDATE routes SET until = ? WHERE id = ?", (stamp(at), number))
    _note(db, "end-route", number, found, by, reason, at)
    return found


def choose_quiet_hours(ledger: Ledger, terms: RouteTerms | None, by: Caller, reason: str, at: datetime) -> Route | None:
    """Give ``by`` these quiet hours instead of the ones they have; None: none."""
    with ledger.write() as db:
        for route in everything(db):
            if route.kind == "quiet" and route.who == by.name:
                end(db, route.id, by, reason, at)
        return add(db, terms, by, reason, at) if terms is not None else None


def find(db: sqlite3.Connection, number: int) -> Route:
    """A route that is in force. Raises NotFound."""
    row = db.execute("SELECT * FROM routes WHERE id = ? AND until IS NULL", (number,)).fetchone()
    if row is None:
        raise NotFound(f"There is no route {number}; 'leverframe routes' lists them.")
    return _route(row)


def _note(
    db: sqlite3.Connection, action: str, number: int, terms: RouteTerms, by: Caller, reason: str, at: datetime
) -> None:
    # The trail holds nothing of persons but who works here: an address stands in the route's own row.
    who = terms.who if is_operator(terms.who) or "@" not in terms.who else "an address"
    details = {"kind": terms.kind, "who": who}
    details |= {"words": how(terms)} if terms.kind != "reach" else {}
    trail.append(db, at=at, actor=by, action=action, subject=f"route {number}", reason=reason, details=details)


# What routes have done


def note(
    db: sqlite3.Connection,
    route: Route,
    key: str,
    due: datetime,
    at: datetime,
    *,
    reached: int,
    why: str,
    alert: int | None = None,
) -> int | None:
    """Keep that ``route`` does now what ``key`` names, inside the transaction that queues it; None when it was done
    already, whoever did it."""
    cursor = db.execute(
        "INSERT INTO routed (route, key, alert, due, at, reached, why) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (route, key) DO NOTHING",
        (route.id, key, alert, stamp(due), stamp(at), reached, why),
    )
    return int(cursor.lastrowid or 0) if cursor.rowcount else None


def done(db: sqlite3.Connection, route: Route, key: str) -> bool:
    """Whether ``route`` has done what ``key`` names."""
    found = db.execute("SELECT 1 FROM routed WHERE route = ? AND key = ?", (route.id, key)).fetchone()
    return found is not None


def steps_made(db: sqlite3.Connection, alert: int, key: str) -> dict[int, MadeStep]:
    """The steps that were made of an escalation, by route."""
    rows = db.execute("SELECT route, at, reached FROM routed WHERE alert = ? AND key = ?", (alert, key))
    return {row["route"]: MadeStep(moment(row["at"]), bool(row["reached"])) for row in rows}


def last_done(db: sqlite3.Connection, route: Route, by: datetime) -> datetime | None:
    """When ``route`` last did anything until then."""
    row = db.execute("SELECT max(at) FROM routed WHERE route = ? AND at <= ?", (route.id, stamp(by))).fetchone()
    return moment(row[0]) if row[0] else None


def alert_of(db: sqlite3.Connection, number: str) -> int | None:
    """The alert that a step is about."""
    row = db.execute("SELECT alert FROM routed WHERE id = ?", (number,)).fetchone()
    return row["alert"] if row is not None else None


def page(
    db: sqlite3.Connection, *, offset: int, limit: int, route: int | None = None, alert: int | None = None
) -> tuple[Routed, ...]:
    """What routes have done, the newest first; of all, of one, or about one alert."""
    rows = db.execute(
        "SELECT d.*, r.kind, r.who FROM routed d JOIN routes r ON r.id = d.route"
        " WHERE d.route = coalesce(?, d.route) AND (? IS NULL OR d.alert = ?) ORDER BY d.id DESC LIMIT ? OFFSET ?",
        (route, alert, alert, limit, offset),
    )
    return tuple(
        Routed(
            row["id"], row["route"], row["kind"], row["who"], row["alert"], moment(row["due"]), moment(row["at"]),
            row["reached"], row["why"],
        )
        for row in rows
    )  # fmt: skip


def late(due: datetime, at: datetime) -> bool:
    """Whether something was done so late that it should be said."""
    return at - due > timedelta(minutes=5)


def _route(row: sqlite3.Row) -> Route:
    given = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a row is no mapping
    times = {"at": moment(row["at"]), "until": moment(row["until"]) if row["until"] else None}
    return Route(**{**given, **times, "days": tuple(int(day) for day in row["days"])})
