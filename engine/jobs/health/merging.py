"""Rows that a look already knew, and what extract says is new or changed since: the table that all of extract would be.

A row whose key is known replaces the former. Rows are in the order of their time and key, whichever way they came, so
that what is drawn by chance from them is the same. Where the two do not fit together surely, nothing is merged: Unfit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.runs.steps.tables import types_of
from engine.text import plain

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Places = NDArray[np.int64]
    Mask = NDArray[np.bool_]

# Beside the columns of the project: what the live version said of the row, what the one before did, whether it was
# asked.
SAID, BEFORE, SCORED = "(said) ", "(before) ", "(scored)"


class Unfit(Exception):
    """Why what is new cannot be merged, so that everything has to be asked for again."""


def own_columns(table: pa.Table) -> list[str]:
    """The project's columns of a table that is kept."""
    return [name for name in table.column_names if not name.startswith((SAID, BEFORE)) and name != SCORED]


def fitted(fresh: pa.Table, kept: pa.Table, hidden: Mapping[str, str]) -> pa.Table:
    """``fresh`` in the columns and types of ``kept``, without those in ``hidden`` (sensitive: name and type).

    A few rows may look narrower than all of them: whole numbers where there are gaps elsewhere, nothing at all. Raises
    Unfit for anything else: what all rows together are like, only all rows tell.
    """
    import pyarrow as pa

    names = own_columns(kept)
    seen = {field.name: str(field.type) for field in fresh.schema}
    if set(seen) != {*names, *hidden} or len(seen) != fresh.num_columns:
        raise Unfit("what is new has other columns")
    if any(seen[name] not in (kind, "null") for name, kind in hidden.items()):
        raise Unfit("what is new has columns of other types")
    types, told = types_of(kept), types_of(fresh)
    columns = []
    for name in names:
        column, kind = fresh.column(name), kept.schema.field(name).type
        nothing = pa.types.is_null(column.type)
        if not nothing and told.get(name) != types.get(name):
            raise Unfit("what is new has columns of other types")
        if column.type != kind:
            if not (nothing or _narrower(column.type, kind)):
                raise Unfit("what is new has columns of other types")
            try:
                column = column.cast(kind)
            except pa.ArrowException:
                raise Unfit("what is new has columns of other types") from None
        columns.append(column)
    schema = pa.schema([kept.schema.field(name) for name in names], metadata=kept.schema.metadata)
    return pa.table(columns, schema=schema)


def _narrower(kind: pa.DataType, than: pa.DataType) -> bool:
    import pyarrow as pa

    whole = pa.types.is_integer(kind)
    if whole and pa.types.is_integer(than):
        return bool(kind.bit_width <= than.bit_width)
    return bool(whole and pa.types.is_float64(than))


def merged(kept: pa.Table, fresh: pa.Table, key: Sequence[str]) -> pa.Table:
    """``kept`` without the rows whose key ``fresh`` has, and all of ``fresh``, of which nothing was said yet. Raises
    Unfit where keys cannot be compared, or a row has none."""
    import pyarrow as pa

    from engine.validation.columns import missing

    if any(bool(missing(fresh.column(name)).any()) for name in key):
        raise Unfit("rows without a key are new")
    stay = kept.filter(pa.array(~known(kept, fresh, key)))
    more = [pa.nulls(fresh.num_rows, field.type) for field in list(kept.schema)[fresh.num_columns :]]
    return pa.concat_tables([stay, pa.table([*fresh.columns, *more], schema=kept.schema)])


def known(table: pa.Table, others: pa.Table, key: Sequence[str]) -> Mask:
    """Which rows of ``table`` have a key that a row of ``others`` has. Raises Unfit where keys cannot be compared."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from engine.validation.columns import unwrapped

    found = np.ones(table.num_rows, dtype=bool)
    try:
        for name in key:
            values = pc.unique(unwrapped(others.column(name)))
            found &= np.asarray(pc.is_in(unwrapped(table.column(name)), value_set=values).to_numpy(), dtype=bool)
    except pa.ArrowException:
        raise Unfit("its keys cannot be compared") from None
    if len(key) > 1 and found.any():
        places = np.flatnonzero(found)
        theirs = set(_tuples(others, key))
        found[places] = [each in theirs for each in _tuples(table.take(pa.array(places)), key)]
    return found


def _tuples(table: pa.Table, key: Sequence[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(table.column(name).to_pylist() for name in key), strict=True))


def places(table: pa.Table, time: str, key: Sequence[str], boundary: str | None) -> Places:
    """The rows of ``table`` that are later than ``boundary`` or have no time, by key: a stable sort by time then leaves
    one order. Raises Unfit where a key has none."""
    import numpy as np
    import pyarrow as pa

    from engine.clock import moment
    from engine.validation.columns import unwrapped
    from engine.validation.event_times import microseconds, read_moments

    moments, dated = read_moments(table, time)
    after = -(2**63) if boundary is None else microseconds(moment(boundary))
    chosen = np.flatnonzero(~dated | (moments > after))
    by = {str(place): unwrapped(table.column(name)).take(pa.array(chosen)) for place, name in enumerate(key)}
    try:
        order = pa.compute.sort_indices(pa.table(by), sort_keys=[(name, "ascending") for name in by])
    except pa.ArrowException:
        raise Unfit("its keys have no order") from None
    ordered: Places = chosen[order.to_numpy()]
    return ordered


@dataclass(frozen=True)
class Difference:
    """What merging came to and what all of extract is: rows that it lacks, that it has too many, that are otherwise."""

    lacking: int = 0
    beyond: int = 0
    otherwise: int = 0
    rows: int = 0
    columns: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lacking or self.beyond or self.otherwise)

    @property
    def words(self) -> str:
        """``lacks 37 of 1,204 rows, has 2 in another state (late)``."""
        named = ", ".join(plain(name, 60) for name in self.columns[:3])
        said = [
            f"lacks {self.lacking:,} of {self.rows:,} rows" if self.lacking else "",
            f"has {self.otherwise:,} in another state ({named})" if self.otherwise else "",
            f"has {self.beyond:,} that are not there any more" if self.beyond else "",
        ]
        return ", ".join(each for each in said if each)


def difference(all_rows: pa.Table, merged: pa.Table, newest: pa.Table, key: Sequence[str]) -> Difference:
    """How ``merged`` differs from ``all_rows``, in the columns of ``all_rows``, but for rows that ``newest``, what was
    asked for last, has: these may have come or changed in between."""
    import numpy as np
    import pyarrow as pa

    names = all_rows.column_names
    late = known(all_rows, newest, key) if newest.num_rows else np.zeros(all_rows.num_rows, dtype=bool)
    there = known(all_rows, merged, key)
    both = pa.array(there & ~late)
    ours = known(merged, all_rows, key)
    beyond = ours | (known(merged, newest, key) if newest.num_rows else False)
    one, other = all_rows.filter(both), merged.select(names).filter(pa.array(ours))
    if newest.num_rows:
        other = other.filter(pa.array(~known(other, newest, key)))
    changed, columns = _unlike(_by_key(one, key), _by_key(other, key))
    return Difference(int((~there).sum()), int((~beyond).sum()), changed, all_rows.num_rows, columns)


def since_differs(now: pa.Table, before: pa.Table, new: pa.Table, time: str, key: Sequence[str]) -> Difference:
    """How all rows that were there ``before``, with those that are ``new`` since, differ from all of ``now``. Rows that
    are older than all of these have left a window that goes along. Raises Unfit where they cannot be put together."""
    import pyarrow as pa

    from engine.validation.event_times import read_moments

    ours = fitted(before, now, {})
    ours = merged(ours, fitted(new, now, {}), key) if new.num_rows else ours
    (theirs, placed), (moments, dated) = (read_moments(table, time) for table in (now, ours))
    oldest = theirs[placed].min() if placed.any() else 0
    return difference(now, ours.filter(pa.array(~dated | (moments >= oldest))), now.slice(0, 0), key)


def _by_key(table: pa.Table, key: Sequence[str]) -> pa.Table:
    return table.sort_by([(name, "ascending") for name in key])


def _unlike(one: pa.Table, other: pa.Table) -> tuple[int, tuple[str, ...]]:
    """How many rows differ, place by place, and in which columns."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from engine.validation.columns import missing, unwrapped

    rows = min(one.num_rows, other.num_rows)
    unlike, columns = np.zeros(rows, dtype=bool), []
    for name in one.column_names:
        a, b = (unwrapped(side.column(name)).slice(0, rows) for side in (one, other))
        gaps = [missing(side) for side in (a, b)]
        try:
            same = np.asarray(pc.equal(a, b).fill_null(False).to_numpy(), dtype=bool)
        except pa.ArrowException:
            same = np.array([str(x) == str(y) for x, y in zip(a.to_pylist(), b.to_pylist(), strict=True)])
        found = ~(same | (gaps[0] & gaps[1]))
        if found.any():
            columns.append(name)
            unlike |= found
    return int(unlike.sum()) + abs(one.num_rows - other.num_rows), tuple(columns)
