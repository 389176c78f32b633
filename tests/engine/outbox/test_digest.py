"""A digest: once a day what began, what goes on and what ended since the last."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from engine.monitoring.alerts import alert_book
from engine.outbox import digest
from tests.callers import caller
from tests.engine.outbox.routing_world import ADA, HOUR, LEE, NOW, Desk

DAY = timedelta(days=1)
DUE = NOW + 5 * HOUR  # 17:00


@pytest.fixture
def desk(home: Path) -> Desk:
    return begun(Desk(home, "digest ada 17:00", on_duty="b.lee"))


def begun(desk: Desk) -> Desk:
    """After the digest of yesterday, which had nothing in it."""
    desk.now = NOW - HOUR
    desk.engine_looks()
    assert desk.taken == []
    desk.now = NOW
    return desk


def made(desk: Desk) -> list[tuple[int, str]]:
    return [(each.reached, each.why) for each in reversed(desk.world.engine.routed())]


def test_it_says_what_began_what_goes_on_and_what_ended_since_the_last(desk: Desk) -> None:
    desk.world.alert(NOW, "watch", "carrier drifts")
    desk.world.alert(NOW + HOUR, "watch", "origin drifts")
    desk.until(DUE)
    (first,) = desk.taken
    assert (first.recipient, first.subject) == (ADA, "Digest: 2 began")
    assert "What began:" in first.text and "What goes on:" not in first.text
    line = "watch since 23 November 2026 at 12:00 UTC: flights@1: carrier drifts."
    assert line in " ".join(first.text.split())
    desk.change("UPDATE alerts SET resolved_at = ?, resolved_why = 'it is found no more' WHERE id = 1", DUE + HOUR)
    alert_book.acknowledge(desk.ledger, 2, "weather, it passes", caller(), DUE + HOUR)
    desk.until(DUE + DAY)
    second = desk.taken[1]
    assert second.subject == "Digest: 1 goes on, 1 ended"
    said = " ".join(second.text.split())
    assert "flights@1: origin drifts, acknowledged by ada: “weather, it passes”." in said
    assert "What ended: · flights@1: carrier drifts: it is found no more." in said
    desk.until(DUE + 2 * DAY)
    assert desk.told() == ["Digest: 2 began", "Digest: 1 goes on, 1 ended", "Digest: 1 goes on"]


def test_where_there_is_nothing_to_tell_none_is_sent(desk: Desk) -> None:
    desk.until(DUE + DAY, HOUR)
    assert desk.taken == [] and made(desk)[-1] == (0, "there was nothing to tell")


def test_it_is_made_once_a_day_however_often_somebody_looks(desk: Desk) -> None:
    desk.world.alert(NOW, "watch", "carrier drifts")
    desk.until(DUE + 23 * HOUR)
    assert len(desk.taken) == 1 and len(made(desk)) == 2


def test_after_a_downtime_one_comes_late_and_says_so(desk: Desk) -> None:
    desk.world.alert(NOW, "watch", "carrier drifts")
    desk.now = DUE + 3 * DAY + HOUR
    desk.engine_looks()
    desk.engine_looks()
    assert desk.told() == ["Digest: 1 began"]
    assert "comes late: it was due on 26 November 2026 at 17:00 UTC" in desk.taken[0].text
    assert made(desk)[-1] == (1, "it was due on 26 November 2026 at 17:00 UTC, and no engine saw to it then")


def test_a_digest_that_was_asked_for_after_its_time_waits_for_the_next(home: Path) -> None:
    desk = Desk(home)
    desk.route("digest ada 11:00", NOW)
    desk.world.alert(NOW + HOUR, "watch", "carrier drifts")
    desk.until(NOW + 22 * HOUR, HOUR)
    assert desk.taken == []
    desk.until(NOW + 23 * HOUR, HOUR)
    assert desk.told() == ["Digest: 1 began"]


def test_a_clock_that_leaps_ahead_and_back_still_makes_each_days(desk: Desk) -> None:
    desk.world.alert(NOW, "watch", "carrier drifts")
    desk.now = NOW + 400 * DAY
    desk.engine_looks()
    desk.now = NOW
    desk.engine_looks()
    assert len(desk.taken) == 1
    desk.until(DUE)
    assert desk.told() == ["Digest: 1 began", "Digest: 1 began"]
    desk.until(DUE + DAY, HOUR)
    assert desk.told()[2:] == ["Digest: 1 goes on"]


def test_whoever_is_on_duty_gets_it(home: Path) -> None:
    desk = begun(Desk(home, "digest on-duty 17:00", on_duty="b.lee"))
    desk.world.alert(NOW, "watch", "carrier drifts")
    desk.until(DUE)
    assert [letter.recipient for letter in desk.taken] == [LEE]


def test_killed_before_the_commit_it_is_made_whole_by_the_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.world.alert(NOW, "watch", "carrier drifts")
    desk.now = DUE

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(digest.outbox, "queue", killed)
        digest.make(desk.ledger, desk.now)
    assert len(made(desk)) == 1 and desk.mails == []
    desk.engine_looks()
    assert desk.told() == ["Digest: 1 began"]


def test_a_digest_of_one_project_tells_of_no_other(home: Path) -> None:
    desk = Desk(home)
    desk.change("INSERT INTO projects VALUES ('tides', 'Tides', '', '/srv/tides', '{}', ?, NULL)", NOW - DAY)
    desk.route("digest ada 17:00 tides", NOW - DAY)
    desk.world.alert(NOW, "watch", "carrier drifts")
    desk.until(DUE)
    assert desk.taken == []


def test_many_lines_are_counted(desk: Desk) -> None:
    for number in range(digest.MOST + 3):
        desk.world.alert(NOW, "watch", f"column {number} drifts")
    desk.until(DUE)
    assert "and 3 more." in desk.taken[0].text and desk.taken[0].text.count("drifts") == digest.MOST
