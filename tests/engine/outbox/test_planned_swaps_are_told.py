"""Who hears that a version goes live at a time, and that it does not after all: once, and where they are reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.outbox import events, planned
from engine.outbox import mails as outbox_mails
from engine.projects import registry
from engine.release import at_its_time, swap
from engine.routing import routes
from engine.routing.records import RouteTerms
from engine.storage.ledger import Ledger
from tests.builders import projects
from tests.callers import caller
from tests.engine.release.approving import FRIDAY, HOUR, approve, ask, candidate, four_people, plan

DUE = FRIDAY + 14 * HOUR
BUSINESS = "business@example.org"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    for ledger in four_people(tmp_path):
        for name in ("bob", "dan"):
            with ledger.write() as db:
                terms = RouteTerms("reach", name, f"{name}@on-duty.example.org")
                routes.add(db, terms, caller(), "theirs", FRIDAY - HOUR)
        yield ledger


def mails(ledger: Ledger, now: timedelta = HOUR) -> dict[str, str]:
    """Whom a round wrote to, with the subject."""
    planned.take(ledger, FRIDAY + now)
    with ledger.read() as db:
        assert not planned.waiting(db), "nothing is told twice"
        rows = db.execute("SELECT recipient, subject, body FROM outbox ORDER BY id").fetchall()
    return {row["recipient"]: row["subject"] for row in rows}


def two_approve(ledger: Ledger) -> None:
    label = candidate(ledger)
    ask(ledger, "approvals", "2")
    assert not approve(ledger, plan(ledger, label), "dan")
    assert not approve(ledger, replace(plan(ledger, label), due=DUE), "bob")


def test_whoever_approved_it_hears_of_it_also_where_the_project_mails_nobody(ledger: Ledger) -> None:
    two_approve(ledger)
    told = "tiny: tiny@1 is approved and goes live on 28 November 2026 at 02:00 UTC"
    assert mails(ledger) == {"bob@on-duty.example.org": told, "dan@on-duty.example.org": told}
    ask(ledger, "approvals", "default", FRIDAY + HOUR)
    at_its_time.look(ledger, FRIDAY + 2 * HOUR)
    told = "tiny: tiny@1 does not go live at its time"
    assert mails(ledger) == {"bob@on-duty.example.org": told, "dan@on-duty.example.org": told}
    with ledger.read() as db:
        bodies = [row["body"] for row in db.execute("SELECT body FROM outbox ORDER BY id DESC LIMIT 2")]
    assert all("takes was changed after it was approved" in body and "“good”" in body for body in bodies)
    assert all("To approve it anew: leverframe approve tiny@1." in body for body in bodies)


def test_the_projects_recipients_hear_of_it_where_they_hear_of_swaps(ledger: Ledger) -> None:
    with ledger.write() as db:
        projects.asks(db, report={"to": [BUSINESS]})
    two_approve(ledger)
    assert BUSINESS in mails(ledger)


def test_what_was_cancelled_before_it_could_be_told_is_told_as_that_alone(ledger: Ledger) -> None:
    two_approve(ledger)
    at_its_time.cancel(ledger, "tiny@1", "not tonight", caller("cyd"), FRIDAY + HOUR)
    assert set(mails(ledger).values()) == {"tiny: tiny@1 does not go live at its time"}


def test_what_nobody_could_tell_for_a_week_is_told_no_more(ledger: Ledger) -> None:
    two_approve(ledger)
    assert mails(ledger, timedelta(days=8)) == {}


def test_what_waits_no_more_is_not_said_to_be_there_to_be_approved(ledger: Ledger) -> None:
    two_approve(ledger)
    swap.reject(ledger, "tiny@1", "worse after all", caller("cyd"), FRIDAY + HOUR)
    at_its_time.look(ledger, FRIDAY + 2 * HOUR)
    mails(ledger, 2 * HOUR)
    with ledger.read() as db:
        bodies = [row["body"] for row in db.execute("SELECT body FROM outbox")]
    assert bodies and all(body.endswith("This swap has changed nothing.") for body in bodies)


def test_who_approved_it_hears_of_it_when_its_project_is_removed(ledger: Ledger) -> None:
    two_approve(ledger)
    mails(ledger)
    registry.remove(ledger, "tiny", "it is over", "tiny", caller(), FRIDAY + HOUR)
    at_its_time.look(ledger, FRIDAY + 2 * HOUR)
    told = "tiny: tiny@1 does not go live at its time"
    assert mails(ledger, 2 * HOUR) == {"bob@on-duty.example.org": told, "dan@on-duty.example.org": told}


def test_that_it_goes_live_is_not_sent_when_it_has_or_does_not_any_more(ledger: Ledger) -> None:
    two_approve(ledger)
    mails(ledger)
    rows = outbox_mails.page(ledger, offset=0, limit=9)
    with ledger.read() as db:
        assert rows and not any(events.over(db, row) for row in rows)
    at_its_time.cancel(ledger, "tiny@1", "not tonight", caller("cyd"), FRIDAY + HOUR)
    mails(ledger, 2 * HOUR)
    with ledger.read() as db:
        over = {row.key: events.over(db, row) for row in outbox_mails.page(ledger, offset=0, limit=9)}
    assert over == {"swap-planned 1": True, "swap-cancelled 1": False}
