"""Every metric is scikit-learn's metric, with and without weights."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk

from engine.validation import metrics
from engine.validation.metrics import Predicted, Truth
from engine.vocabulary.metrics import CLASSIFICATION, REGRESSION
from tests.engine.validation.validation_cases import binary

CLOSE = {"rel": 1e-12, "abs": 1e-12}


def multiclass(n: int = 400) -> tuple[Truth, Predicted]:
    rng = np.random.default_rng(3)
    actual = rng.integers(0, 4, n)
    raw = rng.random((n, 4)) + 0.8 * np.eye(4)[actual]
    chances = np.round(raw / raw.sum(axis=1, keepdims=True), 2)
    chances /= chances.sum(axis=1, keepdims=True)
    return Truth("multiclass", actual, ("a", "b", "c", "d")), Predicted(chances.argmax(axis=1), chances)


def regression(n: int = 301) -> tuple[Truth, Predicted]:
    rng = np.random.default_rng(4)
    actual = 1e6 + rng.normal(size=n)
    return Truth("regression", actual), Predicted(actual + rng.normal(size=n))


def by_sklearn(name: str, truth: Truth, said: Predicted, weights: np.ndarray[Any, Any] | None = None) -> float:
    more: dict[str, Any] = {"sample_weight": weights}
    y, p = truth.actual, said.chances
    one = truth.task == "binary"
    average: dict[str, Any] = {"average": "binary" if one else "macro"}
    table: dict[str, Any] = {
        "roc_auc": lambda: sk.roc_auc_score(y, said.ranking if one else p, multi_class="ovr", **more),
        "average_precision": lambda: sk.average_precision_score(y, said.ranking if one else p, **more),
        "log_loss": lambda: sk.log_loss(y, p, labels=range(len(truth.classes)), **more),
        "brier": lambda: sk.brier_score_loss(y, said.ranking if one else p, **more),
        "accuracy": lambda: sk.accuracy_score(y, said.decided, **more),
        "balanced_accuracy": lambda: sk.balanced_accuracy_score(y, said.decided, **more),
        "f1": lambda: sk.f1_score(y, said.decided, **average, **more),
        "precision": lambda: sk.precision_score(y, said.decided, **average, **more),
        "recall": lambda: sk.recall_score(y, said.decided, **average, **more),
        "mae": lambda: sk.mean_absolute_error(y, said.decided, **more),
        "rmse": lambda: sk.root_mean_squared_error(y, said.decided, **more),
        "r2": lambda: sk.r2_score(y, said.decided, **more),
        "mape": lambda: sk.mean_absolute_percentage_error(y, said.decided, **more),
        "median_absolute_error": lambda: sk.median_absolute_error(y, said.decided),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(table[name]())


CASES = [
    *((name, binary(500)) for name in CLASSIFICATION),
    *((name, multiclass()) for name in CLASSIFICATION),
    *((name, regression()) for name in REGRESSION),
]
IDS = [f"{case[0].task}-{name}" for name, case in CASES]


@pytest.mark.parametrize(("name", "case"), CASES, ids=IDS)
def test_a_metric_equals_that_of_scikit_learn(name: str, case: tuple[Truth, Predicted]) -> None:
    assert metrics.value(name, *case) == pytest.approx(by_sklearn(name, *case), **CLOSE)


@pytest.mark.parametrize(("name", "case"), CASES, ids=IDS)
def test_a_weighted_metric_equals_scikit_learn_with_sample_weight_even_with_ties(
    name: str, case: tuple[Truth, Predicted]
) -> None:
    truth, said = case
    drawn = np.random.default_rng(5).integers(0, 4, size=(3, len(truth)))
    ours = metrics.measure(name, truth, said)(drawn.astype(np.float64))
    for weights, measured in zip(drawn, ours, strict=True):
        rows = np.repeat(np.arange(len(truth)), weights)
        if name == "median_absolute_error":  # the median of the drawn rows, which is not sklearn's weighted one
            wanted = by_sklearn(name, truth.take(rows), said.take(rows))
        else:
            wanted = by_sklearn(name, truth, said, weights.astype(np.float64))
        # Summing in another order moves the last digits of r2 around a million.
        assert measured == pytest.approx(wanted, rel=1e-9 if name == "r2" else 1e-12, abs=1e-12)


def test_a_metric_without_both_classes_is_not_defined_instead_of_guessed() -> None:
    truth, said = Truth("binary", np.zeros(50, np.int64), ("0", "1")), binary(50)[1]
    assert np.isnan(metrics.value("roc_auc", truth, said))
    assert np.isnan(metrics.value("average_precision", truth, said))
    assert np.isnan(metrics.value("recall", truth, said))
    assert np.isfinite(metrics.value("accuracy", truth, said))


def test_certain_and_wrong_is_a_large_loss_but_not_an_infinite_one() -> None:
    truth = Truth("binary", np.array([1, 0]), ("0", "1"))
    chances = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert 17 < metrics.value("log_loss", truth, Predicted(np.array([0, 0]), chances, chances[:, 1])) < 19


def test_no_rows_and_no_probabilities_are_not_defined() -> None:
    truth, said = binary(50)
    assert np.isnan(metrics.value("accuracy", truth.take(np.zeros(50, bool)), said.take(np.zeros(50, bool))))
    assert np.isnan(metrics.value("log_loss", truth, Predicted(said.decided)))


def test_a_metric_of_classes_is_not_defined_for_numbers() -> None:
    numbers = Truth("regression", np.array([1.0, 2.0]))
    assert np.isnan(metrics.value("roc_auc", numbers, Predicted(np.array([1.0, 2.0]))))
