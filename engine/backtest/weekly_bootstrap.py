"""How sure a figure over many weeks is: a bootstrap that draws whole weeks, so that what a week has in common stays so.

Rows of one week share its weather, its holidays, its model: drawn one by one they would be counted as more evidence
than they are. So the weeks are drawn with replacement, as many as there are, each with all of its rows, and every
policy meets the same draws.

Over the window a metric is that of all rows together. One that looks at the order of the rows is the mean of its weeks
instead, each counting by its rows: a policy has many models, and whether one of them gives higher scores than the next
says nothing of how well either tells the outcomes apart (G. Forman and M. Scholz, Apples-to-Apples in Cross-Validation
Studies, SIGKDD Explorations 12, 2010). On half a year of flights all rows together hid what weekly retrains are worth.

Method: blocks that do not overlap (E. Carlstein, The Use of Subseries Values for Estimating the Variance of a General
Statistic from a Stationary Sequence, Annals of Statistics 14, 1986), resampled as in A. C. Davison and D. V. Hinkley,
Bootstrap Methods and their Application (1997), section 8.2.3; percentile interval, stretched to Student's reach for so
few blocks as there are weeks (``validation.intervals.stretched``). What one week has in common with the next is not in
it; where that is much, the truth is less sure than it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.records import Comparison
from engine.validation import metrics
from engine.validation.columns import Codes, Floats
from engine.validation.intervals import RESAMPLES, compared, stretched
from engine.validation.metrics import Predicted, Truth
from engine.vocabulary.metrics import METRICS

# Fewer weeks decide nothing: how much weeks differ is not known well enough from them.
FEWEST = 8
_CELLS = 1_000_000
# Above this many drawn rows in all, fewer resamples.
_DRAWS, _LEAST = 60_000_000, 200


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval; None where it is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class WeeklyResult:
    """What ``measure_policies`` found, by policy: the whole window, each week, and the differences in ``pairs``.
    ``told``: how many weeks that rests on."""

    told: int
    whole: tuple[Interval, ...]
    weekly: tuple[tuple[float | None, ...], ...]
    differences: tuple[tuple[Interval, Comparison], ...]


def drawn_weeks(count: int, resamples: int, seed: int) -> Codes:
    """How often each of ``count`` weeks was drawn, a row for each resample."""
    generator = np.random.default_rng(seed)
    chosen = generator.integers(0, count, size=(resamples, count))
    chosen += (np.arange(resamples) * count)[:, None]
    return np.bincount(chosen.ravel(), minlength=resamples * count).reshape(resamples, count)


def measure_policies(
    name: str,
    truth: Truth,
    policies: Sequence[Predicted],
    pairs: Sequence[tuple[int, int]],
    week: Codes,
    weeks: int,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> WeeklyResult:
    """The metric ``name`` of each policy over the window and in each of its ``weeks``, and the difference of each of
    ``pairs``, whose first less its second it is. ``week``: the number of each row's week."""
    weekly = tuple(_weekly(name, truth, said, week, weeks) for said in policies)
    figures = [_Figure(name, truth, said, week, own) for said, own in zip(policies, weekly, strict=True)]
    points = [figure.value() for figure in figures]
    present = figures[0].weeks
    sides = [np.empty(0) for _ in figures]
    if len(present) > 1 and np.isfinite(points).all():
        times = np.zeros((max(1, min(resamples, max(_LEAST, _DRAWS // len(week)))), weeks), np.int64)
        times[:, present] = drawn_weeks(len(present), len(times), seed)
        sides = [figure.drawn(times) for figure in figures]
    blocks = len(present)
    whole = tuple(_interval(point, side, blocks) for point, side in zip(points, sides, strict=True))
    differences = tuple(
        _difference(name, points[a] - points[b], sides[a] - sides[b], blocks, policies[a].equals(policies[b]))
        for a, b in pairs
    )
    return WeeklyResult(blocks, whole, weekly, differences)


class _Figure:
    """The metric of one policy over whatever weeks are drawn."""

    def __init__(self, name: str, truth: Truth, said: Predicted, week: Codes, weekly: Sequence[float | None]) -> None:
        self._by_week = name in METRICS and METRICS[name].looks_at == "order"
        self._week = week
        self._measure = metrics.measure(name, truth, said)
        values = np.array([np.nan if each is None else each for each in weekly])
        known = np.isfinite(values)
        self._values = np.where(known, values, 0.0)
        self._rows = np.bincount(week, minlength=len(weekly)) * known
        self.weeks = np.flatnonzero(self._rows) if self._by_week else np.unique(week)

    def value(self) -> float:
        return float(self.drawn(np.ones((1, len(self._rows)), np.int64))[0])

    def drawn(self, times: Codes) -> Floats:
        """For each row of ``times``: how often each week counts."""
        if self._by_week:
            counted = (times * self._rows).astype(np.float64)
            return metrics.ratio(counted @ self._values, counted.sum(axis=1))
        size = max(1, _CELLS // max(1, len(self._week)))
        parts = (times[start : start + size] for start in range(0, len(times), size))
        return np.concatenate([self._measure(part[:, self._week].astype(np.float64)) for part in parts])


def _weekly(name: str, truth: Truth, said: Predicted, week: Codes, weeks: int) -> tuple[float | None, ...]:
    found = (week == number for number in range(weeks))
    return tuple(_known(metrics.value(name, truth.take(rows), said.take(rows))) for rows in found)


def _interval(point: float, drawn: Floats, blocks: int) -> Interval:
    found = stretched(point, drawn, blocks) if len(drawn) else None
    return Interval(_known(point), *(found[:2] if found is not None else ()))


def _difference(name: str, point: float, drawn: Floats, blocks: int, same: bool) -> tuple[Interval, Comparison]:
    if same and np.isfinite(point):
        return Interval(0.0, 0.0, 0.0), "same"
    found = _interval(point, drawn, blocks)
    decided = compared(name, found.low, found.high, False) if blocks >= FEWEST else "cannot tell"
    return found, decided


def _known(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
