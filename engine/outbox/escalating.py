"""Escalation: whom a failing alert is told to that nobody has taken on, step by step.

A step's row and the messages that it queues are one transaction, and a step has one row, so that it is made once
however many engines see that it is due, and whenever they are killed. It is judged again when a message is sent: an
alert that ended, that somebody took on or put to sleep, is told nobody any more.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from engine.clock import stamp
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import is_of_live
from engine.monitoring.records import Alert
from engine.outbox import outbox, subjects
from engine.outbox.events import about_alert, failing_since, head, minute, nobody_has_it
from engine.outbox.outbox import Draft
from engine.projects import registry
from engine.routing import duty, routes
from engine.routing.reach import addresses_of
from engine.routing.records import ON_DUTY, Route
from engine.routing.steps import due_steps
from engine.storage.ledger import Ledger
from engine.text import plain, span


def escalate(ledger: Ledger, now: datetime) -> int:
    """Make every step that is due; returns how many. Where no route escalates it costs one small read."""
    with ledger.read() as db:
        if not overdue(db, now):
            return 0
    made = 0
    with ledger.write() as db:
        for alert, key, route, due in overdue(db, now):
            made += take_step(db, alert, key, route, due, now)
    return made


def overdue(db: sqlite3.Connection, now: datetime) -> list[tuple[Alert, str, Route, datetime]]:
    """Each alert that nobody has taken on, with the step that is due by now, its key and since when."""
    chain = [route for route in routes.everything(db) if route.kind == "escalate"]
    found = []
    for alert in alert_book.open_alerts(db) if chain else ():
        if nobody_has_it(alert, now):
            began = _began(db, alert, now)
            key = f"alert {alert.id} since {stamp(began)}"
            theirs = [route for route in chain if route.project in (None, alert.project) and _is_for(route, alert)]
            steps = due_steps(theirs, routes.steps_made(db, alert.id, key), began, now)
            found += [(alert, key, route, due) for route, due in steps]
    return found


def _is_for(route: Route, alert: Alert) -> bool:
    """That a canary was ended is told whom it is to be told at once; it calls nobody a second time."""
    return is_of_live(alert.part) or not route.after


def _began(db: sqlite3.Connection, alert: Alert, now: datetime) -> datetime:
    """From when on nobody had it: it began to fail then, or its snooze ended."""
    since = failing_since(db, alert)
    return max(since, alert.snoozed_until) if alert.snoozed_until and alert.snoozed_until <= now else since


def take_step(db: sqlite3.Connection, alert: Alert, key: str, route: Route, due: datetime, now: datetime) -> int:
    """Tell whom ``route`` names, in the caller's transaction; 0 where somebody has told it already."""
    on_duty = duty.on_duty(db).operator
    to = addresses_of(route.who, routes.everything(db), on_duty)
    why = "" if to else _nobody(route, on_duty)
    if routes.late(due, now):
        why = f"{why}; " if why else ""
        why += f"it was due on {minute(due)}, and no engine saw to it then"
    number = routes.note(db, route, key, due, now, reached=len(to), why=why, alert=alert.id)
    if number is None:
        return 0
    project = registry.there(db, alert.project)
    title = plain(project.title, 100) if project is not None else ""
    subject = subjects.of_event(title or alert.project, head(alert, escalated=bool(route.after)))
    said = [*about_alert(db, alert), _why_you(db, alert, route, due, now)]
    body = "\n\n".join(plain(each, 1000) for each in said if each)
    outbox.queue(db, Draft(alert.project, f"escalation {number}", subject, body), to, now)
    return 1


def _nobody(route: Route, on_duty: str | None) -> str:
    if route.who == ON_DUTY and on_duty is None:
        return "nobody is on duty"
    return f"{on_duty if route.who == ON_DUTY else route.who} has no address"


def _why_you(db: sqlite3.Connection, alert: Alert, route: Route, due: datetime, now: datetime) -> str:
    """Why it is told to them, and who was told before."""
    before = [each for each in routes.page(db, offset=0, limit=20, alert=alert.id) if each.route != route.id]
    told = ", ".join(f"{each.who} on {minute(each.at)}" for each in reversed(before) if each.reached)
    late = f" It was due on {minute(due)}, and no engine saw to it then." if routes.late(due, now) else ""
    first = f"Told before: {told}." if told else ""
    span_said = f"Nobody has taken it on for {span(route.after)}." if route.after else ""
    return " ".join(part for part in (f"{span_said}{late}".strip(), first) if part)
