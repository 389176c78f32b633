"""The parts that a table falls into by its columns, and the rows of a part. Pure.

A condition holds nothing but what may be shown: a value's text made safe, or the ends of a range. Rows are found again
by the same text, so a condition can be stored, read back and asked for later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from engine.errors import Invalid
from engine.monitoring.look_parts import Condition
from engine.validation.columns import (
    MISSING,
    Codes,
    Floats,
    codes,
    floats,
    is_number,
    is_time,
    missing,
    shown,
    unwrapped,
)
from engine.validation.segments import parts_of

PRESENT = "(any value)"
_RANGES, _MOST_NUMBERS = 5, 24


@dataclass(frozen=True)
class SlicePart:
    """``rows`` (rising positions) for which all conditions hold."""

    conditions: tuple[Condition, ...]
    rows: Codes


def parts_of_column(
    name: str, column: pa.ChunkedArray, edges: Sequence[float] | None = None
) -> tuple[list[SlicePart], int]:
    """The parts of one column, the largest first, and how many values were left out.

    Times, and numbers with more than 24 values (the hours of a day), become five ranges with equally many rows, numbers
    at edges of four digits; ``edges`` (the inner ones) asks for others. Lists and structures have no parts.
    """
    kind = unwrapped(column).type
    countable = (is_number(kind) and not pa.types.is_boolean(kind)) or is_time(kind)
    values = floats(column) if countable else np.empty(0)
    if pa.types.is_nested(kind) or pa.types.is_interval(kind):
        return [], 0
    if countable and (edges is not None or is_time(kind) or len(np.unique(values)) > _MOST_NUMBERS):
        inner = _edges(values, exact=is_time(kind)) if edges is None else np.unique(np.asarray(edges, dtype=np.float64))
        return _ranges(name, values, inner, pa.types.is_temporal(kind) and kind), 0
    found, left_out = parts_of(name, column)
    return [SlicePart((Condition(part.column, part.value),), np.sort(part.rows)) for part in found], left_out


def rows_of(table: pa.Table, conditions: Sequence[Condition]) -> Codes:
    """Positions of the rows of ``table`` for which every condition holds, rising.

    Raises Invalid when the table has no column of that name any more.
    """
    held = np.ones(table.num_rows, dtype=bool)
    for condition in conditions:
        found = [index for index, name in enumerate(table.column_names) if shown(name) == condition.column]
        if not found:
            raise Invalid(f"There is no column {condition.column} in these rows any more; choose another slice.")
        held &= _holds(table.column(found[0]), condition)
    return np.flatnonzero(held)


def crossed(parent: SlicePart, parts: Sequence[SlicePart], least: int) -> list[SlicePart]:
    """``parent`` with every part of another column, where at least ``least`` rows share both; largest first.

    A cell that is all but a few rows of the parent says nothing new.
    """
    columns = {condition.column for condition in parent.conditions}
    found = []
    for other in parts:
        if columns & {condition.column for condition in other.conditions}:
            continue
        rows = np.intersect1d(parent.rows, other.rows, assume_unique=True)
        if least <= len(rows) <= len(parent.rows) - least:
            found.append(SlicePart((*parent.conditions, *other.conditions), rows))
    return sorted(found, key=lambda part: -len(part.rows))


def _holds(column: pa.ChunkedArray, condition: Condition) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if condition.value in (MISSING, PRESENT):
        return np.asarray(missing(column) == (condition.value == MISSING))
    if condition.low is not None or condition.high is not None:
        values = floats(column)
        low = -np.inf if condition.low is None else condition.low
        return np.asarray(
            (values >= low) & ((values < condition.high) if condition.high is not None else ~np.isnan(values))
        )
    numbers, names = codes(column)
    wanted = np.array([*(shown(name) == condition.value for name in names), False], dtype=bool)
    return wanted[numbers]


def _edges(values: Floats, *, exact: bool) -> Floats:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.empty(0)
    inner = np.quantile(finite, np.linspace(0, 1, _RANGES + 1)[1:-1], method="nearest")
    if not exact:
        inner = np.array([float(f"{edge:.4g}") for edge in inner])
    return np.unique(inner[inner > finite.min()])


def _ranges(name: str, values: Floats, inner: Floats, times: pa.DataType | bool) -> list[SlicePart]:
    """A part per range and one for what is missing; the outer ranges have no end, for rows that are still to come."""
    bins = np.where(np.isnan(values), -1, np.searchsorted(inner, values, side="right"))
    found = []
    for place in range(-1, len(inner) + 1):
        rows = np.flatnonzero(bins == place)
        if not len(rows):
            continue
        low = float(inner[place - 1]) if place > 0 else None
        high = float(inner[place]) if 0 <= place < len(inner) else None
        value = MISSING if place < 0 else _words(low, high, times)
        found.append(SlicePart((Condition(shown(name), value, low, high),), rows))
    return sorted(found, key=lambda part: -len(part.rows))


def _words(low: float | None, high: float | None, times: pa.DataType | bool) -> str:
    ends = [None if end is None else _end(end, times) for end in (low, high)]
    if ends[0] is None:
        return f"below {ends[1]}" if ends[1] is not None else PRESENT
    return f"from {ends[0]}" if ends[1] is None else f"{ends[0]} to {ends[1]}"


def _end(end: float, times: pa.DataType | bool) -> str:
    if isinstance(times, pa.DataType):
        try:
            kind = pa.timestamp(times.unit) if pa.types.is_timestamp(times) else times
            moment = pa.scalar(int(end), pa.int32() if times.bit_width == 32 else pa.int64()).cast(kind)
            return shown(moment.cast(pa.string()).as_py())
        except pa.ArrowException:
            pass  # lengths of time have no text of their own: their number has to do
    return f"{end:.6g}"
