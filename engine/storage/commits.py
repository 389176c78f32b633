"""Whether anybody has committed to a ledger, for whoever asks it thousands of times a second.

SQLite keeps the index of its write-ahead log in a file that all its connections share as memory (``-shm``). The head of
that names the newest commit: a number that each raises, how long the log is, a sum over it. A commit changes the head
before it returns, and a reader begins by comparing it (sqlite.org/walformat.html, "The WAL-Index Header"). So as long
as it is the same, byte for byte, a reader would find what the last one found. To compare it costs a fraction of a
microsecond; to ask SQLite takes two calls of the system for its lock, and one to see that the file is still the ledger.
"""

from __future__ import annotations

import mmap
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.storage.ledger import Ledger

IN_FULL = 0.05  # seconds between two looks that go through SQLite, and see whether the file was replaced
_HEAD = 48  # bytes; a second copy follows, by which SQLite knows a head that is being written
# Never closed: with any descriptor of a file that a process closes it loses all its locks on it, SQLite's among them.
_kept: dict[tuple[int, int], mmap.mmap] = {}
_keeping = threading.Lock()


@dataclass
class _Seen:
    """What one thread saw: the ``marker`` of its connection, when the ``head`` was this; that holds ``until`` then."""

    head: bytes | None = None
    marker: int = -1
    until: float = 0.0


class Commits:
    """As ``Ledger.marker``, at a tenth of what that costs; made in the process that asks, once for each ledger.

    A commit of anybody is seen by the first call after it. That the file itself was taken away or replaced is seen
    ``IN_FULL`` seconds later at most. Raises what reading the ledger does.
    """

    def __init__(self, ledger: Ledger, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ledger, self._monotonic = ledger, monotonic
        with ledger.read() as db:  # There is shared memory once somebody has read.
            db.execute("SELECT 1 FROM sqlite_master").fetchone()
        self._shared = _shared(ledger.path)
        self._local = threading.local()

    def marker(self) -> int:
        """A number that is another one when anybody has committed. Raises what ``Ledger.marker`` does."""
        try:
            seen: _Seen = self._local.seen
        except AttributeError:
            seen = self._local.seen = _Seen()
        head = self._shared[:_HEAD] if self._shared is not None else None
        if head is None or head != seen.head or self._monotonic() >= seen.until:
            seen.marker = self._ledger.marker()
            # Of before it was asked: what was committed meanwhile is asked for once more.
            seen.head, seen.until = head, self._monotonic() + IN_FULL
        return seen.marker


def _shared(ledger: Path) -> mmap.mmap | None:
    """The memory that all connections to ``ledger`` share; None where there is none, as on a medium to read only."""
    path = ledger.with_name(f"{ledger.name}-shm")
    with _keeping:
        try:
            said = os.stat(path)
            found = _kept.get((said.st_dev, said.st_ino))
            if found is None and said.st_size >= mmap.PAGESIZE:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                found = _kept[said.st_dev, said.st_ino] = mmap.mmap(descriptor, mmap.PAGESIZE, prot=mmap.PROT_READ)
        except (OSError, ValueError):
            return None
    return found
