"""What is said of rows, written as a file that is there whole or not at all, the same bytes each time.

Beside its place, under a name that begins with a dot and ends with .tmp; on the disk before it gets its own name.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import Refusal
from engine.jobs.score.reading import PIECE, file_digest
from engine.jobs.score.records import ROW, RUN, VERSION, Kind
from engine.storage.atomic import sync_folder
from engine.storage.disk import refused

if TYPE_CHECKING:
    import pyarrow as pa

_MARK = ".leverframe-"
_REPEATED = ("prediction", VERSION, RUN)


class Sink(Protocol):
    """Where rows are written. ``close`` takes away what did not come to its end."""

    def write(self, table: pa.Table) -> None:
        """Some more rows. Raises Refusal where they cannot be written."""

    def finish(self) -> str:
        """All rows are there and on the disk, under another name; their digest."""

    def publish(self, *, replace: bool) -> None:
        """Give it its name, in one step. Raises Refusal where something has it that was not to be replaced."""

    def close(self) -> None: ...


def laid_out(key: pa.Table, answers: pa.Table, label: str, run: int, start: int) -> pa.Table:
    """Rows as they are written: the key, or else the number of the row from 1 on, what was said, who said it, when."""
    import pyarrow as pa

    rows = answers.num_rows
    columns: dict[str, Any] = dict(zip(key.column_names, key.columns, strict=True))
    if not columns:
        columns[ROW] = pa.array(range(start + 1, start + rows + 1), pa.int64())
    columns |= zip(answers.column_names, answers.columns, strict=True)
    columns[VERSION] = pa.repeat(pa.scalar(label), rows)
    columns[RUN] = pa.repeat(pa.scalar(run, pa.int64()), rows)
    return pa.table(columns)


class _Hashed:
    """A file for Arrow to write to, whose bytes are counted into a digest as they come."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.fdopen(os.open(path, flags, 0o644), "wb", buffering=1 << 20)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # For as long as whoever writes it lives.
        self._digest, self._at, self.closed = hashlib.sha256(), 0, False

    def write(self, content: Any) -> int:
        if self.closed:
            return memoryview(content).nbytes  # Arrow ends a file when it is let go of, also one that was given up.
        self._digest.update(content)
        self._file.write(content)
        self._at += (size := memoryview(content).nbytes)
        return size

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        self._file.flush()

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """Arrow closes what it has written; the file itself is closed by ``settle`` or ``drop``."""

    def has_its_name(self, path: Path) -> bool:
        """Whether ``path`` is this very file, which nobody took away or put another for."""
        try:
            found = os.stat(path, follow_symlinks=False)
        except FileNotFoundError:
            return False
        own = os.fstat(self._file.fileno())
        return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)

    def settle(self) -> str:
        self._file.flush()
        os.fsync(self._file.fileno())
        self.closed = True
        return self._digest.hexdigest()

    def drop(self) -> None:
        with suppress(OSError):
            self._file.close()
        self.closed = True


class FileSink:
    """A parquet or CSV file. ``schema``: of the rows as they are laid out."""

    def __init__(self, place: Path, kind: Kind, schema: pa.Schema, run: int) -> None:
        self._place, self._kind = place, kind
        self._temporary = place.with_name(f".{place.name}{_MARK}{run}.tmp")
        self._schema, self._digest = schema, ""
        with refused(f"{place} cannot be written"):
            drop_left(place)
            self._file = _Hashed(self._temporary)
        self._writer = self._opened()

    def _opened(self) -> Any:
        import pyarrow.csv
        import pyarrow.parquet

        if self._kind == "csv":
            return pyarrow.csv.CSVWriter(self._file, self._schema)
        # Of keys and chances each row has another: to look for the same ones again costs more than all else, 0.13 s
        # for 0.06 s of 336,776 flights.
        repeated = [name for name in self._schema.names if name in _REPEATED]
        return pyarrow.parquet.ParquetWriter(
            self._file, self._schema, compression="zstd", use_dictionary=repeated, store_schema=True
        )

    def write(self, table: pa.Table) -> None:
        with refused(f"{self._place} cannot be written"):
            if self._kind == "csv":
                self._writer.write_table(table)
            else:
                self._writer.write_table(table, row_group_size=PIECE)

    def finish(self) -> str:
        with refused(f"{self._place} cannot be written"):
            self._writer.close()
            self._digest = self._file.settle()
        return self._digest

    def publish(self, *, replace: bool) -> None:
        with refused(f"{self._place} cannot be written"):
            if not self._file.has_its_name(self._temporary):
                raise Refusal(f"{self._temporary} was taken away while it was written; score it again.")
            if replace:
                os.rename(self._temporary, self._place)
            else:
                self._link()
            sync_folder(self._place.parent)

    def _link(self) -> None:
        """A rename would write over what somebody put there meanwhile."""
        try:
            os.link(self._temporary, self._place)
        except FileExistsError:
            if file_digest(self._place) != self._digest:
                raise Refusal(
                    f"{self._place} is there by now, and is not what this run wrote; --replace writes over it."
                ) from None
        except OSError:  # A file system that knows no second names.
            if os.path.lexists(self._place):
                raise Refusal(f"{self._place} is there by now; --replace writes over it.") from None
            os.rename(self._temporary, self._place)
            return
        os.unlink(self._temporary)

    def close(self) -> None:
        with suppress(OSError):
            if self._file.has_its_name(self._temporary):
                self._temporary.unlink(missing_ok=True)
        self._file.drop()


def drop_left(place: Path) -> None:
    """Take away what killed runs began at ``place``. In this workspace whoever writes there is alone, the ledger saw to
    that; raises Refusal where another's run is at it."""
    for each in place.parent.iterdir():
        if not (each.name.startswith(f".{place.name}{_MARK}") and each.name.endswith(".tmp")):
            continue
        try:
            file = os.open(each, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            each.unlink(missing_ok=True)
        except BlockingIOError:
            raise Refusal(f"{place} is being written by somebody else; wait for that, or end it.") from None
        finally:
            os.close(file)
