"""The metrics, each once: as a function of row weights, so that a value and its bootstrap interval are one computation.

A measure takes a matrix of weights, one row per resample and one column per row of the holdout, and gives one number
per resample; NaN where the metric is not defined (one class only, nothing predicted positive). With weights of one it
equals scikit-learn's metric of the same name to 1e-12, which the tests hold it to; scikit-learn itself takes 0.3 ms to
20 ms for each of the hundreds of resamples, and 1.2 s to import.

Several classes: roc_auc, average_precision, f1, precision and recall are macro averages over the classes (one against
the rest); brier is the sum over the classes of the squared differences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from engine.validation.columns import Codes, Floats, Mask

Task = Literal["binary", "multiclass", "regression"]
Measure = Callable[[Floats], Floats]

RANKING = ("roc_auc", "average_precision")
PROBABILISTIC = ("log_loss", "brier")
DECISION = ("accuracy", "balanced_accuracy", "f1", "precision", "recall")
# What looks at each class for itself, however few rows it has.
PER_CLASS = (*RANKING, "balanced_accuracy", "f1", "precision", "recall")
CLASSIFICATION = (*RANKING, *PROBABILISTIC, *DECISION)
REGRESSION = ("mae", "rmse", "r2", "mape", "median_absolute_error")
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "mae", "rmse", "mape", "median_absolute_error"})
TASKS: tuple[str, ...] = get_args(Task)

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Truth:
    """What happened. ``actual`` holds values for regression, else numbers into ``classes``; binary: 1 is positive.

    ``numbers``: the classes are numbers, not text that may look like some.
    """

    task: Task
    actual: Floats | Codes
    classes: tuple[str, ...] = ()
    numbers: bool = False

    def __len__(self) -> int:
        return len(self.actual)

    def take(self, rows: Mask | Codes) -> Truth:
        return Truth(self.task, self.actual[rows], self.classes, self.numbers)


@dataclass(frozen=True)
class Predicted:
    """What a version said. ``decided`` as ``Truth.actual``; ``ranking`` orders rows by how likely they are positive."""

    decided: Floats | Codes
    chances: Floats | None = None
    ranking: Floats | None = None

    def take(self, rows: Mask | Codes) -> Predicted:
        return Predicted(
            self.decided[rows],
            None if self.chances is None else self.chances[rows],
            None if self.ranking is None else self.ranking[rows],
        )

    def equals(self, other: Predicted) -> bool:
        """Whether both said exactly the same."""
        pairs = ((self.decided, other.decided), (self.chances, other.chances), (self.ranking, other.ranking))
        return all(a is b or (a is not None and b is not None and np.array_equal(a, b)) for a, b in pairs)


def good(name: str) -> int:
    """+1 where more is better, -1 where less is."""
    return -1 if name in LOWER_IS_BETTER else 1


def needs(name: str, task: Task) -> str | None:
    """What predictions must hold, beside ``prediction``, for this metric: 'p' or 'p or score'; None for nothing."""
    if name in PROBABILISTIC or (name in RANKING and task == "multiclass"):
        return "p"
    return "p or score" if name in RANKING else None


def value(name: str, truth: Truth, predicted: Predicted) -> float:
    """The metric over all rows; NaN where it is not defined."""
    if len(truth) == 0:
        return float("nan")
    return float(measure(name, truth, predicted)(np.ones((1, len(truth))))[0])


def measure(name: str, truth: Truth, predicted: Predicted) -> Measure:
    """The metric ``name`` of these predictions, ready for weights."""
    if truth.task == "regression":
        return _regression(name, np.asarray(truth.actual, np.float64), np.asarray(predicted.decided, np.float64))
    actual = np.asarray(truth.actual, np.int64)
    if name in DECISION:
        return _decision(name, actual, np.asarray(predicted.decided, np.int64), len(truth.classes), truth.task)
    if name in PROBABILISTIC and predicted.chances is not None:
        return _weighted_mean(_chance_loss(name, actual, predicted.chances, truth.task))
    if name in RANKING:
        curve = _roc_auc if name == "roc_auc" else _average_precision
        if truth.task == "binary" and predicted.ranking is not None:
            return curve(predicted.ranking, actual == 1)
        if truth.task == "multiclass" and predicted.chances is not None:
            return _macro([curve(predicted.chances[:, k], actual == k) for k in range(len(truth.classes))])
    return lambda weights: np.full(len(weights), np.nan)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """The quotient, NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def _weighted_mean(losses: Floats) -> Measure:
    return lambda weights: (weights @ losses) / weights.sum(axis=1)


def _chance_loss(name: str, actual: Codes, chances: Floats, task: Task) -> Floats:
    if name == "log_loss":
        given = chances[np.arange(len(actual)), actual]
        return np.asarray(-np.log(np.clip(given, _EPSILON, 1 - _EPSILON)))
    if task == "binary":
        return np.asarray((chances[:, 1] - (actual == 1)) ** 2)
    happened = np.zeros_like(chances)
    happened[np.arange(len(actual)), actual] = 1.0
    return np.asarray(((chances - happened) ** 2).sum(axis=1))


def _macro(measures: list[Measure]) -> Measure:
    return lambda weights: np.mean([measure(weights) for measure in measures], axis=0)


def _ranks(scores: Floats) -> tuple[Codes, Codes | None]:
    """Rows by rising score, and where each group of equal scores starts; None when no two are equal."""
    order = np.argsort(scores, kind="stable")
    rising = scores[order]
    starts = np.flatnonzero(np.concatenate(([True], rising[1:] != rising[:-1])))
    return order, None if len(starts) == len(scores) else starts


def _curve(scores: Floats, positive: Mask) -> Callable[[Floats], tuple[Floats, Floats]]:
    """Weights of positives and of negatives per group of equal scores, by rising score."""
    order, starts = _ranks(scores)
    is_positive = positive[order].astype(np.float64)

    def groups(weights: Floats) -> tuple[Floats, Floats]:
        ordered = np.take(weights, order, axis=1)
        positives = ordered * is_positive
        ordered -= positives
        if starts is None:
            return positives, ordered
        return np.add.reduceat(positives, starts, axis=1), np.add.reduceat(ordered, starts, axis=1)

    return groups


def _roc_auc(scores: Floats, positive: Mask) -> Measure:
    """The chance that a positive outranks a negative, ties counting half (Mann-Whitney)."""
    curve = _curve(scores, positive)

    def auc(weights: Floats) -> Floats:
        positives, negatives = curve(weights)
        beaten = np.cumsum(negatives, axis=1)
        total = beaten[:, -1].copy()
        beaten -= 0.5 * negatives
        won = np.einsum("ij,ij->i", positives, beaten)
        return ratio(won, positives.sum(axis=1) * total)

    return auc


def _average_precision(scores: Floats, positive: Mask) -> Measure:
    """The precision at each threshold, weighted by the recall it adds."""
    curve = _curve(-scores, positive)

    def average(weights: Floats) -> Floats:
        positives, negatives = curve(weights)
        found = np.cumsum(positives, axis=1)
        named = found + np.cumsum(negatives, axis=1)
        precision = np.divide(found, named, out=np.zeros_like(found), where=named > 0)
        return ratio(np.einsum("ij,ij->i", positives, precision), found[:, -1])

    return average


def _decision(name: str, actual: Codes, decided: Codes, classes: int, task: Task) -> Measure:
    if name == "accuracy":
        return _weighted_mean((actual == decided).astype(np.float64))
    wanted = [1] if task == "binary" and name != "balanced_accuracy" else list(range(classes))
    was = np.stack([actual == k for k in wanted], axis=1).astype(np.float64)
    said = np.stack([decided == k for k in wanted], axis=1).astype(np.float64)
    both = was * said
    binary = task == "binary"

    def measured(weights: Floats) -> Floats:
        happened, named, right = weights @ was, weights @ said, weights @ both
        if name == "balanced_accuracy":
            recall = ratio(right, happened)
            # A class that is not among the rows has no recall and does not count.
            present = np.isfinite(recall)
            return ratio(np.where(present, recall, 0.0).sum(axis=1), present.sum(axis=1).astype(np.float64))
        denominator = {"recall": happened, "precision": named, "f1": (happened + named) / 2}[name]
        per_class = ratio(right, denominator)
        if binary:
            return per_class[:, 0]
        # As scikit-learn: classes that neither happened nor were named are left out, a zero division counts as 0.
        present = (happened + named) > 0
        filled = np.where(np.isfinite(per_class), per_class, 0.0)
        return ratio(np.where(present, filled, 0.0).sum(axis=1), present.sum(axis=1).astype(np.float64))

    return measured


def _regression(name: str, actual: Floats, decided: Floats) -> Measure:
    errors = np.abs(actual - decided)
    if name == "mae":
        return _weighted_mean(errors)
    if name == "mape":
        return _weighted_mean(errors / np.maximum(np.abs(actual), _EPSILON))
    if name == "median_absolute_error":
        return _weighted_median(errors)
    squared = errors**2
    if name == "rmse":
        mean = _weighted_mean(squared)
        return lambda weights: np.sqrt(mean(weights))
    if name == "r2":
        # Centred first: the sum of squares of large numbers that hardly differ would lose every digit.
        around = actual - actual.mean() if len(actual) else actual
        columns = np.stack([squared, around, around**2], axis=1)

        def r2(weights: Floats) -> Floats:
            lost, linear, square = (weights @ columns).T
            return 1.0 - ratio(lost, square - linear**2 / weights.sum(axis=1))

        return r2
    return lambda weights: np.full(len(weights), np.nan)


def _weighted_median(values: Floats) -> Measure:
    """The median of each resample; weights are how often a row was drawn."""
    order = np.argsort(values, kind="stable")
    rising = values[order]

    def median(weights: Floats) -> Floats:
        drawn = np.cumsum(np.take(weights, order, axis=1), axis=1)
        total = drawn[:, -1:]
        low = (drawn <= np.floor((total - 1) / 2)).sum(axis=1)
        high = (drawn <= np.floor(total / 2)).sum(axis=1)
        return np.asarray((rising[low] + rising[high]) / 2)

    return median
