"""Intervals hold what they promise, and the comparison with live says no more than they do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engine.validation.intervals import (
    compared,
    interval,
    measure_all,
    resampled,
    rests,
    stretched,
    student,
    wilson,
)
from engine.validation.metrics import Predicted, Truth, measure
from engine.vocabulary.metrics import Task
from tests.engine.validation.validation_cases import binary, said


def test_the_interval_of_a_difference_covers_the_truth_about_as_often_as_it_says() -> None:
    # Both models of the true chance, one a little wrong: the expected difference of the brier score is known exactly.
    rng = np.random.default_rng(11)
    covered, rounds = 0, 200
    for seed in range(rounds):
        chance = rng.random(250)
        truth = Truth("binary", (rng.random(250) < chance).astype(np.int64), ("0", "1"))
        wrong = np.clip(chance + 0.2, 0, 1)
        # E[(c-y)² - (w-y)²] over uniform chances is -E[(w-c)²].
        known = -(0.8 * 0.04 + 0.2**3 / 3)
        measured = measure_all(["brier"], truth, said(chance), said(wrong), seed=seed, resamples=200)["brier"]
        assert measured.difference_low is not None and measured.difference_high is not None
        covered += measured.difference_low <= known <= measured.difference_high
    assert 0.89 <= covered / rounds <= 0.99


def test_pairing_on_the_same_rows_makes_the_interval_of_the_difference_narrower_than_of_the_values() -> None:
    truth, good = binary(3000)
    assert good.ranking is not None
    worse = said(np.clip(good.ranking + np.random.default_rng(1).normal(0, 0.05, 3000), 0, 1))
    m = measure_all(["roc_auc"], truth, good, worse, seed=0)["roc_auc"]
    assert m.comparison == "better"
    assert m.high is not None and m.low is not None
    assert m.difference_high is not None and m.difference_low is not None
    assert m.difference_high - m.difference_low < 0.5 * (m.high - m.low)
    assert m.low < (m.value or 0) < m.high


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    truth, model = binary(500)
    one, two, three = (measure_all(["roc_auc"], truth, model, None, seed=s)["roc_auc"] for s in (1, 1, 2))
    assert one == two != three


def test_equal_predictions_are_the_same_as_live() -> None:
    truth, model = binary(500)
    m = measure_all(["roc_auc", "f1"], truth, model, Predicted(model.decided, model.chances, model.ranking), seed=0)
    assert {x.comparison for x in m.values()} == {"same"}
    assert {(x.difference, x.difference_low, x.difference_high) for x in m.values()} == {(0.0, 0.0, 0.0)}


@pytest.mark.parametrize(
    ("name", "low", "high", "same", "verdict"),
    [
        ("roc_auc", 0.01, 0.02, False, "better"),
        ("roc_auc", -0.02, -0.01, False, "worse"),
        ("roc_auc", -0.01, 0.01, False, "cannot tell"),
        ("roc_auc", 0.0, 0.01, False, "cannot tell"),
        ("log_loss", 0.01, 0.02, False, "worse"),
        ("log_loss", -0.02, -0.01, False, "better"),
        ("mae", None, None, False, "cannot tell"),
        ("mae", None, -0.1, False, "cannot tell"),
        ("mae", 0.1, None, False, "cannot tell"),
        ("mae", 0.0, 0.0, False, "same"),
        ("mae", None, None, True, "same"),
    ],
)
def test_a_comparison_decides_only_when_zero_is_outside(
    name: str, low: float | None, high: float | None, same: bool, verdict: str
) -> None:
    assert compared(name, low, high, same) == verdict


@given(st.integers(1, 60), st.integers(1, 60))
def test_every_resample_draws_as_many_rows_as_there_are(n: int, resamples: int) -> None:
    weights = np.concatenate(list(resampled(n, resamples, 0)))
    assert weights.shape == (resamples, n)
    assert (weights.sum(axis=1) == n).all()


def test_many_looks_at_once_widen_the_interval() -> None:
    drawn = np.random.default_rng(0).normal(size=400)
    one, many = interval(0.0, drawn), interval(0.0, drawn, tests=20)
    assert one is not None and many is not None
    assert many[0] < one[0] and many[1] > one[1]


def test_a_metric_that_most_resamples_cannot_compute_has_no_interval() -> None:
    assert interval(0.5, np.array([0.5] * 80 + [np.nan] * 20)) is None
    truth = Truth("binary", np.array([1] + [0] * 30), ("0", "1"))
    m = measure_all(["roc_auc"], truth, said(np.linspace(0, 1, 31)), None, seed=0)["roc_auc"]
    assert m.value == 0.0 and m.low is None


def test_one_row_and_undefined_metrics_come_back_without_numbers() -> None:
    truth, model = binary(1)
    m = measure_all(["roc_auc", "accuracy"], truth, model, model, seed=0)
    assert m["roc_auc"].value is None and m["roc_auc"].difference is None
    assert m["accuracy"].low is None


@pytest.mark.parametrize(
    ("name", "rows", "positive", "at_least"),
    [("accuracy", 10, 5, 0.93), ("accuracy", 30, 15, 0.93), ("roc_auc", 50, 5, 0.86), ("roc_auc", 80, 8, 0.88)],
)
def test_an_interval_of_few_rows_is_wide_enough(name: str, rows: int, positive: int, at_least: float) -> None:
    # The bootstrap alone covers 0.67, 0.94, 0.85 and 0.89 of these.
    rng, covered, rounds = np.random.default_rng(1), 0, 200
    for seed in range(rounds):
        actual = (np.arange(rows) < positive).astype(np.int64)
        right = rng.random(rows) < 0.9
        ranking = rng.normal(size=rows) + 1.2 * actual
        model = Predicted(np.where(right, actual, 1 - actual), None, ranking)
        truth, known = Truth("binary", actual, ("0", "1")), {"accuracy": 0.9, "roc_auc": 0.802}[name]
        m = measure_all([name], truth, model, None, seed=seed)[name]
        assert m.low is not None and m.high is not None and m.value is not None
        assert 0 <= m.low <= m.value <= m.high <= 1
        covered += m.low <= known <= m.high
    assert covered / rounds >= at_least


def test_all_rows_right_is_no_interval_of_nothing() -> None:
    actual = np.array([0, 1] * 10)
    truth, model = Truth("binary", actual, ("0", "1")), Predicted(actual, None, actual + 0.0)
    measured = measure_all(["accuracy", "roc_auc"], truth, model, None, seed=0)
    assert [(round(m.low or 0, 3), m.high) for m in measured.values()] == [(0.839, 1.0), (0.722, 1.0)]


def test_with_rows_enough_an_interval_is_the_bootstraps_own() -> None:
    truth, model = binary(1500)
    m = measure_all(["brier"], truth, model, None, seed=0)["brier"]
    drawn = np.concatenate([measure("brier", truth, model)(w) for w in resampled(1500, 400, 0)])
    assert interval(m.value or 0.0, drawn) == (m.low, m.high, m.error)


def test_of_many_resamples_the_interval_is_between_their_own_quantiles_and_of_few_it_is_the_normal_one() -> None:
    """What was drawn leans to one side, as figures near their bound do: only the quantiles lean with it."""
    drawn = np.random.default_rng(3).exponential(size=1000)
    found = interval(1.0, drawn)
    assert found is not None
    ordered = np.sort(drawn)  # of 1,000 the quantiles at 2.5 and 97.5 % lie between two neighbours each
    assert ordered[24] <= found[0] <= ordered[25] and ordered[973] <= found[1] <= ordered[975]
    assert found[2] == pytest.approx(float(np.sqrt(((drawn - drawn.mean()) ** 2).sum() / 999)))
    for many, leans in ((200, True), (199, False)):
        found = interval(1.0, drawn[:many])
        assert found is not None
        assert (abs((1.0 - found[0]) - (found[1] - 1.0)) > 0.1) == leans
    assert found[1] - 1.0 == pytest.approx(1.959964 * found[2])


def test_an_interval_needs_nine_of_ten_resamples_and_at_least_two() -> None:
    assert interval(0.0, np.array([np.nan] * 10 + [1.0] * 90)) is not None
    assert interval(0.0, np.array([np.nan] * 11 + [1.0] * 89)) is None
    assert interval(0.0, np.array([1.0, 2.0])) is not None
    assert interval(0.0, np.array([1.0])) is None


@pytest.mark.parametrize(
    ("name", "rows", "rests_on"),
    [
        ("accuracy", [60, 40], 100),  # all of them
        ("roc_auc", [60, 40], 40),  # those of the rarer class
        ("roc_auc", [60, 1], 2),
        ("roc_auc", [60, 0], 60),  # a class that is not there has no part
        ("balanced_accuracy", [60, 39, 1], 33),  # a class of one row is a class
        ("balanced_accuracy", [60, 40, 0], 50),
        ("accuracy", [1, 0], 2),
    ],
)
def test_a_metric_rests_on_all_rows_or_on_those_of_a_class(name: str, rows: list[int], rests_on: int) -> None:
    task: Task = "binary" if len(rows) == 2 else "multiclass"
    truth = Truth(task, np.repeat(np.arange(len(rows)), rows), tuple("abc"[: len(rows)]))
    assert rests(name, truth) == rests_on


@pytest.mark.parametrize("freedom", [4, 5, 8, 12, 20, 30, 60, 198])
def test_students_quantile_is_scipys_but_for_what_the_fourth_power_leaves(freedom: int) -> None:
    known = float(stats.t.ppf(0.975, freedom))
    assert abs(student(freedom) - known) <= 2.5 / freedom**4
    assert student(freedom) == pytest.approx(known, rel=0.01)


@pytest.mark.parametrize(("right", "n"), [(20, 20), (0, 7), (9, 10), (150, 199)])
def test_the_interval_of_a_share_without_resamples_is_wilsons(right: int, n: int) -> None:
    known = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert wilson(right / n, n) == pytest.approx((known.low, known.high), abs=1e-7)


@pytest.mark.parametrize(("rows", "wider"), [(200, False), (199, True), (12, True)])
def test_an_interval_of_under_two_hundred_rows_is_as_wide_as_students(rows: int, wider: bool) -> None:
    drawn = np.random.default_rng(2).normal(0.7, 0.02, 400)
    plain, wide = interval(0.7, drawn), stretched(0.7, drawn, rows)
    assert plain is not None and wide is not None
    by = stats.t.ppf(0.975, rows - 1) / stats.norm.ppf(0.975) * np.sqrt(rows / (rows - 1)) if wider else 1.0
    assert (0.7 - wide[0]) / (0.7 - plain[0]) == pytest.approx(by, rel=1e-3)
    assert (wide[1] - 0.7) / (plain[1] - 0.7) == pytest.approx(by, rel=1e-3)
    assert wide[2] == plain[2], "the standard error is what it is"


def test_an_interval_lies_where_its_metric_can_be() -> None:
    """A share between 0 and 1, an error above 0; R² has no lower end."""
    truth = Truth("binary", np.arange(30) % 2, ("0", "1"))
    nearly = Predicted(np.where(np.arange(30) == 3, 0, truth.actual), None, truth.actual + 0.0)
    found = measure_all(["accuracy"], truth, nearly, None, seed=0)["accuracy"]
    assert found.high == 1.0 and found.low is not None and 0.8 < found.low < found.value
    draw = np.random.default_rng(3)
    actual = draw.normal(size=12)
    off = Predicted(actual + draw.normal(0, 2, 12))
    numbers = measure_all(["mae", "r2"], Truth("regression", actual), off, None, seed=0)
    assert numbers["mae"].low is not None and numbers["mae"].low >= 0.0
    assert numbers["r2"].low is not None and numbers["r2"].low < -1.0 and numbers["r2"].high is not None
    assert numbers["r2"].high <= 1.0


def test_a_loss_and_an_error_have_no_upper_end() -> None:
    draw = np.random.default_rng(4)
    actual = draw.integers(0, 2, 300)
    wrong = said(np.where(actual == 1, draw.uniform(0.01, 0.2, 300), draw.uniform(0.8, 0.99, 300)))
    found = measure_all(["log_loss"], Truth("binary", actual, ("0", "1")), wrong, None, seed=0)["log_loss"]
    assert found.low is not None and found.high is not None and 1.5 < found.low < (found.value or 0) < found.high
    numbers = draw.normal(size=300)
    off = Predicted(numbers + draw.normal(0, 9, 300))
    for name, one in measure_all(["mae", "rmse"], Truth("regression", numbers), off, None, seed=0).items():
        assert one.low is not None and one.high is not None and 5 < one.low < (one.value or 0) < one.high, name
