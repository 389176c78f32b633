"""What one column holds now that it did not hold in the reference, counted. Pure: columns in, counts out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.validation.columns import Floats, floats, missing, shown, unwrapped
from engine.validation.schema import type_word
from engine.validation.words import number

# A value this much of the reference's range beyond it is no longer the next extreme of the same world.
MARGIN = 0.10
_NAMED = 3
# The reference's newest fifth shows how many values its first four fifths had never seen.
_OLDER = 0.8
_NUMBERS = {"integer", "number", "decimal"}
_TIMES = {"date", "time", "time with zone"}


@dataclass(frozen=True)
class Found:
    """Rows of the current data and of the reference for which something holds, of how many."""

    count: int
    n: int
    reference_count: int
    reference_n: int
    words: str = ""
    values: tuple[str, ...] = ()


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


def infinite(was: pa.ChunkedArray, now: pa.ChunkedArray) -> Found:
    """Values that are no finite number. NaN counts as missing, as everywhere in the engine."""
    before, after = floats(was), floats(now)
    return Found(int(np.isinf(after).sum()), len(after), int(np.isinf(before).sum()), len(before))


def out_of_range(was: pa.ChunkedArray, now: pa.ChunkedArray) -> Found:
    """Finite values beyond the reference's least or greatest by more than a tenth of its range.

    In the reference's newest fifth every new extreme counts: a column that grows all the time goes on growing.
    """
    before, after = floats(was), floats(now)
    cut = int(_OLDER * len(before))
    low, high = _range(before)
    words = f"{number(low)} to {number(high)}" if low <= high else ""
    usual = _beyond(before[cut:], before[:cut], margin=0.0)
    return Found(_beyond(after, before, MARGIN), len(after), usual, len(before) - cut, words)


def unknown(was: pa.ChunkedArray, now: pa.ChunkedArray) -> Found:
    """Texts that the reference does not hold; ``values`` names the most frequent of them."""
    before, after = _text(was), _text(now)
    cut = int(_OLDER * len(before))
    new = _unseen(after, before)
    usual = len(_unseen(before.slice(cut), before.slice(0, cut)))
    counted = sorted(pc.value_counts(new).to_pylist(), key=lambda found: (-found["counts"], found["values"]))
    named = [shown(found["values"]) for found in counted[:_NAMED]]
    if len(counted) > _NAMED:
        named[-1] += f" and {len(counted) - _NAMED:,} more"
    return Found(len(new), len(after), usual, len(before) - cut, values=tuple(named))


def duplicates(table: pa.Table, key: Sequence[str]) -> int | None:
    """How many rows have a key that another row before them has; None where the columns cannot be compared."""
    if any(table.column_names.count(name) != 1 for name in key):
        return None
    columns = {str(place): unwrapped(table.column(name)) for place, name in enumerate(key)}
    keys = pa.table(columns).drop_null()
    try:
        return int(keys.num_rows - keys.group_by(list(columns)).aggregate([]).num_rows)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return None


def _whole(values: Floats) -> bool:
    finite = values[np.isfinite(values)]
    return bool((finite == np.floor(finite)).all())


def _range(values: Floats) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (float("inf"), float("-inf"))


def _beyond(values: Floats, known: Floats, margin: float) -> int:
    low, high = _range(known)
    if low > high:
        return 0
    reach = margin * (high - low)
    return int((np.isfinite(values) & ((values < low - reach) | (values > high + reach))).sum())


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return unwrapped(column).cast(pa.large_string())


def _unseen(column: pa.ChunkedArray, known: pa.ChunkedArray) -> pa.ChunkedArray:
    column = column.drop_null()
    return column.filter(pc.invert(pc.is_in(column, value_set=pc.unique(known))))
