"""The code of each metric: a function of row weights, so that a value and its bootstrap interval are one computation.

What a metric is stands in engine/vocabulary/metrics.py; its code in ``CODE`` under the same name. A measure takes a
matrix of weights, one row per resample and one column per row of the holdout, and gives one number per resample; NaN
where the metric is not defined (one class only, nothing predicted positive). With weights of one it equals
scikit-learn's metric of the same name to 1e-12, which the tests hold it to; scikit-learn itself takes 0.3 ms to 20 ms
for each of the hundreds of resamples, and 1.2 s to import.

Several classes: roc_auc, average_precision, f1, precision and recall are macro averages over the classes (one against
the rest); brier is the sum over the classes of the squared differences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.validation.columns import Codes, Floats, Mask
from engine.vocabulary.metrics import METRICS, Task

Measure = Callable[[Floats], Floats]

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


Code = Callable[[Truth, Predicted], Measure]


def value(name: str, truth: Truth, predicted: Predicted) -> float:
    """The metric over all rows; NaN where it is not defined."""
    if len(truth) == 0:
        return float("nan")
    return float(measure(name, truth, predicted)(np.ones((1, len(truth))))[0])


def measure(name: str, truth: Truth, predicted: Predicted) -> Measure:
    """The metric ``name`` of these predictions, ready for weights."""
    if name not in METRICS or METRICS[name].regression != (truth.task == "regression"):
        return _undefined
    return CODE[name](truth, predicted)


def losses(name: str, actual: Floats, decided: Floats) -> Floats | None:
    """What each row of a regression loses by this metric, where the metric is a mean over rows (or the root of one)."""
    return _LOSSES[name](actual, decided) if name in _LOSSES else None


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """The quotient, NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def _undefined(weights: Floats) -> Floats:
    return np.full(len(weights), np.nan)


def _happened(truth: Truth) -> Codes:
    return np.asarray(truth.actual, np.int64)


def _weighted_mean(losses: Floats) -> Measure:
    return lambda weights: (weights @ losses) / weights.sum(axis=1)


# What looks at the chances


def _of_chances(loss: Callable[[Codes, Floats, Task], Floats]) -> Code:
    def code(truth: Truth, predicted: Predicted) -> Measure:
        chances = predicted.chances
        return _undefined if chances is None else _weighted_mean(loss(_happened(truth), chances, truth.task))

    return code


def _log_loss(actual: Codes, chances: Floats, task: Task) -> Floats:
    given = chances[np.arange(len(actual)), actual]
    return np.asarray(-np.log(np.clip(given, _EPSILON, 1 - _EPSILON)))


def _brier(actual: Codes, chances: Floats, task: Task) -> Floats:
    if task == "binary":
        return np.asarray((chances[:, 1] - (actual == 1)) ** 2)
    happened = np.zeros_like(chances)
    happened[np.arange(len(actual)), actual] = 1.0
    return np.asarray(((chances - happened) ** 2).sum(axis=1))


# What looks at the order of the rows


def _of_order(curve: Callable[[Floats, Mask], Measure]) -> Code:
    """Of several classes the mean of each against the rest."""

    def code(truth: Truth, predicted: Predicted) -> Measure:
        if truth.task == "binary" and predicted.ranking is not None:
            return curve(predicted.ranking, _happened(truth) == 1)
        if truth.task == "multiclass" and predicted.chances is not None:
            actual, chances = _happened(truth), predicted.chances
            return _macro([curve(chances[:, k], actual == k) for k in range(len(truth.classes))])
        return _undefined

    return code


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


# What looks at the decisions


def _accuracy(truth: Truth, predicted: Predicted) -> Measure:
    return _weighted_mean((_happened(truth) == predicted.decided).astype(np.float64))


def _counted(truth: Truth, predicted: Predicted, classes: range) -> Callable[[Floats], tuple[Floats, Floats, Floats]]:
    """How often each of ``classes`` happened, was named, and both."""
    was = np.stack([_happened(truth) == k for k in classes], axis=1).astype(np.float64)
    said = np.stack([predicted.decided == k for k in classes], axis=1).astype(np.float64)
    both = was * said
    return lambda weights: (weights @ was, weights @ said, weights @ both)


def _balanced_accuracy(truth: Truth, predicted: Predicted) -> Measure:
    counted = _counted(truth, predicted, range(len(truth.classes)))

    def measured(weights: Floats) -> Floats:
        happened, _, right = counted(weights)
        recall = ratio(right, happened)
        # A class that is not among the rows has no recall and does not count.
        present = np.isfinite(recall)
        return ratio(np.where(present, recall, 0.0).sum(axis=1), present.sum(axis=1).astype(np.float64))

    return measured


def _right_of(denominator: Callable[[Floats, Floats], Floats]) -> Code:
    """The share that is right of what happened, was named, or between the two; of two classes, of the positive one."""

    def code(truth: Truth, predicted: Predicted) -> Measure:
        binary = truth.task == "binary"
        counted = _counted(truth, predicted, range(1, 2) if binary else range(len(truth.classes)))

        def measured(weights: Floats) -> Floats:
            happened, named, right = counted(weights)
            per_class = ratio(right, denominator(happened, named))
            if binary:
                return per_class[:, 0]
            # As scikit-learn: classes that neither happened nor were named are left out, a zero division counts as 0.
            present = (happened + named) > 0
            filled = np.where(np.isfinite(per_class), per_class, 0.0)
            return ratio(np.where(present, filled, 0.0).sum(axis=1), present.sum(axis=1).astype(np.float64))

        return measured

    return code


# What looks at the values of a regression


def _of_values(measured: Callable[[Floats, Floats], Measure]) -> Code:
    return lambda truth, predicted: measured(
        np.asarray(truth.actual, np.float64), np.asarray(predicted.decided, np.float64)
    )


_LOSSES: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "mae": lambda actual, decided: np.abs(actual - decided),
    "rmse": lambda actual, decided: np.abs(actual - decided) ** 2,
    "mape": lambda actual, decided: np.abs(actual - decided) / np.maximum(np.abs(actual), _EPSILON),
}


def _mean_of(name: str) -> Code:
    return _of_values(lambda actual, decided: _weighted_mean(_LOSSES[name](actual, decided)))


def _rmse(actual: Floats, decided: Floats) -> Measure:
    mean = _weighted_mean(_LOSSES["rmse"](actual, decided))
    return lambda weights: np.sqrt(mean(weights))


def _r2(actual: Floats, decided: Floats) -> Measure:
    # Centred first: the sum of squares of large numbers that hardly differ would lose every digit.
    around = actual - actual.mean() if len(actual) else actual
    columns = np.stack([np.abs(actual - decided) ** 2, around, around**2], axis=1)

    def r2(weights: Floats) -> Floats:
        lost, linear, square = (weights @ columns).T
        return 1.0 - ratio(lost, square - linear**2 / weights.sum(axis=1))

    return r2


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


# A row of engine/vocabulary/metrics.py each.
CODE: Mapping[str, Code] = {
    "roc_auc": _of_order(_roc_auc),
    "average_precision": _of_order(_average_precision),
    "log_loss": _of_chances(_log_loss),
    "brier": _of_chances(_brier),
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1": _right_of(lambda happened, named: (happened + named) / 2),
    "precision": _right_of(lambda happened, named: named),
    "recall": _right_of(lambda happened, named: happened),
    "mae": _mean_of("mae"),
    "rmse": _of_values(_rmse),
    "r2": _of_values(_r2),
    "mape": _mean_of("mape"),
    "median_absolute_error": _of_values(lambda actual, decided: _weighted_median(np.abs(actual - decided))),
}
