"""When a row happened: the one reading of the time column, for every place that asks.

- Timestamps of any unit are moments; those without a zone are taken as UTC.
- A date is its first moment in UTC, as is a text that holds a date only.
- Text is read value by value (ISO 8601, with or without a zone; blank, NaT, None and the like say nothing), so that
  both kinds may stand in one column.
- Anything else is refused by name: a number does not say what it counts, a period not which of its moments it means.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from engine.errors import StepFailed
from engine.text import plain

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Moments = NDArray[np.int64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WAY = "let extract return dates or timestamps"
# What programs write where they have no time.
_NOTHING = ("", "NAT", "NAN", "NONE", "NULL", "NA", "N/A", "<NA>", "0000-00-00", "0000-00-00 00:00:00")
# Each is brought to the one form that Arrow reads; what is no time stays as it is and is refused. RE2.
_TIDY = (
    (r"\s+(?:UTC|GMT)$", "Z"),
    (r"^(\d{4})/(\d\d)/(\d\d)($|[T ])", r"\1-\2-\3\4"),
    (r"^(\d{4})(\d\d)(\d\d)($|[T ])", r"\1-\2-\3\4"),
    (r"^(\d{4}-\d\d-\d\d[T ])(\d\d)(\d\d)(\d\d)", r"\1\2:\3:\4"),
    (r"^(\S+[T ]\S+) ([+-]\d\d)", r"\1\2"),
    (r"(:\d\d)[.,](\d{1,6})\d*", r"\1.\2"),
)
_ZONED = r"^[^T ]+[T ].*(?:Z|[+-]\d\d(?::?\d\d)?)$"


def read_moments(table: pa.Table, name: str) -> tuple[Moments, Mask]:
    """Microseconds since 1970 in UTC of each row, 0 where it has no time, and which rows have one.

    Raises StepFailed, which names the column and says what it holds instead, unless all that it holds are times.
    """
    import pyarrow as pa

    place = table.column_names.index(name)
    column, about = table.column(place), table.schema.field(place).metadata or {}
    # With pandas loaded a period is an extension type, without it a number that says in its field what it was.
    if isinstance(column.type, pa.BaseExtensionType) or b"ARROW:extension:name" in about:
        written = getattr(column.type, "extension_name", "") or about[b"ARROW:extension:name"].decode()
        kind = written.rpartition(".")[2] or "values of their own kind"
        out = f"{_WAY}: its .dt.to_timestamp()" if kind == "period" else _WAY
        raise StepFailed(f"The time column '{plain(name, 60)}' holds {plain(kind, 40)}s, not times; {out}.")
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return _in_microseconds(_as_times(column, name), name)


def reach(moments: Moments, counted: Mask) -> tuple[datetime | None, datetime | None]:
    """The oldest and the newest of the moments that are ``counted``."""
    found = moments[counted]
    return (instant(int(found.min())), instant(int(found.max()))) if len(found) else (None, None)


def microseconds(moment: datetime) -> int:
    """``moment`` as rows have it; without a zone it is taken as UTC."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (moment - _EPOCH) // timedelta(microseconds=1)


def instant(moment: int) -> datetime | None:
    """The other way round; None for a moment beyond Python's calendar."""
    try:
        return _EPOCH + timedelta(microseconds=moment)
    except OverflowError:
        return None


def _as_times(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """The column as Arrow's timestamps, those of text in UTC."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from engine.validation.schema import type_word

    kind, is_a = column.type, pa.types
    if is_a.is_timestamp(kind):
        return column
    if pc.all(pc.is_null(column, nan_is_null=True)).as_py():
        return pa.chunked_array([pa.nulls(len(column), pa.timestamp("us"))])
    if is_a.is_date(kind):
        return column.cast(pa.date32(), safe=False)  # Some writers leave a time of day in the 64 bits of a date.
    if is_a.is_string(kind) or is_a.is_large_string(kind) or is_a.is_string_view(kind):
        return _parsed(column.cast(pa.large_string()), name)
    if is_a.is_integer(kind) or is_a.is_floating(kind) or is_a.is_decimal(kind):
        one = plain(str(column.drop_null()[0].as_py()), 40)
        raise StepFailed(
            f"The time column '{plain(name, 60)}' holds numbers, such as {one}, which do not say what they count; "
            f'{_WAY}, such as pandas.to_datetime(..., unit="s").'
        )
    raise StepFailed(f"The time column '{plain(name, 60)}' holds {type_word(kind)}, not times; {_WAY}.")


def _in_microseconds(column: pa.ChunkedArray, name: str) -> tuple[Moments, Mask]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    finer = pa.types.is_timestamp(column.type) and column.type.unit == "ns"
    try:
        # Only what is finer may lose something; of what is coarser a moment may be beyond what 64 bits hold.
        exact = column.cast(pa.timestamp("us", getattr(column.type, "tz", None)), safe=not finer).cast(pa.int64())
    except pa.ArrowInvalid:
        raise StepFailed(
            f"The time column '{plain(name, 60)}' holds a moment that no calendar has; {_WAY} up to the year 9999."
        ) from None
    valid = np.asarray(pc.is_valid(exact).to_numpy(), dtype=bool)
    return exact.fill_null(0).to_numpy(), valid


def _parsed(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Text as times in UTC, each different text once; Arrow reads text with zones and text without them only apart."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = pa.chunked_array(column.chunks, column.type).combine_chunks().dictionary_encode()
    tidied = pc.utf8_upper(pc.utf8_trim_whitespace(encoded.dictionary))
    tidied = pc.if_else(pc.is_in(tidied, pa.array(_NOTHING, tidied.type)), pa.scalar(None, tidied.type), tidied)
    for pattern, form in _TIDY:
        tidied = pc.replace_substring_regex(tidied, pattern, form)
    zoned = pc.fill_null(pc.match_substring_regex(tidied, _ZONED), False)
    nothing, utc = pa.scalar(None, tidied.type), pa.timestamp("us", "UTC")
    try:
        with_zone = pc.if_else(zoned, tidied, nothing).cast(utc)
        without = pc.if_else(zoned, nothing, tidied).cast(pa.timestamp("us")).cast(pa.int64()).cast(utc)
    except pa.ArrowInvalid:
        wrong = _unreadable(tidied, zoned)
        said = plain(encoded.dictionary[wrong].as_py(), 40)
        raise StepFailed(
            f"The time column '{plain(name, 60)}' holds text that is no time, such as '{said}'; write times like "
            f"2026-11-24 or 2026-11-24T03:00:00Z, or {_WAY}."
        ) from None
    return pa.chunked_array([pc.coalesce(with_zone, without).take(encoded.indices)])


def _unreadable(texts: pa.Array, zoned: pa.Array) -> int:
    """The place of one that is no time, by halves."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def is_well(start: int, length: int) -> bool:
        part, marked = texts.slice(start, length), zoned.slice(start, length)
        try:
            part.filter(marked).cast(pa.timestamp("us", "UTC"))
            part.filter(pc.invert(marked)).cast(pa.timestamp("us"))
        except pa.ArrowInvalid:
            return False
        return True

    start, length = 0, len(texts)
    while length > 1:
        half = length // 2
        start, length = (start, half) if not is_well(start, half) else (start + half, length - half)
    return start
