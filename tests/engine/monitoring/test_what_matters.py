"""How much worse is worse: the least difference that matters of every metric, and which constants say so."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from engine.monitoring import records
from engine.monitoring.alerts import changes
from engine.monitoring.drift import alarm
from engine.monitoring.drift.columns import drift
from engine.monitoring.performance import fall
from engine.monitoring.performance.fall import minimum_effect
from engine.monitoring.profile import profile_of
from engine.vocabulary.metrics import METRICS


@pytest.mark.parametrize("metric", METRICS)
def test_two_hundredths_of_a_share_matter_and_a_twentieth_of_a_loss_or_an_error(metric: str) -> None:
    for reference in (0.4, -0.4):
        assert minimum_effect(metric, reference) == pytest.approx(0.02)
    wanted = 0.04 if METRICS[metric].own_unit else 0.02
    assert minimum_effect(metric, 0.8) == minimum_effect(metric, -0.8) == pytest.approx(wanted)


def test_what_is_promised_of_alarms_in_figures() -> None:
    assert (fall.EACH, fall.WINDOW, fall.IN_A_ROW, fall.DAYS_IN_A_ROW) == (1.96, 3.0, 2, 4)
    assert alarm.ENOUGH == 300
    assert (timedelta(hours=1), timedelta(days=30)) == (changes.ESCALATE_AFTER, records.LONGEST_SNOOZE)


@pytest.mark.parametrize(
    ("rows_per_day", "weeks"), [(1000, 1), (300 / 7, 1), (42.8, 2), (300 / 14, 2), (21.4, 4), (10, 4), (0, 4)]
)
def test_a_window_is_as_few_whole_weeks_as_hold_rows_enough(rows_per_day: float, weeks: int) -> None:
    assert alarm.window(rows_per_day) == timedelta(weeks=weeks)


@pytest.mark.parametrize(
    ("columns", "every", "chance"),
    [
        (1, timedelta(days=30), 0.001), (100, timedelta(days=30), 0.001), (1000, timedelta(days=30), 0.0001),
        (10, timedelta(days=1), 0.1 / 300), (0, timedelta(days=60), 0.001), (20, timedelta(minutes=15), 0.1 / 57_600),
    ],
)  # fmt: skip
def test_the_budget_of_false_alarms_is_shared_by_columns_and_looks(
    columns: int, every: timedelta, chance: float
) -> None:
    assert alarm.Budget(columns, every).chance == pytest.approx(chance)


@pytest.mark.parametrize(
    ("moved", "says"), [(0.5, "mean moved from 0"), (0.05, "went from")], ids=["the place", "the shape"]
)
def test_drift_is_told_as_a_mean_that_moved_only_where_it_moved_by_a_tenth_of_a_deviation(
    moved: float, says: str
) -> None:
    grid = (np.arange(4000) + 0.5) / 4000
    ramp = np.sqrt(12) * (grid - 0.5)  # mean 0, deviation 1
    squeezed = np.sign(ramp) * np.abs(ramp) ** 3
    now = ramp * 0.5 + moved if moved > 0.1 else squeezed + moved
    profile = profile_of(pa.table({"x": ramp}), ["x"])
    (found,) = drift(profile, pa.table({"x": now}))
    assert found.verdict in ("some", "large")
    assert says in found.why, found.why
