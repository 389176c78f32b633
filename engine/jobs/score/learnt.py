"""What a version takes and gives, in Arrow's types: as its golden rows have them, which it was proven with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import Damage, Refusal
from engine.jobs.score.records import OWN
from engine.projects.manifest.fields import nearest, shown
from engine.projects.manifest.reader import DataSpec
from engine.storage.objects import ObjectStore, Stored
from engine.text import plain
from engine.validation.schema import type_in, type_word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from engine.versions.records import VersionDocument

_NUMBERS = ("integer", "number", "decimal")


@dataclass(frozen=True)
class Learnt:
    """``label``; ``features`` and ``answers`` by name with their types; ``key``: the columns that say which row one is,
    none of them sensitive; ``types``: what was kept of columns that files cannot hold."""

    label: str
    features: pa.Schema
    answers: pa.Schema
    key: tuple[str, ...]
    schema: Mapping[str, Any]
    types: Mapping[str, Any]


def learnt(store: ObjectStore, label: str, document: VersionDocument, data: DataSpec) -> Learnt:
    """What the version with ``document`` takes and gives. Raises Damage where its golden rows are not whole."""
    import pyarrow as pa

    inputs, answers = _schema(store, label, document.golden.inputs), _schema(store, label, document.golden.predictions)
    missing = [name for name in document.model.features if name not in inputs.names]
    if missing:
        raise Damage(f"The golden rows of {label} have no {plain(missing[0], 60)}, which it takes.")
    features = pa.schema([inputs.field(name) for name in document.model.features])
    key = data.key if data.key and not set(data.key) & {*data.sensitive, *answers.names, *OWN} else ()
    return Learnt(label, features, answers, tuple(key), document.schema, document.data.types or {})


def _schema(store: ObjectStore, label: str, stored: Stored) -> pa.Schema:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        found = pyarrow.parquet.read_schema(pa.BufferReader(store.read(stored)))
    except pa.ArrowException as error:
        raise Damage(f"The golden rows of {label} cannot be read: {plain(str(error), 200)}.") from None
    return pa.schema([pa.field(each.name, _value_type(each.type)) for each in found])


def _value_type(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def wanted(learnt: Learnt, names: Sequence[str], source: str) -> tuple[str, ...]:
    """The columns to be read of those that ``source`` has: the key, where it is all there, and the features.

    Raises Refusal where features are not there, or twice.
    """
    lacking = [name for name in learnt.features.names if name not in names]
    if lacking:
        unknown = [name for name in names if name not in learnt.features.names]
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        hint = nearest(lacking[0], unknown).removeprefix("; ") or f"it has {_some(names)}."
        raise Refusal(
            f"{source} has no column {shown(lacking[0])}{more}, which {learnt.label} needs: {hint}"
        )
    key = learnt.key if all(name in names for name in learnt.key) else ()
    found = (*dict.fromkeys((*key, *learnt.features.names)),)
    twice = next((name for name in found if list(names).count(name) > 1), None)
    if twice is not None:
        raise Refusal(f"{source} has more than one column {shown(twice)}; leave one.")
    return found


def _some(names: Sequence[str]) -> str:
    said = ", ".join(shown(name) for name in names[:5])
    return (said or "no columns") + (" ..." if len(names) > 5 else "")


def fitted(learnt: Learnt, table: pa.Table, source: str) -> pa.Table:
    """The features of ``table`` in the types that they were learnt in, as far as nothing is lost by that.

    A whole number may have come as a float, as pandas makes them where there are gaps. Raises Refusal for a column of
    another kind.
    """
    import pyarrow as pa

    from engine.runs.steps.tables import with_types

    columns = [_fit(learnt, field, table.column(field.name), source) for field in learnt.features]
    made = pa.table(columns, names=learnt.features.names)
    return with_types(made, learnt.types) if learnt.types else made


def _fit(learnt: Learnt, field: pa.Field, column: pa.ChunkedArray, source: str) -> pa.ChunkedArray:
    import pyarrow as pa

    while isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.type.equals(field.type):
        return column
    given, learnt_as = type_word(column.type), type_word(field.type)
    numbers = given in _NUMBERS and learnt_as in _NUMBERS
    if not (given in ("empty", learnt_as) or numbers or learnt_as == "empty"):
        raise Refusal(
            f"The column {shown(field.name)} of {source} is {given}, and {learnt.label} learnt it as {learnt_as}; "
            "mend it, or cast it."
        )
    if learnt_as == "empty":
        return column
    try:
        return column.cast(field.type)
    except pa.ArrowInvalid:
        # A float with a gap or a fraction, or a whole number beyond the range: it stays a number.
        return column.cast(pa.float64(), safe=False) if numbers else column
    except pa.ArrowException as error:
        raise Refusal(
            f"The column {shown(field.name)} of {source} cannot be read as {learnt_as}: {plain(str(error), 160)}."
        ) from None


def key_type(learnt: Learnt, name: str) -> str | None:
    """What a column of the key was when it was learnt, in a word; None where it is not known."""
    return type_in(learnt.schema, name)
