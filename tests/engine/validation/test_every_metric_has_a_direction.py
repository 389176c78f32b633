"""Every metric that a manifest may name is measured, and a better forecast has the better figure of it."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from engine.validation import metrics
from engine.validation.intervals import compared
from engine.validation.metrics import Predicted, Truth
from engine.vocabulary.metrics import CLASSIFICATION, METRICS, REGRESSION, Task, good, more_is_better, needs

EVERY = tuple(METRICS)


def test_every_metric_has_its_code_and_every_code_its_metric() -> None:
    assert list(metrics.CODE) == list(METRICS) == [*CLASSIFICATION, *REGRESSION]


def test_what_is_in_no_table_is_better_when_it_is_larger() -> None:
    assert (good("unheard-of"), more_is_better("unheard-of")) == (1, True)


def said(task: Task, noise: float) -> tuple[Truth, Predicted]:
    """What happened, and a forecast that is the worse the more ``noise`` there is in it."""
    chance = np.random.default_rng(3)
    if task == "regression":
        actual = chance.normal(50, 5, 400)
        return Truth(task, actual), Predicted(actual + noise * chance.normal(0, 4, 400))
    classes = 2 if task == "binary" else 3
    actual = chance.integers(0, classes, 400)
    weights = np.eye(classes)[actual] * 3 + noise * chance.random((400, classes)) * 4 + 0.3
    chances = weights / weights.sum(axis=1, keepdims=True)
    ranking = chances[:, 1] if task == "binary" else None
    return Truth(task, actual, tuple("abc"[:classes])), Predicted(chances.argmax(axis=1), chances, ranking)


CASES = [
    *((name, task) for name in CLASSIFICATION for task in ("binary", "multiclass")),
    *((name, "regression") for name in REGRESSION),
]


def test_every_task_is_among_the_cases() -> None:
    assert {task for _, task in CASES} == set(get_args(Task))


@pytest.mark.parametrize(("name", "task"), CASES)
def test_a_better_forecast_has_a_better_figure(name: str, task: Task) -> None:
    figures = [metrics.value(name, *said(task, noise)) for noise in (0.2, 1.0, 2.5)]
    assert np.isfinite(figures).all(), f"{name} is named by the manifest and not measured"
    best, middle, worst = (good(name) * figure for figure in figures)
    assert best >= middle > worst


@pytest.mark.parametrize(("name", "task"), CASES)
def test_the_perfect_forecast_has_the_best_figure_that_there_is(name: str, task: Task) -> None:
    truth, predicted = said(task, 0.0)
    if predicted.chances is not None:
        sure = np.eye(predicted.chances.shape[1])[np.asarray(truth.actual, np.int64)]
        predicted = Predicted(truth.actual, sure, sure[:, 1] if task == "binary" else None)
    assert metrics.value(name, truth, predicted) == pytest.approx(1 if more_is_better(name) else 0, abs=1e-12)


@pytest.mark.parametrize("name", EVERY)
def test_the_worst_forecast_goes_as_far_as_the_table_says_and_no_further(name: str) -> None:
    metric = METRICS[name]
    truth, predicted = said("regression" if metric.regression else "multiclass", 0.0)
    if predicted.chances is None:
        predicted = Predicted(np.asarray(truth.actual, np.float64) + 1e6)
    else:
        wrong = (np.asarray(truth.actual, np.int64) + 1) % len(truth.classes)
        predicted = Predicted(wrong, np.eye(len(truth.classes))[wrong])
    figure = metrics.value(name, truth, predicted)
    assert metric.lowest <= figure <= metric.highest
    assert (figure > 1, figure < 0) == (metric.own_unit, metric.lowest < 0)
    assert (good(name) < 0) == (figure > 0.5), "the worst is far from the best"


@pytest.mark.parametrize(("name", "task"), CASES)
def test_a_metric_looks_at_what_the_table_says_and_has_no_value_without_it(name: str, task: Task) -> None:
    metric, (truth, predicted) = METRICS[name], said(task, 1.0)
    decided = Predicted(predicted.decided)
    ranked = Predicted(predicted.decided, None, predicted.ranking)
    assert np.isfinite(metrics.value(name, truth, decided)) == (needs(name, task) is None)
    assert np.isfinite(metrics.value(name, truth, ranked)) == (needs(name, task) != "p")
    assert (needs(name, task) is None) == (metric.looks_at in ("decisions", "values"))
    other = said("binary" if metric.regression else "regression", 1.0)
    assert np.isnan(metrics.value(name, *other)), "it is of another task"


@pytest.mark.parametrize("name", CLASSIFICATION)
def test_a_metric_is_a_mean_over_rows_or_looks_at_each_class_for_itself(name: str) -> None:
    truth, predicted = said("binary", 2.5)
    first = np.arange(400) < 200
    parts = [metrics.value(name, truth.take(side), predicted.take(side)) for side in (first, ~first)]
    whole = metrics.value(name, truth, predicted)
    assert (whole == pytest.approx(np.mean(parts), rel=1e-12)) == (not METRICS[name].per_class)


@pytest.mark.parametrize("name", [name for name, row in METRICS.items() if row.chance_level is not None])
def test_the_level_of_chance_is_what_one_gets_who_says_the_same_of_every_row(name: str) -> None:
    truth, _ = said("regression" if METRICS[name].regression else "binary", 1.0)
    alike = np.full(len(truth), np.mean(truth.actual))
    guessed = metrics.value(name, truth, Predicted(alike, None, alike))
    assert guessed == pytest.approx(METRICS[name].chance_level, abs=1e-12)


@pytest.mark.parametrize("name", REGRESSION)
def test_a_guess_says_the_mean_or_the_median_whichever_the_metric_likes_better(name: str) -> None:
    actual = np.random.default_rng(3).lognormal(0, 1, 4000)
    guesses = {"mean": float(np.mean(actual)), "median": float(np.median(actual))}
    figures = {
        said: good(name) * metrics.value(name, Truth("regression", actual), Predicted(np.full(4000, value)))
        for said, value in guesses.items()
    }
    assert METRICS[name].guess == max(figures, key=lambda said: figures[said])


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    ("low", "high", "grew"), [(0.1, 0.3, "more"), (-0.3, -0.1, "less"), (-0.1, 0.3, None), (-0.3, 0.1, None)]
)
def test_a_difference_is_better_where_the_whole_interval_lies_on_the_better_side(
    name: str, low: float, high: float, grew: str | None
) -> None:
    better = "more" if more_is_better(name) else "less"
    wanted = "cannot tell" if grew is None else "better" if grew == better else "worse"
    assert compared(name, low, high, False) == wanted
    assert compared(name, low, high, True) == "same"
    assert compared(name, None, None, False) == "cannot tell"


HAND = [
    # Four rows: scores 0.9 0.8 0.3 0.1, of which the first, third happened.
    ("roc_auc", 3 / 4), ("average_precision", (1 + 2 / 3) / 2),
    ("log_loss", -(np.log(0.9) + np.log(0.2) + np.log(0.3) + np.log(0.9)) / 4),
    ("brier", (0.1**2 + 0.8**2 + 0.7**2 + 0.1**2) / 4),
    ("accuracy", 2 / 4), ("balanced_accuracy", (1 / 2 + 1 / 2) / 2), ("precision", 1 / 2), ("recall", 1 / 2),
    ("f1", 1 / 2),
]  # fmt: skip


@pytest.mark.parametrize(("name", "by_hand"), HAND)
def test_figures_of_four_rows_by_hand(name: str, by_hand: float) -> None:
    score = np.array([0.9, 0.8, 0.3, 0.1])
    truth = Truth("binary", np.array([1, 0, 1, 0]), ("no", "yes"))
    predicted = Predicted((score > 0.5).astype(np.int64), np.stack([1 - score, score], axis=1), score)
    assert metrics.value(name, truth, predicted) == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("mae", (1 + 2 + 0 + 6) / 4), ("rmse", np.sqrt((1 + 4 + 0 + 36) / 4)), ("median_absolute_error", 1.5),
        ("mape", (1 / 10 + 2 / 20 + 0 + 6 / 40) / 4), ("r2", 1 - 41 / 500),
    ],
)  # fmt: skip
def test_figures_of_four_forecasts_by_hand(name: str, by_hand: float) -> None:
    truth = Truth("regression", np.array([10.0, 20.0, 30.0, 40.0]))
    predicted = Predicted(np.array([11.0, 18.0, 30.0, 46.0]))
    assert metrics.value(name, truth, predicted) == pytest.approx(by_hand, rel=1e-12)
