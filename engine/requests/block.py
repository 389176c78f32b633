"""A block of the log as a file: parquet, a row for each row of a request, with what it is in the file's metadata.

Columns: ``request.id``, ``.at``, ``.seconds``, ``.fallback``, ``.role``, ``.row``; then ``key.<name>``,
``feature.<name>`` and ``answer.<name>``. What a file says of itself is enough to take it in again where its row was
never written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Damage
from engine.requests.answered import Answered
from engine.requests.counting import Count, CountKey
from engine.requests.records import Value
from engine.storage.atomic import read_file
from engine.vocabulary.log_columns import ANSWER as ANSWER
from engine.vocabulary.log_columns import FEATURE as FEATURE
from engine.vocabulary.log_columns import KEY as KEY

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BYTES = 256 << 20  # of a block that is read
_MARK = b"leverframe.requests"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class BlockLabel:
    """What a block says of itself. ``since``, ``until``: times as they are written everywhere.
    ``of``: the blocks that it was merged from, by file, digest and rows, so that what came stays provable."""

    project: str
    version: str
    version_digest: str
    worker: str
    since: str
    until: str
    requests: int
    rows: int
    of: tuple[tuple[str, str, int], ...] = ()


def well_formed(answered: list[Answered]) -> list[Answered]:
    """Those that have an answer for each row, and as many values everywhere as there are names for; all of them are of
    one version and name the same columns."""
    if _is_whole(answered):
        return answered
    return [each for each in answered if _is_whole([each])]


def _is_whole(answered: Sequence[Answered]) -> bool:
    """Whether all are. One look at many costs what one at each of them would cost several times."""
    first = answered[0]
    sizes = [len(each.rows) for each in answered]
    return (
        sizes == [len(each.answers) for each in answered]
        and {len(row) for each in answered for row in each.rows} == {len(first.features)}
        and {len(row) for each in answered for row in each.answers} == {len(first.outputs)}
        and all(sizes == [len(each.keys[name]) for each in answered] for name in first.keys)
    )


def table_of(answered: Sequence[Answered], sensitive: frozenset[str]) -> pa.Table:
    """A row for each row of ``answered``, which are of one version and name the same columns, and are well formed."""
    import numpy as np
    import pyarrow as pa

    first = answered[0]
    sizes = [len(each.rows) for each in answered]
    columns: dict[str, Any] = {
        "request.id": pa.array([each.request for each in answered], pa.string()),
        "request.at": _moments([each.at for each in answered]),
        "request.seconds": pa.array([each.seconds for each in answered], pa.float64()),
        "request.fallback": pa.array([each.fallback for each in answered], pa.string()),
        "request.role": pa.array([each.role for each in answered], pa.string()),
    }
    numbers = np.zeros(len(sizes), dtype=np.int32)
    if max(sizes) > 1:
        # What all rows of a request have in common is read once: a moment costs more than five columns of numbers.
        places = np.repeat(np.arange(len(sizes)), sizes)
        columns = {name: values.take(pa.array(places)) for name, values in columns.items()}
        numbers = (np.arange(len(places)) - np.repeat(np.cumsum(sizes) - sizes, sizes)).astype(np.int32)
    columns["request.row"] = pa.array(numbers)
    for name in first.keys:
        if name not in sensitive:
            columns[KEY + name] = _array([value for each in answered for value in each.keys[name]])
    for mark, names, cells in (
        (FEATURE, first.features, [row for each in answered for row in each.rows]),
        (ANSWER, first.outputs, [row for each in answered for row in each.answers]),
    ):
        for name, values in zip(names, zip(*cells, strict=True), strict=True):
            if name not in sensitive:
                columns[mark + name] = _array(values)
    return pa.table(columns)


def _moments(times: Sequence[datetime]) -> pa.Array:
    """To the microsecond. Arrow reads spans of time five times as fast as moments of a zone."""
    import pyarrow as pa

    return pa.array([each - _BEGINNING for each in times], pa.duration("us")).view(pa.timestamp("us", "UTC"))


def _array(values: Sequence[Value]) -> pa.Array:
    """A column of the values' own type; of text where they have none in common, or are too large for it."""
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        pass
    try:
        if all(value is None or isinstance(value, int | float) for value in values):
            return pa.array([None if value is None else float(value) for value in values], pa.float64())
    except OverflowError:
        pass
    return pa.array([_text(value) for value in values], pa.string())


def _text(value: Value) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else value.encode("utf-8", "replace").decode()
    return repr(value)[:400]


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """One table of several whose columns may be of another type in each: what fits into both, or text."""
    import pyarrow as pa

    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException:
        return pa.concat_tables([_as_text(table) for table in tables], promote_options="permissive")


def _as_text(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    for number, name in enumerate(table.column_names):
        if name.startswith((KEY, FEATURE, ANSWER)):
            values = [_text(value) for value in table.column(number).to_pylist()]
            table = table.set_column(number, name, pa.array(values, pa.string()))
    return table


def content_of(table: pa.Table, label: BlockLabel, counts: Mapping[CountKey, Count]) -> bytes:
    """The bytes of the file. ``counts``: what is written to the ledger together with the block's row."""
    import pyarrow as pa
    from pyarrow import parquet

    said = {**asdict(label), "counts": [[*key, asdict(found)] for key, found in counts.items()]}
    named = table.replace_schema_metadata({_MARK: json.dumps(said).encode()})
    out = pa.BufferOutputStream()
    parquet.write_table(named, out, compression="zstd")
    return bytes(out.getvalue())


def digest_of(content: bytes) -> str:
    return sha256(content).hexdigest()


def table_in(content: bytes) -> pa.Table:
    """The table of a block. Raises Damage where it is none."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise Damage(f"A block of the request log cannot be read ({str(error)[:200]}).") from None


def label_in(content: bytes) -> tuple[BlockLabel, dict[CountKey, Count]]:
    """What a block says of itself. Raises Damage where it says nothing, or is not whole."""
    table = table_in(content)
    try:
        said = json.loads(table.schema.metadata[_MARK])
        counts = {CountKey(*row[:-1]): _count(row[-1]) for row in said.pop("counts")}
        merged = tuple((str(file), str(digest), int(rows)) for file, digest, rows in said.pop("of", ()))
        label = BlockLabel(**said, of=merged)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damage(f"A file among the blocks of the request log is none ({type(error).__name__}).") from None
    if label.rows != table.num_rows:
        raise Damage("A block of the request log says another number of rows than it has.")
    return label, counts


def _count(said: dict[str, Any]) -> Count:
    histogram = {int(number): int(found) for number, found in said.pop("histogram").items()}
    return Count(**said, histogram=histogram)


def content_at(path: Path, digest: str | None = None) -> bytes:
    """The bytes of the block at ``path``. Raises Damage where they are gone or not those of ``digest``."""
    try:
        content = read_file(path, MOST_BYTES)
    except OSError as error:
        raise Damage(f"The block {path.name} of the request log is gone ({error.strerror}).") from None
    if digest is not None and digest_of(content) != digest:
        raise Damage(f"The block {path.name} of the request log is not what was written.")
    return content
