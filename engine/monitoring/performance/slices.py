"""Performance by any column: which parts of its world the model does badly in, worst first.

Every value of a column is a slice, or ranges of its numbers, or two of them crossed where one alone is bad. Each is
compared with all the other rows. Looking at hundreds of slices finds bad ones by chance: intervals are widened for how
many were tried, so that all of them hold together at 95 % (Bonferroni). Rows are cut anew each time, so a column that
nobody thought of before can be looked at over the whole past.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

import numpy as np
import pyarrow as pa

from engine.monitoring.look_parts import Condition, Slice, Slices
from engine.monitoring.performance.metric_values import part_of, too_few
from engine.monitoring.performance.scored import Scored
from engine.monitoring.performance.slice_parts import SlicePart, crossed, parts_of_column
from engine.monitoring.performance.slice_trend import trend
from engine.validation.columns import Codes, Floats, shown
from engine.validation.intervals import resampled
from engine.validation.metrics import Measure, Predicted, Truth, measure, value
from engine.validation.undefined import why
from engine.validation.words import between, count, number
from engine.vocabulary.metrics import good

# Rows beyond this, the newest count: slices of 100,000 rows are narrow, and 20 columns of them take 4 s.
MOST_ROWS = 100_000
ROWS = 50
# A standard error to 9 %, of at most this many rows of a slice.
_RESAMPLES, _ERROR_ROWS = 60, 3_000
# The worst slices of one column that are crossed with every other column, and the cells that are looked at in all.
_CROSSED, _MOST_CELLS = 3, 200
MOST_KEPT = 100
_BATCH = 2_000_000
_ALL = 0.95


@dataclass(frozen=True)
class _LabelledRows:
    """The mature labelled rows, the metric of them ready for weights, and which resamples they are drawn in."""

    metric: str
    rows: Scored
    positions: Codes
    period: Codes
    whole: Measure
    error: float

    @property
    def n(self) -> int:
        return len(self.positions)


def slices(
    table: pa.Table,
    columns: Sequence[str],
    metric: str,
    rows: Scored,
    positions: Codes,
    period: Codes,
    *,
    sensitive: Collection[str] = (),
    bins: Mapping[str, Sequence[float]] | None = None,
    seed: int = 0,
) -> Slices:
    """Performance by each of ``columns`` over the rows at ``positions`` (``periods.mature_rows``).

    ``period``: the period of every row of the table (``Cut.number``). ``bins``: the inner edges of ranges, by column.
    Sensitive columns and those that the table does not have are passed over.
    """
    positions = np.sort(positions)[-MOST_ROWS:] if len(positions) > MOST_ROWS else positions
    usable = [name for name in dict.fromkeys(columns) if name in table.column_names and name not in sensitive]
    case = _case(metric, rows, positions, period, seed)
    parts: list[SlicePart] = []
    left_out: dict[str, int] = {}
    for name in usable:
        column = table.column(table.column_names.index(name)).take(pa.array(positions))
        found, more = parts_of_column(name, column, (bins or {}).get(name))
        parts += [part for part in found if len(part.rows) < case.n]
        left_out |= {shown(name): more} if more else {}
    single = [*_judged(case, parts, seed)]
    suspects = sorted((pair for pair in single if _suspicion(pair[1]) < 0), key=lambda pair: _suspicion(pair[1]))
    deeper, looked = _crossed(case, suspects[:_CROSSED], parts, seed)
    tried = max(1, looked + sum(one.value is not None for _, one in single))
    kept = [*(one for _, one in single), *(one for one, apart in deeper if apart > _reach(tried))]
    ordered = sorted((_corrected(one, _reach(tried)) for one in kept), key=_badness)[:MOST_KEPT]
    return Slices(metric, tuple(ordered), tried, case.n, left_out, _sentence(ordered, tried, case.n))


def _crossed(
    case: _LabelledRows, suspects: Sequence[tuple[SlicePart, Slice]], parts: Sequence[SlicePart], seed: int
) -> tuple[list[tuple[Slice, float]], int]:
    """The worst slices crossed with the other columns, each with by how many standard errors it is worse than the rest
    of the slice it lies in, and how many were looked at. Without that, every part of a bad slice would be bad too."""
    found: list[tuple[Slice, float]] = []
    seen: set[frozenset[Condition]] = set()
    for parent, above in suspects:
        cells = [c for c in crossed(parent, parts, ROWS) if frozenset(c.conditions) not in seen]
        cells = cells[: max(0, _MOST_CELLS - len(seen))]
        seen |= {frozenset(cell.conditions) for cell in cells}
        for cell, one in _judged(case, cells, seed):
            if one.value is None or one.low is None or above.low is None:
                continue
            others = np.setdiff1d(parent.rows, cell.rows, assume_unique=True)
            beside = value(case.metric, *case.rows.take(case.positions[others]))
            error = np.hypot(one.low, above.low * np.sqrt(len(parent.rows) / len(others)))
            apart = good(case.metric) * (beside - one.value) / error if error > 0 else 0.0
            found.append((one, float(apart) if np.isfinite(apart) else 0.0))
    return found, len(found)


def _case(metric: str, rows: Scored, positions: Codes, period: Codes, seed: int) -> _LabelledRows:
    truth, predicted = rows.take(positions)
    error = _error(metric, truth, predicted, seed) if len(truth) > 1 else float("nan")
    return _LabelledRows(metric, rows, positions, period[positions], measure(metric, truth, predicted), error)


def _error(metric: str, truth: Truth, predicted: Predicted, seed: int) -> float:
    """The bootstrap's standard error of a metric, from a part of many rows; NaN where most resamples lack it."""
    n, scale = len(truth), 1.0
    if (part := part_of(truth, seed, _ERROR_ROWS)) is not None:
        truth, predicted, scale = truth.take(part), predicted.take(part), float(np.sqrt(len(part) / n))
    measured = measure(metric, truth, predicted)
    drawn = np.concatenate([measured(weights) for weights in resampled(len(truth), _RESAMPLES, seed)])
    defined = drawn[np.isfinite(drawn)]
    return scale * float(defined.std(ddof=1)) if len(defined) >= 0.9 * len(drawn) else float("nan")


def _judged(case: _LabelledRows, parts: Sequence[SlicePart], seed: int) -> Iterator[tuple[SlicePart, Slice]]:
    """Each part with its value, and, in ``low`` and ``difference_low``, its standard errors for now."""
    rest = _rest(case, parts)
    for part, other in zip(parts, rest, strict=True):
        truth, predicted = case.rows.take(case.positions[part.rows])
        if reason := too_few(truth, ROWS):
            yield part, _slice(case, part, None, None, None, reason)
            continue
        own = value(case.metric, truth, predicted)
        error = _error(case.metric, truth, predicted, seed)
        if not (np.isfinite(own) and np.isfinite(error)):
            yield part, _slice(case, part, None, None, None, why(case.metric, len(truth)).reason)
            continue
        yield part, _slice(case, part, own, error, float(other) if np.isfinite(other) else None, None)


def _rest(case: _LabelledRows, parts: Sequence[SlicePart]) -> Floats:
    """The metric over all rows but those of each part."""
    found = []
    size = max(1, _BATCH // max(1, case.n))
    for first in range(0, len(parts), size):
        weights = np.ones((len(parts[first : first + size]), case.n))
        for line, part in enumerate(parts[first : first + size]):
            weights[line, part.rows] = 0.0
        found.append(case.whole(weights))
    return np.concatenate(found) if found else np.empty(0)


def _slice(
    case: _LabelledRows, part: SlicePart, own: float | None, error: float | None, rest: float | None, reason: str | None
) -> Slice:
    n, share = len(part.rows), len(part.rows) / case.n
    if own is None or error is None:
        return Slice(
            part.conditions, n, share, case.metric, own, None, None, rest, None, None, None, "cannot tell",
            "cannot tell", reason,
        )  # fmt: skip
    # Independent rows: the error of the rest is that of all, for as many rows as it has.
    apart = None if rest is None else float(np.hypot(error, case.error * np.sqrt(1 / (1 - share))))
    moves = trend(case.metric, case.rows, case.positions[part.rows], case.period[part.rows], error)
    return Slice(
        part.conditions, n, share, case.metric, own, error, error, rest, None if rest is None else own - rest,
        apart, apart, "cannot tell", moves,
    )  # fmt: skip


def _reach(tried: int) -> float:
    """How many standard errors an interval reaches when so many hold together at 95 %."""
    return NormalDist().inv_cdf(1 - (1 - _ALL) / (2 * tried))


def _corrected(one: Slice, reach: float) -> Slice:
    """Standard errors become intervals."""
    if one.value is None or one.low is None:
        return one
    one = replace(one, low=one.value - reach * one.low, high=one.value + reach * one.low)
    if one.difference is None or one.difference_low is None or not np.isfinite(one.difference_low):
        return replace(one, difference_low=None, difference_high=None)
    low, high = one.difference - reach * one.difference_low, one.difference + reach * one.difference_low
    worst, best = (low, high) if good(one.metric) > 0 else (-high, -low)
    verdict: Literal["worse", "better", "same"] = "worse" if best < 0 else "better" if worst > 0 else "same"
    return replace(one, difference_low=low, difference_high=high, verdict=verdict)


def _suspicion(one: Slice) -> float:
    """How many standard errors better than the rest; the worst is the least."""
    if one.difference is None or not one.difference_low:
        return float("inf")
    return good(one.metric) * one.difference / one.difference_low


def _badness(one: Slice) -> tuple[int, float, int, str]:
    """Surely worse first, by how much at least: a few rows with a wild value do not hide what many rows show."""
    if one.difference_low is None or one.difference_high is None:
        return 3 if one.value is None else 2, 0.0, -one.n, one.name
    at_best = one.difference_high if good(one.metric) > 0 else -one.difference_low
    return int(one.verdict != "worse"), at_best, -one.n, one.name


def _sentence(found: Sequence[Slice], tried: int, rows: int) -> str:
    if all(one.value is None for one in found):
        return f"{count(rows, 'labelled row')}: too few to tell slices apart."
    worse = [one for one in found if one.verdict == "worse"]
    if not worse:
        return f"None of {count(tried, 'slice')} is surely worse than the rest, over {rows:,} labelled rows."
    one = worse[0]
    return (
        f"{one.name}: {one.metric} {number(one.value)} on {one.n:,} rows, {number(one.rest)} on the rest "
        f"(difference {between(one.difference_low, one.difference_high, sign=True)}, corrected for {tried:,} slices); "
        f"{count(len(worse), 'slice')} worse than the rest."
    )
