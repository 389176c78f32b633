"""Rows of feedback out of records that a client or a file has, and as lines of JSON that the store keeps."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from engine.clock import moment, stamp
from engine.errors import Damage, Invalid
from engine.feedback.records import FeedbackRow, Key, Scalar
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

# Of one batch; what is larger is sent in several.
MOST = 1_000_000
LONGEST = 200
LABEL, TIME = "label", "time"


def from_records(
    records: Sequence[Mapping[str, Any]], key: Sequence[str], target: str, at: datetime
) -> tuple[FeedbackRow, ...]:
    """Rows out of ``{key columns, label, time}``; the label may also be called as the ``target`` is.

    Without a time it is known since ``at``. Raises Invalid that names the first row, its column and what is wrong:
    also for a column that is none of these, which somebody meant to be something.
    """
    if not key:
        raise Invalid("The project names no [data] key, so nobody can tell which row a label is of; name one there.")
    if not records:
        raise Invalid("There are no rows in it; send at least one.")
    if len(records) > MOST:
        raise Invalid(f"It has {len(records):,} rows; send at most {MOST:,} at once.")
    return tuple(_row(number, record, key, target, at) for number, record in enumerate(records, 1))


def _row(number: int, record: Mapping[str, Any], key: Sequence[str], target: str, at: datetime) -> FeedbackRow:
    if not isinstance(record, Mapping):
        raise Invalid(f"Row {number} is no record of {', '.join([*key, LABEL])}.")
    known = {*key, target, LABEL, TIME}
    for name in record:
        if name not in known:
            takes = ", ".join([*key, LABEL, TIME])
            raise Invalid(f"Row {number} has a column '{plain(str(name), 60)}'; it takes {takes}.")
    if LABEL in record and target in record and LABEL not in (target, *key):
        raise Invalid(f"Row {number} has '{LABEL}' and '{plain(target, 60)}', which are the same; leave one out.")
    said = target if target in record else LABEL
    time = record.get(TIME) if TIME not in key else None
    return FeedbackRow(
        key=tuple(_value(number, name, record.get(name)) for name in key),
        label=_value(number, said, record.get(said)),
        time=at if time is None else _time(number, time),
    )


def _value(number: int, name: str, value: Any) -> Scalar:
    if isinstance(value, datetime):
        value = stamp(value if value.tzinfo else value.replace(tzinfo=UTC))
    if value is None or (isinstance(value, float) and not math.isfinite(value)) or value == "":
        raise Invalid(f"Row {number} has no value in '{plain(name, 60)}'; give it one, or leave the row out.")
    if not isinstance(value, str | int | float | bool):
        raise Invalid(f"Row {number} has no plain value in '{plain(name, 60)}': a text, a number, or yes or no.")
    where = f"Row {number} has a value in '{plain(name, 60)}'"
    if isinstance(value, str) and len(value) > LONGEST:
        raise Invalid(f"{where} that is too long; keep it under {LONGEST} signs.")
    if not isinstance(value, str) and abs(value) >= 2**63:
        raise Invalid(f"{where} that is out of range; a number has at most 63 bits, or is written as a text.")
    return value


def _time(number: int, value: Any) -> datetime:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    try:
        return moment(value)
    except (Invalid, TypeError, AttributeError):
        raise Invalid(
            f"Row {number} has no time in '{TIME}' ({plain(str(value), 40)}); write it like 2026-11-03T14:00:00Z."
        ) from None


def written(value: Scalar) -> str:
    """A value as it is compared: 7, 7.0 and "7" are one, as they are to a database that was asked for either. Pure."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def key_of(row: FeedbackRow) -> Key:
    """What tells which row it is about."""
    return tuple(map(written, row.key))


def key_of_values(values: Sequence[Any]) -> Key | None:
    """The key that a row's values make, as ``key_of`` writes it; None where one of them is missing. Pure."""
    found = tuple(_written(value) for value in values)
    return None if None in found else tuple(map(str, found))


def _written(value: Any) -> str | None:
    if value is None or value != value:
        return None
    return stamp(value) if isinstance(value, datetime) else written(value)


def as_kind(label: Scalar, kind: pa.DataType) -> Any:
    """``label`` as a value of ``kind``; None where it cannot be one. Pure."""
    import pyarrow as pa

    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return written(label)
    if pa.types.is_boolean(kind):
        return {"0": False, "1": True, "false": False, "true": True}.get(written(label).lower())
    try:
        return pa.scalar(int(label) if isinstance(label, bool) else label).cast(kind).as_py()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def encoded(rows: Iterable[FeedbackRow]) -> bytes:
    """The rows as the store keeps them: a line each."""
    lines = (json.dumps([list(row.key), row.label, stamp(row.time)], ensure_ascii=False) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def decoded(content: bytes, batch: int) -> tuple[FeedbackRow, ...]:
    """The rows of a batch. Raises Damage where they are none."""
    try:
        # Of a text, what other scripts have for the end of a line would be one, too; it may stand in a key.
        found = (json.loads(line) for line in content.splitlines())
        return tuple(FeedbackRow(tuple(key), label, moment(time)) for key, label, time in found)
    except (ValueError, TypeError, Invalid):
        raise Damage(f"The rows of feedback {batch} cannot be read; bring the store back from a backup.") from None
