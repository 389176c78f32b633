"""What one column holds now that it did not hold in the reference, counted. Pure: columns in, counts out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.validation.columns import Codes, Floats, Mask, codes, floats, missing, shown, unwrapped
from engine.validation.schema import type_word
from engine.validation.words import number

# A value this much of the reference's range beyond it is no longer the next extreme of the same world.
MARGIN = 0.10
_NAMED = 3
# Values half the range away from it are of another unit or of a broken sensor: of one row in five it is a failure.
# Nearer than that may be the season, at which a model guesses, but the data is right.
FAR, FAR_SHARE = 0.5, 0.20
# Gaps come in clusters (an hour of weather is missing for every flight of it), so that rows are not independent: what
# a stretch of the reference reached by itself is no news. But for 1 in 50, so that its one outage does not excuse all.
_PEAK, _STRETCH_ROWS = 0.98, 20
_PARTS = 10
_NUMBERS = {"integer", "number", "decimal"}
_TIMES = {"date", "time", "time with zone"}


@dataclass(frozen=True)
class CountedRows:
    """Rows for which something holds, of how many: now, and in the reference.

    ``peak``: the share that a stretch of the reference as long as the current one reached at most (but for 1 in 50).
    ``far``: whether what was found is so far off that it can be a failure.
    """

    count: int
    n: int
    reference_count: int
    reference_n: int
    peak: float = 0.0
    words: str = ""
    values: tuple[str, ...] = ()
    far: bool = True


@dataclass(frozen=True)
class TypeChange:
    """``broken``: values of one kind cannot be read as the other."""

    was: str
    now: str
    broken: bool


def retyped(was: pa.ChunkedArray, now: pa.ChunkedArray) -> TypeChange | None:
    """How the type changed; None for what is the same to a model: encodings, widths, integers that got gaps."""
    before, after = type_word(unwrapped(was).type), type_word(unwrapped(now).type)
    if before == after or len(now) == 0 or len(was) == 0 or bool(missing(now).all()) or bool(missing(was).all()):
        return None
    if {before, after} <= _NUMBERS:
        return TypeChange(before, after, False) if before == "integer" and not _whole(floats(now)) else None
    return TypeChange(before, after, not {before, after} <= _TIMES)


def found_in(now: Mask, was: Mask, stretches: Codes | None, **more: Any) -> CountedRows:
    """Count both masks; ``stretches``: which stretch each row of the reference is in, rising, None without times."""
    return CountedRows(int(now.sum()), len(now), int(was.sum()), len(was), peak=_peak(was, stretches), **more)


def infinite(was: pa.ChunkedArray, now: pa.ChunkedArray, stretches: Codes | None) -> CountedRows:
    """Values that are no finite number. NaN counts as missing, as everywhere in the engine."""
    return found_in(np.isinf(floats(now)), np.isinf(floats(was)), stretches)


def out_of_range(was: pa.ChunkedArray, now: pa.ChunkedArray, stretches: Codes | None) -> CountedRows:
    """Finite values beyond the reference's least or greatest by more than a tenth of its range.

    What is usual: values of the reference's newer half beyond all that came in stretches before theirs. A column that
    grows all the time goes on growing, and after a mild winter spring is warm.
    """
    before, after = floats(was), floats(now)
    low, high = _range(before)
    reach = high - low if low <= high else 0.0
    finite = np.isfinite(after)
    beyond = finite & ((after < low - MARGIN * reach) | (after > high + MARGIN * reach)) & (low <= high)
    far = finite & ((after < low - FAR * reach) | (after > high + FAR * reach))
    places = _places(len(before), stretches)
    lows = _before_each(np.where(np.isfinite(before), before, np.inf), places, np.minimum)
    highs = _before_each(np.where(np.isfinite(before), before, -np.inf), places, np.maximum)
    new = np.isfinite(before) & ((before < lows[places]) | (before > highs[places]))
    half = len(before) // 2
    words = f"{number(low)} to {number(high)}" if low <= high else ""
    surely = bool(far.sum() >= FAR_SHARE * max(1, len(after)))
    newer = None if stretches is None else stretches[half:]
    return found_in(beyond, new[half:], newer, words=words, far=surely)


def unknown(was: pa.ChunkedArray, now: pa.ChunkedArray, stretches: Codes | None) -> CountedRows:
    """Texts that the reference does not hold; ``values`` names the most frequent of them.

    What is usual: rows of the reference's newer half whose text came in no stretch before theirs.
    """
    before, after = _text(was), _text(now)
    new = pc.and_(pc.is_valid(after), pc.invert(pc.is_in(after, value_set=pc.unique(before).drop_null())))
    counted = sorted(
        pc.value_counts(after.filter(new)).to_pylist(), key=lambda found: (-found["counts"], found["values"])
    )
    named = [shown(found["values"]) for found in counted[:_NAMED]]
    if len(counted) > _NAMED:
        named[-1] += f" and {len(counted) - _NAMED:,} more"
    numbers, names = codes(was)
    places, half = _places(len(before), stretches), len(before) // 2
    first = np.full(len(names) + 1, len(before) + 1, dtype=np.int64)
    np.minimum.at(first, numbers, places)
    fresh = (numbers >= 0) & (first[numbers] == places)
    newer = None if stretches is None else stretches[half:]
    return found_in(np.asarray(new.to_numpy(), dtype=bool), fresh[half:], newer, values=tuple(named))


def _whole(values: Floats) -> bool:
    finite = values[np.isfinite(values)]
    return bool((finite == np.floor(finite)).all())


def _range(values: Floats) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (float("inf"), float("-inf"))


def _peak(held: Mask, stretches: Codes | None) -> float:
    if stretches is None or not len(held):
        return 0.0
    _, starts, rows = np.unique(stretches, return_index=True, return_counts=True)
    shares = np.add.reduceat(held.astype(np.float64), starts) / rows
    shares = shares[rows >= _STRETCH_ROWS]
    return float(np.quantile(shares, _PEAK)) if len(shares) else 0.0


def _places(rows: int, stretches: Codes | None) -> Codes:
    """A number from 0 on per row for its stretch; without times, ten parts in the order of the rows."""
    if stretches is None:
        return np.arange(rows) * _PARTS // max(1, rows)
    return np.cumsum(np.diff(stretches, prepend=stretches[:1]) != 0)


def _before_each(values: Floats, places: Codes, extreme: np.ufunc) -> Floats:
    """For each stretch the least (or greatest) value of all stretches before it; the first has none to be beyond."""
    if not len(values):
        return np.empty(0)
    each = extreme.reduceat(values, np.searchsorted(places, np.arange(places[-1] + 1)))
    widest = np.inf if extreme is np.maximum else -np.inf
    return np.concatenate([[widest], extreme.accumulate(each)[:-1]])


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return unwrapped(column).cast(pa.large_string())
