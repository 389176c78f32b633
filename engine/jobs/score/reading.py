"""Files as pieces of the same number of rows, whatever their own: memory does not grow with the file.

What cannot be read is told with its row, counted from 1 without the head, and its column; never with the value, which
is somebody's data.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import Refusal
from engine.jobs.score.learnt import Learnt, key_type, wanted
from engine.jobs.score.records import Place
from engine.projects.manifest.fields import shown
from engine.storage.disk import refused, why_not
from engine.text import plain
from engine.validation.schema import type_word

if TYPE_CHECKING:
    import pyarrow as pa

PIECE = 1 << 15
"""Rows that are read, scored and written at a time; also the row group of what is written."""
BLOCK = 1 << 20
"""Bytes of a csv that are read at a time; no row may be longer. Arrow reads 32 of them ahead."""
_BUFFER = 1 << 20
_LINES = 1 << 16  # bytes that tell how long the lines of a CSV are


@dataclass(frozen=True)
class Piece:
    """Some rows; ``start``: how many were before them."""

    start: int
    table: pa.Table


class Source(Protocol):
    """Rows to be scored. ``columns``: which are read of it; ``rows``: how many there are, where that is known.

    ``digest``: of the file's bytes, before any is read; None of what has to be read for it. ``told``: for sentences.
    """

    told: str
    columns: tuple[str, ...]
    rows: int | None
    digest: str | None

    def pieces(self) -> Iterator[Piece]:
        """All rows in their order. Raises Refusal where some cannot be read."""

    def share(self) -> float | None:
        """How much of it was read, from 0 to 1, where that is known."""

    def close(self) -> None: ...


def file_digest(path: Path, tell: Callable[[int], None] = lambda done: None) -> str:
    """SHA-256 of the bytes of ``path``."""
    found, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BUFFER):
            found.update(block)
            done += len(block)
            tell(done)
    return found.hexdigest()


def even(batches: Iterator[pa.RecordBatch | pa.Table]) -> Iterator[Piece]:
    """The same rows in pieces of PIECE, but for the last."""
    import pyarrow as pa

    waiting, held, start = list[Any](), 0, 0
    for batch in batches:
        waiting.append(pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch)
        held += batch.num_rows
        while held >= PIECE:
            whole = pa.concat_tables(waiting)
            yield Piece(start, whole.slice(0, PIECE))
            start, held = start + PIECE, held - PIECE
            waiting = [whole.slice(PIECE)] if held else []
            del whole
    if held:
        yield Piece(start, pa.concat_tables(waiting))


def about_rows(place: Place) -> int | None:
    """How many rows are in a file, for a CSV by the length of its first lines; None where nobody knows before it is
    read."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        if place.kind == "parquet":
            return int(pyarrow.parquet.read_metadata(place.name).num_rows)
        if place.kind == "csv":
            with open(place.name, "rb") as file:
                begin = file.read(_LINES)
            return os.stat(place.name).st_size * begin.count(b"\n") // max(1, len(begin))
    except (pa.ArrowException, OSError):
        return None  # Whoever reads it says what is wrong with it.
    return None


class _File:
    """What files have in common: their digest, and that nobody changes them while they are read."""

    def __init__(self, path: Path) -> None:
        self.path, self.told = path, plain(path.name, 100)
        with refused(f"{self.told} cannot be read"):
            self._then = self._state()
            self.digest: str | None = file_digest(path)

    def _state(self) -> tuple[int, ...]:
        found = os.stat(self.path)
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _refuse_changed(self) -> None:
        with refused(f"{self.told} is gone"):
            now = self._state()
        if now != self._then:
            raise Refusal(f"{self.told} was changed while it was read; score it again when nobody writes to it.")


class ParquetSource(_File):
    """A parquet file, of which no row group is held as a whole."""

    def __init__(self, path: Path, learnt: Learnt) -> None:
        import pyarrow as pa
        import pyarrow.parquet

        super().__init__(path)
        try:
            self._file = pyarrow.parquet.ParquetFile(
                path, buffer_size=_BUFFER, pre_buffer=False, memory_map=False, coerce_int96_timestamp_unit="us"
            )
            self.columns = wanted(learnt, self._file.schema_arrow.names, self.told)
        except (pa.ArrowException, OSError) as error:
            raise Refusal(f"{self.told} is no parquet file that can be read: {_said(error)}.") from None
        self.rows: int | None = self._file.metadata.num_rows
        self._read = 0

    def pieces(self) -> Iterator[Piece]:
        import pyarrow as pa

        try:
            for piece in even(self._batches()):
                yield piece
                self._read = piece.start + piece.table.num_rows
        except (pa.ArrowException, OSError) as error:
            raise Refusal(f"{self.told} cannot be read from row {self._read + 1:,} on: {_said(error)}.") from None
        self._refuse_changed()

    def _batches(self) -> Iterator[pa.RecordBatch]:
        # By this thread alone: what each of Arrow's own keeps for itself grows with the file, by 30 MB in 5 million
        # rows, and scoring and writing take longer than this.
        yield from self._file.iter_batches(batch_size=PIECE, columns=list(self.columns), use_threads=False)

    def share(self) -> float | None:
        return self._read / self.rows if self.rows else None

    def close(self) -> None:
        self._file.close()


class CsvSource(_File):
    """A CSV file in UTF-8 with a head, commas between columns and dots in numbers."""

    def __init__(self, path: Path, learnt: Learnt) -> None:
        super().__init__(path)
        self.rows: int | None = None
        self._learnt = learnt
        self._size = max(path.stat().st_size, 1)
        self._names = self._head()
        self.columns = wanted(learnt, self._names, self.told)
        self._stream: Any = None
        self._types = {name: self._type(name) for name in self.columns}

    def _head(self) -> list[str]:
        with refused(f"{self.told} cannot be read"), self.path.open("rb") as file:
            begin = file.read(BLOCK)
        if begin.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise Refusal(f"{self.told} is text in UTF-16; save it as UTF-8.")
        if not begin.strip():
            raise Refusal(f"{self.told} is empty: it has not even the names of its columns.")
        try:
            lines = begin.decode("utf-8-sig", "ignore").splitlines()
            head = next(csv.reader(lines), [])
            begin.partition(b"\n")[0].decode("utf-8-sig")
        except (csv.Error, UnicodeDecodeError):
            raise Refusal(f"{self.told} is no CSV in UTF-8 from its first line on; save it as that.") from None
        if len(head) == 1 and any(mark in head[0] for mark in ";\t|"):
            raise Refusal(f"{self.told} has other signs between its columns than commas; write it with commas.")
        return head

    def _type(self, name: str) -> pa.DataType:
        import pyarrow as pa

        if name in self._learnt.features.names:
            kind = self._learnt.features.field(name).type
            word = type_word(kind)
            # As pandas writes whole numbers of a column with gaps: 3.0.
            return pa.float64() if word in ("integer", "number", "decimal") else kind
        return pa.int64() if key_type(self._learnt, name) == "integer" else pa.string()

    def pieces(self) -> Iterator[Piece]:
        import pyarrow as pa

        done = 0
        try:
            with self.path.open("rb") as file:
                self._stream = file
                for piece in even(self._batches(file)):
                    yield piece
                    done = piece.start + piece.table.num_rows
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise Refusal(self._where(error, done)) from None
        except OSError as error:
            raise Refusal(f"{self.told} cannot be read from row {done + 1:,} on: {why_not(error)}.") from None
        self._refuse_changed()

    def _batches(self, file: Any) -> Iterator[pa.Table]:
        import pyarrow as pa
        import pyarrow.csv

        convert = pyarrow.csv.ConvertOptions(column_types=self._types, include_columns=list(self.columns))
        parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
        read = pyarrow.csv.ReadOptions(block_size=BLOCK)
        with pyarrow.csv.open_csv(file, read_options=read, parse_options=parse, convert_options=convert) as reader:
            for batch in reader:
                yield self._with_gaps(pa.Table.from_batches([batch]))

    def _with_gaps(self, table: pa.Table) -> pa.Table:
        """Text that is not there is missing; where the version learnt blanks as text, they stay."""
        import pyarrow as pa
        import pyarrow.compute as pc

        for place, name in enumerate(table.column_names):
            column = table.column(place)
            if type_word(column.type) == "text" and not self._learnt.types.get(name, {}).get("blank"):
                gaps = pc.equal(column, "")
                table = table.set_column(place, name, pc.if_else(gaps, pa.scalar(None, column.type), column))
        return table

    def _where(self, error: Exception, done: int) -> str:
        """The row and the column that cannot be read, found by going through the file once more."""
        words = {name: type_word(kind) for name, kind in self._types.items()}
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                found = _first_wrong(csv.reader(file), self._names, words)
        except UnicodeDecodeError:
            found = f"is no UTF-8 from somewhere after row {done + 1:,} on; save it as UTF-8"
        except (OSError, csv.Error):
            found = None
        return f"{self.told} {found or f'cannot be read after row {done:,}: {_said(error)}'}."

    def share(self) -> float | None:
        return min(self._stream.tell() / self._size, 1.0) if self._stream and not self._stream.closed else None

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()


def _first_wrong(rows: Iterator[list[str]], names: Sequence[str], words: dict[str, str]) -> str | None:
    next(rows, None)
    for number, row in enumerate(rows, 1):
        if row and len(row) != len(names):
            return f"has {len(row)} columns in row {number:,} and {len(names)} in its head"
        for name, value in zip(names, row, strict=False):
            word = words.get(name, "text")
            if word in ("integer", "number") and not _is_number(value, whole=word == "integer"):
                return f"has no {word} in the column {shown(name)} of row {number:,}"
            if word == "yes/no" and value.lower() not in ("true", "false", "0", "1", ""):
                return f"has neither true nor false in the column {shown(name)} of row {number:,}"
    return None


def _is_number(value: str, *, whole: bool) -> bool:
    value = value.strip()
    if value in ("", "NA", "N/A", "NULL", "null", "NaN", "nan", "#N/A", "n/a", "-NaN", "-nan", "<NA>", "None"):
        return True
    try:
        int(value) if whole else float(value)
    except ValueError:
        return False
    return True


def _said(error: Exception) -> str:
    return plain(str(error), 160).rstrip(".")
