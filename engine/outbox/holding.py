"""What waits in the outbox because somebody wants to be told later, and how it comes out again: as one message.

Quiet hours and digests are asked when a message is about to be sent, so also one that waited for a server waits for
them. Nothing is lost: a row that is held stays in the outbox, and one that another tells says which. A message that
somebody sends by hand waits for nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.clock import stamp
from engine.outbox import mails, outbox, subjects
from engine.outbox.mails import Mail
from engine.outbox.outbox import LONGEST, Draft
from engine.routing import duty, routes
from engine.routing.hours import next_due, quiet_until
from engine.routing.reach import names_of, whose
from engine.routing.records import Route
from engine.storage.ledger import Ledger
from engine.vocabulary.hours import zone_of

# News, by what its key begins with. A report, a digest and a hand-over have a time of their own, or somebody's hand; so
# has a planned swap, which is taken back before its hour or not at all.
NEWS = ("candidate", "swap", "rollback", "red", "report-failed", "escalation")
FAILING = ("red", "escalation")
Over = Callable[[sqlite3.Connection, Mail], bool]


@dataclass(frozen=True)
class Hold:
    """Until when something waits, by which route, and that in words."""

    until: datetime
    route: int
    why: str


def hold_of(db: sqlite3.Connection, mail: Mail, now: datetime) -> Hold | None:
    """What lets ``mail`` wait at ``now``; None: it may be sent."""
    found = routes.everything(db) if mail.matter in NEWS else ()
    if not found:
        return None
    names, failing = names_of(mail.recipient, found, duty.on_duty(db).operator), mail.matter in FAILING
    theirs = [route for route in found if route.who in names]
    for route in theirs:
        if route.kind == "digest" and not failing and route.project in (None, mail.project):
            due = next_due(route, now)
            return Hold(due, route.id, f"waits for {whose(route.who)} digest at {_time(route, due, now)}")
    quiet = [each for each in theirs if each.kind == "quiet" and not (failing and each.lets == "failing")]
    until = quiet_until(quiet, now)
    if until is None:
        return None
    route = next(each for each in quiet if quiet_until([each], now))
    return Hold(until, route.id, f"held until {_time(route, until, now)} by {whose(route.who)} quiet hours")


def _time(route: Route, at: datetime, now: datetime) -> str:
    local, day = at.astimezone(zone_of(route.zone)), ""
    if local.date() > now.astimezone(local.tzinfo).date() and (at - now).days >= 1:
        day = f"{local:%a} "
    return f"{day}{local:%H:%M} ({route.zone})"


def hold(ledger: Ledger, mail: Mail, found: Hold, now: datetime) -> Mail:
    """Let a message that is being sent wait; it is asked about anew when that ends, and each day."""
    with ledger.write() as db:
        db.execute(
            "UPDATE outbox SET state = 'queued', held = ?, why = ?, next_try = ?, attempts = attempts - 1"
            " WHERE id = ? AND state = 'sending' AND attempts = ?",
            (found.route, found.why, stamp(min(found.until, now + LONGEST)), mail.id, mail.attempts),
        )
        return mails.find(db, mail.id)


def release(ledger: Ledger, mail: Mail, over: Over, now: datetime) -> Mail | None:
    """Its hold is over: make one message of it and all else that was held for its recipient and may be sent now.

    None where there is nothing else, so that it is sent as it is. Else the row as it is now: told by another.
    """
    with ledger.write() as db:
        db.execute("UPDATE outbox SET held = NULL, why = NULL WHERE id = ?", (mail.id,))
        others = [each for each in held_for(db, mail.recipient, over, now) if hold_of(db, each, now) is None]
        if not others:
            return None
        told = sorted([mail, *others], key=lambda each: each.id)
        body = "\n\n".join(part for each in told for part in (each.subject, each.body))
        draft = Draft(mail.project, f"held {told[0].id}", subjects.of_held(len(told)), body)
        (number,) = outbox.queue(db, draft, [mail.recipient], now)
        gather(db, told, number)
        return mails.find(db, mail.id)


def held_for(db: sqlite3.Connection, recipient: str, over: Over, now: datetime) -> list[Mail]:
    """What is held for ``recipient`` and not over by now, inside the caller's transaction; what is over ends."""
    found = []
    for each in mails.held(db, recipient, now):
        if over(db, each):
            outbox.end_as_over(db, each, now)
        else:
            found.append(each)
    return found


def gather(db: sqlite3.Connection, told: Sequence[Mail], number: int) -> None:
    """Row ``number`` tells what these would have, inside the caller's transaction."""
    for each in told:
        db.execute(
            "UPDATE outbox SET state = 'failed', next_try = NULL, held = NULL, gathered_in = ?, why = ?"
            " WHERE id = ? AND state IN ('queued', 'sending')",
            (number, f"told in message {number}", each.id),
        )
