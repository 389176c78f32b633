"""What an environment can be built from without the network: files in the object store, named by one row for each lock.

They are no part of a version's document: a version is made also while the registry cannot be reached, and what is
missing is fetched later. A file that several locks name is kept once.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.clock import moment, stamp
from engine.errors import Damage
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore, Stored
from engine.text import plain


@dataclass(frozen=True)
class KeptFile:
    """``name``: as whoever builds from it expects it to be called; ``package``: what it brings."""

    package: str
    name: str
    stored: Stored


@dataclass(frozen=True)
class KeptFiles:
    """What is kept for the environment of ``lock``; ``why``: what is not, in words, None where nothing is missing."""

    lock: str
    at: datetime
    files: tuple[KeptFile, ...]
    why: str | None = None


def of(db: sqlite3.Connection, lock: str) -> KeptFiles | None:
    """What is kept for the lock with this digest; None where nobody has tried yet."""
    row = db.execute("SELECT at, files, why FROM kept_files WHERE lock = ?", (lock,)).fetchone()
    return KeptFiles(lock, moment(row[0]), _read(row[1]), row[2]) if row is not None else None


def keep(db: sqlite3.Connection, kept: KeptFiles) -> None:
    """From now on this is what is kept for its lock; inside the caller's transaction."""
    told = [{"package": each.package, "name": each.name, **each.stored.document()} for each in kept.files]
    db.execute(
        "INSERT OR REPLACE INTO kept_files (lock, at, files, why) VALUES (?, ?, ?, ?)",
        (kept.lock, stamp(kept.at), json.dumps(told, sort_keys=True), kept.why),
    )


def objects(db: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """The objects that each lock's environment is rebuilt from, by the digest of the lock."""
    rows = db.execute("SELECT lock, files FROM kept_files").fetchall()
    return {row[0]: frozenset(name for each in _read(row[1]) for name in each.stored.chunks) for row in rows}


def known(db: sqlite3.Connection) -> dict[str, KeptFile]:
    """Every file that is kept for any lock, by its digest."""
    rows = db.execute("SELECT files FROM kept_files").fetchall()
    return {each.stored.digest: each for row in rows for each in _read(row[0])}


def standing(store: ObjectStore, files: Iterable[KeptFile]) -> tuple[KeptFile, ...]:
    """Those of ``files`` whose objects are all there, by their names; none is read."""
    return tuple(each for each in files if all(map(store.has, each.stored.chunks)))


def lay_out(store: ObjectStore, files: Iterable[KeptFile], folder: Path) -> None:
    """Put ``files`` into ``folder``, each verified. Raises Damage that names what is gone or not whole."""
    for each in files:
        try:
            store.write_file(each.stored, folder / Path(each.name).name)
        except Damage:
            raise Damage(f"What is kept of {plain(each.package, 60)} is gone from the store or damaged.") from None


@dataclass(frozen=True)
class Keep:
    """What is kept in the workspace at ``root``, for whoever builds an environment there and has no ledger at hand."""

    root: Path

    def of(self, lock: str) -> KeptFiles | None:
        with closing(Ledger(self.root / "ledger.db", locks=self.root / "locks")) as ledger, ledger.read() as db:
            return of(db, lock)

    def lay_out(self, kept: KeptFiles, folder: Path) -> None:
        """See the function of that name."""
        lay_out(ObjectStore(self.root / "objects"), kept.files, folder)


def _read(text: str) -> tuple[KeptFile, ...]:
    return tuple(KeptFile(str(each["package"]), str(each["name"]), Stored.of(each)) for each in json.loads(text))
