"""Wherever a live version's key metric is shown, it is the same reading, and it says on which rows it rests."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.monitoring.performance.key_figures import KnownMetric, newest
from engine.pages.view import open_view
from engine.records import Metric
from engine.reports.period import between
from tests.engine.reports.worlds import NOW, WEEK, World, empty

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def world(home: Path) -> World:
    """@1 is live since three weeks ago, and nobody has measured it since it was made."""
    world = empty(home).project()
    world.version(NOW - 3 * WEEK, 0.70)
    world.deploy(NOW - 3 * WEEK + HOUR, 1)
    return world


def everywhere(world: World) -> tuple[float | None, int]:
    """The value and its rows, which the overview, the report and the exported figures must agree on."""
    status, known = world.engine.status("flights", NOW), world.report().metrics[0]
    assert status == world.engine.overview(NOW).projects[0]
    view = open_view(world.engine.home)
    figures = {figure.name: dict(figure.values) for figure in view.figures(NOW)}
    view.close()
    assert status.metric is not None and status.live is not None
    number = status.live.rpartition("@")[2]
    told = figures["leverframe_metric_value"]["flights", "roc_auc", number]
    assert status.metric.value == known.value == told
    assert status.measured_at is not None and known.measured_at is not None
    at = figures["leverframe_metric_timestamp_seconds"]["flights", "roc_auc"]
    assert status.measured_at == known.measured_at and status.measured_at.timestamp() == at
    assert status.history[-1].value == known.trend[-1].value == status.metric.value
    return status.metric.value, status.metric.n


def rows(world: World) -> str:
    return world.engine.status("flights", NOW).measured_on


def test_what_nobody_has_measured_since_is_said_to_be_its_own_holdout(world: World) -> None:
    assert everywhere(world) == (0.70, 1200)
    assert rows(world) == "the 1,200 rows that were held out when it was made (run 1)"


def test_a_later_retrain_that_held_it_against_newer_rows_counts_before_its_holdout(world: World) -> None:
    world.version(NOW - WEEK, 0.73, (1, 0.72))
    assert everywhere(world) == (0.72, 1200)
    assert rows(world) == "1,200 rows that a later retrain held out (run 2)"


def test_what_the_newest_look_saw_counts_before_what_was_measured_earlier(world: World) -> None:
    world.version(NOW - WEEK, 0.73, (1, 0.72))
    world.look(NOW - DAY, 1, 0.67)
    run = world.look(NOW - HOUR, 1, 0.66, n=6461)
    assert everywhere(world) == (0.66, 6461)
    assert rows(world) == f"6,461 labelled rows that the newest look saw (run {run})"


def test_a_retrain_that_saw_newer_rows_than_the_newest_look_counts(world: World) -> None:
    world.look(NOW - 2 * DAY, 1, 0.66)
    world.version(NOW - DAY, 0.73, (1, 0.72))
    assert everywhere(world) == (0.72, 1200)


def test_a_look_at_another_version_or_one_that_could_not_measure_says_nothing(world: World) -> None:
    world.version(NOW - WEEK, 0.73, (1, 0.72))
    world.look(NOW - 2 * DAY, 2, 0.99)
    assert everywhere(world) == (0.72, 1200)
    world.look(NOW - DAY, 1, None, "unknown")
    assert everywhere(world) == (0.72, 1200)


def test_a_report_of_a_past_period_takes_what_was_known_at_its_end(world: World) -> None:
    world.look(NOW - 9 * DAY, 1, 0.68)
    world.look(NOW - DAY, 1, 0.66)
    assert world.report().metrics[0].value == 0.66
    assert world.report(between(NOW - 15 * DAY, NOW - 8 * DAY)).metrics[0].value == 0.68
    assert world.report(between(NOW - 17 * DAY, NOW - 10 * DAY)).metrics[0].source == "holdout"


def test_a_value_below_a_limit_that_a_look_saw_is_left_to_the_looks_own_judgement(world: World) -> None:
    world.look(NOW - HOUR, 1, 0.59)  # its interval reaches beyond the limit of 0.6
    assert "is below 0.6" not in world.report().sentence
    world.version(NOW, 0.73, (1, 0.58))
    assert "0.58 of flights@1 is below 0.6 on 1,200 rows" in world.report(between(NOW - WEEK, NOW + HOUR)).sentence


@pytest.mark.parametrize(
    ("at", "expected"),
    [(NOW, ("look", 0.66)), (NOW - 2 * DAY, ("retrain", 0.72)), (NOW - 2 * WEEK, ("holdout", 0.70))],
)
def test_what_is_known_depends_on_when_one_asks(world: World, at: datetime, expected: tuple[str, float]) -> None:
    world.version(NOW - WEEK, 0.73, (1, 0.72))
    world.look(NOW - DAY, 1, 0.66)
    with world.ledger.read() as db:
        found = newest(db, {"flights": 1}, at)
        assert newest(db, {"flights": 1}, at, key_only=True) == found
        assert newest(db, {}, at) == {} and newest(db, {"flights": 1}, NOW - 9 * WEEK) == {}
    known = found["flights", "roc_auc"]
    assert (known.source, known.metric.value) == expected


def test_a_stretch_that_an_earlier_look_saw_to_its_end_says_so() -> None:
    known = KnownMetric(Metric("roc_auc", 0.7, None, None, 640), NOW, 7, "earlier look")
    assert known.looked and known.rows == "640 labelled rows that an earlier look saw (run 7)"
