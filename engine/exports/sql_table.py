"""The table that an exported query reads: its name, its key, its columns by dialect. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from engine.exports.records import Input

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "features"
_TYPES: Mapping[str, Mapping[str, str]] = {
    "duckdb": {"double": "DOUBLE", "int64": "BIGINT", "string": "VARCHAR"},
    "sqlite": {"double": "REAL", "int64": "INTEGER", "string": "TEXT"},
    "postgresql": {"double": "DOUBLE PRECISION", "int64": "BIGINT", "string": "TEXT"},
}


def key_of(features: Iterable[str]) -> str:
    """The column that tells rows apart: ``row_id``, or one that no feature is called."""
    taken = {name.lower() for name in features}
    key = "row_id"
    while key in taken:
        key = f"{key}_"
    return key


def create(inputs: Iterable[Input], features: Iterable[str], dialect: str) -> str:
    """The statement that makes the table."""
    types = _TYPES[dialect]
    columns = [f"{quoted(key_of(features))} {types['int64']}"]
    columns += [f"{quoted(each.name)} {types[each.type]}" for each in inputs]
    return f"CREATE TABLE {quoted(TABLE)} ({', '.join(columns)})"


def quoted(name: str) -> str:
    """``name`` as every dialect takes it for a name."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def with_key(rows: pa.Table, features: Iterable[str]) -> pa.Table:
    """``rows`` with their numbers in front."""
    import numpy as np
    import pyarrow as pa

    return rows.add_column(0, key_of(features), pa.array(np.arange(rows.num_rows)))
