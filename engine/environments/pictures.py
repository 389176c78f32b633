"""Which picture an environment must have: the digests of pictures in the ledger, which no environment can reach."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import Refusal
from engine.storage.ledger import Ledger

_lent: dict[Path, Ledger] = {}


@contextmanager
def lent(ledger: Ledger) -> Iterator[None]:
    """Have what is asked here read through ``ledger`` for the length of the block, in every thread: a run asks before
    each of its steps, and to open the ledger takes longer than the answer."""
    _lent[ledger.path] = ledger
    try:
        yield
    finally:
        _lent.pop(ledger.path, None)


@dataclass(frozen=True)
class RecordedPicture:
    """``stamp``: what the file system said of the environment when it was last found to be as pictured; "" before."""

    picture: str
    stamp: str


@dataclass(frozen=True)
class Pictures:
    """The pictures of the environments of the workspace at ``root``, each by the digest of its lock."""

    root: Path

    def of(self, lock: str) -> RecordedPicture | None:
        """None when none was taken, as of an environment that an earlier Leverframe built."""
        with self._ledger() as ledger, ledger.read() as db:
            row = db.execute("SELECT picture, stamp FROM pictures WHERE lock = ?", (lock,)).fetchone()
        return RecordedPicture(row["picture"], row["stamp"]) if row else None

    def named(self, name: str) -> str | None:
        """The digest of the lock of the environment called ``name``, if a picture was taken of it."""
        with self._ledger() as ledger, ledger.read() as db:
            row = db.execute("SELECT lock FROM pictures WHERE substr(lock, 1, 16) = ?", (name,)).fetchone()
        return str(row["lock"]) if row else None

    def keep(self, lock: str, picture: str) -> None:
        """From now on this is what the environment of ``lock`` must be. Raises Refusal when the disk is full."""
        with self._ledger() as ledger, ledger.write() as db:
            db.execute("INSERT OR REPLACE INTO pictures VALUES (?, ?, '')", (lock, picture))

    def seen(self, lock: str, picture: str, stamp: str) -> None:
        """It was read and is as pictured; until ``stamp`` changes nobody needs to read it again."""
        # Only a shortcut: where the ledger takes nothing in, the next one reads it all again.
        with suppress(Refusal), self._ledger() as ledger, ledger.write() as db:
            db.execute("UPDATE pictures SET stamp = ? WHERE lock = ? AND picture = ?", (stamp, lock, picture))

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        path = self.root / "ledger.db"
        if path in _lent:
            yield _lent[path]
            return
        ledger = Ledger(path, locks=self.root / "locks")
        try:
            yield ledger
        finally:
            ledger.close()


@dataclass(frozen=True)
class OwnPicture(Pictures):
    """The picture of an environment that stands for a while, apart from those of the workspace: no ledger knows it."""

    _taken: dict[str, str] = field(default_factory=dict)

    def of(self, lock: str) -> RecordedPicture | None:
        return RecordedPicture(self._taken[lock], "") if lock in self._taken else None

    def named(self, name: str) -> str | None:
        return next((lock for lock in self._taken if lock[:16] == name), None)

    def keep(self, lock: str, picture: str) -> None:
        self._taken[lock] = picture

    def seen(self, lock: str, picture: str, stamp: str) -> None:
        """Every file is read each time."""
