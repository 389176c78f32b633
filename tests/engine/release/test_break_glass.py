"""An admin breaks the glass: what it lets pass and what not, for whom and how long, and that nobody can overlook it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.access import operators
from engine.audit import trail
from engine.errors import Conflict, Invalid, Refusal
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import HealthFinding
from engine.outbox import events, mails
from engine.release import glass, remarks, swap
from engine.routing import routes
from engine.routing.words import read
from engine.storage.ledger import Ledger
from engine.versions import catalog
from tests.callers import caller
from tests.engine.release.approving import FRIDAY, HOUR, approve, ask, by, candidate, four_people, plan, refusal

SOON = FRIDAY + timedelta(minutes=5)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Nobody could release anything alone, and nothing on a Friday."""
    for ledger in four_people(tmp_path):
        for name, value in (("approvals", "2"), ("four_eyes", "yes"), ("freeze", "00:00-24:00 fri")):
            ask(ledger, name, value)
        yield ledger


def broken(ledger: Ledger, label: str, typed: str | None = None, lasts: timedelta = HOUR) -> glass.BrokenGlass:
    said = glass.sentence_of(label) if typed is None else typed
    return glass.break_for(ledger, label, said, lasts, "the site is down", caller(), FRIDAY)


def test_who_broke_it_releases_alone_and_the_trail_says_past_what(ledger: Ledger) -> None:
    label = candidate(ledger, by("ada"), asked_for_by="ada")
    broken(ledger, label)
    assert approve(ledger, plan(ledger, label), "ada", SOON)
    told = {row.action: row for row in trail.page(ledger, offset=0, limit=3)}
    assert told["break-glass"].reason == "the site is down" and told["break-glass"].actor == "ada"
    passed = "the number of approvals, four eyes and freezes"
    assert {told[each].details["break_glass"] for each in ("approve", "release")} == {passed}


def test_the_card_of_what_went_live_says_past_what_it_was_approved(ledger: Ledger) -> None:
    label = candidate(ledger)
    assert not approve(ledger, plan(ledger, label), "bob")
    broken(ledger, label)
    assert approve(ledger, plan(ledger, label), "ada", SOON)
    with ledger.read() as db:
        said = remarks.of_version(db, catalog.find(db, label)).approvals
    assert [(each.by, each.past) for each in said] == [
        ("bob", None),
        ("ada", "the number of approvals, four eyes and freezes"),
    ]


def test_who_approved_and_waits_for_a_second_who_cannot_be_had_breaks_it(ledger: Ledger) -> None:
    label = candidate(ledger)
    assert not approve(ledger, plan(ledger, label), "ada")
    assert "already; it waits for another person" in str(refusal(ledger, label, "ada"))
    broken(ledger, label)
    assert approve(ledger, plan(ledger, label), "ada", SOON)


def test_it_holds_for_nobody_else_and_for_no_other_version(ledger: Ledger) -> None:
    label, other = candidate(ledger), candidate(ledger)
    assert broken(ledger, label).until == FRIDAY + HOUR
    assert not approve(ledger, plan(ledger, label), "bob", SOON), "bob is one of two, as before"
    assert not approve(ledger, plan(ledger, other), "ada", SOON)
    with pytest.raises(Conflict, match="there is a freeze"):
        approve(ledger, plan(ledger, label), "dan", SOON)
    assert approve(ledger, plan(ledger, label), "ada", SOON)


def test_who_was_one_of_two_before_they_broke_it_releases_alone(ledger: Ledger) -> None:
    label = candidate(ledger)
    assert not approve(ledger, plan(ledger, label), "ada", SOON)
    assert "ada has approved" in str(refusal(ledger, label, "ada", SOON))
    broken(ledger, label)
    assert approve(ledger, plan(ledger, label), "ada", SOON)


def test_against_another_live_version_it_is_broken_anew(ledger: Ledger) -> None:
    label, other = candidate(ledger), candidate(ledger)
    broken(ledger, label)
    broken(ledger, other)
    assert approve(ledger, plan(ledger, other), "ada", SOON)
    with ledger.write() as db:
        db.execute("UPDATE versions SET against = 2, state = 'candidate' WHERE number = 1")
    assert refusal(ledger, label, "bob", SOON) is None
    shown = replace(plan(ledger, label), source=other, live_seq=1)
    assert not approve(ledger, shown, "ada", SOON), "one of two, as everybody is"


def test_after_it_ended_the_policy_holds_again_and_a_clock_that_is_put_back_opens_nothing(ledger: Ledger) -> None:
    label = candidate(ledger, by("ada"))
    ask(ledger, "approvals", "1")
    broken(ledger, label, lasts=timedelta(minutes=1))
    assert "a freeze" in str(refusal(ledger, label, "bob", FRIDAY)) and refusal(ledger, label, "ada", FRIDAY) is None
    assert "second person" in str(refusal(ledger, label, "ada", SOON))
    ask(ledger, "expires", "9d", FRIDAY + HOUR)  # a row of an hour later
    assert "second person" in str(refusal(ledger, label, "ada", FRIDAY))


def test_what_is_open_about_the_live_version_stays_open(ledger: Ledger) -> None:
    first = candidate(ledger)
    broken(ledger, first)
    assert approve(ledger, plan(ledger, first), "ada", SOON)
    label = candidate(ledger, against=1)
    drifts = HealthFinding("drift:x", "drift", "failing", "x drifts", "look at it", FRIDAY)
    with ledger.write() as db:
        run = db.execute("SELECT run FROM versions WHERE number = 1").fetchone()["run"]
        alert_book.record(db, "tiny", 1, [drifts], {"drift"}, run, SOON)
    broken(ledger, label)
    with ledger.read() as db:
        told = [each.part for each in alert_book.open_alerts(db, "tiny")]
    assert sorted(told) == ["break-glass", "break-glass", "drift"], "each glass, and what was open before"


def test_who_is_admin_no_more_broke_it_for_nothing(ledger: Ledger) -> None:
    label = candidate(ledger, by("ada"))
    ask(ledger, "approvals", "1")
    broken(ledger, label)
    assert refusal(ledger, label, "ada", SOON) is None
    operators.set_role(ledger, caller("ada"), "bob", "admin", "her successor", FRIDAY)
    operators.set_role(ledger, caller("bob"), "ada", "operator", "it was not for that", SOON)
    assert "second person" in str(refusal(ledger, label, "ada", SOON))


def test_who_is_not_named_to_approve_does_not_by_breaking_it(ledger: Ledger) -> None:
    label = candidate(ledger)
    broken(ledger, label)
    ask(ledger, "approvers", "bob")
    assert "names who may, and that is bob." in str(refusal(ledger, label, "ada", SOON))


def test_where_it_would_let_nothing_pass_it_stays_whole_and_nobody_is_told(ledger: Ledger) -> None:
    label = candidate(ledger)
    ask(ledger, "approvers", "bob")
    before = trail.count(ledger)
    with pytest.raises(Conflict, match="that is bob. A broken glass would not change that, so it is whole"):
        broken(ledger, label)
    with ledger.read() as db:
        assert trail.count(ledger) == before and not alert_book.any_open(db)


@pytest.mark.parametrize("typed", ["", "yes", "break the glass", "break the glass for tiny@2"])
def test_without_its_sentence_nothing_is_done(ledger: Ledger, typed: str) -> None:
    label = candidate(ledger)
    before = trail.count(ledger)
    with pytest.raises(Refusal, match="type the sentence, break the glass for tiny@1; .*nothing was done"):
        broken(ledger, label, typed)
    assert trail.count(ledger) == before and refusal(ledger, label, "bob") is None


@pytest.mark.parametrize("lasts", [timedelta(0), timedelta(seconds=59), timedelta(days=1, seconds=1)])
def test_it_lasts_a_day_at_most(ledger: Ledger, lasts: timedelta) -> None:
    label = candidate(ledger)
    with pytest.raises(Invalid, match="lasts from 1 minute to 1 day"):
        broken(ledger, label, lasts=lasts)


def test_it_is_broken_once_and_only_for_a_candidate(ledger: Ledger) -> None:
    label = candidate(ledger)
    broken(ledger, label)
    with pytest.raises(Conflict, match="ada has broken the glass for tiny@1 already, until 13:00 UTC"):
        broken(ledger, label)
    swap.reject(ledger, label, "no", caller(), SOON)
    with pytest.raises(Conflict, match="tiny@1 is rejected; the glass is broken only for a candidate"):
        broken(ledger, label)


def test_it_is_red_until_somebody_else_takes_notice_and_nobody_puts_it_to_sleep(ledger: Ledger) -> None:
    label = candidate(ledger)
    broken(ledger, label)
    assert approve(ledger, plan(ledger, label), "ada", SOON)
    with ledger.read() as db:
        (alert,) = alert_book.open_alerts(db, "tiny")
    assert (alert.severity, alert.part) == ("failing", "break-glass") and "the site is down" in alert.why
    with pytest.raises(Conflict, match="ada broke the glass; somebody else takes notice of that."):
        alert_book.acknowledge(ledger, alert.id, "mine", caller("ada"), SOON)
    with pytest.raises(Conflict, match="is not put to sleep"):
        alert_book.snooze(ledger, alert.id, SOON + HOUR, "later", caller("bob"), SOON)
    # No look and no swap ends it.
    with ledger.write() as db:
        alert_book.record(db, "tiny", 1, [], {"drift", "performance", "break-glass-x"}, None, SOON)
        alert_book.swapped(db, "tiny@2", "tiny", SOON)
        assert len(alert_book.open_alerts(db, "tiny")) == 1
    alert_book.acknowledge(ledger, alert.id, "seen, and it was right", caller("bob"), SOON)
    with ledger.read() as db:
        assert alert_book.open_alerts(db, "tiny") == ()


def test_everybody_who_can_be_reached_is_mailed_whatever_the_project_says(ledger: Ledger) -> None:
    for name in ("bob", "cyd"):
        with ledger.write() as db:
            routes.add(db, read(f"reach {name} {name}@example.org"), caller(), "so", FRIDAY)
    label = candidate(ledger)
    events.take(ledger, FRIDAY)
    assert mails.page(ledger, offset=0, limit=9) == ()
    broken(ledger, label)
    events.take(ledger, SOON)
    found = mails.page(ledger, offset=0, limit=9)
    assert sorted(mail.recipient for mail in found) == ["bob@example.org", "cyd@example.org"]
    assert all("glass for tiny@1 was broken by ada" in mail.body and "the site is down" in mail.body for mail in found)


def test_who_is_notified_beside_people_is_too_where_nobody_has_an_address(ledger: Ledger) -> None:
    label = candidate(ledger)
    events.take(ledger, FRIDAY)
    broken(ledger, label)
    events.take(ledger, SOON, ("webhook chat",))
    assert [mail.recipient for mail in mails.page(ledger, offset=0, limit=9)] == ["webhook chat"]
