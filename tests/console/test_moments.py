"""Which moments are worth stepping back to, and how they stand in the dialog."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console.text.lines import plain_text
from console.time_travel.moments import SHOWN, Moment, moment_lines, moments
from engine import clock
from engine.monitoring.records import Alert
from engine.records import Deployment
from tests.console.health_records import FELL
from tests.console.records import NOW, ago


def alert(number: int, **other: Any) -> Alert:
    return replace(FELL, id=number, **other)


RELEASE = Deployment(1, "flights", 9, 7, "release", ago(days=3), "ada", "newer")
ROLLBACK = Deployment(2, "flights", 7, 9, "rollback", ago(days=2), "ada", "worse")


def test_a_swap_is_offered_at_the_last_whole_second_before_it() -> None:
    sharp = datetime(2026, 11, 3, 2, 14, 0, tzinfo=UTC)
    within = sharp + timedelta(microseconds=400)
    for at, before in ((sharp, sharp - timedelta(seconds=1)), (within, sharp)):
        (found,) = moments((Deployment(1, "flights", 9, None, "release", at, "ada", "x"),), (), None, NOW)
        assert found == Moment(before, "just before flights@9 went live")
        assert clock.moment(found.written) == found.at < at, "what is written leads there"


def test_a_rollback_says_where_it_led() -> None:
    found = moments((RELEASE, ROLLBACK), (), None, NOW)
    assert [each.what for each in found] == ["just before flights went back to @7", "just before flights@9 went live"]


def test_the_alerts_of_one_incident_are_one_moment_at_which_the_first_is_there() -> None:
    raised = ago(days=1) + timedelta(microseconds=5)
    first = alert(1, incident=1, project="churn", why="recall fell", raised_at=raised)
    second = alert(2, incident=1, project="churn", why="age drifts", raised_at=raised + timedelta(hours=1))
    (found,) = moments((), (second, first), None, NOW)
    assert found.what == "alert of churn: recall fell"
    assert raised < found.at <= raised + timedelta(seconds=1)


def test_the_newest_of_all_are_offered_in_their_order_and_swaps_are_never_crowded_out() -> None:
    many = tuple(alert(n, incident=n, raised_at=ago(hours=n)) for n in range(1, 30))
    swaps = tuple(Deployment(n, "flights", n, None, "release", ago(days=40 - n), "ada", "x") for n in range(1, 31))
    found = moments(swaps, many, ago(days=5), NOW)
    assert len(found) == SHOWN
    assert [each.at for each in found] == sorted((each.at for each in found), reverse=True)
    assert [each.what for each in found].count("when you last looked") == 1
    assert sum(each.what.startswith("just before") for each in found) == 3


def test_nothing_that_is_still_to_come_is_offered() -> None:
    assert moments((), (alert(1, incident=1, raised_at=NOW),), None, NOW) == ()
    assert moments((), (), None, NOW) == ()


@pytest.mark.parametrize("width", [48, 74, 98])
def test_moments_stand_in_columns_and_the_chosen_one_is_marked(width: int) -> None:
    shown = (Moment(ago(days=2), "just before flights went back to @7"), Moment(ago(days=30), "just before new@1 " * 9))
    lines = plain_text(moment_lines(shown, 1, NOW, width)).split("\n")
    assert lines[1].startswith("▸ just before new@1") and lines[0].startswith("  just before flights")
    assert max(map(len, lines)) <= width
    assert lines[0].index("22 Nov 14:32, 2 d ago") == lines[1].index("25 Oct 14:32, 30 d ago")
