"""Features that know the answer: one that alone predicts the target almost perfectly was, as a rule, known afterwards.

Each feature is tried alone, on the training rows (at most 20,000 of them, evenly spread):

- numbers for a binary target: the AUC of the value, either way round;
- numbers for a number: the squared correlation of values, and of ranks;
- categories, and numbers for several classes: what the feature's value or range told in one half of the rows, tried on
  the other half, so that a key that names every row learns nothing;
- missing values: whether having a value at all tells the target.

A feature that the manifest says is known before the target (``[validation] known_before``) tells what it may: this
week's value of a series that hardly moves until the next. Fewer than twenty rows, or five of the rarer class, show
nothing: by chance alone one feature in some thousands tells so few apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pyarrow as pa

from engine.records import Gate
from engine.validation import metrics
from engine.validation.columns import (
    Codes,
    Floats,
    Mask,
    codes,
    floats,
    is_number,
    is_text,
    is_time,
    listed,
    missing,
    shown,
    unwrapped,
)
from engine.validation.metrics import Predicted, Truth
from engine.validation.words import count
from engine.vocabulary.gates import name_of
from engine.vocabulary.metrics import Task

LIMIT = 0.98
_ROWS = 20_000
_FEWEST = 20
_FEWEST_OF_CLASS = 5
_BINS = 100


def no_leak(train: pa.Table, features: list[str], target: str, truth: Truth, known_before: Sequence[str] = ()) -> Gate:
    """Fails when a feature alone tells the target, and names it. ``truth`` names task and classes."""
    name, kind = name_of("leakage"), "leakage"
    answer = _answer(train.column(target), truth)
    rows = sample(answer, truth.task)
    answer = answer.take(rows)
    if few := _too_few(answer, truth.task):
        return Gate(name, kind, "cannot tell", few, {"lacks": "training rows", "minimum": _FEWEST})
    told = {
        feature: strength(train.column(feature).take(pa.array(rows)), answer.values, truth.task) for feature in features
    }
    strongest = sorted(told.items(), key=lambda item: (-item[1], item[0]))
    measure = {"binary": "AUC", "multiclass": "skill", "regression": "R²"}[truth.task]
    others = [(feature, much) for feature, much in strongest if feature not in known_before]
    numbers: dict[str, object] = {"limit": LIMIT, "highest": others[0][1] if others else 0.0}
    leaks = [(feature, much) for feature, much in others if much > LIMIT]
    if leaks:
        words = ", ".join(f"{shown(feature)} ({measure} {much:.3f})" for feature, much in leaks[:3])
        more = f" and {len(leaks) - 3} more" if len(leaks) > 3 else ""
        return Gate(name, kind, "fail", f"Tells the target alone: {words}{more}.", numbers)
    said = [f"{shown(feature)} ({measure} {much:.3f})" for feature, much in strongest if feature in known_before]
    before = f"Said to be known before: {listed(said)}. " if said else ""
    if said:
        numbers["known_before"] = [shown(feature) for feature in known_before if feature in told]
    if not others:
        return Gate(name, kind, "pass", before.strip() or "There are no features.", numbers)
    strong = f"Strongest {'of the others' if said else 'alone'}: {shown(others[0][0])}, {measure} {others[0][1]:.2f}."
    return Gate(name, kind, "pass", f"{before}{strong}", numbers)


def _too_few(answer: Answer, task: Task) -> str | None:
    positive = int((answer.values == 1).sum())
    few = few_to_learn(len(answer.values), min(positive, len(answer.values) - positive) if task == "binary" else None)
    return f"{few}." if few else None


def few_to_learn(rows: int, rarest: int | None) -> str | None:
    """Why so many training rows, ``rarest`` of the rarer class of two, show no leak; None where they do."""
    if rows < _FEWEST:
        return f"{count(rows, 'training row')} cannot show a leak; at least {_FEWEST} are needed"
    if rarest is not None and rarest < _FEWEST_OF_CLASS:
        few = count(rarest, "training row")
        return f"{few} of the rarer class cannot show a leak; at least {_FEWEST_OF_CLASS} are needed"
    return None


def strength(column: pa.ChunkedArray, answer: Floats, task: Task) -> float:
    """How well one feature alone tells ``answer``: 0 or 0.5 not at all, 1 perfectly."""
    column = unwrapped(column)
    gaps = missing(column)
    if pa.types.is_nested(column.type):  # by how a list is written
        column = pa.chunked_array([pa.array([str(value) for value in column.to_pylist()], pa.string())])
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
        written = _as_numbers(column)
        if written is not None:
            best = max(best, strength(written, answer, task))
    return best


def _as_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Numbers that are written as text, each its own word; None where it is other text."""
    if not is_text(column.type):
        return None
    with suppress(pa.ArrowInvalid):
        return column.cast(pa.float64())
    return None


class Answer:
    """The target of the sampled rows: class numbers or values, and where it is known."""

    def __init__(self, values: Floats, known: Mask) -> None:
        self.values, self.known = values, known

    def take(self, rows: Codes) -> Answer:
        return Answer(self.values[rows], self.known[rows])


def sample(answer: Answer, task: Task) -> Codes:
    """Rows with an answer, evenly spread; of a rare class all that there is room for."""
    known = np.flatnonzero(answer.known)
    if task != "binary":
        return evenly(known, _ROWS)
    each = [evenly(known[answer.values[known] == number], _ROWS // 2) for number in (0, 1)]
    return np.sort(np.concatenate(each))


def evenly(rows: Codes, most: int) -> Codes:
    """Every second, third ... of the rows, so that at most ``most`` are left."""
    return rows[:: max(1, -(-len(rows) // most))]


def _answer(target: pa.ChunkedArray, truth: Truth) -> Answer:
    if truth.task == "regression":
        values = floats(target)
        return Answer(values, np.isfinite(values))
    numbers, names = codes(target)
    position = {name: number for number, name in enumerate(truth.classes)}
    into = np.array([*(position.get(name, -1) for name in names), -1], dtype=np.int64)
    return Answer(into[numbers].astype(np.float64), into[numbers] >= 0)


def _tell_by_value(values: Floats, answer: Floats, task: Task) -> float:
    if task == "binary":
        return _auc(values, answer)
    if task == "regression":
        return max(_correlation(values, answer), _correlation(ranks(values), ranks(answer)))
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


def ranks(values: Floats) -> Floats:
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
