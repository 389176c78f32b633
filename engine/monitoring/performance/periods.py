"""Performance over time: whole days or weeks of the rows that came after a version, as their labels are known now.

Every period is measured anew each time, so a label that comes late counts as soon as it is there. A period is mature
when it is over and nearly all labels that will ever come have come: 0.95 of the share at which older periods settled.
Late labels are rarely like early ones (a loan that fails does so late), so what is measured before that is not
compared. Where no settled share can be seen yet, 0.9 of all rows must have a label.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from engine.monitoring.look_parts import MetricPeriod, MetricPeriods, MetricValue
from engine.monitoring.performance.metric_values import BRIEF, FULL, Effort, read, too_few
from engine.monitoring.performance.scored import Scored
from engine.monitoring.timestamps import DAY, UNDATED, WEEK, iso, microseconds, periods_of, start_of
from engine.validation.columns import Codes, Mask
from engine.validation.metrics import Predicted, Truth
from engine.validation.words import percent

Reader = Callable[[Sequence[str], Truth, Predicted, int, Effort], tuple[MetricValue, ...]]

# Each length with the rows that its typical period should hold: an AUC of a day of 300 rows says nothing.
_LENGTHS = ((DAY, 1_000), (WEEK, 100), (4 * WEEK, 0))
MOST_PERIODS = 60
SETTLED_PART = 0.95
UNSETTLED_BOUND = 0.90
# Shares of the older half count as settled when they lie this close together, and are not close to nothing.
_SETTLED_SPREAD, _SETTLED_LEAST = 0.05, 0.10
_FEWEST_TO_SETTLE = 4
# The newest stretch that is spoken of as "now": as many mature periods, newest first, as hold this many rows, at most
# four; of days seven, for a Sunday is not like a Monday.
WINDOW_ROWS = 1_000
WINDOW_PERIODS, WINDOW_DAYS = 4, 7


@dataclass(frozen=True)
class PeriodCut:
    """Which period each row is in: a number into ``starts``, -1 for none. ``length`` None: one period of all rows."""

    number: Codes
    starts: tuple[int, ...]
    length: int | None

    def ends(self, place: int) -> int | None:
        return None if self.length is None else self.starts[place] + self.length


def cut(times: Codes | None, rows: int, as_of: datetime) -> PeriodCut:
    """Divide rows into whole days, ISO weeks or stretches of four weeks, whichever is the shortest with rows enough.

    ``times``: microseconds, as ``moments`` reads them; None where the project has no time column.
    """
    if times is None:
        return PeriodCut(np.zeros(rows, dtype=np.int64), (0,), None)
    inside = (times != UNDATED) & (times <= microseconds(as_of))
    if not inside.any():
        return PeriodCut(np.full(rows, -1), (), _LENGTHS[0][0])
    length, found = _length(times[inside])
    first = max(int(found[0]), int(found[-1]) - MOST_PERIODS + 1)
    number = np.full(rows, -1, dtype=np.int64)
    number[inside] = np.maximum(periods_of(times[inside], length) - first, -1)
    return PeriodCut(number, tuple(start_of(p, length) for p in range(first, int(found[-1]) + 1)), length)


def _length(times: Codes) -> tuple[int, Codes]:
    """The length, and the numbers of its periods that hold rows."""
    for length, enough in _LENGTHS:
        found, counts = np.unique(periods_of(times, length), return_counts=True)
        if np.median(counts) >= enough and found[-1] - found[0] < MOST_PERIODS:
            break
    return length, found


def performance(
    cut: PeriodCut, rows: Scored, metrics: Sequence[str], as_of: datetime, seed: int = 0, reader: Reader = read
) -> MetricPeriods:
    """Each period with its labels and, where it is mature, its metrics, as ``reader`` reads them."""
    now = microseconds(as_of)
    counted = [_counted(cut, place, rows, now) for place in range(len(cut.starts))]
    settled = settled_share([p.share for p in counted if p.over and p.share is not None])
    bound = UNSETTLED_BOUND if settled is None else SETTLED_PART * settled
    found = []
    for place, period in enumerate(counted):
        reason = _immature(period, bound)
        mature = replace(period, mature=reason is None, reason=reason)
        own = (cut.number == place) & rows.known
        found.append(replace(mature, readings=_readings(reader, rows, own, metrics, seed, BRIEF, reason)))
    ripe = np.array([p.mature for p in found] + [False])[cut.number]
    newest = _window(found, daily=cut.length == DAY)
    return MetricPeriods(
        days=None if cut.length is None else cut.length // DAY,
        periods=tuple(found),
        rows=len(rows),
        labelled=int(rows.labelled.sum()),
        outside=int((cut.number < 0).sum()),
        bound=bound,
        settled=settled,
        live=_readings(reader, rows, ripe & rows.known, metrics, seed, FULL, None),
        window=_readings(reader, rows, ripe & rows.known & (cut.number >= newest), metrics, seed, FULL, None),
        window_start=found[newest].start if newest < len(found) else None,
        sentence=_sentence(found, bound),
    )


def mature_rows(cut: PeriodCut, periods: MetricPeriods, rows: Scored) -> Codes:
    """Positions of the rows that performance was measured on."""
    ripe = np.array([p.mature for p in periods.periods] + [False])[cut.number]
    return np.flatnonzero(ripe & rows.known)


def settled_share(shares: Sequence[float]) -> float | None:
    """The share of labels that periods reach in the end, oldest period first; None while it cannot be seen.

    It can be seen where the older half lies close together. Were labels still coming in there, they would not.
    """
    if len(shares) < _FEWEST_TO_SETTLE:
        return None
    older = np.array(shares[: len(shares) // 2 + len(shares) % 2])
    middle = float(np.median(older))
    spread = np.abs(older - middle)
    close = bool(np.mean(spread <= _SETTLED_SPREAD) >= 0.75) and middle >= _SETTLED_LEAST
    return middle if close else None


def _counted(cut: PeriodCut, place: int, rows: Scored, now: int) -> MetricPeriod:
    own = cut.number == place
    total, labelled = int(own.sum()), int((own & rows.labelled).sum())
    start, end = (None, None) if cut.length is None else (cut.starts[place], cut.ends(place))
    return MetricPeriod(
        None if start is None else iso(start), None if end is None else iso(end), total, labelled,
        labelled / total if total else None, end is None or end <= now, False, None, (),
    )  # fmt: skip


def _immature(period: MetricPeriod, bound: float) -> str | None:
    if not period.rows:
        return "no rows"
    if not period.over:
        return "not over yet"
    share = period.share or 0.0
    if not period.labelled:
        return "no label has come yet"
    return None if share >= bound else f"{percent(share, 0)} of the labels, compared from {percent(bound, 0)} on"


def _readings(
    reader: Reader, rows: Scored, own: Mask, metrics: Sequence[str], seed: int, effort: Effort, reason: str | None
) -> tuple[MetricValue, ...]:
    n = int(own.sum())
    truth, predicted = rows.take(own)
    reason = reason or too_few(truth)
    if reason is not None:
        return tuple(MetricValue(metric, n, reason=reason) for metric in metrics)
    return reader(metrics, truth, predicted, seed, effort)


def _window(periods: Sequence[MetricPeriod], *, daily: bool) -> int:
    """The place of the oldest period that belongs to the newest mature stretch."""
    ripe = [place for place, period in enumerate(periods) if period.mature][::-1]
    if daily:
        return ripe[:WINDOW_DAYS][-1] if ripe else len(periods)
    rows, first = 0, len(periods)
    for place in ripe[:WINDOW_PERIODS]:
        rows, first = rows + periods[place].labelled, place
        if rows >= WINDOW_ROWS:
            break
    return first


def _sentence(periods: Sequence[MetricPeriod], bound: float) -> str:
    mature = sum(p.mature for p in periods)
    rows, labelled = sum(p.rows for p in periods), sum(p.labelled for p in periods)
    share = f" ({percent(labelled / rows, 0)})" if rows else ""
    return (
        f"{labelled:,} of {rows:,} rows have a label by now{share}; {mature} of {len(periods)} periods are mature, "
        f"with labels for at least {percent(bound, 0)} of their rows."
    )
