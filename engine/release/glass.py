"""Break-glass: an admin releases at once what the policy would hold back, and everybody is told until another looks.

It lets pass, for that admin, as long as they are one, and that candidate against the live version of then, until it
ends: the number of approvals, four eyes, freezes. It lets pass neither who is named to approve nor gates nor the proof.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.access import operators
from engine.access.approval import LETS_PASS, Approval
from engine.access.caller import Caller
from engine.access.confirmation import check_typed
from engine.audit import times, trail
from engine.clock import moment, stamp
from engine.errors import Conflict, Invalid
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import BREAK_GLASS
from engine.monitoring.records import HealthFinding
from engine.release.history import live_deployment
from engine.storage.ledger import Ledger
from engine.text import plain, span
from engine.versions import catalog

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True)
class BrokenGlass:
    """What ``by`` may release at once until ``until``, whatever the policy asks of others."""

    label: str
    by: str
    at: datetime
    until: datetime
    reason: str


def sentence_of(label: str) -> str:
    """What is typed, so that nobody does it in passing."""
    return f"break the glass for {label}"


def break_for(
    ledger: Ledger, label: str, typed: str, lasts: timedelta, reason: str, by: Caller, now: datetime
) -> BrokenGlass:
    """Let ``by`` release ``label`` at once.

    Raises Unconfirmed, Invalid, and Conflict for no candidate, or one that they could not release then either.
    """
    from engine.release.plan import refusal_to_release  # which asks here what a broken glass lets pass

    if not SHORTEST <= lasts <= LONGEST:
        raise Invalid(f"A broken glass lasts from 1 minute to 1 day, not {span(lasts.total_seconds())}.")
    check_typed(typed, sentence_of(label), to=f"release {label} past the policy", which="the sentence")
    with ledger.write() as db:
        row = catalog.find(db, label)
        version = catalog.record(row)
        if version.state != "candidate":
            raise Conflict(f"{label} is {version.state}; the glass is broken only for a candidate.")
        live = live_deployment(db, version.project)
        seq = live["seq"] if live else 0
        if (found := _open(db, row, seq, by.name, now)) is not None:
            raise Conflict(f"{by.name} has broken the glass for {label} already, until {found.until:%H:%M} UTC.")
        details = {"until": stamp(now + lasts), "lets_pass": LETS_PASS, "live_seq": seq}
        audit = trail.append(db, at=now, actor=by, action="break-glass", subject=label, reason=reason, details=details)
        at = trail.recorded_at(db, audit)
        until = at + lasts
        db.execute(
            "INSERT INTO glasses (project, number, live_seq, by, reason, at, until) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (version.project, version.number, seq, by.name, reason, stamp(at), stamp(until)),
        )
        if refused := refusal_to_release(db, label, by, at):
            raise Conflict(f"{refused} A broken glass would not change that, so it is whole.")
        found = BrokenGlass(label, by.name, at, until, reason)
        _tell(db, version.project, version.number, found)
        return found


def _tell(db: sqlite3.Connection, project: str, number: int, glass: BrokenGlass) -> None:
    # A name stands not first: sentences begin with a capital, and names do not.
    why = (
        f"the glass for {glass.label} was broken by {glass.by}: until {glass.until:%d %b %H:%M} UTC it goes live by "
        f'{glass.by} alone, past {LETS_PASS} ("{plain(glass.reason, 400)}")'
    )
    act = f"somebody other than {glass.by} looks at what was done, and acknowledges this"
    # Whoever broke it stands in the key: they cannot take notice of it themselves.
    key = f"{BREAK_GLASS}:{glass.by}:{stamp(glass.at)}:{glass.label}"
    finding = HealthFinding(key, BREAK_GLASS, "failing", why, act, glass.at)
    alert_book.tell(db, project, number, finding, glass.at)


def _open(db: sqlite3.Connection, row: sqlite3.Row, live_seq: int, by: str, now: datetime) -> BrokenGlass | None:
    found = db.execute(
        "SELECT * FROM glasses WHERE project = ? AND number = ? AND live_seq = ? AND by = ?"
        " ORDER BY until DESC LIMIT 1",
        (row["project"], row["number"], live_seq, by),
    ).fetchone()
    if found is None:
        return None
    newest = times.seen(db, now).newest  # A clock that is put back makes nothing last longer.
    until = moment(found["until"])
    if until <= max(now, newest or now):
        return None
    return BrokenGlass(f"{row['project']}@{row['number']}", by, moment(found["at"]), until, found["reason"])


def past_the_policy(
    db: sqlite3.Connection, row: sqlite3.Row, live_seq: int, approval: Approval, by: str, now: datetime
) -> Approval:
    """``approval`` as it holds for ``by``: without what a glass that they broke lets pass, while they are admin."""
    glass = _open(db, row, live_seq, by, now)
    if glass is None or "admin" not in operators.roles(db, None).get(by, ()):
        return approval
    policy = replace(approval.policy, approvals=1, four_eyes=False, freeze=())
    # Whoever was one of several and broke it then approves once more, and alone.
    others = tuple(name for name in approval.given_by if name != by)
    return replace(approval, policy=policy, given_by=others, frozen_until=None, broken_until=glass.until)
