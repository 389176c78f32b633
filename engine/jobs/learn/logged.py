"""Rows that were asked for and that extract does not have yet: what was asked stands in for them. Pure.

A label that comes a minute after its answer finds no row where the source of the data is filled at night. The request
log has the features as the version was given them, and the key; the time of the row is when it was asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.clock import stamp
from engine.feedback.records import Key
from engine.feedback.rows import as_kind, key_of_values
from engine.vocabulary.log_columns import AT, FEATURE, KEY

if TYPE_CHECKING:
    import pyarrow as pa


def with_logged(
    table: pa.Table,
    logged: pa.Table,
    wanted: Mapping[Key, datetime],
    *,
    key: Sequence[str],
    time: str,
    features: Sequence[str],
) -> tuple[pa.Table, int]:
    """``table`` with a row for each key of ``wanted`` that is in the log, and how many these are.

    ``wanted``: keys that no row of the table has, each with when its label became known: of several answers to one key
    the newest of before that is taken. ``logged``: as ``requests.answers`` reads it, the oldest first. A row with a
    value that is none of its column's is left out.
    """
    import pyarrow as pa

    if not wanted or any(mark + name not in logged.column_names for mark, names in ((KEY, key), (FEATURE, features))
                         for name in names):  # fmt: skip
        return table, 0
    places: dict[Key, int] = {}
    times: list[datetime] = logged.column(AT).to_pylist()
    given = zip(*(logged.column(KEY + name).to_pylist() for name in key), strict=True)
    for place, whose in enumerate(given):
        asked = key_of_values(whose)
        if asked in wanted and asked is not None and (asked not in places or times[place] <= wanted[asked]):
            places[asked] = place
    taken = logged.take(pa.array(sorted(places.values()), pa.int64()))
    columns, fits = [], [True] * taken.num_rows
    for field in table.schema:
        values = _values(taken, field, key, time, features)
        found = [_as(value, field.type) for value in values]
        fits = [fit and (value is None or one is not None)
                for fit, value, one in zip(fits, values, found, strict=True)]  # fmt: skip
        columns.append(_column(found, field.type))
    rows = pa.table(columns, schema=table.schema.remove_metadata()).filter(pa.array(fits))
    return pa.concat_tables([table.replace_schema_metadata(None), rows]), rows.num_rows


def _values(
    taken: pa.Table, field: pa.Field, key: Sequence[str], time: str, features: Sequence[str]
) -> Sequence[Any]:
    """What the log knows of a column; nothing of one that is not asked for."""
    if field.name == time:
        return [_moment(at, field.type) for at in taken.column(AT).to_pylist()]
    for mark, names in ((KEY, key), (FEATURE, features)):
        if field.name in names:
            found: Sequence[Any] = taken.column(mark + field.name).to_pylist()
            return found
    return [None] * taken.num_rows


def _moment(at: datetime, kind: pa.DataType) -> Any:
    import pyarrow as pa

    if pa.types.is_timestamp(kind):
        return at if kind.tz else at.replace(tzinfo=None)
    return at.date() if pa.types.is_date(kind) else stamp(at)


def _as(value: Any, kind: pa.DataType) -> Any:
    """``value`` as one of ``kind``; None where it cannot be."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if value is None or pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _timely(value, kind)
    return as_kind(value, kind)


def _timely(value: Any, kind: pa.DataType) -> Any:
    import pyarrow as pa

    if value is None:
        return None
    try:
        return pa.scalar(value).cast(kind, safe=False).as_py()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError):
        return None


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if not pa.types.is_dictionary(kind):
        return pa.array(values, kind)
    told = pa.array(values, kind.value_type).dictionary_encode()
    return pa.DictionaryArray.from_arrays(told.indices.cast(kind.index_type), told.dictionary, ordered=kind.ordered)
