"""Rows as tables and back: of the types that a version learnt its features as, by its golden rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import Damage, StepFailed
from engine.scoring.ready import Value
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.storage.objects import ObjectStore, Stored
    from engine.versions.records import VersionDocument


@dataclass(frozen=True)
class RowTable:
    """``like``: features of the version in its own types, some rows of them; ``outputs``: the columns of an answer."""

    like: pa.Table
    outputs: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(self.like.column_names)

    def table(self, rows: Sequence[Sequence[Value]]) -> pa.Table:
        """``rows`` as a table. Raises StepFailed for one with a value that is none of its column's."""
        import pyarrow as pa

        fields = list(self.like.schema)
        for place, row in enumerate(rows):
            if len(row) != len(fields):
                raise StepFailed(f"Row {place} has {len(row)} values; this version takes {len(fields)}.")
        columns = []
        for place, field in enumerate(fields):
            values = [row[place] for row in rows]
            try:
                columns.append(_column(values, field.type, self.like.column(place)))
            except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
                raise StepFailed(
                    f"The column {plain(field.name, 60)} takes {field.type}, and a row has something else "
                    f"({plain(str(error), 120).rstrip('.')})."
                ) from None
        return pa.table(columns, schema=self.like.schema)

    def answers(self, predictions: pa.Table) -> list[tuple[Value, ...]]:
        """``predictions`` as a row for each, in the order of ``outputs``."""
        return list(zip(*(_values(predictions.column(name)) for name in self.outputs), strict=True))

    def named(self, predictions: pa.Table, title: str) -> pa.Table:
        """``predictions`` with the columns of ``outputs``. Raises StepFailed where they are others."""
        names, wanted = predictions.column_names, list(self.outputs)
        if "score" in wanted and "score" not in names:  # An older engine recorded it without the name of its class.
            names = ["score" if name.startswith("score_") else name for name in names]
            predictions = predictions.rename_columns(names)
        if sorted(names) != sorted(wanted):
            raise StepFailed(
                f"{title} gave the columns {plain(', '.join(names), 200)}; when the version was made it gave "
                f"{plain(', '.join(wanted), 200)}."
            )
        return predictions.select(wanted)


def _column(values: list[Value], kind: pa.DataType, like: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        known = like.unify_dictionaries().chunk(0).dictionary if like.num_chunks else pa.array([], kind.value_type)
        places = {value: place for place, value in enumerate(known.to_pylist())}
        more = [value for value in dict.fromkeys(values) if value is not None and value not in places]
        places |= {value: place for place, value in enumerate(more, len(places))}
        indices = pa.array([None if value is None else places[value] for value in values], kind.index_type)
        every = pa.concat_arrays([known, pa.array(more, kind.value_type)])
        return pa.DictionaryArray.from_arrays(indices, every, ordered=kind.ordered)
    if pa.types.is_temporal(kind) and any(isinstance(value, str) for value in values):
        return pa.array(values, pa.string()).cast(kind)
    if pa.types.is_decimal(kind):
        return pa.array([None if value is None else str(value) for value in values], pa.string()).cast(kind)
    if pa.types.is_integer(kind):  # Arrow would cut off what stands behind the point.
        values = [_whole(value) if isinstance(value, float) else value for value in values]
    return pa.array(values, kind)


def _whole(value: float) -> int:
    if not value.is_integer():
        raise ValueError("a number that is not whole")
    return int(value)


def _values(column: pa.ChunkedArray) -> list[Value]:
    """Values that JSON has too: of moments their text."""
    return [
        value if value is None or isinstance(value, (str, float, int, bool)) else str(value)
        for value in column.to_pylist()
    ]


def row_table(store: ObjectStore, document: VersionDocument) -> RowTable:
    """What the version's golden rows say of its features and outputs. Raises Damage."""
    like, recorded = (stored_table(store, each) for each in (document.golden.inputs, document.golden.predictions))
    absent = [name for name in document.model.features if name not in like.column_names]
    if absent:
        raise Damage(f"The golden rows lack the feature {plain(absent[0], 60)}.")
    return RowTable(like.select(list(document.model.features)), tuple(recorded.column_names))


def stored_table(store: ObjectStore, stored: Stored) -> pa.Table:
    """A table of a version's. Raises Damage."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        return pyarrow.parquet.read_table(pa.BufferReader(store.read(stored)))
    except pa.ArrowException as error:
        raise Damage(f"The golden rows cannot be read: {error}.") from None
