"""What guessing gets: the level at which each metric says that nothing was learnt, on the same rows as the candidate.

A guess knows the training target and nothing of a row: it says the most frequent class, the shares of the classes, the
median or the mean. What ranks or flags is held against the same predictions in an order of chance: an AUC of 0.5, a
precision that is the share of the class, a recall that is the share of alarms. R² is held against 0, as it is defined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.records import Gate
from engine.validation import undefined
from engine.validation.columns import Codes, Floats, Mask, codes, floats
from engine.validation.metrics import Measure, Predicted, Truth, measure, ratio
from engine.validation.words import between, decimals_for, number
from engine.vocabulary.gates import name_of
from engine.vocabulary.metrics import GUESSES, METRICS, good

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.validation.intervals import MeasuredMetric

KIND = "guessing"
NAME = name_of(KIND)


@dataclass(frozen=True)
class Guess:
    """What was learnt without looking at a row: ``shares`` of the classes, or ``mean`` and ``median``."""

    shares: Floats
    mean: float
    median: float

    def measure(self, name: str, truth: Truth, predicted: Predicted) -> Measure:
        """The metric ``name`` as guessing gets it, ready for weights."""
        metric = METRICS[name]
        if metric.chance_level is not None:
            return _always(metric.chance_level)
        if metric.guess in ("median", "mean"):
            said = self.median if metric.guess == "median" else self.mean
            return measure(name, truth, Predicted(np.full(len(truth), said)))
        actual = np.asarray(truth.actual, np.int64)
        if metric.guess == "class":
            return measure(name, truth, Predicted(np.full(len(truth), int(np.argmax(self.shares)))))
        if metric.guess == "shares":
            return measure(name, truth, Predicted(actual, np.tile(self.shares, (len(truth), 1))))
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
    sure = f" ({between(m.low, m.high)})" if m.low is not None else ""
    value, guess = number(m.value, _digits(m)), number(m.guess, _digits(m))
    return f"{m.name} {value}{sure} is surely worse than {_guess(m.name)} ({guess})"


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
        return Gate(NAME, KIND, "pass", f"{told} by {_guess(key)}.", numbers)
    evidence = f"{told} by {_guess(key)}: these {m.n:,} rows do not tell them apart."
    return Gate(NAME, KIND, "warn", evidence, numbers)


def worse_than_guessing(measured: Iterable[MeasuredMetric]) -> Iterator[MeasuredMetric]:
    """Those of ``measured`` that are surely worse than a guess."""
    return (m for m in measured if verdict(m) == "worse")


def _guess(name: str) -> str:
    return GUESSES[METRICS[name].guess]


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
        return BY_CHANCE[name]((weights @ was) / total, (weights @ said) / total)

    return expected


def _over(classes: Mask, per_class: Floats) -> Floats:
    """The mean over these classes."""
    return ratio(np.where(classes, per_class, 0.0).sum(axis=1), classes.sum(axis=1).astype(np.float64))


# What chance gets of each metric whose level the table does not know, of the share of each class that is looked for
# and of how often it is named.
BY_CHANCE: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "average_precision": lambda share, named: _over(share >= 0, share),
    "balanced_accuracy": lambda share, named: np.asarray(1.0 / np.maximum(1, (share > 0).sum(axis=1)), np.float64),
    "f1": lambda share, named: _over(share + named > 0, np.nan_to_num(ratio(2 * share * named, share + named))),
    "precision": lambda share, named: _over(share + named > 0, np.where(named > 0, share, 0.0)),
    "recall": lambda share, named: _over(share + named > 0, named),
}
