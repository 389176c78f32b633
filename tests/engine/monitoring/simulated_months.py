"""Projects whose data is known: months of stationary rows, or rows that shift on a day, looked at as health runs do.

Rows are drawn as counts per bin and slot of time (Poisson), with the probabilities that the bins of a drawn reference
really have; reference, bins, statistics and rule are the product's own. Hours of the day have different rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtr

from engine.monitoring.drift import statistics
from engine.monitoring.drift.alarm import Alarm, Budget, Observation, alarms
from engine.monitoring.drift.histograms import NEVER_SEEN, histogram
from engine.monitoring.drift.thresholds import FEWEST_ROWS, SOME
from engine.monitoring.profile import ColumnProfile, profile_of

Array = NDArray[Any]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
# Four labels that a shift moves rows between, yes and no, a few rare labels, and a long tail of streets.
LABELS: tuple[Array, ...] = (
    np.array([0.4, 0.3, 0.2, 0.1]),
    np.array([0.8, 0.2]),
    np.array([0.6, 0.3, 0.06, 0.03, 0.006, 0.003, 0.001]),
    (1 / np.arange(1, 401)) / (1 / np.arange(1, 401)).sum(),
)


@dataclass(frozen=True)
class Setting:
    """What a project is like and how it is looked at. ``missing``: share of values that are not there; ``checks``: what
    the budget is for, twelve columns and the multivariate check."""

    rows_per_day: float
    every: timedelta
    window: timedelta
    reference_rows: int = 20_000
    numbers: int = 8
    labels: int = 4
    missing: float = 0.02
    days: int = 30
    checks: int = 13

    @property
    def budget(self) -> Budget:
        return Budget(self.checks, self.every)


@dataclass(frozen=True)
class Shift:
    """From its day on a number's mean moves by ``deviations``, ``points`` of the first label's share go to the last."""

    deviations: float = 0.0
    points: float = 0.0


def columns(setting: Setting, rng: np.random.Generator) -> list[tuple[ColumnProfile, Array | None]]:
    """The profiles of a drawn training table, with the true shares of a column's labels."""
    n = setting.reference_rows
    gaps = [rng.random(n) < setting.missing for _ in range(setting.numbers + setting.labels)]
    data = {f"number {i}": pa.array(rng.normal(size=n), mask=gaps[i]) for i in range(setting.numbers)}
    truths: list[Array | None] = [None] * setting.numbers
    for i in range(setting.labels):
        shares = LABELS[i % len(LABELS)]
        drawn = np.char.add("l", rng.choice(len(shares), n, p=shares).astype(str))
        data[f"label {i}"] = pa.array(drawn.tolist(), mask=gaps[setting.numbers + i])
        truths.append(shares)
    table = pa.table(data)
    return list(zip(profile_of(table, table.column_names).columns, truths, strict=True))


def probabilities(reference: ColumnProfile, truth: Array | None, shift: Shift, missing: float) -> Array:
    """The true shares of the bins of ``histogram`` after ``shift``."""
    if truth is None:
        bins = np.diff(ndtr(reference.edges - shift.deviations), prepend=0, append=1)
    else:
        shares = truth.copy()
        shares[0] -= shift.points
        shares[-1] += shift.points
        seen = dict(zip((f"l{i}" for i in range(len(shares))), shares, strict=True))
        names = histogram(reference, reference).labels[:-2]
        bins = np.array([seen.get(name, 0.0) for name in names])
        unseen = sum(share for label, share in seen.items() if label not in reference.labels)
        bins[names.index(NEVER_SEEN)] = unseen
        bins[names.index(NEVER_SEEN) - 1] = 1 - bins.sum()
    return np.concatenate([np.maximum(bins, 0) * (1 - missing), [missing, 0.0]])


@dataclass(frozen=True, eq=False)
class Looks:
    """A month of looks (looks,) at one column: size and p of the window, and the rows (looks, bins) of its halves."""

    reference: ColumnProfile
    size: Array
    p: Array
    earlier: Array
    later: Array


def month(setting: Setting, rng: np.random.Generator, shift: Shift | None = None) -> tuple[Alarm, ...]:
    """The alarms of one project in ``setting.days``; a shift comes with the first look, to every column."""
    found: list[Alarm] = []
    for reference, truth in columns(setting, rng):
        found += alarms(_observed(setting, looks(setting, reference, truth, shift, rng)), setting.budget)
    return tuple(found)


def raised_by_p_alone(setting: Setting, rng: np.random.Generator) -> int:
    """How often p of a column falls below 0.05 in a month: the alarms of a rule that knows nothing but p."""
    below = [looks(setting, reference, truth, None, rng).p < 0.05 for reference, truth in columns(setting, rng)]
    return sum(int(b[0]) + int((b[1:] & ~b[:-1]).sum()) for b in below)


def looks(
    setting: Setting, reference: ColumnProfile, truth: Array | None, shift: Shift | None, rng: np.random.Generator
) -> Looks:
    """Draw a month of rows and look at it as often as the setting says."""
    ahead = round(setting.window / setting.every)
    count = round(timedelta(days=setting.days) / setting.every)
    before = probabilities(reference, truth, Shift(), setting.missing)
    after = before if shift is None else probabilities(reference, truth, shift, setting.missing)
    slots = np.arange(ahead + count)
    drawn = rng.poisson(_rates(setting, slots)[:, None] * np.where((slots < ahead)[:, None], before, after))
    total = np.concatenate([np.zeros((1, len(before)), dtype=np.int64), np.cumsum(drawn, axis=0)])
    ends = np.arange(ahead + 1, ahead + count + 1)
    whole = total[ends] - total[ends - ahead]
    later = total[ends] - total[ends - ahead // 2]
    counts = histogram(reference, reference).reference
    size, p = statistics.stability(counts, whole)[1], statistics.chance(counts, whole)
    return Looks(reference, size, p, whole - later, later)


def _observed(setting: Setting, seen: Looks) -> Sequence[Observation]:
    """The observations of a month; none where no look could raise an alarm, which saves nearly all of the time."""
    if not ((seen.size >= SOME) & (seen.p <= setting.budget.chance)).any():
        return ()
    counts = histogram(seen.reference, seen.reference).reference
    halves = [
        np.where(half.sum(axis=1) >= FEWEST_ROWS, statistics.stability(counts, half)[1], np.nan)
        for half in (seen.earlier, seen.later)
    ]
    return [
        Observation(seen.reference.name, at - setting.window, at, *_told(*numbers))
        for i, numbers in enumerate(zip(seen.size, seen.p, *halves, strict=True))
        for at in [BEGIN + (i + 1) * setting.every]
    ]


def _rates(setting: Setting, slots: Array) -> Array:
    """Expected rows per slot: three times as many at noon as at midnight, where slots are shorter than a day."""
    mean = setting.rows_per_day * (setting.every / timedelta(days=1))
    if setting.every >= timedelta(days=1):
        return np.full(len(slots), mean)
    return mean * (1 - 0.5 * np.cos(2 * np.pi * slots * (setting.every / timedelta(days=1))))


def _told(*numbers: float) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(number) else float(number) for number in numbers)
