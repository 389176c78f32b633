"""A failing alert that nobody takes on goes to the next, step by step, once each, until somebody has it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from engine.monitoring.alerts import alert_book
from engine.outbox import escalating
from engine.outbox.channel import Undelivered
from engine.routing import duty, routes
from tests.callers import caller
from tests.engine.outbox.routing_world import ADA, HOUR, LEE, NOW, Desk

CHAIN = ("escalate on-duty 0m", "escalate b.lee 30m", "escalate chief@example.org 1h")
CHIEF = "chief@example.org"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk(home: Path) -> Desk:
    found = Desk(home, *CHAIN, on_duty="ada")
    found.alert = found.world.alert(NOW, "failing", "recall fell")  # type: ignore[attr-defined]
    return found


def who(desk: Desk) -> list[str]:
    return [letter.recipient for letter in desk.taken]


def test_that_a_canary_was_ended_is_told_at_once_and_calls_nobody_a_second_time(home: Path) -> None:
    desk = Desk(home, *CHAIN, on_duty="ada")
    desk.world.alert(NOW, "failing", "flights@2 errs more often", part="canary")
    desk.engine_looks()
    desk.until(NOW + 10 * HOUR)
    assert who(desk) == [ADA] and desk.told() == ["Late arrivals: the canary beside flights@1 was ended"]
    assert "flights@2 errs more often." in desk.taken[0].text


def test_each_step_is_told_at_its_time_once(desk: Desk) -> None:
    desk.engine_looks()
    assert who(desk) == [ADA] and desk.told() == ["Late arrivals: flights@1 needs action"]
    desk.until(NOW + 29 * MINUTE)
    assert who(desk) == [ADA]
    desk.until(NOW + 30 * MINUTE)
    assert who(desk) == [ADA, LEE]
    assert desk.told()[1] == "Late arrivals: flights@1 still needs action, and nobody has taken it on"
    text = desk.taken[1].text
    assert "recall fell." in text and "To take it on: leverframe alerts ack 1." in text
    assert "Nobody has taken it on for 30 min. Told before: on-duty on 23 November 2026 at 12:00 UTC." in text
    desk.until(NOW + 10 * HOUR)
    assert who(desk) == [ADA, LEE, CHIEF]
    done = desk.world.engine.routed()
    assert [(each.who, each.reached, each.why) for each in reversed(done)] == [
        ("on-duty", 1, ""), ("b.lee", 1, ""), (CHIEF, 1, ""),
    ]  # fmt: skip


def test_who_takes_it_on_stops_it(desk: Desk) -> None:
    desk.engine_looks()
    alert_book.acknowledge(desk.ledger, 1, "mine", caller("b.lee", "operator"), NOW + 29 * MINUTE)
    desk.until(NOW + 10 * HOUR)
    assert who(desk) == [ADA]


def test_a_version_that_was_rolled_back_from_stops_it(home: Path) -> None:
    desk = Desk(home, *CHAIN, on_duty="ada")
    desk.world.run(NOW - HOUR)
    desk.world.alert(NOW, "failing", "recall fell")
    desk.engine_looks()
    with desk.ledger.write() as db:
        alert_book.swapped(db, "flights@7", "flights", NOW + 5 * MINUTE)
    desk.until(NOW + 2 * HOUR)
    assert who(desk) == [ADA]


def test_an_alert_that_is_over_stops_it(desk: Desk) -> None:
    desk.engine_looks()
    desk.change("UPDATE alerts SET resolved_at = ?, resolved_why = 'x'", NOW + 6 * MINUTE)
    desk.until(NOW + 2 * HOUR)
    assert who(desk) == [ADA]


def test_what_is_only_to_be_watched_goes_to_nobody(home: Path) -> None:
    desk = Desk(home, *CHAIN, on_duty="ada")
    desk.world.alert(NOW, "watch", "carrier drifts")
    desk.until(NOW + 2 * HOUR)
    assert desk.taken == []


def test_what_gets_worse_begins_to_be_told_then(home: Path) -> None:
    desk = Desk(home, *CHAIN, on_duty="ada")
    desk.world.alert(NOW - 5 * HOUR, "watch", "carrier drifts")
    desk.change("UPDATE alerts SET severity = 'failing', seen_at = ?", NOW)
    desk.engine_looks()
    assert who(desk) == [ADA] and "It was due on" not in desk.taken[0].text
    desk.until(NOW + 30 * MINUTE)
    assert who(desk) == [ADA, LEE]


def test_a_snooze_lets_it_wait_and_begins_it_anew_when_it_ends(desk: Desk) -> None:
    desk.engine_looks()
    alert_book.snooze(desk.ledger, 1, NOW + 3 * HOUR, "tomorrow", caller(), NOW + MINUTE)
    desk.until(NOW + 3 * HOUR - MINUTE)
    assert who(desk) == [ADA]
    desk.until(NOW + 3 * HOUR)
    desk.until(NOW + 3 * HOUR + 29 * MINUTE)
    assert who(desk) == [ADA, ADA]
    desk.until(NOW + 3 * HOUR + 30 * MINUTE)
    assert who(desk) == [ADA, ADA, LEE]


def test_a_step_that_was_due_while_no_engine_ran_is_made_when_one_comes_and_says_so(desk: Desk) -> None:
    desk.engine_looks()
    desk.now = NOW + 6 * HOUR
    desk.engine_looks()
    assert who(desk) == [ADA, LEE]  # and not the chief: whoever was told late can still answer
    assert "It was due on 23 November 2026 at 12:30 UTC, and no engine saw to it then." in desk.taken[1].text
    desk.until(NOW + 6 * HOUR + 29 * MINUTE)
    assert who(desk) == [ADA, LEE]
    desk.until(NOW + 6 * HOUR + 30 * MINUTE)
    assert who(desk) == [ADA, LEE, CHIEF]
    assert [each.why for each in desk.world.engine.routed()][1].startswith("it was due on 23 November 2026 at 12:30")


def test_where_nobody_is_on_duty_the_next_step_goes_at_once(home: Path) -> None:
    desk = Desk(home, *CHAIN)
    desk.world.alert(NOW, "failing", "recall fell")
    desk.engine_looks()
    desk.engine_looks()
    assert who(desk) == [LEE]
    assert [(each.who, each.reached, each.why) for each in desk.world.engine.routed()][1] == (
        "on-duty", 0, "nobody is on duty",
    )  # fmt: skip


def test_what_is_offered_still_goes_to_who_is_on_duty(desk: Desk) -> None:
    with desk.ledger.write() as db:
        duty.offer(db, "b.lee", "", "[]", caller("ada"), NOW)
    desk.engine_looks()
    assert who(desk) == [ADA]
    with desk.ledger.write() as db:
        duty.take(db, "", "[]", caller("b.lee"), NOW)
    desk.world.alert(NOW, "failing", "data is gone", part="data")
    desk.engine_looks()
    assert who(desk) == [ADA, LEE]


def test_a_chain_of_one_project_is_for_that_project(home: Path) -> None:
    desk = Desk(home, on_duty="ada")
    desk.change(
        "INSERT INTO projects VALUES ('tides', 'Tides', '', '/srv/tides', '{}', ?, NULL)", NOW - timedelta(days=1)
    )
    desk.route("escalate ada 0m tides", NOW - HOUR)
    desk.world.alert(NOW, "failing", "recall fell")
    desk.until(NOW + HOUR)
    assert desk.taken == []


def test_what_was_taken_on_before_a_message_could_be_sent_is_told_nobody(desk: Desk) -> None:
    desk.problem = Undelivered("the server is away.")  # type: ignore[assignment]
    desk.engine_looks()
    alert_book.acknowledge(desk.ledger, 1, "mine", caller(), NOW + MINUTE)
    desk.problem = None
    desk.now = NOW + 5 * MINUTE
    desk.engine_looks()
    assert desk.taken == [] and [mail.state for mail in desk.mails] == ["over"]


def test_killed_before_the_commit_neither_row_nor_message_is_there_and_after_it_both(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = escalating.outbox.queue

    def killed(*given: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(escalating.outbox, "queue", killed)
    with pytest.raises(KeyboardInterrupt):
        escalating.escalate(desk.ledger, NOW)
    assert desk.world.engine.routed() == () and desk.mails == []
    monkeypatch.setattr(escalating.outbox, "queue", real)
    assert escalating.escalate(desk.ledger, NOW) == 1
    assert (len(desk.world.engine.routed()), len(desk.mails)) == (1, 1)
    assert escalating.escalate(desk.ledger, NOW) == 0
    desk.post()
    assert who(desk) == [ADA]


def test_of_two_engines_that_see_it_at_once_one_tells(desk: Desk) -> None:
    with desk.ledger.read() as db:
        seen = escalating.overdue(db, NOW)
    assert escalating.escalate(desk.ledger, NOW) == 1
    with desk.ledger.write() as db:  # the other had looked before
        assert sum(escalating.take_step(db, *each, NOW) for each in seen) == 0
    desk.post()
    assert who(desk) == [ADA]


def test_the_routes_that_somebody_ends_tell_nobody_any_more(desk: Desk) -> None:
    desk.engine_looks()
    with desk.ledger.write() as db:
        for route in routes.everything(db):
            if route.kind == "escalate":
                routes.end(db, route.id, caller(), "so", NOW)
    desk.until(NOW + 2 * HOUR)
    assert who(desk) == [ADA]


def test_without_routes_the_owner_is_told_as_ever_and_nobody_else(home: Path) -> None:
    desk = Desk(home, owner="ops@example.org")
    desk.world.alert(NOW, "failing", "recall fell")
    desk.until(NOW + 2 * HOUR)
    assert who(desk) == ["ops@example.org"]
    assert desk.world.engine.routed() == ()
