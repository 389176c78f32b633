"""The ledger: one SQLite file, read with short reads and written one short transaction at a time.

Plain ``sqlite3`` on purpose. sqlite-utils imports pandas (0.4 s) and its transactions are deferred, which loses
read-then-write work under contention; it is used where it helps, for the migrations (see ``migrations``).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import Damage, Refusal
from engine.storage import loss
from engine.storage.migrations import LATEST, migrate
from engine.storage.opening import Opened, look, opened

_FULL = "The disk is full: the ledger took nothing in. Free some space and try again."
_READ_ONLY = "The ledger {path} can be looked at and not written (its medium is read only); nothing was done."
_HEAD = "SELECT seq, digest FROM audit WHERE seq = (SELECT max(seq) FROM audit)"
_ROW = "SELECT digest FROM audit WHERE seq = ?"


def _migrated(copy: Path) -> None:
    """Bring a private copy up to date: one that can only be looked at may be of an older Leverframe."""
    migrate(copy, copy.parent)


class Ledger:
    """A door to the ledger that any thread may use; each thread has a connection of its own.

    Raises Damage when the ledger that belongs to what stands beside it is gone, empty, cut short or no ledger.
    """

    def __init__(self, path: Path, *, locks: Path) -> None:
        self.path = path
        self._locks, self._noted = locks, 0
        self._prepare: Callable[[Path], None] | None = None
        self._local = threading.local()
        self._open: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._guard = threading.Lock()
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        if self.path.exists() and not self.path.is_file():
            raise Damage(f"The ledger {self.path} is no file; {loss.way_back(self.path.parent)} Nothing was changed.")
        found = self._schema()
        if found > LATEST:
            raise Refusal(
                f"The ledger {self.path} was written by a newer Leverframe (format {found}, this one knows {LATEST}); "
                "update this installation. Nothing was changed."
            )
        if found == 0:
            loss.refuse_lost(self.path.parent, "empty" if self.path.exists() else "gone")
        else:
            self._refuse_cut_short()
        opened: Opened | None = getattr(self._local, "opened", None)
        if opened is not None and opened.looked is not None:
            if found < LATEST:
                self._prepare = _migrated
                self._drop(opened)
        elif found < LATEST or not self._in_wal():
            if not self.path.exists():
                self.path.touch(mode=0o640)  # SQLite would let everybody look; its -wal and -shm get the same mode.
            # Also a current ledger that came from a backup: WAL is a property of the file, and set in there alone.
            migrate(self.path, self._locks)

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

    def _in_wal(self) -> bool:
        return bool(self._connection().execute("PRAGMA journal_mode").fetchone()[0] == "wal")

    def _refuse_cut_short(self) -> None:
        noted = loss.noted(self._locks)  # First: the trail may grow meanwhile.
        with self.read() as db:
            head = db.execute(_HEAD).fetchone()
            row = db.execute(_ROW, (noted.rows,)).fetchone() if noted else None
        if noted is not None:
            loss.refuse_cut_short(self.path.parent, self._locks, head[0] if head else 0, noted)
            loss.refuse_another(self.path.parent, self._locks, row[0] if row else "", noted)
        if head is None:  # Killed before the founder was written down, or what was written down is lost.
            loss.refuse_lost(self.path.parent, "empty")

    def _connection(self) -> sqlite3.Connection:
        found: Opened | None = getattr(self._local, "opened", None)
        if found is not None and not found.connection.in_transaction:
            self._refuse_taken_away(found)
            if found.looked is not None and found.looked != look(self.path):
                self._drop(found)  # Somebody could write meanwhile, so perhaps this can too.
                found = None
        if found is None:
            found = opened(self.path, self._prepare)
            found.connection.row_factory = sqlite3.Row
            # FULL: a decision that was confirmed on the screen must survive the plug being pulled.
            found.connection.execute("PRAGMA synchronous=FULL")
            found.connection.execute("PRAGMA foreign_keys=ON")
            self._local.opened = found
            self._local.openings = getattr(self._local, "openings", 0) + 1
            with self._guard:
                self._close_of_threads_that_ended()
                self._open.append((threading.current_thread(), found.connection))
        return found.connection

    def _close_of_threads_that_ended(self) -> None:
        """Nobody asks those any more, and an engine that stays for months begins a thread for each run."""
        ended = [each for each in self._open if not each[0].is_alive()]
        self._open = [each for each in self._open if each not in ended]
        for _, connection in ended:
            connection.close()

    def _refuse_taken_away(self, found: Opened) -> None:
        """Raise Damage when the file that is open is no longer the ledger: what is written to it would be lost."""
        try:
            if os.stat(self.path).st_ino == found.inode:
                return
        except OSError:
            loss.refuse_lost(self.path.parent, "gone")
        raise Damage(f"The ledger {self.path} was taken away or replaced while it was open; leave this and begin anew.")

    def _drop(self, found: Opened) -> None:
        self._local.opened = None
        with self._guard:
            self._open = [each for each in self._open if each[1] is not found.connection]
        found.connection.close()

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
    def write(self, *, lasting: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction that owns the write lock from its first statement; all of it is kept, or none.

        Not ``lasting``: nobody waits for the disk, and should the plug be pulled before the next that lasts, none is.
        """
        connection = self._writable()
        if not lasting:
            connection.execute("PRAGMA synchronous=NORMAL")
        try:
            yield from self._written(connection)
        finally:
            if not lasting:
                connection.execute("PRAGMA synchronous=FULL")

    def _written(self, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            self._explain(error, reading=False)
            raise Refusal(f"The ledger is busy or cannot be written ({error}); try again in a moment.") from None
        try:
            yield connection
            connection.execute("COMMIT")
            self._note_head(connection)
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.DatabaseError):
                self._explain(error)
            raise

    def _writable(self) -> sqlite3.Connection:
        """A connection that can write. Raises Refusal where there is none."""
        connection = self._connection()
        found: Opened = self._local.opened
        if found.looked is not None:
            self._drop(found)
            connection = self._connection()
            found = self._local.opened
        if found.looked is not None:
            if os.access(self.path, os.W_OK):
                raise Refusal(_FULL)
            raise Refusal(_READ_ONLY.format(path=self.path))
        return connection

    def _note_head(self, connection: sqlite3.Connection) -> None:
        head = connection.execute(_HEAD).fetchone()
        if head is not None and head[0] > self._noted:
            self._noted = head[0]
            loss.note(self._locks, head[0], head[1])

    def _explain(self, error: sqlite3.DatabaseError, *, reading: bool = True) -> None:
        """Raise what the machine is to blame for as what it is; an error in our own SQL stays a bug."""
        code = (error.sqlite_errorcode or 0) & 0xFF  # The rest says which call failed.
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            way = loss.way_back(self.path.parent)
            raise Damage(f"The ledger {self.path} cannot be read ({error}); restore it from a backup: {way}") from None
        if code == sqlite3.SQLITE_FULL:
            raise Refusal(_FULL) from None
        if code == sqlite3.SQLITE_READONLY:
            raise Refusal(_READ_ONLY.format(path=self.path)) from None
        if reading and code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY):
            raise Refusal(
                f"The ledger took nothing in ({error}); see whether the disk is full or failing, then try again."
            ) from None

    def marker(self) -> int:
        """A number that grows whenever any connection has committed to the ledger, this thread's own too."""
        connection = self._connection()
        others = int(connection.execute("PRAGMA data_version").fetchone()[0])
        # SQLite counts for a connection; where that had to be made anew, it begins again.
        return others + connection.total_changes + (int(self._local.openings) << 40)

    def close(self) -> None:
        with self._guard:
            for _, connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()
