"""Digests: once a day what began, what goes on and what ended since the last, and the news that waited for it.

What is in one is worked out from the ledger, at the moment at which it is made. A digest's row, its messages and what
they gather are one transaction, and one row stands for each time that it was due: it is made once. After a downtime
the newest that was due is made, and tells everything since the last.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.clock import stamp
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import Alert
from engine.outbox import events, holding, outbox, subjects
from engine.outbox.events import minute
from engine.outbox.mails import Mail
from engine.outbox.outbox import Draft
from engine.projects import registry
from engine.routing import duty, routes
from engine.routing.hours import last_due
from engine.routing.reach import addresses_of
from engine.routing.records import Route
from engine.storage.ledger import Ledger
from engine.text import plain

MOST = 40  # lines under each heading; the screens have the rest


@dataclass(frozen=True)
class Changes:
    """What began, went on and ended between two digests."""

    began: Sequence[Alert]
    open_still: Sequence[Alert]
    ended: Sequence[Alert]


def make(ledger: Ledger, now: datetime) -> int:
    """Make every digest that is due; returns how many. Where nobody has one it costs one small read."""
    with ledger.read() as db:
        if not _due(db, now):
            return 0
    with ledger.write() as db:
        return sum(_make(db, route, due, now) for route, due in _due(db, now))


def _due(db: sqlite3.Connection, now: datetime) -> list[tuple[Route, datetime]]:
    found = []
    for route in routes.everything(db):
        due = last_due(route, now) if route.kind == "digest" else None
        if due is not None and due > route.at and not routes.done(db, route, stamp(due)):
            found.append((route, due))
    return found


def _make(db: sqlite3.Connection, route: Route, due: datetime, now: datetime) -> int:
    to = addresses_of(route.who, routes.everything(db), duty.on_duty(db).operator)
    changes = _changes(db, route, routes.last_done(db, route, now) or route.at, now)
    waiting = {address: _waiting(db, route, address, now) for address in to}
    project = route.project or _first(changes, [each for found in waiting.values() for each in found])
    anything = changes.began or changes.open_still or changes.ended or any(waiting.values())
    sent = to if project is not None and anything else ()
    late = f"it was due on {minute(due)}, and no engine saw to it then" if routes.late(due, now) else ""
    why = late if sent else "there was nothing to tell" if to else "nobody is there to get it"
    number = routes.note(db, route, stamp(due), due, now, reached=len(sent), why=why)
    if number is None or project is None:
        return 0
    for address in sent:
        told = waiting[address]
        draft = Draft(project, f"digest {number}", _subject(changes, told), body(changes, told, late))
        for row in outbox.queue(db, draft, [address], now):
            holding.gather(db, told, row)
    return 1


def _waiting(db: sqlite3.Connection, route: Route, address: str, now: datetime) -> list[Mail]:
    found = holding.held_for(db, address, events.over, now)
    return [each for each in found if each.matter not in holding.FAILING and route.project in (None, each.project)]


def _changes(db: sqlite3.Connection, route: Route, since: datetime, now: datetime) -> Changes:
    projects = registry.names(db, route.project)
    now_open = alert_book.open_of(db, projects)
    ended = [
        alert
        for project in projects
        for alert in alert_book.between(db, project, since, now)
        if alert.resolved_at is not None and since < alert.resolved_at <= now
    ]
    began = [alert for alert in now_open if alert.raised_at > since]
    return Changes(began, [alert for alert in now_open if alert.raised_at <= since], ended)


def _first(changes: Changes, waiting: Sequence[Mail]) -> str | None:
    """The project under which it stands in the outbox, whose rows are all of one: that of what it tells first."""
    alerts = sorted([*changes.began, *changes.open_still], key=lambda alert: (alert.severity, alert.id))
    named = [*(alert.project for alert in (*alerts, *changes.ended)), *(mail.project for mail in waiting)]
    return named[0] if named else None


def _subject(changes: Changes, waiting: Sequence[Mail]) -> str:
    return subjects.of_digest(len(changes.began), len(changes.open_still), len(changes.ended), len(waiting))


def body(changes: Changes, waiting: Sequence[Mail], late: str) -> str:
    """What a digest says. Pure."""
    said = [f"This digest comes late: {late}."] if late else []
    said += _under("What began", [_line(alert) for alert in changes.began])
    said += _under("What goes on", [_line(alert) for alert in changes.open_still])
    said += _under("What ended", [f"{alert.version}: {alert.why}: {alert.resolved_why}" for alert in changes.ended])
    said += _under("News", [f"{each.subject} ({minute(each.queued_at)})" for each in waiting])
    return "\n\n".join(plain(each, 1000) for each in [*said, "To see more: leverframe alerts"])


def _line(alert: Alert) -> str:
    taken = f", acknowledged by {alert.acknowledged_by}: “{alert.note}”" if alert.acknowledged_by else ""
    return f"{alert.severity} since {minute(alert.since)}: {alert.version}: {alert.why.rstrip('.')}{taken}"


def _under(heading: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    more = [f"and {len(lines) - MOST:,} more"] if len(lines) > MOST else []
    return [f"{heading}:", *(f"· {each.rstrip('.')}." for each in [*lines[:MOST], *more])]
