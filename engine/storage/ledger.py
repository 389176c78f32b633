"""The ledger: one SQLite file, read with short reads and written one short transaction at a time.

Plain ``sqlite3`` on purpose. sqlite-utils imports pandas (0.4 s) and its transactions are deferred, which loses
read-then-write work under contention; it is used where it helps, for the migrations (see ``migrations``).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import Damage, Refusal
from engine.storage.migrations import LATEST, migrate

BUSY_SECONDS = 20.0


class Ledger:
    """A door to the ledger that any thread may use; each thread has a connection of its own."""

    def __init__(self, path: Path, *, locks: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        found = self._schema()
        if found > LATEST:
            raise Refusal(
                f"The ledger {path} was written by a newer Leverframe (format {found}, this one knows {LATEST}); "
                "update this installation. Nothing was changed."
            )
        if found < LATEST or self._connection().execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            if not self.path.exists():
                self.path.touch(mode=0o640)  # SQLite would let everybody look; its -wal and -shm get the same mode.
            # Also a current ledger that came from a backup: WAL is a property of the file, and set in there alone.
            migrate(path, locks)

    def _schema(self) -> int:
        if not self.path.exists():
            return 0
        try:
            return int(self._connection().execute("PRAGMA user_version").fetchone()[0])
        except sqlite3.OperationalError as error:
            raise Refusal(
                f"The ledger {self.path} cannot be opened ({error}); see whether the disk is full, and whether this "
                "account may write there."
            ) from None
        except sqlite3.DatabaseError as error:
            self._explain(error)
            raise

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            # FULL: a decision that was confirmed on the screen must survive the plug being pulled.
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            self._local.connection = connection
            with self._guard:
                self._open.append(connection)
        return connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the ledger for the length of the block."""
        connection = self._connection()
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN")
        try:
            yield connection
        except sqlite3.DatabaseError as error:
            self._explain(error)
            raise
        finally:
            connection.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction that owns the write lock from its first statement; all of it is kept, or none."""
        connection = self._connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise Refusal(f"The ledger is busy or cannot be written ({error}); try again in a moment.") from None
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.DatabaseError):
                self._explain(error)
            raise

    def _explain(self, error: sqlite3.DatabaseError) -> None:
        """Raise what the machine is to blame for as what it is; an error in our own SQL stays a bug."""
        code = (error.sqlite_errorcode or 0) & 0xFF  # The rest says which call failed.
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise Damage(f"The ledger {self.path} cannot be read ({error}); restore it from a backup.") from None
        if code == sqlite3.SQLITE_FULL:
            raise Refusal("The disk is full: the ledger took nothing in. Free some space and try again.") from None
        if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY):
            raise Refusal(
                f"The ledger took nothing in ({error}); see whether the disk is full or failing, then try again."
            ) from None

    def marker(self) -> int:
        """A number that grows whenever any connection has committed to the ledger, this thread's own too."""
        connection = self._connection()
        others = int(connection.execute("PRAGMA data_version").fetchone()[0])
        return others + connection.total_changes

    def close(self) -> None:
        with self._guard:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()
