"""What the data looks like: types, gaps and categories; nothing that next week's first extreme value would break.

Types are spoken of by what they mean: an int32 and an int64 are both ``integer``, plain and dictionary-encoded text are
both ``text``. A column of floats that holds only whole numbers beside its gaps is marked ``whole``: that is what pandas
makes of integers when the first one is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from engine.json_records import read
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

CATEGORIES = 50
ROWS_PER_CATEGORY = 5
CATEGORY_LENGTH = 80
_NAME = 120
_SAMPLE = 5_000

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """``fail``: a model made for the reference cannot be trusted with it. ``warn``: worth a look."""

    severity: Literal["fail", "warn"]
    words: str


def infer_schema(table: pa.Table, sensitive: Collection[str] = ()) -> dict[str, Any]:
    """``{"columns": [{"name", "type", "nullable", "whole"?, "categories"?}]}``, JSON-able.

    Values of ``sensitive`` columns are never listed.
    """
    return {
        "columns": [
            _column(name, column, name in sensitive)
            for name, column in zip(table.column_names, table.columns, strict=True)
        ]
    }


@dataclass(frozen=True)
class _Column:
    name: str
    type: str
    nullable: bool
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Columns:
    columns: tuple[_Column, ...]


def check_form(schema: Schema) -> None:
    """Raise Damage for one that ``infer_schema`` never made: whoever compares two of them asks it for names."""
    read(_Columns, schema, "The schema of its data")


def differences(reference: Schema, current: Schema) -> tuple[Difference, ...]:
    """Lost columns, changed types, new columns (these fail), then gaps and categories (these warn)."""
    before = {str(column["name"]): column for column in reference["columns"]}
    after = {str(column["name"]): column for column in current["columns"]}
    found = [Difference("fail", f"column '{name}' is gone") for name in before if name not in after]
    shared = [(name, before[name], after[name]) for name in before if name in after]
    found += [
        Difference("fail", f"column '{name}' was {old['type']} and is {new['type']}")
        for name, old, new in shared
        if not _same_type(old, new)
    ]
    found += [Difference("fail", f"column '{name}' is new") for name in after if name not in before]
    found += [
        Difference("warn", f"column '{name}' has missing values, which it had not")
        for name, old, new in shared
        if new["nullable"] and not old["nullable"] and _same_type(old, new)
    ]
    for name, old, new in shared:
        known = old.get("categories")
        if known is None or not _same_type(old, new):
            continue
        if "categories" not in new:
            found.append(Difference("warn", f"column '{name}' has many more values than the {len(known)} it had"))
        elif added := sorted(set(new["categories"]) - set(known)):
            more = f" and {len(added) - 3} more" if len(added) > 3 else ""
            found.append(Difference("warn", f"column '{name}' has new values: {', '.join(added[:3])}{more}"))
    return tuple(found)


def type_in(schema: Schema, column: str) -> str | None:
    """What the column's type means, in a word; None where it is not there."""
    return next((str(each["type"]) for each in schema["columns"] if each["name"] == plain(column, _NAME)), None)


def compare_schema(reference: Schema, current: Schema) -> tuple[str, ...]:
    """The differences in words, the worst first; () when a model sees what it was made for."""
    return tuple(difference.words for difference in differences(reference, current))


def _same_type(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    if old["type"] == new["type"]:
        return True
    pair = {old["type"]: old, new["type"]: new}
    return set(pair) == {"integer", "number"} and bool(pair["number"].get("whole"))


def _column(name: str, column: pa.ChunkedArray, sensitive: bool) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    while isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    word = type_word(kind)
    gaps = column.null_count
    if word == "number" and pa.types.is_floating(kind) and not pa.types.is_dictionary(column.type):
        gaps = pc.sum(pc.is_null(column, nan_is_null=True)).as_py() or 0
    described: dict[str, Any] = {"name": plain(name, _NAME), "type": word, "nullable": gaps > 0}
    if word == "number" and 0 < gaps < len(column) and _is_whole(column):
        described["whole"] = True
    if word == "text" and not sensitive:
        categories = _categories(column)
        if categories is not None:
            described["categories"] = categories
    return described


def type_word(kind: pa.DataType) -> str:
    """What a type means, in one word."""
    import pyarrow as pa

    is_a = pa.types
    words = (
        ("empty", is_a.is_null),
        ("yes/no", is_a.is_boolean),
        ("integer", is_a.is_integer),
        ("number", is_a.is_floating),
        ("decimal", is_a.is_decimal),
        ("date", is_a.is_date),
        ("time of day", is_a.is_time),
        ("duration", is_a.is_duration),
        ("text", is_a.is_string),
        ("text", is_a.is_large_string),
        ("text", is_a.is_string_view),
    )
    if is_a.is_timestamp(kind):
        return "time with zone" if kind.tz else "time"
    return next((word for word, test in words if test(kind)), plain(str(kind), 80))


def _is_whole(column: pa.ChunkedArray) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_floating(column.type):
        return False
    parts = pc.equal(column, pc.floor(column))
    return bool(pc.all(pc.fill_null(pc.or_(parts, pc.is_nan(column)), True)).as_py())


def _categories(column: pa.ChunkedArray) -> list[str] | None:
    """The different values, sorted, when they are few and short and repeat; None for free text, names, keys."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    # Keys and free text show themselves in the first rows; hashing all of a long column for them would be a waste.
    if len(column) > _SAMPLE and pc.count_distinct(column.slice(0, _SAMPLE)).as_py() > CATEGORIES:
        return None
    values = [value for value in pc.unique(column).to_pylist() if value is not None]
    if not values or len(values) > CATEGORIES or len(values) * ROWS_PER_CATEGORY > len(column) - column.null_count:
        return None
    if any(len(value) > CATEGORY_LENGTH for value in values):
        return None
    return sorted({plain(value, CATEGORY_LENGTH) for value in values})
