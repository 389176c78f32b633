"""What a version's training data looked like, small enough to be kept with the version.

A profile holds, per column, its distinct values (or labels) with their counts, which is all that the statistics of
drift need. Beyond ``MOST_VALUES`` numbers or ``MOST_LABELS`` labels it holds fewer, and what is computed from it is
marked approximate. Infinite values are counted, and left out of the numbers: they have no mean and no distance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from engine.errors import Damage, Invalid
from engine.monitoring.look_parts import ColumnKind
from engine.validation.columns import Codes, Floats, codes, floats, is_number, is_time, shown, unwrapped

# empty: a column of the type null; unreadable: lists, structures and other values that have no order and no label.

MOST_VALUES = 200_000
# A distribution function known at this many of its points is wrong by 1/20,000 at most in between.
KEPT_POINTS = 20_000
MOST_LABELS = 5_000
LABEL_LENGTH = 200
BINS = 10
_FORMAT = b"leverframe profile 1"
_SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("kind", pa.string()),
        *((name, pa.int64()) for name in ("rows", "missing", "infinite")),
        ("values", pa.list_(pa.float64())),
        ("labels", pa.list_(pa.string())),
        ("counts", pa.list_(pa.int64())),
        *((name, pa.int64()) for name in ("others", "singles")),
        ("edges", pa.list_(pa.float64())),
        *((name, pa.float64()) for name in ("mean", "deviation")),
        ("approximate", pa.bool_()),
    ]
)


@dataclass(frozen=True, eq=False)
class ColumnProfile:
    """One column. ``counts`` holds the rows of each of ``values`` (ascending, finite) or ``labels`` (most first).

    ``edges``: upper bounds of the bins of numbers; the first lies below the smallest value, the last is the largest.
    ``others``: rows whose labels were not kept; ``singles``: rows whose label no other row has. ``mean`` and
    ``deviation`` (of the population) are in the column's unit, moments in microseconds, lengths of time in seconds;
    None where there is none.
    """

    name: str
    kind: ColumnKind
    rows: int
    missing: int
    infinite: int
    values: Floats
    labels: tuple[str, ...]
    counts: Codes
    others: int
    singles: int
    edges: Floats
    mean: float | None
    deviation: float | None
    approximate: bool

    @property
    def present(self) -> int:
        """Rows that have a value to compare."""
        return self.rows - self.missing - self.infinite


@dataclass(frozen=True, eq=False)
class Profile:
    """A table, column by column."""

    rows: int
    columns: tuple[ColumnProfile, ...]

    @property
    def approximate(self) -> bool:
        return any(column.approximate for column in self.columns)


def profile_of(table: pa.Table, columns: Sequence[str], *, exact: bool = False) -> Profile:
    """The profile of these columns. ``exact`` keeps every value and label, for a table that is used once.

    Raises Invalid when a column is not in the table, or is there twice, or holds text that is not UTF-8.
    """
    names = table.column_names
    for name in columns:
        if names.count(name) != 1:
            how = "is missing from" if name not in names else "is more than once in"
            raise Invalid(f"The column {shown(name)} {how} the table that is to be profiled.")
    return Profile(table.num_rows, tuple(_column(name, table.column(name), exact) for name in columns))


def to_bytes(profile: Profile) -> bytes:
    """The profile as an Arrow file, a row per column."""
    columns = [[getattr(column, name) for column in profile.columns] for name in _SCHEMA.names]
    arrays = [pa.array(values, type=field.type) for values, field in zip(columns, _SCHEMA, strict=True)]
    about = {b"format": _FORMAT, b"rows": str(profile.rows).encode()}
    table = pa.table(arrays, schema=_SCHEMA.with_metadata(about))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def from_bytes(content: bytes) -> Profile:
    """What ``to_bytes`` wrote. Raises Damage when it is anything else."""
    try:
        table = pa.ipc.open_file(pa.BufferReader(content)).read_all()
        about = table.schema.metadata or {}
        if about.get(b"format") != _FORMAT or not table.schema.equals(_SCHEMA):
            raise ValueError("it is of another format")
        table.validate(full=True)
        columns = tuple(_read(table.slice(row, 1)) for row in range(table.num_rows))
        profile = Profile(int(about[b"rows"]), columns)
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        raise Damage(f"The profile of the training data cannot be read ({shown(error)}); make it again.") from error
    return profile


def kind_of(column: pa.ChunkedArray) -> ColumnKind:
    """How the values of a column can be compared."""
    kind = unwrapped(column).type
    if is_moment(kind):
        return "time"
    if is_number(kind) or (is_time(kind) and not pa.types.is_interval(kind)):
        return "number"
    if pa.types.is_null(kind):
        return "empty"
    return "unreadable" if pa.types.is_nested(kind) else "category"


def is_moment(kind: pa.DataType) -> bool:
    """Whether values of this type are points in time; a length of time or a time of day is as good as a number."""
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _read(row: pa.Table) -> ColumnProfile:
    fields: dict[str, Any] = {}
    for name in _SCHEMA.names:
        value = row.column(name)[0]
        is_array = name in ("values", "counts", "edges")
        fields[name] = value.values.to_numpy(zero_copy_only=False) if is_array else value.as_py()
    column = ColumnProfile(**{**fields, "labels": tuple(fields["labels"])})
    held = len(column.values) if column.kind in ("number", "time") else len(column.labels)
    whole = column.present == column.counts.sum() + column.others or column.kind == "unreadable"
    if (
        column.kind not in get_args(ColumnKind)
        or held != len(column.counts)
        or not whole
        or np.any(column.values[1:] <= column.values[:-1])
    ):
        raise ValueError(f"what it says of {column.name} does not add up")
    return column


def _column(name: str, column: pa.ChunkedArray, exact: bool) -> ColumnProfile:
    kind = kind_of(column)
    if kind in ("number", "time"):
        return _numbers(name, kind, column, exact)
    if kind == "category":
        return _categories(name, column, exact)
    missing = column.null_count if kind == "unreadable" else len(column)
    nothing = np.empty(0)
    return ColumnProfile(
        name, kind, len(column), missing, 0, nothing, (), nothing.astype(np.int64), 0, 0, nothing, None, None, False
    )


def _numbers(name: str, kind: ColumnKind, column: pa.ChunkedArray, exact: bool) -> ColumnProfile:
    found = in_one_unit(column)
    finite = found[np.isfinite(found)]
    missing = int(np.isnan(found).sum()) if len(finite) < len(found) else 0
    finite.sort()
    starts = (
        np.flatnonzero(np.concatenate([[True], finite[1:] != finite[:-1]])) if len(finite) else np.empty(0, np.intp)
    )
    values = finite[starts]
    counts = np.diff(starts, append=len(finite)).astype(np.int64)
    mean, deviation = _moments(values, counts)
    edges = _edges(values, np.cumsum(counts))
    approximate = len(values) > MOST_VALUES and not exact
    if approximate:
        values, counts = _thinned(values, counts)
    infinite = len(found) - len(finite) - missing
    return ColumnProfile(
        name, kind, len(found), missing, infinite, values, (), counts, 0, 0, edges, mean, deviation, approximate
    )


def in_one_unit(column: pa.ChunkedArray) -> Floats:
    """Moments in microseconds, lengths in seconds: a column that is stored more finely has not moved."""
    column = unwrapped(column)
    kind = column.type
    if is_moment(kind):
        return floats(column.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False))
    if is_time(kind):
        per_second = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        return floats(column) / per_second
    return floats(column)


def _moments(values: Floats, counts: Codes) -> tuple[float | None, float | None]:
    if not len(values):
        return None, None
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float((values * counts).sum() / counts.sum())
        deviation = float(np.sqrt(((values - mean) ** 2 * counts).sum() / counts.sum()))
    return (mean if np.isfinite(mean) else None), (deviation if np.isfinite(deviation) else None)


def _edges(values: Floats, cumulative: Codes) -> Floats:
    """One bin per value where there are few, else tenths of the rows; and one below and one above all of them."""
    if not len(values):
        return np.empty(0)
    highest = values
    if len(values) > BINS:
        ranks = np.arange(1, BINS + 1) * (cumulative[-1] / BINS)
        highest = np.unique(values[np.minimum(np.searchsorted(cumulative, ranks), len(values) - 1)])
    return np.concatenate([[np.nextafter(values[0], -np.inf)], highest])


def _thinned(values: Floats, counts: Codes) -> tuple[Floats, Codes]:
    """Evenly spread points of the distribution function, each exact: a value stands for those since the one before."""
    cumulative = np.cumsum(counts)
    ranks = np.linspace(cumulative[0], cumulative[-1], KEPT_POINTS)
    kept = np.unique(np.minimum(np.searchsorted(cumulative, ranks), len(values) - 1))
    return values[kept], np.diff(cumulative[kept], prepend=0).astype(np.int64)


def _categories(name: str, column: pa.ChunkedArray, exact: bool) -> ColumnProfile:
    try:
        numbers, found = codes(column)
    except UnicodeDecodeError as error:
        raise Invalid(f"The column {shown(name)} holds text that is not UTF-8.") from error
    rows = np.bincount(numbers + 1, minlength=len(found) + 1).astype(np.int64)
    missing, rows = int(rows[0]), rows[1:]
    singles = int((rows == 1).sum())
    order = np.argsort(-rows, kind="stable")
    approximate = len(order) > MOST_LABELS and not exact
    kept = order[:MOST_LABELS] if approximate else order
    others = int(rows.sum() - rows[kept].sum())
    nothing = np.empty(0)
    labels = tuple(_kept(found[position]) for position in kept)
    return ColumnProfile(
        name, "category", len(numbers), missing, 0, nothing, labels, rows[kept], others, singles, nothing, None, None,
        approximate,
    )  # fmt: skip


def _kept(label: str) -> str:
    """A label, cut where it is long; what was cut off is told by its digest."""
    if len(label) <= LABEL_LENGTH:
        return label
    return f"{label[: LABEL_LENGTH // 2]}…{hashlib.sha256(label.encode('utf-8', 'replace')).hexdigest()[:16]}"
