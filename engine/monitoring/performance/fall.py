"""Whether performance fell against what the version was validated with. Pure: readings in, an answer out.

One bad week is no fall: a good model's AUC swings from week to week by more than the rows of a week explain. So a fall
needs a size that matters, and either two mature periods in a row that are each too low, or a whole window of the newest
mature periods whose interval stays clear of the validation value by that size. How much periods swing by themselves
is learnt from how one differs from the next (J. von Neumann 1941: the mean square successive difference, here its
median), which a fall that stays does not inflate: an alarm does not talk itself out of it. The validation value swung
too, by as much as its fewer periods leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from engine.monitoring.look_parts import Fall, MetricPeriod, MetricValue
from engine.monitoring.performance.periods import WINDOW_PERIODS
from engine.validation.columns import Floats
from engine.validation.words import between, number
from engine.vocabulary.metrics import METRICS, good

# Of a metric between 0 and 1 two hundredths; of a loss or an error, which has its own unit, a twentieth.
MINIMUM, MINIMUM_PART = 0.02, 0.05
# Each of two in a row clear of the reference at 95 %; one look at a whole window has to be as sure by itself. Over half
# a year of weekly looks at a model that stays as it is this raises an alarm in 1 of 50 cases (a test counts them).
EACH, WINDOW = 1.96, 3.0
# Of days four in a row, longer than any weekend; of weeks or longer periods two.
IN_A_ROW, DAYS_IN_A_ROW = 2, 4
_Z = 1.959964
# The swing between periods is taken from at least this many steps from one to the next; with fewer it is taken for as
# large as the least difference that matters.
_FEWEST_FOR_SWING = 6
_MEDIAN_OF_CHI2 = 0.4549


@dataclass(frozen=True)
class _Drops:
    """Of each mature period with a value, oldest first: how much worse than the reference, and how sure."""

    periods: tuple[MetricPeriod, ...]
    values: Floats
    drops: Floats
    errors: Floats
    rows: Floats
    swing: float


def minimum_effect(metric: str, reference: float) -> float:
    """The least difference that matters, in the metric's own unit."""
    own_unit = metric in METRICS and METRICS[metric].own_unit
    return MINIMUM_PART * abs(reference) if own_unit else MINIMUM


def fallen(
    reference: MetricValue,
    periods: Sequence[MetricPeriod],
    minimum: float | None = None,
    validated_periods: float = 2.0,
) -> Fall | None:
    """Whether ``reference.metric`` is now worse than when the version was validated (``reference``: its holdout).

    ``minimum``: the least difference that matters, in the metric's unit. ``validated_periods``: how many such periods
    the holdout was long. None: it did not fall, or nothing can tell.
    """
    if reference.value is None:
        return None
    least = minimum_effect(reference.metric, reference.value) if minimum is None else minimum
    found = _drops(reference, reference.value, periods, least)
    if found is None:
        return None
    own = float(np.hypot(_half(reference) / _Z, found.swing / np.sqrt(max(1.0, validated_periods))))
    low = found.drops - EACH * np.hypot(found.errors, own) > 0
    streak = _streak((found.drops >= least) & low)
    daily = _are_days(periods)
    if streak < (DAYS_IN_A_ROW if daily else IN_A_ROW):
        sizes = range(DAYS_IN_A_ROW, 8) if daily else range(1, WINDOW_PERIODS + 1)
        streak = _clear_window(found, own, least, sizes)
    return _fall(found, streak, reference, own, least) if streak else None


def _drops(reference: MetricValue, value: float, periods: Sequence[MetricPeriod], unknown: float) -> _Drops | None:
    pairs = [(p, r) for p in periods if p.mature and (r := p.of(reference.metric)) and r.value is not None]
    pairs = [(p, r) for p, r in pairs if r.low is not None]
    if not pairs:
        return None
    values = np.array([r.value for _, r in pairs], dtype=np.float64)
    within = np.array([_half(r) / _Z for _, r in pairs])
    swing = _swing(values, within, unknown)
    errors = np.hypot(within, swing)
    rows = np.array([r.n for _, r in pairs], dtype=np.float64)
    drops = good(reference.metric) * (value - values)
    return _Drops(tuple(p for p, _ in pairs), values, drops, errors, rows, swing)


def _swing(values: Floats, within: Floats, unknown: float) -> float:
    """The standard deviation between periods beyond that within them; ``unknown`` while too few say so."""
    steps = np.diff(values) ** 2
    if len(steps) < _FEWEST_FOR_SWING:
        return unknown
    between_all = float(np.median(steps)) / (2 * _MEDIAN_OF_CHI2)
    return float(np.sqrt(max(0.0, between_all - float(np.median(within**2)))))


def _streak(low: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    """How many of the newest are low without a break."""
    fine = np.flatnonzero(~low[::-1])
    return int(fine[0]) if len(fine) else len(low)


def _are_days(periods: Sequence[MetricPeriod]) -> bool:
    first = periods[0]
    if first.start is None or first.end is None:
        return False
    return datetime.fromisoformat(first.end) - datetime.fromisoformat(first.start) <= timedelta(days=1)


def _clear_window(found: _Drops, own: float, least: float, sizes: range) -> int:
    """The shortest window of the newest periods that lies clear below the reference; 0 for none."""
    for size in sizes[: max(0, len(found.drops) + 1 - sizes.start)]:
        drop, error = _pooled(found, found.drops, size)
        if drop - WINDOW * float(np.hypot(error, own)) > least:
            return size
    return 0


def _pooled(found: _Drops, of: Floats, size: int) -> tuple[float, float]:
    """The mean over the newest ``size`` periods, by rows, and its standard error."""
    weights = found.rows[-size:] / found.rows[-size:].sum()
    return float(weights @ of[-size:]), float(np.sqrt(np.sum((weights * found.errors[-size:]) ** 2)))


def _fall(found: _Drops, size: int, reference: MetricValue, own: float, least: float) -> Fall:
    value, error = _pooled(found, found.values, size)
    drop, _ = _pooled(found, found.drops, size)
    sure = drop - _Z * float(np.hypot(error, own))
    before = reference.value if reference.value is not None else value
    since = found.periods[-size].start
    low, high, n = value - _Z * error, value + _Z * error, int(found.rows[-size:].sum())
    told = (
        f"{reference.metric} is {number(value)} ({between(low, high)}) on {n:,} labelled rows"
        f"{f' since {since[:10]}' if since else ''}; when it was validated it was {number(before)}. "
        "Look at the worst slices and at drift, then retrain or roll back."
    )
    verdict: Literal["watch", "failing"] = "failing" if sure >= 2 * least else "watch"
    return Fall(reference.metric, verdict, since, before, value, low, high, drop, n, size, told)


def _half(reading: MetricValue) -> float:
    if reading.low is None or reading.high is None:
        return 0.0
    return (reading.high - reading.low) / 2
