"""Every metric that a manifest may name is measured, and all who ask which way is better get one answer."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from engine.projects.manifest import gates, sections
from engine.reports import words
from engine.validation import metrics
from engine.validation.intervals import compared
from engine.validation.metrics import Predicted, Task, Truth, good

EVERY = (*sections.CLASSIFICATION, *sections.REGRESSION)
# Written out by hand, and not read from any of the tables that it holds to account.
LESS_IS_BETTER = {"log_loss", "brier", "mae", "rmse", "mape", "median_absolute_error"}
MORE_IS_BETTER = {
    "roc_auc", "average_precision", "accuracy", "balanced_accuracy", "f1", "precision", "recall", "r2",
}  # fmt: skip


def test_what_a_manifest_may_name_is_what_is_measured_and_no_metric_is_without_a_direction() -> None:
    assert set(EVERY) == LESS_IS_BETTER | MORE_IS_BETTER
    assert set(sections.CLASSIFICATION) == set(metrics.CLASSIFICATION)
    assert set(sections.REGRESSION) == set(metrics.REGRESSION)
    assert set(metrics.RANKING) | set(metrics.PROBABILISTIC) | set(metrics.DECISION) == set(metrics.CLASSIFICATION)


@pytest.mark.parametrize("name", EVERY)
def test_all_who_ask_which_way_is_better_get_one_answer(name: str) -> None:
    less = name in LESS_IS_BETTER
    assert good(name) == (-1 if less else 1)
    assert (name in gates._SMALLER_IS_BETTER) == less
    assert words.more_is_better(name) == (not less)


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
    *((name, task) for name in sections.CLASSIFICATION for task in ("binary", "multiclass")),
    *((name, "regression") for name in sections.REGRESSION),
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
    assert metrics.value(name, truth, predicted) == pytest.approx(0 if name in LESS_IS_BETTER else 1, abs=1e-12)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    ("low", "high", "grew"), [(0.1, 0.3, "more"), (-0.3, -0.1, "less"), (-0.1, 0.3, None), (-0.3, 0.1, None)]
)
def test_a_difference_is_better_where_the_whole_interval_lies_on_the_better_side(
    name: str, low: float, high: float, grew: str | None
) -> None:
    better = "less" if name in LESS_IS_BETTER else "more"
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
