"""Handing over: what is open and promised goes along, the next one is told, and nobody is on duty by accident."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from engine.access import operators
from engine.api import Engine
from engine.duty import handing_over
from engine.errors import Conflict, Invalid, LeverframeError, NotFound, Refusal
from engine.monitoring.alerts import alert_book
from engine.routing.duty_records import Duty
from engine.versions import holds
from tests.callers import caller
from tests.engine.outbox.routing_world import ADA, HOUR, LEE, NOW, Desk

LONG_AGO = NOW - timedelta(days=300)


@pytest.fixture
def desk(home: Path) -> Desk:
    found = Desk(home)
    operators.add(found.ledger, caller(), "vic", "viewer", "the business", LONG_AGO)
    operators.add(found.ledger, caller(), "aude", "auditor", "audits us", LONG_AGO)
    operators.add(found.ledger, caller(), "left", "operator", "a colleague", LONG_AGO)
    operators.set_disabled(found.ledger, caller(), "left", True, "left the company", LONG_AGO)
    return found


def offer(desk: Desk, by: str, to: str, note: str = "all quiet") -> None:
    handing_over.hand_over(desk.ledger, to, note, caller(by), desk.now)


def take(desk: Desk, by: str, reason: str = "") -> None:
    handing_over.take_over(desk.ledger, reason, caller(by), desk.now)


def who(desk: Desk) -> tuple[str | None, str | None]:
    found = desk.world.engine.on_duty()
    return found.operator, found.offered_to


def test_it_is_offered_and_then_taken(desk: Desk) -> None:
    assert desk.world.engine.on_duty() == Duty()
    take(desk, "ada")
    offer(desk, "ada", "b.lee")
    assert who(desk) == ("ada", "b.lee")
    desk.now += HOUR
    take(desk, "b.lee")
    assert who(desk) == ("b.lee", None) and desk.world.engine.on_duty().since == NOW + HOUR
    states = [(each.former, each.to, each.state) for each in desk.world.engine.handovers()]
    assert states == [("ada", "b.lee", "taken"), (None, "ada", "taken")]


def test_who_comes_next_is_told_what_is_open_and_what_was_promised(desk: Desk) -> None:
    take(desk, "ada")
    desk.world.version(NOW - HOUR, 0.7)
    desk.world.looked_at_every_hour(enabled=False)
    desk.world.run(NOW - HOUR, job="report", state="failed", why="the disk was full")
    holds.place(desk.ledger, "flights@1", "a court asked", caller(), NOW)
    for severity, why in (("failing", "recall fell"), ("watch", "carrier drifts"), ("watch", "origin drifts")):
        desk.world.alert(NOW - HOUR, severity, why, part=why)
    alert_book.acknowledge(desk.ledger, 2, "the weather", caller(), NOW)
    alert_book.snooze(desk.ledger, 3, NOW + 5 * HOUR, "wait for labels", caller("b.lee"), NOW)
    offer(desk, "ada", "b.lee", "look at recall first")
    desk.post()
    (letter,) = desk.taken
    assert (letter.recipient, letter.subject) == (LEE, "ada hands over to b.lee")
    for sentence in (
        "ada says: “look at recall first”",
        "· flights@1 failing: recall fell, since 23 Nov 11:00 UTC; nobody has taken it on.",
        "· flights@1 waits for a decision until 7 Dec 11:00 UTC: BETTER THAN LIVE.",
        "· flights report, run 2, failed: the disk was full (23 Nov 11:00 UTC).",
        "· flights@1 watch: carrier drifts, since 23 Nov 11:00 UTC; acknowledged by ada: “the weather”.",
        "let it wait until 23 Nov 17:00 UTC: “wait for labels”.",
        "· flights health is paused by somebody since",
        "· flights@1 is under legal hold by ada since 23 Nov 12:00 UTC: “a court asked”.",
        "To take over: leverframe handover take. Until then ada stays on duty.",
    ):
        assert sentence in letter.text
    said = letter.text
    assert said.index("Open:") < said.index("recall fell,") < said.index("Promised:") < said.index("the weather")


def test_it_is_kept_as_it_was_then(desk: Desk) -> None:
    desk.world.alert(NOW, "failing", "recall fell")
    offer(desk, "ada", "b.lee")
    desk.change("UPDATE alerts SET resolved_at = ?, resolved_why = 'x'", NOW + HOUR)
    found, matters = desk.world.engine.handover(1)
    assert (found.note, [matter.says for matter in matters]) == ("all quiet", ["failing: recall fell"])
    assert desk.world.engine.matters() == ()


def test_an_offer_that_nobody_took_gives_way_to_the_next(desk: Desk) -> None:
    offer(desk, "ada", "b.lee")
    offer(desk, "ada", "ada")
    assert [each.state for each in desk.world.engine.handovers()] == ["offered", "withdrawn"]
    with pytest.raises(Conflict):  # from nobody, so that no reason is needed; then there is nothing to keep
        take(desk, "ada"), take(desk, "ada")
    assert who(desk) == ("ada", None)


def test_who_is_on_duty_takes_back_what_they_offered(desk: Desk) -> None:
    take(desk, "ada")
    offer(desk, "ada", "b.lee")
    take(desk, "ada")
    assert who(desk) == ("ada", None) and desk.world.engine.handovers()[0].state == "withdrawn"
    with pytest.raises(Refusal):
        take(desk, "b.lee")


def test_to_take_over_from_somebody_who_did_not_offer_it_takes_a_reason(desk: Desk) -> None:
    take(desk, "ada")
    with pytest.raises(Refusal, match=r"Nothing is offered to b.lee, and ada is on duty; .* --reason"):
        take(desk, "b.lee")
    take(desk, "b.lee", "ada is ill")
    assert who(desk) == ("b.lee", None) and desk.world.engine.handovers()[0].note == "ada is ill"


def test_an_offer_to_another_is_withdrawn_by_whoever_takes_over(desk: Desk) -> None:
    take(desk, "ada")
    operators.add(desk.ledger, caller(), "chen", "operator", "a colleague", NOW)
    offer(desk, "ada", "b.lee")
    take(desk, "chen", "nobody answers")
    assert who(desk) == ("chen", None)
    assert [each.state for each in desk.world.engine.handovers()] == ["taken", "withdrawn", "taken"]


@pytest.mark.parametrize(
    ("by", "to", "note", "problem"),
    [
        ("b.lee", "b.lee", "so", Refusal),  # ada is on duty, and she hands over
        ("ada", "ada", "so", Conflict),
        ("ada", "nobody", "so", NotFound),
        ("ada", "vic", "so", Invalid),
        ("ada", "aude", "so", Invalid),
        ("ada", "left", "so", Invalid),
        ("ada", "b.lee", " ", Invalid),
        ("ada", "b.lee", "x" * 4001, Invalid),
    ],
)
def test_what_cannot_be_handed_over_changes_nothing(
    desk: Desk, by: str, to: str, note: str, problem: type[LeverframeError]
) -> None:
    take(desk, "ada")
    with pytest.raises(problem):
        offer(desk, by, to, note)
    assert who(desk) == ("ada", None) and len(desk.world.engine.handovers()) == 1 and desk.mails == []


def test_who_has_no_address_is_handed_over_to_all_the_same(desk: Desk) -> None:
    desk.world.engine.remove_route(2, "moved")
    offer(desk, "ada", "b.lee")
    assert (who(desk), desk.mails) == ((None, "b.lee"), [])


def test_a_hand_over_is_not_held_back_by_quiet_hours(desk: Desk) -> None:
    desk.route("quiet b.lee 11:00-19:00 except nothing", NOW - HOUR)
    offer(desk, "ada", "b.lee")
    desk.post()
    assert desk.told(LEE) == ["ada hands over to b.lee"] and desk.told(ADA) == []


def test_killed_before_the_commit_neither_the_offer_nor_the_message_is_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(handing_over.outbox, "queue", killed)
    with pytest.raises(KeyboardInterrupt):
        offer(desk, "ada", "b.lee")
    assert (who(desk), desk.mails) == ((None, None), [])


def test_the_trail_says_who_took_over_from_whom_and_no_address(desk: Desk) -> None:
    engine: Engine = desk.world.engine
    take(desk, "ada")
    offer(desk, "ada", "b.lee")
    take(desk, "b.lee")
    rows = [(row.actor, row.action, row.subject) for row in engine.audit(limit=3)]
    assert rows == [("b.lee", "take-over", "duty"), ("ada", "hand-over", "duty"), ("ada", "take-over", "duty")]
    engine.add_route("digest chief@example.org 08:00", "so")
    assert all("@example.org" not in str(row.details) for row in engine.audit(limit=50))
    assert engine.verify_audit().ok
