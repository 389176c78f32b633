"""What guessing gets: the level at which each metric says that nothing was learnt, on the same rows as the candidate.

A guess knows the training target and nothing of a row: it says the most frequent class, the shares of the classes, the
median or the mean. What ranks or flags is held against the same predictions in an order of chance: an AUC of 0.5, a
precision that is the share of the class, a recall that is the share of alarms. R² is held against 0, as it is defined.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.records import Gate
from engine.validation import metrics, undefined
from engine.validation.columns import Codes, Floats, codes, floats
from engine.validation.metrics import Measure, Predicted, Truth, good, measure, ratio
from engine.validation.words import between, decimals_for, number

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.validation.intervals import MeasuredMetric

NAME, KIND = "better than guessing", "guessing"
# What the guess is, in words that follow "worse than".
_GUESSES = {
    "accuracy": "always naming the most frequent class",
    "log_loss": "always saying the shares of the classes",
    "brier": "always saying the shares of the classes",
    "mae": "always saying the median",
    "mape": "always saying the median",
    "median_absolute_error": "always saying the median",
    "rmse": "always saying the mean",
    "r2": "always saying the mean",
}


@dataclass(frozen=True)
class Guess:
    """What was learnt without looking at a row: ``shares`` of the classes, or ``mean`` and ``median``."""

    shares: Floats
    mean: float
    median: float

    def measure(self, name: str, truth: Truth, predicted: Predicted) -> Measure:
        """The metric ``name`` as guessing gets it, ready for weights."""
        if truth.task == "regression":
            if name == "r2":
                return _always(0.0)
            said = np.full(len(truth), self.mean if name == "rmse" else self.median)
            return measure(name, truth, Predicted(said))
        actual = np.asarray(truth.actual, np.int64)
        if name == "accuracy":
            return measure(name, truth, Predicted(np.full(len(truth), int(np.argmax(self.shares)))))
        if name in metrics.PROBABILISTIC:
            return measure(name, truth, Predicted(actual, np.tile(self.shares, (len(truth), 1))))
        if name == "roc_auc":
            return _always(0.5)
        return _by_chance(name, truth, actual, np.asarray(predicted.decided, np.int64))


def learnt(train: pa.ChunkedArray, truth: Truth) -> Guess:
    """What a guess learns from the training target."""
    if truth.task == "regression":
        values = floats(train)
        values = values[np.isfinite(values)]
        mean, median = (float(values.mean()), float(np.median(values))) if len(values) else (0.0, 0.0)
        return Guess(np.empty(0), mean, median)
    numbers, names = codes(train)
    position = {name: number for number, name in enumerate(truth.classes)}
    into = np.array([*(position.get(name, -1) for name in names), -1], dtype=np.int64)[numbers]
    counts = np.bincount(into[into >= 0], minlength=len(truth.classes)).astype(np.float64)
    return Guess(counts / max(1.0, counts.sum()), 0.0, 0.0)


def verdict(m: MeasuredMetric) -> str:
    """``better`` or ``worse`` than guessing where the whole interval says so, else ``cannot tell``."""
    if m.over_guess_low is None or m.over_guess_high is None:
        return "cannot tell"
    worst, best = sorted(good(m.name) * end for end in (m.over_guess_low, m.over_guess_high))
    return "better" if worst > 0 else "worse" if best < 0 else "cannot tell"


def words(m: MeasuredMetric) -> str:
    """``roc_auc 0.047 (95 % between 0.020 and 0.080) is surely worse than guessing (0.500)``."""
    what = _GUESSES.get(m.name, "guessing")
    sure = f" ({between(m.low, m.high)})" if m.low is not None else ""
    return f"{m.name} {number(m.value, _digits(m))}{sure} is surely worse than {what} ({number(m.guess, _digits(m))})"


def better_than_guessing(
    measured: Mapping[str, MeasuredMetric], key: str, truth: Truth, none_can_tell: str | None
) -> Gate:
    """Always on: no metric may be surely worse than a guess; where even the key metric may be a guess, that is told."""
    m = measured[key]
    numbers: dict[str, object] = {
        "task": truth.task, "value": m.value, "guess": m.guess, "low": m.over_guess_low, "high": m.over_guess_high,
    }  # fmt: skip
    worse = [] if none_can_tell else list(worse_than_guessing(measured.values()))
    if worse:
        return Gate(NAME, KIND, "fail", f"{'; '.join(words(each) for each in worse[:2])}.", numbers)
    if m.value is None:
        evidence = f"{undefined.sentence(key, m.n)}; so nothing says that anything was learnt."
        return Gate(NAME, KIND, "cannot tell", evidence, numbers | {"lacks": "value"})
    told = f"{key} {number(m.value, _digits(m))} against {number(m.guess, _digits(m))}"
    if verdict(m) == "better":
        return Gate(NAME, KIND, "pass", f"{told} by {_GUESSES.get(key, 'guessing')}.", numbers)
    evidence = f"{told} by {_GUESSES.get(key, 'guessing')}: these {m.n:,} rows do not tell them apart."
    return Gate(NAME, KIND, "warn", evidence, numbers)


def worse_than_guessing(measured: Iterable[MeasuredMetric]) -> Iterator[MeasuredMetric]:
    """Those of ``measured`` that are surely worse than a guess."""
    return (m for m in measured if verdict(m) == "worse")


def _digits(m: MeasuredMetric) -> int:
    return decimals_for(abs((m.value or 0.0) - (m.guess or 0.0)))


def _always(level: float) -> Measure:
    return lambda weights: np.full(len(weights), level)


def _by_chance(name: str, truth: Truth, actual: Codes, decided: Codes) -> Measure:
    """What as many of each class, named in an order of chance, get in the mean."""
    wanted = [1] if truth.task == "binary" and name != "balanced_accuracy" else list(range(len(truth.classes)))
    was = np.stack([actual == k for k in wanted], axis=1).astype(np.float64)
    said = np.stack([decided == k for k in wanted], axis=1).astype(np.float64)

    def expected(weights: Floats) -> Floats:
        total = weights.sum(axis=1, keepdims=True)
        share, named = (weights @ was) / total, (weights @ said) / total
        if name == "balanced_accuracy":
            return np.asarray(1.0 / np.maximum(1, (share > 0).sum(axis=1)), dtype=np.float64)
        if name == "f1":
            per_class = np.nan_to_num(ratio(2 * share * named, share + named))
        else:
            per_class = {"recall": named, "precision": np.where(named > 0, share, 0.0)}.get(name, share)
        present = (share + named) > 0 if name != "average_precision" else np.ones_like(share, dtype=bool)
        return ratio(np.where(present, per_class, 0.0).sum(axis=1), present.sum(axis=1).astype(np.float64))

    return expected
