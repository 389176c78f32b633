"""Features that know the answer: one that alone predicts the target almost perfectly was, as a rule, known afterwards.

Each feature is tried alone, on the training rows (at most 20,000 of them, evenly spread):

- numbers for a binary target: the AUC of the value, either way round;
- numbers for a number: the squared correlation of values, and of ranks;
- categories, and numbers for several classes: what the feature's value or range told in one half of the rows, tried on
  the other half, so that a key that names every row learns nothing;
- missing values: whether having a value at all tells the target.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from engine.records import Gate
from engine.validation import metrics
from engine.validation.columns import Codes, Floats, Mask, codes, floats, is_number, is_time, missing, shown, unwrapped
from engine.validation.metrics import Predicted, Task, Truth

LIMIT = 0.98
_ROWS = 20_000
_FEWEST = 100
_FEWEST_OF_CLASS = 20
_BINS = 100


def no_leak(train: pa.Table, features: list[str], target: str, truth: Truth) -> Gate:
    """Fails when a feature alone tells the target, and names it. ``truth`` names task and classes."""
    name, kind = "no leaking feature", "leakage"
    rows = _sample(train.num_rows)
    answer = _answer(train.column(target).take(rows), truth)
    known = np.flatnonzero(answer.known)
    if len(known) < _FEWEST:
        evidence = f"{len(known)} training rows are too few to see a leak; at least {_FEWEST} are needed."
        return Gate(name, kind, "cannot tell", evidence)
    answer = answer.take(known)
    told: dict[str, float] = {}
    for feature in features:
        column = train.column(feature).take(rows).take(pa.array(known))
        told[feature] = strength(column, answer.values, truth.task)
    strongest = sorted(told.items(), key=lambda item: (-item[1], item[0]))
    leaks = [(feature, much) for feature, much in strongest if much > LIMIT]
    measure = {"binary": "AUC", "multiclass": "skill", "regression": "R²"}[truth.task]
    numbers = {"limit": LIMIT, "highest": strongest[0][1] if strongest else 0.0}
    if leaks:
        words = ", ".join(f"{shown(feature)} ({measure} {much:.3f})" for feature, much in leaks[:3])
        evidence = f"Tells the target alone: {words}; if it is known only afterwards, put it into [data] exclude."
        return Gate(name, kind, "fail", evidence, numbers)
    if not strongest:
        return Gate(name, kind, "pass", "There are no features.", numbers)
    evidence = f"Strongest alone: {shown(strongest[0][0])}, {measure} {strongest[0][1]:.2f}."
    return Gate(name, kind, "pass", evidence, numbers)


def strength(column: pa.ChunkedArray, answer: Floats, task: Task) -> float:
    """How well one feature alone tells ``answer``: 0 or 0.5 not at all, 1 perfectly."""
    column = unwrapped(column)
    gaps = missing(column)
    best = 0.0
    if gaps.any() and not gaps.all():
        best = _tell_by_code(gaps.astype(np.int64), answer, task)
    if is_number(column.type) or is_time(column.type):
        values = floats(column)
        finite = np.isfinite(values)
        if int(finite.sum()) >= _FEWEST:
            best = max(best, _tell_by_value(values[finite], answer[finite], task))
    else:
        numbers, _ = codes(column)
        best = max(best, _tell_by_code(numbers + 1, answer, task))
    return best


class _Answer:
    """The target of the sampled rows: class numbers or values, and where it is known."""

    def __init__(self, values: Floats, known: Mask) -> None:
        self.values, self.known = values, known

    def take(self, rows: Codes) -> _Answer:
        return _Answer(self.values[rows], self.known[rows])


def _sample(rows: int) -> pa.Array:
    step = max(1, -(-rows // _ROWS))
    return pa.array(np.arange(0, rows, step))


def _answer(target: pa.ChunkedArray, truth: Truth) -> _Answer:
    if truth.task == "regression":
        values = floats(target)
        return _Answer(values, np.isfinite(values))
    numbers, names = codes(target)
    position = {name: number for number, name in enumerate(truth.classes)}
    into = np.array([*(position.get(name, -1) for name in names), -1], dtype=np.int64)
    return _Answer(into[numbers].astype(np.float64), into[numbers] >= 0)


def _tell_by_value(values: Floats, answer: Floats, task: Task) -> float:
    if task == "binary":
        return _auc(values, answer)
    if task == "regression":
        return max(_correlation(values, answer), _correlation(_ranks(values), _ranks(answer)))
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)))
    return _tell_by_code(np.searchsorted(edges, values), answer, task)


def _tell_by_code(numbers: Codes, answer: Floats, task: Task) -> float:
    """Learn what each value means from one half of the rows, and try it on the other."""
    learn = np.random.default_rng(0).random(len(answer)) < 0.5
    size = int(numbers.max(initial=0)) + 1
    if task == "multiclass":
        return _skill(numbers, answer.astype(np.int64), learn, size)
    counts = np.bincount(numbers[learn], minlength=size)
    sums = np.bincount(numbers[learn], weights=answer[learn], minlength=size)
    base = float(answer[learn].mean())
    meaning = np.where(counts > 0, sums / np.maximum(counts, 1), base)[numbers[~learn]]
    return _auc(meaning, answer[~learn]) if task == "binary" else _explained(meaning, answer[~learn])


def _auc(values: Floats, answer: Floats) -> float:
    positive = int((answer == 1).sum())
    if min(positive, len(answer) - positive) < _FEWEST_OF_CLASS:
        return 0.5
    truth = Truth("binary", answer.astype(np.int64), ("0", "1"))
    auc = metrics.value("roc_auc", truth, Predicted(truth.actual, None, values))
    return max(auc, 1 - auc)


def _explained(said: Floats, answer: Floats) -> float:
    spread = float(np.var(answer))
    return max(0.0, 1.0 - float(np.mean((said - answer) ** 2)) / spread) if spread > 0 else 0.0


def _correlation(a: Floats, b: Floats) -> float:
    """Squared; 0 where one of them does not vary or is too large to square."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        a, b = a - a.mean(), b - b.mean()
        squared = float(np.dot(a, b) ** 2 / (np.dot(a, a) * np.dot(b, b)))
    return squared if np.isfinite(squared) else 0.0


def _ranks(values: Floats) -> Floats:
    """Ranks, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[inverse], dtype=np.float64)


def _skill(numbers: Codes, answer: Codes, learn: Mask, size: int) -> float:
    """How much of what the most frequent class leaves wrong is right by this feature alone (Cohen's skill)."""
    classes = int(answer.max(initial=0)) + 1
    table = np.bincount(numbers[learn] * classes + answer[learn], minlength=size * classes).reshape(size, classes)
    usual = int(table.sum(axis=0).argmax())
    guess = np.where(table.sum(axis=1) > 0, table.argmax(axis=1), usual)[numbers[~learn]]
    right, base = float(np.mean(guess == answer[~learn])), float(np.mean(answer[~learn] == usual))
    return max(0.0, (right - base) / (1 - base)) if base < 1 else 0.0
