"""Alarms are raised by what is large, lasting and no accident, end well below that, and keep the budget."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.monitoring.drift.alarm import Alarm, Budget, Observation, alarms, follow, observed, window
from engine.monitoring.drift.columns import drift
from engine.monitoring.drift.histograms import histogram
from engine.monitoring.drift.thresholds import ACCIDENT, ENDED, LARGE, SOME
from engine.monitoring.profile import profile_of
from tests.engine.monitoring.simulated_months import (
    LABELS,
    Setting,
    Shift,
    columns,
    month,
    probabilities,
    raised_by_p_alone,
)

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
BUDGET = Budget(columns=13, every=timedelta(minutes=15))
WEEK = timedelta(days=7)
DRIFTED = Observation("delay", NOON - WEEK, NOON, 0.3, 1e-9, 0.2, 0.4, why="delay: mean moved.")
CALM = replace(DRIFTED, size=0.0, p=0.5, earlier=0.0, later=0.0)


def series(*changes: dict[str, Any]) -> list[Observation]:
    """Looks at a week each, a week apart."""
    days = (NOON + timedelta(days=7 * number) for number in range(len(changes)))
    return [replace(DRIFTED, since=at - WEEK, as_of=at, **change) for at, change in zip(days, changes, strict=True)]


def test_large_lasting_and_no_accident_raises_at_the_first_such_look() -> None:
    alarm = follow(None, DRIFTED, BUDGET)
    assert alarm == Alarm("delay", NOON, NOON, 0.3, "large", "delay: mean moved.")


@pytest.mark.parametrize(
    "lacks",
    [
        {"size": SOME - 0.001},
        {"earlier": SOME - 0.001},
        {"later": SOME - 0.001},
        {"p": BUDGET.chance * 1.01},
        {"size": None},
        {"earlier": None},
        {"later": None},
        {"p": None},
    ],
)
def test_without_any_one_of_them_nothing_is_raised(lacks: dict[str, Any]) -> None:
    assert follow(None, replace(DRIFTED, **lacks), BUDGET) is None


def test_a_column_that_is_broken_is_raised_at_once_and_goes_on_until_it_is_whole() -> None:
    lost = {"size": None, "p": None, "earlier": None, "later": None, "broken": True}
    calm = {"size": 0.0, "earlier": 0.0, "later": 0.0}
    [alarm] = alarms(series(lost, {**calm, "broken": True}, calm), BUDGET)
    assert (alarm.since, alarm.level) == (NOON, "large")
    assert alarm.ended == NOON + 2 * WEEK


def test_an_alarm_goes_on_between_the_two_lines_and_while_nobody_can_tell() -> None:
    between = {"size": (SOME + ENDED) / 2, "earlier": 0.0, "later": 0.0}
    unknown = {"size": None, "p": None, "earlier": None, "later": None}
    half_calm = {"size": 0.0, "earlier": 0.0, "later": ENDED}
    [alarm] = alarms(series({}, between, unknown, half_calm), BUDGET)
    assert alarm.ended is None and alarm.over == NOON
    assert alarm.level == "large" and alarm.size == 0.0


def test_an_alarm_that_ended_may_be_raised_again_as_another() -> None:
    calm = {"size": 0.0, "earlier": 0.0, "later": 0.0}
    first, second = alarms(series({}, calm, calm, {"size": LARGE - 0.01}), BUDGET)
    assert first.ended == NOON + WEEK and first.size == 0.0
    assert second.since == NOON + 3 * WEEK and second.ended is None and second.level == "some"


def test_a_quiet_window_that_shares_rows_with_one_over_the_line_does_not_end_an_alarm() -> None:
    alarm = follow(None, DRIFTED, BUDGET)
    for days, ends in ((1, False), (6, False), (7, True)):
        at = NOON + timedelta(days=days)
        after = follow(alarm, replace(CALM, since=at - WEEK, as_of=at), BUDGET)
        assert after is not None and (after.ended == at) == ends


def test_looks_are_taken_in_the_order_of_time_and_each_column_for_itself() -> None:
    other = replace(DRIFTED, column="carrier", as_of=NOON - timedelta(days=1))
    assert [a.column for a in alarms([DRIFTED, other], BUDGET)] == ["carrier", "delay"]
    assert alarms([], BUDGET) == ()


def test_more_looks_and_more_columns_ask_for_less_chance_and_no_budget_for_more_than_an_accident() -> None:
    assert Budget(13, timedelta(minutes=15)).chance == pytest.approx(0.1 / (13 * 2880))
    assert Budget(26, timedelta(minutes=15)).chance == pytest.approx(0.05 / (13 * 2880))
    assert Budget(1, timedelta(days=60)).chance == ACCIDENT and Budget(0, timedelta(days=60)).chance == ACCIDENT


@pytest.mark.parametrize(("rows", "weeks"), [(0, 4), (5, 4), (25, 2), (50, 1), (1e6, 1)])
def test_the_window_is_whole_weeks_and_longer_where_rows_are_few(rows: float, weeks: int) -> None:
    assert window(rows) == timedelta(weeks=weeks)


def test_an_observation_is_made_from_the_drift_of_a_window_and_its_halves() -> None:
    rng = np.random.default_rng(0)
    profile = profile_of(pa.table({"x": rng.normal(size=5000)}), ["x"])
    now = rng.normal(1, 1, 400)
    [[whole], [earlier], [later]] = (drift(profile, pa.table({"x": rows})) for rows in (now, now[:200], now[200:]))
    seen = observed(NOON - WEEK, NOON, whole, earlier, later)
    assert (seen.size, seen.earlier, seen.later, seen.p) == (whole.size, earlier.size, later.size, whole.p)
    assert follow(None, seen, BUDGET) is not None
    [[few]] = (drift(profile, pa.table({"x": now[:5]})) for _ in range(1))
    assert observed(NOON - WEEK, NOON, whole, few, later).earlier is None


def test_the_rule_needs_no_heavy_library() -> None:
    script = (
        "import sys, engine.monitoring.drift.alarm; "
        "print(*{'numpy', 'scipy', 'pyarrow', 'sklearn'} & set(sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split() == []
    )


def test_the_simulated_shares_are_those_of_the_products_own_bins() -> None:
    rng = np.random.default_rng(3)
    setting = Setting(1000, timedelta(days=1), timedelta(days=7))
    drawn = columns(setting, rng)
    number, streets = drawn[0][0], drawn[11]
    table = pa.table(
        {
            number.name: pa.array(rng.normal(0.5, 1, 200_000), mask=rng.random(200_000) < 0.02),
            streets[0].name: pa.array(
                [f"l{i}" for i in rng.choice(len(LABELS[3]), 200_000, p=LABELS[3])], mask=rng.random(200_000) < 0.02
            ),
        }
    )
    now = profile_of(table, table.column_names, exact=True).columns
    for reference, truth, shift, seen in (
        (number, None, Shift(deviations=0.5), now[0]),
        (*streets, Shift(), now[1]),
    ):
        counted = histogram(reference, seen).current / 200_000
        assert counted == pytest.approx(probabilities(reference, truth, shift, 0.02), abs=0.006)


@pytest.mark.parametrize("rows_per_day", [50, 500])
@pytest.mark.parametrize("every", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("reference_rows", [500, 20_000])
def test_on_stationary_data_no_month_has_more_than_one_false_alarm(
    rows_per_day: float, every: timedelta, reference_rows: int
) -> None:
    setting = Setting(rows_per_day, every, timedelta(days=7), reference_rows)
    raised = [len(month(setting, np.random.default_rng([1, seed]))) for seed in range(12)]
    assert max(raised) <= 1 and sum(raised) <= 2


def test_a_rule_that_knows_nothing_but_p_would_raise_several_a_month_on_the_same_data() -> None:
    setting = Setting(500, timedelta(hours=1), timedelta(days=7))
    assert np.mean([raised_by_p_alone(setting, np.random.default_rng([1, seed])) for seed in range(5)]) > 5


def test_a_shift_by_a_deviation_is_raised_once_within_the_week_and_a_small_one_never() -> None:
    setting = Setting(500, timedelta(days=1), timedelta(days=7), numbers=1, labels=1, days=21)
    for seed in range(5):
        found = month(setting, np.random.default_rng([2, seed]), Shift(deviations=1.0, points=0.2))
        assert sorted(a.column for a in found) == ["label 0", "number 0"]
        assert all(a.ended is None for a in found)
        assert max(a.since for a in found) <= datetime(2026, 1, 8, tzinfo=UTC)
        assert month(setting, np.random.default_rng([3, seed]), Shift(deviations=0.1, points=0.05)) == ()
