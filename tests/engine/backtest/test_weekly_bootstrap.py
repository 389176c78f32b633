"""The bootstrap over weeks: on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.backtest import advice
from engine.backtest.weekly_bootstrap import FEWEST, WeeklyResult, drawn_weeks, measure_policies
from engine.validation.intervals import measure_all
from engine.validation.metrics import Predicted, Truth, value

PAIR = [(0, 1)]


def regression(weeks: int, rows: int, effect: float, shift: float = 0.0, seed: int = 0) -> WeeklyResult:
    """Two policies of the same errors but for ``shift``, and for an ``effect`` that each week has on the second."""
    chance = np.random.default_rng(seed)
    week = np.repeat(np.arange(weeks), rows)
    actual = np.zeros(len(week))
    one = 10.0 + chance.normal(size=len(week))
    other = 10.0 + chance.normal(size=len(week)) + effect * chance.normal(size=weeks)[week] + shift
    return measure_policies("mae", Truth("regression", actual), [Predicted(one), Predicted(other)], PAIR, week, weeks)


def test_weeks_are_drawn_as_often_as_there_are_weeks_and_always_alike() -> None:
    times = drawn_weeks(5, 300, seed=1)
    assert times.shape == (300, 5) and set(times.sum(axis=1)) == {5}
    assert np.abs(times.mean(axis=0) - 1).max() < 0.2
    assert np.array_equal(times, drawn_weeks(5, 300, seed=1))


def test_a_mean_over_alike_weeks_has_the_standard_error_of_a_mean_of_weeks() -> None:
    found = regression(26, 50, effect=0.5).differences[0][0]
    assert found.value is not None and found.low is not None and found.high is not None
    spread = 0.5 / np.sqrt(26)
    assert 1.2 * spread < (found.high - found.low) / 2 < 3.2 * spread


def test_what_a_week_has_in_common_makes_less_sure_than_rows_one_by_one() -> None:
    chance = np.random.default_rng(3)
    week = np.repeat(np.arange(26), 200)
    truth = Truth("regression", np.zeros(len(week)))
    one = Predicted(10 + chance.normal(size=len(week)))
    other = Predicted(10 + chance.normal(size=len(week)) + 0.5 * chance.normal(size=26)[week])
    by_rows = measure_all(["mae"], truth, one, other, seed=0)["mae"]
    by_weeks = measure_policies("mae", truth, [one, other], PAIR, week, 26).differences[0][0]
    assert by_rows.difference == pytest.approx(by_weeks.value)
    assert by_rows.difference_high is not None and by_rows.difference_low is not None
    assert by_weeks.high is not None and by_weeks.low is not None
    assert by_weeks.high - by_weeks.low > 2 * (by_rows.difference_high - by_rows.difference_low)


@pytest.mark.parametrize(
    ("shift", "comparison"), [(2.0, "better"), (-2.0, "worse"), (0.0, "cannot tell")]
)  # the second errs by more with a shift up, and less is better
def test_a_difference_is_told_where_it_is_larger_than_what_weeks_differ_by(shift: float, comparison: str) -> None:
    assert regression(26, 40, effect=0.5, shift=shift, seed=4).differences[0][1] == comparison


def test_of_weeks_without_an_effect_about_one_interval_in_twenty_is_wrong() -> None:
    wrong = 0
    for seed in range(60):
        found = regression(12, 20, effect=1.0, seed=seed).differences[0][0]
        assert found.low is not None and found.high is not None
        wrong += not found.low <= 0 <= found.high
    assert wrong <= 8


@pytest.mark.parametrize("weeks", [1, 2, FEWEST - 1])
def test_of_few_weeks_nothing_is_told_however_large_the_difference(weeks: int) -> None:
    found = regression(weeks, 40, effect=0.0, shift=5.0)
    assert found.told == weeks and found.differences[0][1] == "cannot tell"
    assert found.differences[0][0].value == pytest.approx(-5.0, abs=0.5)


def test_the_bound_on_few_weeks_is_the_one_that_people_are_told() -> None:
    assert advice.FEWEST_WEEKS == FEWEST


def test_policies_that_say_the_same_are_the_same() -> None:
    week = np.repeat(np.arange(10), 5)
    said = Predicted(np.arange(50.0))
    found = measure_policies("mae", Truth("regression", np.zeros(50)), [said, said], PAIR, week, 10)
    interval, comparison = found.differences[0]
    assert (interval.value, interval.low, interval.high, comparison) == (0.0, 0.0, 0.0, "same")


def test_a_week_without_rows_has_no_value_and_is_not_drawn() -> None:
    week = np.repeat([0, 2, 3], 20)
    said = Predicted(np.ones(60))
    found = measure_policies("mae", Truth("regression", np.zeros(60)), [said], [], week, 5)
    assert found.weekly == ((1.0, None, 1.0, 1.0, None),) and found.told == 3


def ranked(scale: float) -> tuple[Truth, Predicted, np.ndarray]:
    """Ten weeks, each ranked by a model of its own that is right of three in four pairs, and gives scores of its own
    size."""
    chance = np.random.default_rng(5)
    week = np.repeat(np.arange(10), 400)
    actual = chance.integers(0, 2, len(week))
    scores = actual + chance.normal(size=len(week)) * 1.05 + scale * (week % 2) * 10
    return Truth("binary", actual, ("0", "1")), Predicted(actual, None, scores), week


def test_what_looks_at_the_order_of_rows_does_not_compare_the_scores_of_one_model_with_those_of_another() -> None:
    truth, said, week = ranked(1.0)
    alone, same, _ = ranked(0.0)
    assert value("roc_auc", truth, said) < 0.64  # all rows together: which model a score is of tells nothing
    found = measure_policies("roc_auc", truth, [said, same], PAIR, week, 10)
    assert found.whole[0].value == pytest.approx(found.whole[1].value)
    assert found.whole[1].value == pytest.approx(value("roc_auc", alone, same), abs=0.02)
    assert found.whole[0].value == pytest.approx(np.mean([each for each in found.weekly[0] if each is not None]))


def test_a_week_of_one_class_says_nothing_of_the_order_of_rows() -> None:
    truth, said, week = ranked(0.0)
    actual = np.where(week == 4, 1, truth.actual).astype(np.int64)
    found = measure_policies("roc_auc", Truth("binary", actual, ("0", "1")), [said, said], PAIR, week, 10)
    assert found.weekly[0][4] is None and found.told == 9 and found.whole[0].value is not None


def test_a_metric_that_is_not_defined_has_no_value_and_no_interval() -> None:
    week = np.repeat(np.arange(10), 3)
    truth = Truth("binary", np.ones(30, np.int64), ("0", "1"))
    said = Predicted(np.ones(30, np.int64), None, np.arange(30.0))
    found = measure_policies("roc_auc", truth, [said, said], PAIR, week, 10)
    assert (found.whole[0].value, found.whole[0].low) == (None, None)
