"""Quiet hours and digests let news wait; what waited comes as one message, and nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from engine.outbox import holding, mails, outbox, sending
from engine.outbox.channel import Undelivered
from tests.callers import caller
from tests.engine.outbox.routing_world import ADA, HOUR, LEE, NOW, OPS, Desk

MINUTE = timedelta(minutes=1)
NIGHT = f"quiet {OPS} 11:00-19:00"  # NOW is noon


def desk_of(home: Path, *words: str) -> Desk:
    return Desk(home, *words, owner=OPS)


def states(desk: Desk) -> list[str]:
    return [mail.state for mail in desk.mails]


def test_what_came_in_quiet_hours_is_sent_when_they_end_once_as_one_message(home: Path) -> None:
    desk = desk_of(home, NIGHT)
    desk.world.version(NOW, 0.7)
    desk.engine_looks()
    assert (states(desk), desk.taken) == (["held"], [])
    assert desk.mails[0].why == f"held until 19:00 (UTC) by {OPS}'s quiet hours"
    desk.world.run(NOW, job="report", state="queued")
    desk.change("UPDATE runs SET state = 'failed', why = 'no room', ended_at = ? WHERE job = 'report'", NOW + HOUR)
    desk.until(NOW + 7 * HOUR - MINUTE)
    assert (states(desk), desk.taken) == (["held", "held"], [])
    desk.until(NOW + 7 * HOUR)
    (letter,) = desk.taken
    assert letter.subject == "2 messages that waited for the end of your quiet hours"
    assert "flights@1 waits for a decision" in letter.text and "no room" in letter.text
    assert states(desk) == ["gathered", "gathered", "sent"]
    assert {mail.why for mail in desk.mails[:2]} == {"told in message 3"}
    desk.until(NOW + 40 * HOUR, 2 * HOUR)
    assert len(desk.taken) == 1


def test_one_alone_is_sent_as_it_is(home: Path) -> None:
    desk = desk_of(home, NIGHT)
    desk.world.version(NOW, 0.7)
    desk.until(NOW + 7 * HOUR)
    assert desk.told() == ["Late arrivals: flights@1 waits for a decision"]
    assert states(desk) == ["sent"]


def test_failing_comes_through_unless_nothing_may(home: Path) -> None:
    desk = desk_of(home, NIGHT)
    desk.world.alert(NOW, "failing", "recall fell")
    desk.engine_looks()
    assert desk.told() == ["Late arrivals: flights@1 needs action"]
    desk.route(f"quiet {OPS} 11:00-19:00 except nothing")
    desk.world.alert(NOW, "failing", "data is gone", part="data")
    desk.engine_looks()
    assert states(desk) == ["sent", "held"]


def test_quiet_hours_of_an_operator_are_those_of_all_their_addresses(home: Path) -> None:
    desk = desk_of(home, f"reach ada {OPS}", "quiet ada 11:00-19:00")
    desk.world.version(NOW, 0.7)
    desk.engine_looks()
    assert desk.mails[0].why == "held until 19:00 (UTC) by ada's quiet hours"


def test_what_is_over_when_they_end_is_told_nobody(home: Path) -> None:
    desk = desk_of(home, NIGHT)
    desk.world.version(NOW, 0.7)
    desk.engine_looks()
    desk.change("UPDATE versions SET state = 'rejected'")
    desk.until(NOW + 7 * HOUR)
    assert (states(desk), desk.taken) == (["over"], [])


def test_a_long_weekend_is_asked_about_each_day_and_ends_when_it_does(home: Path) -> None:
    desk = desk_of(home, f"quiet {OPS} 00:00-24:00 mon-thu")  # NOW is a Monday
    desk.world.version(NOW, 0.7)
    desk.engine_looks()
    assert desk.mails[0].why == f"held until Fri 00:00 (UTC) by {OPS}'s quiet hours"
    with desk.ledger.read() as db:
        assert outbox.due(db, desk.now) == []
    desk.until(NOW + 83 * HOUR, HOUR)
    assert (states(desk), desk.mails[0].attempts) == (["held"], 0)
    desk.until(NOW + 84 * HOUR, HOUR)
    assert len(desk.taken) == 1


def test_a_route_that_is_ended_holds_no_longer_than_a_day(home: Path) -> None:
    desk = desk_of(home)
    number = desk.route(f"quiet {OPS} 00:00-24:00 mon-thu", NOW - HOUR)
    desk.world.version(NOW, 0.7)
    desk.engine_looks()
    desk.world.engine.remove_route(number, "back again")
    desk.until(NOW + 24 * HOUR, HOUR)
    assert len(desk.taken) == 1


def test_a_message_that_waited_for_a_server_waits_for_quiet_hours_too(home: Path) -> None:
    desk = desk_of(home, f"quiet {OPS} 13:00-19:00")
    desk.world.version(NOW, 0.7)
    desk.problem = Undelivered("the server is away.")  # type: ignore[assignment]
    desk.until(NOW + 50 * MINUTE)
    desk.problem = None
    desk.now = NOW + 3 * HOUR
    desk.engine_looks()
    assert states(desk) == ["held"]
    desk.until(NOW + 7 * HOUR)
    assert states(desk) == ["sent"]


def test_a_clock_that_leaps_ahead_and_back_loses_and_doubles_nothing(home: Path) -> None:
    desk = desk_of(home, NIGHT)
    desk.now = NOW + timedelta(days=400)
    desk.world.version(desk.now, 0.7)
    desk.engine_looks()
    assert states(desk) == ["held"]
    desk.now = NOW
    desk.engine_looks()
    assert states(desk) == ["held"]
    desk.until(NOW + 7 * HOUR)
    assert (states(desk), len(desk.taken)) == (["sent"], 1)


def test_killed_between_gathering_and_sending_it_is_sent_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = desk_of(home, NIGHT)
    desk.world.version(NOW, 0.7)
    desk.world.deploy(NOW, 1)
    desk.world.version(NOW, 0.7)
    desk.engine_looks()
    desk.now = NOW + 7 * HOUR

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("gather", "held_for"):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(holding, name, killed)
            desk.post()
        assert len(desk.mails) == 2 and "gathered" not in states(desk)
        desk.now += outbox.LEASE
    real = holding.release
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(holding, "release", lambda *given: (real(*given), killed()))
        desk.post()
    desk.post()
    assert len(desk.taken) == 1 and "gathered" in states(desk)
    desk.until(desk.now + HOUR)
    assert len(desk.taken) == 1


def test_somebody_who_sends_it_by_hand_does_not_wait(home: Path) -> None:
    desk = desk_of(home, NIGHT)
    desk.world.version(NOW, 0.7)
    desk.engine_looks()
    clock = lambda: desk.now  # noqa: E731
    assert sending.retry(desk.ledger, desk.objects, None, caller(), lambda _: desk, clock) == ()
    (mail,) = sending.retry(desk.ledger, desk.objects, 1, caller(), lambda _: desk, clock)
    assert (mail.state, len(desk.taken)) == ("sent", 1)


def test_what_is_held_is_neither_missing_a_server_nor_given_up(home: Path) -> None:
    desk = desk_of(home, NIGHT)
    desk.world.version(NOW, 0.7)
    desk.engine_looks()
    with desk.ledger.read() as db:
        assert (mails.waiting(db), mails.given_up(db)) == (0, 0)


def test_a_digest_gathers_what_is_not_failing(home: Path) -> None:
    desk = desk_of(home, f"digest {OPS} 17:00")
    desk.world.version(NOW, 0.7)
    desk.engine_looks()
    assert desk.mails[0].why == f"waits for {OPS}'s digest at 17:00 (UTC)"
    desk.world.alert(NOW, "failing", "recall fell")
    desk.engine_looks()
    assert desk.told() == ["Late arrivals: flights@1 needs action"]
    desk.until(NOW + 5 * HOUR)
    assert states(desk) == ["gathered", "sent", "sent"]
    assert "flights@1 waits for a decision" in desk.taken[1].text
    assert LEE not in desk.told() and ADA not in desk.told()


def test_of_what_waited_only_what_is_still_so_is_told(home: Path) -> None:
    desk = desk_of(home, NIGHT)
    desk.world.version(NOW, 0.7)
    run = desk.world.run(NOW, job="report", state="queued")
    desk.change("UPDATE runs SET state = 'failed', why = 'no room', ended_at = ? WHERE id = ?", NOW, run)
    desk.engine_looks()
    desk.change("UPDATE versions SET state = 'rejected'")
    desk.until(NOW + 7 * HOUR)
    assert (states(desk), desk.told()) == (["over", "sent"], ["Late arrivals: the report could not be made"])


@pytest.mark.parametrize("hour", [17, 21])
def test_a_digest_and_quiet_hours_each_let_go_of_their_own(home: Path, hour: int) -> None:
    desk = desk_of(home, f"{NIGHT} except nothing")
    desk.route(f"digest {OPS} {hour}:00")
    desk.now += MINUTE
    desk.world.version(desk.now, 0.7)
    desk.world.alert(desk.now, "failing", "recall fell")
    desk.until(NOW + 5 * HOUR + MINUTE)
    assert states(desk)[:2] == (["gathered", "held"] if hour == 17 else ["held", "held"])
    desk.until(NOW + 7 * HOUR)
    assert states(desk)[1] == "sent" and desk.told()[-1] == "Late arrivals: flights@1 needs action"
    desk.until(NOW + 9 * HOUR)
    assert states(desk) == ["gathered", "sent", "sent"]


def test_what_another_message_told_is_not_given_up(home: Path) -> None:
    desk = desk_of(home, f"digest {OPS} 13:00")
    desk.world.version(NOW, 0.7)
    desk.until(NOW + HOUR)
    assert states(desk) == ["gathered", "sent"]
    with desk.ledger.read() as db:
        assert (mails.given_up(db), mails.unsent(db), outbox.again(db, None, desk.now)) == (0, {}, [])
