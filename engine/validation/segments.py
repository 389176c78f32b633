"""How good a model is for each part of its world, and whether it lost there what it won on the whole.

Many looks at once find something by chance. The intervals of the differences are therefore widened for the number of
segments that were looked at (Bonferroni): all of them hold together at 95 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from engine.validation.columns import MISSING, Codes, Floats, codes, floats, is_number, shown, unwrapped
from engine.validation.intervals import MeasuredMetric, measure_all
from engine.validation.metrics import Predicted, Truth
from engine.versions.records import SegmentValues
from engine.vocabulary.metrics import good

ROWS = 100
ROWS_PER_CLASS = 10
RESAMPLES = 200
# Values of one column that are looked at, the most frequent first.
MOST = 50
_BINS = 5


@dataclass(frozen=True)
class JudgedSegments:
    """Every segment that was looked at, worst first, and in how many more nobody looked, per column."""

    found: tuple[SegmentValues, ...]
    left_out: dict[str, int]

    def of(self, metric: str, column: str | None = None) -> tuple[SegmentValues, ...]:
        return tuple(s for s in self.found if s.metric == metric and column in (None, s.column))


@dataclass(frozen=True)
class SegmentRows:
    """The rows of one value of one column."""

    column: str
    value: str
    rows: Codes


def parts_of(name: str, column: pa.ChunkedArray) -> tuple[list[SegmentRows], int]:
    """The values of a column with their rows, most frequent first, and how many values were left out.

    A column of numbers with too many values is cut into five ranges with equally many rows.
    """
    numbers, names = codes(column)
    if len(names) > MOST and is_number(unwrapped(column).type):
        numbers, names = _ranges(floats(column))
    order = np.argsort(numbers, kind="stable")
    sorted_numbers = numbers[order]
    parts = []
    for code in range(-1, len(names)):
        start, end = np.searchsorted(sorted_numbers, [code, code + 1])
        if end > start:
            value = MISSING if code < 0 else shown(names[code])
            parts.append(SegmentRows(shown(name), value, order[start:end]))
    parts.sort(key=lambda part: (-len(part.rows), part.value))
    return parts[:MOST], max(0, len(parts) - MOST)


def _ranges(values: Floats) -> tuple[Codes, list[str]]:
    finite = np.isfinite(values)
    edges = np.unique(np.quantile(values[finite], np.linspace(0, 1, _BINS + 1)))
    if len(edges) < 2:
        return np.where(finite, 0, -1), ["all"]
    bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    names = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    return np.where(finite, bins, -1), names


def decidable(truth: Truth, rows: int = ROWS, per_class: int = ROWS_PER_CLASS) -> bool:
    """Whether there are rows enough to say anything: in all, and of each class for a binary target."""
    if len(truth) < rows:
        return False
    if truth.task != "binary":
        return True
    positive = int(np.sum(truth.actual == 1))
    return min(positive, len(truth) - positive) >= per_class


def judge_segments(
    columns: Sequence[tuple[str, pa.ChunkedArray]],
    metrics: Sequence[str],
    truth: Truth,
    candidate: Predicted,
    live: Predicted | None,
    seed: int,
    rows: int = ROWS,
) -> JudgedSegments:
    """Measure ``metrics`` in every segment of every column; fewer than ``rows`` rows cannot tell."""
    parts: list[SegmentRows] = []
    left_out: dict[str, int] = {}
    for name, column in columns:
        found, more = parts_of(name, column)
        parts += found
        if more:
            left_out[shown(name)] = more
    sides = [(part, truth.take(part.rows)) for part in parts]
    tests = max(1, sum(decidable(side, rows) for _, side in sides))
    segments: list[SegmentValues] = []
    for part, side in sides:
        if decidable(side, rows):
            segments += _judge_part(part, side, metrics, candidate, live, seed, tests)
        else:
            segments += [_too_few(part, metric) for metric in metrics]
    return JudgedSegments(tuple(sorted(segments, key=_badness)), left_out)


def _judge_part(
    part: SegmentRows,
    side: Truth,
    metrics: Sequence[str],
    candidate: Predicted,
    live: Predicted | None,
    seed: int,
    tests: int,
) -> Iterator[SegmentValues]:
    others = None if live is None else live.take(part.rows)
    measured = measure_all(
        metrics, side, candidate.take(part.rows), others, seed=seed, resamples=RESAMPLES, tests=tests
    )
    for metric in metrics:
        yield _segment(part, measured[metric])


def _too_few(part: SegmentRows, metric: str) -> SegmentValues:
    return SegmentValues(part.column, part.value, len(part.rows), metric, None, None, None, None, None, "cannot tell")


def _segment(part: SegmentRows, m: MeasuredMetric) -> SegmentValues:
    return SegmentValues(
        part.column, part.value, m.n, m.name, m.value, m.live, m.difference, m.difference_low, m.difference_high,
        m.comparison or ("first" if m.value is not None else "cannot tell"), m.low, m.high,
    )  # fmt: skip


def _badness(segment: SegmentValues) -> tuple[int, float, int, str]:
    """Worse than live first, then by the value, those that nothing can be said of last."""
    if segment.candidate is None:
        return 2, 0.0, -segment.n, segment.name
    return int(segment.verdict != "worse"), good(segment.metric) * segment.candidate, -segment.n, segment.name
