"""Columns of an Arrow table as the arrays that validation counts with. Nothing here knows pandas.

A category is spoken of by its text, cut short: a value of a megabyte is a megabyte in the data, not in a log.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.text import plain

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]

NAME_LENGTH = 60
MISSING = "(missing)"


def unwrapped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """``column`` without dictionary encoding and without an extension type around it."""
    while isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column


def column_or_none(table: pa.Table, name: str) -> pa.ChunkedArray | None:
    """The first column called ``name``; None when there is none."""
    return next((table.column(i) for i, held in enumerate(table.column_names) if held == name), None)


def is_number(kind: pa.DataType) -> bool:
    """Whether values of this type can be ordered and counted with: integers, floats, decimals, yes and no."""
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return any(test(kind) for test in tests)


def is_time(kind: pa.DataType) -> bool:
    """Whether values of this type are moments, days or lengths of time."""
    return bool(pa.types.is_temporal(kind))


def is_text(kind: pa.DataType) -> bool:
    """Whether values of this type are text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def floats(column: pa.ChunkedArray) -> Floats:
    """Numbers and times as float64, missing as NaN; anything else is NaN throughout."""
    column = unwrapped(column)
    kind = column.type
    if is_time(kind) and not pa.types.is_interval(kind):
        column = column.cast(pa.int64() if kind.bit_width == 64 else pa.int32())
    elif pa.types.is_decimal(kind):
        column = column.cast(pa.float64(), safe=False)
    elif not is_number(kind):
        return np.full(len(column), np.nan)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if column.type != pa.float64():
        column = column.cast(pa.float64(), safe=False)
    return np.array(column.to_numpy(), dtype=np.float64)


def missing(column: pa.ChunkedArray) -> Mask:
    """True where there is no value: null, or a float that is not a number."""
    column = unwrapped(column)
    if pa.types.is_null(column.type):
        return np.ones(len(column), dtype=bool)
    return np.array(pc.is_null(column, nan_is_null=True).to_numpy(), dtype=bool)


def label(value: Any) -> str:
    """How a class is written in ``p_<class>``, gates and screens; 1.0 of a column with gaps is the class 1."""
    if isinstance(value, Decimal):
        # The scale is the column's, not the value's.
        value = int(value) if value == value.to_integral_value() else value.normalize()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def codes(column: pa.ChunkedArray) -> tuple[Codes, list[str]]:
    """A number per row for each different value, and the values as labels; missing is -1.

    Values whose labels are equal (1 and 1.0) are one value. A float of 32 bits is labelled with the digits that it has.
    """
    column = unwrapped(column)
    if pa.types.is_nested(column.type) or pa.types.is_null(column.type):
        return np.full(len(column), -1, dtype=np.int64), []
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())  # Arrow cannot tell values of 16 bits apart
    encoded = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    encoded = encoded.dictionary_encode()
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    values = _values(encoded.dictionary)
    names: dict[str, int] = {}
    into = np.empty(len(values) + 1, dtype=np.int64)
    for position, value in enumerate(values):
        gap = value is None or (isinstance(value, float) and value != value)
        into[position] = -1 if gap else names.setdefault(label(value), len(names))
    into[-1] = -1
    return into[indices], list(names)


def _values(distinct: pa.Array) -> list[Any]:
    if pa.types.is_float32(distinct.type):
        # Not 0.10000000149011612 for the 0.1 that was rounded to 32 bits.
        return [float(str(value)) for value in distinct.to_numpy(zero_copy_only=False)]
    values: list[Any] = distinct.to_pylist()
    return values


def shown(value: object) -> str:
    """A name or value from the data, fit for a sentence."""
    text = plain(str(value)[: 8 * NAME_LENGTH], NAME_LENGTH)
    return text or "''"


def listed(names: Sequence[object], most: int = 5) -> str:
    """``a, b, c and 4 more``."""
    head = ", ".join(shown(name) for name in names[:most])
    return f"{head} and {len(names) - most:,} more" if len(names) > most else head
