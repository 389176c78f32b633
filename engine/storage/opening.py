"""How the ledger is opened where SQLite cannot write beside it: no room left, or a medium that is read only.

SQLite in WAL mode makes a file of shared memory before it reads a row. Where it cannot, the ledger can still be looked
at: as a file that nobody changes (immutable) when its log is empty, else as a copy that is gone as soon as it is open.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from engine.errors import Refusal
from engine.storage import temporary

BUSY_SECONDS = 20.0
_CANNOT = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
_MEMORY = Path("/dev/shm")
Look = tuple[int, ...]


@dataclass(frozen=True)
class Opened:
    """``looked``: what the files looked like, where they can only be looked at; None where they can be written."""

    connection: sqlite3.Connection
    inode: int
    looked: Look | None = None


def opened(path: Path, prepare: Callable[[Path], None] | None = None) -> Opened:
    """A connection to the ledger at ``path``, which is there. Raises Refusal, and sqlite3.Error.

    ``prepare``: what a copy needs before it can be read, where it can only be looked at: then there is always a copy.
    """
    try:
        return Opened(_tried(path, "mode=rw"), os.stat(path).st_ino)
    except sqlite3.OperationalError as error:
        if (error.sqlite_errorcode or 0) & 0xFF not in _CANNOT:
            raise
        reason = error
    looked = look(path)
    ways: tuple[Callable[[], sqlite3.Connection | None], ...] = (partial(_copied, path, prepare),)
    if prepare is None:
        ways = (partial(_immutable, path), *ways)
    for way in ways:
        try:
            connection = way()
        except sqlite3.OperationalError:
            continue
        if connection is not None:
            connection.execute("PRAGMA query_only=ON")
            return Opened(connection, os.stat(path).st_ino, looked)
    raise Refusal(
        f"The ledger {path} cannot be opened ({reason}); see whether the disk is full, and whether this account may "
        "write there."
    )


def look(path: Path) -> Look:
    """What changes when anybody changes the ledger."""
    found: list[int] = []
    for name in (path, _beside(path, "-wal"), _beside(path, "-shm")):
        try:
            said = os.stat(name)
            found += (said.st_ino, said.st_size, said.st_mtime_ns)
        except OSError:
            found.append(0)
    return tuple(found)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _tried(path: Path, how: str) -> sqlite3.Connection:
    """A connection that has read a row. It never makes a ledger: that is for ``migrate``."""
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{how}", uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _immutable(path: Path) -> sqlite3.Connection | None:
    try:
        if os.stat(_beside(path, "-wal")).st_size:
            return None
    except OSError:
        pass
    return _tried(path, "mode=ro&immutable=1")


def _copied(path: Path, prepare: Callable[[Path], None] | None) -> sqlite3.Connection | None:
    for room in (Path(tempfile.gettempdir()), _MEMORY):
        try:
            with temporary.kept(temporary.LEDGER, room) as folder:
                copy = folder / path.name
                shutil.copyfile(path, copy)
                with suppress(FileNotFoundError):
                    shutil.copyfile(_beside(path, "-wal"), _beside(copy, "-wal"))
                if prepare is not None:
                    prepare(copy)
                # The files go with the folder; the connection holds them open for as long as it lives.
                return _tried(copy, "mode=rw")
        except OSError:
            continue
    return None
