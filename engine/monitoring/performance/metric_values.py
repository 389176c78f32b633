"""One metric on some labelled rows, with how sure it is, at a cost that does not grow with the rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.monitoring.look_parts import MetricValue
from engine.validation.columns import Codes
from engine.validation.intervals import measure_all
from engine.validation.metrics import Predicted, Truth, value
from engine.validation.segments import ROWS_PER_CLASS, decidable
from engine.validation.undefined import why

# Half of what a segment at the gate needs: a period that nobody is held to may show more noise, its interval says so.
ROWS = 50
_Z = 1.959964
_RARE_ROWS = 50


@dataclass(frozen=True)
class Effort:
    """How much an interval may cost: bootstrap resamples, of at most so many rows.

    200,000 rows with 200 resamples take 4.5 s for three metrics, 20,000 of them 0.4 s and say the same.
    """

    resamples: int
    rows: int


FULL = Effort(200, 20_000)
# 100 resamples give a standard error to 7 %, which is all that the line of a chart needs.
BRIEF = Effort(100, 3_000)


def read(
    metrics: Sequence[str], truth: Truth, predicted: Predicted, seed: int, effort: Effort
) -> tuple[MetricValue, ...]:
    """Each metric over all rows with its interval.

    Above ``effort.rows`` the standard error is that of a random part of the rows, scaled by the root of their number
    (subsampling: D. N. Politis and J. P. Romano, Annals of Statistics 22, 1994).
    """
    part = part_of(truth, seed, effort.rows)
    if part is None:
        measured = measure_all(metrics, truth, predicted, None, seed=seed, resamples=effort.resamples)
        return tuple(_reading(m.name, len(truth), m.value, m.low, m.high) for m in measured.values())
    subset = truth.take(part), predicted.take(part)
    measured = measure_all(metrics, *subset, None, seed=seed, resamples=effort.resamples)
    scale = _Z * np.sqrt(len(part) / len(truth))
    found = []
    for name, one in measured.items():
        point = value(name, truth, predicted)
        reach = None if one.error is None else float(scale * one.error)
        known = float(point) if np.isfinite(point) else None
        ends = (None, None) if known is None or reach is None else (known - reach, known + reach)
        found.append(_reading(name, len(truth), known, *ends))
    return tuple(found)


def _reading(name: str, n: int, point: float | None, low: float | None, high: float | None) -> MetricValue:
    return MetricValue(name, n, point, low, high, why(name, n).reason if point is None else None)


def part_of(truth: Truth, seed: int, most: int) -> Codes | None:
    """Rows to take a standard error from; None for all. Where a class is rare, more rows, to hold enough of it."""
    n = len(truth)
    if truth.task != "regression" and n:
        counts = np.bincount(np.asarray(truth.actual, np.int64))
        most = max(most, -(-_RARE_ROWS * n // int(counts[counts > 0].min())))
    if n <= most:
        return None
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def too_few(truth: Truth, rows: int = ROWS) -> str | None:
    """Why so few labelled rows say nothing; None where they do."""
    if decidable(truth, rows):
        return None
    if len(truth) < rows:
        return f"{len(truth):,} labelled rows, {rows} are needed"
    positive = int(np.sum(truth.actual == 1))
    if positive in (0, len(truth)):
        return f"all {len(truth):,} labelled rows are of one class"
    return f"{min(positive, len(truth) - positive)} rows of one class, {ROWS_PER_CLASS} are needed"
