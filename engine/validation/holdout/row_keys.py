"""Whether the columns of ``[data] key`` do what they are named for: tell a row from every other. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from engine.records import Gate
from engine.validation.columns import listed, shown, unwrapped
from engine.validation.words import count
from engine.vocabulary.gates import name_of

# From this share of rows on that repeat a key, nothing can be said of rows that come twice.
REPEATED = 0.001


def duplicates(table: pa.Table, key: Sequence[str]) -> int | None:
    """How many rows have a key that another row before them has; None where the columns cannot be compared."""
    found = _counted(table, key)
    return None if found is None else found[0] - found[1]


def rows_told_apart(table: pa.Table, key: Sequence[str], time: str | None) -> Gate | None:
    """A warning where rows share a key or have none, with the way out; None where all is well, or no key is named."""
    found = _counted(table, key) if key else None
    if found is None or found == (table.num_rows, table.num_rows):
        return None
    (present, different), rows = found, table.num_rows
    named = f"{listed(key)} do" if len(key) > 1 else f"'{shown(key[0])}' does"
    without = f", {count(rows - present, 'row')} without one" if present < rows else ""
    said = f"{named} not tell rows apart ({rows:,} rows, {count(different, 'value')}{without})"
    way = f"name in [data] key the columns that do{_together(table, key, time)}"
    if rows - different <= rows * REPEATED:
        way = "let extract return each row once, with its key"
    numbers = {"rows": rows, "repeated": present - different, "without": rows - present}
    return Gate(name_of("key"), "key", "warn", f"{said}; {way}.", numbers)


def _counted(table: pa.Table, key: Sequence[str]) -> tuple[int, int] | None:
    """How many rows have a key, and how many different ones there are."""
    if any(table.column_names.count(name) != 1 for name in key):
        return None
    columns = {str(place): unwrapped(table.column(name)) for place, name in enumerate(key)}
    keys = pa.table(columns).drop_null()
    try:
        return keys.num_rows, different(keys)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return None


def different(keys: pa.Table) -> int:
    """How many different rows ``keys`` has, without nulls in it. Each value is numbered, and then each pair of numbers:
    to group half a million texts takes 0.7 s of CPU, this 0.06."""
    import pyarrow.compute as pc

    first, *others = map(_numbered, keys.columns)
    for numbers, most in others:
        # Below the square of the number of rows.
        first = _numbered(pc.add(pc.multiply(first[0], most), numbers))
    return first[1]


def _numbered(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int]:
    """A number for each value of ``column``, and how many there are."""
    # Unwrapped: a column that is encoded already may have another dictionary in each chunk.
    chunks = unwrapped(column).dictionary_encode().chunks
    numbers = pa.chunked_array([each.indices.cast(pa.int64()) for each in chunks], pa.int64())
    return numbers, len(chunks[0].dictionary) if chunks else 0


def _together(table: pa.Table, key: Sequence[str], time: str | None) -> str:
    """With the time the key is often whole: a customer, and when."""
    if time is None or time in key or _counted(table, [*key, time]) != (table.num_rows, table.num_rows):
        return ""
    return f", such as {listed(key)} and {shown(time)} together"
