"""Whose the objects are: each counts for the version that stored it first. A cache that is made anew when it is gone.

Versions never change, so each is read once; after a clean-up or a restore ``forget`` drops all of it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import Damage
from engine.housekeeping.usage import RECORDS
from engine.storage.objects import ObjectStore
from engine.versions import document as documents
from engine.versions.absent_data import is_absent, mark_of

if TYPE_CHECKING:
    from engine.versions.contents import StoredVersion
    from engine.versions.records import VersionDocument

KEPT = "kept packages"
DATA, MODELS, REST = "data", "models", RECORDS
_NAME = "objects.db"
_TABLES = """
CREATE TABLE IF NOT EXISTS read (version TEXT PRIMARY KEY, environment TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS object (
    digest TEXT PRIMARY KEY, project TEXT NOT NULL, kind TEXT NOT NULL, bytes INTEGER NOT NULL
) WITHOUT ROWID;
"""


def objects_of(store: ObjectStore, document: VersionDocument) -> Iterator[tuple[str, str]]:
    """Every object that the document names and that has to be here, with its kind; of data that is not here on purpose
    the one that says so."""
    if is_absent(store, document):
        yield mark_of(document), REST
    for what, stored in documents.files_here(store, document):
        section = what.partition("/")[0]
        kind = {"data": DATA, "model": MODELS, "compiled": MODELS}.get(section, REST)
        yield from ((digest, kind) for digest in stored.chunks)


@dataclass(frozen=True)
class Owned:
    """Bytes and number of objects by project and kind; the name of the environment of each version, by its digest."""

    objects: dict[tuple[str, str], tuple[int, int]]
    environments: dict[str, str]


def owned(folder: Path, store: ObjectStore, versions: Sequence[tuple[str, str]]) -> Owned:
    """Whose everything is. ``versions``: project and digest, the oldest first."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return _owned(folder / _NAME, store, versions)
    except sqlite3.DatabaseError:
        forget(folder)
        return _owned(folder / _NAME, store, versions)


def kept_for(
    store: ObjectStore,
    versions: Iterable[StoredVersion],
    environments: Mapping[str, str],
    kept: Mapping[str, frozenset[str]],
) -> dict[tuple[str, str], tuple[int, int]]:
    """What is kept to rebuild environments from, by project and kind: each object counts for the version that came
    first, and is none of what a version itself names. ``environments``: the name of each version's, by its digest."""
    by_name, counted = {lock[:16]: objects for lock, objects in kept.items()}, set[str]()
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for version in versions:
        for digest in by_name.get(environments.get(version.digest, ""), frozenset()) - counted:
            counted.add(digest)
            with suppress(OSError):
                size = os.lstat(store.path(digest)).st_blocks * 512
                before = found.get((version.project, KEPT), (0, 0))
                found[version.project, KEPT] = before[0] + size, before[1] + 1
    return found


def forget(folder: Path) -> None:
    """Have everything read anew the next time."""
    for path in folder.glob(f"{_NAME}*"):
        path.unlink(missing_ok=True)


def _owned(path: Path, store: ObjectStore, versions: Sequence[tuple[str, str]]) -> Owned:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")  # only a cache
        db.executescript(_TABLES)
        known = {row[0] for row in db.execute("SELECT version FROM read")}
        db.execute("BEGIN IMMEDIATE")
        unfinished = [
            digest for project, digest in versions if digest not in known and not _read(db, store, project, digest)
        ]
        db.execute("COMMIT")
        rows = db.execute("SELECT project, kind, sum(bytes), count(*) FROM object GROUP BY project, kind")
        objects = {(project, kind): (int(size), int(count)) for project, kind, size, count in rows}
        environments = dict(db.execute("SELECT version, environment FROM read"))
        db.executemany("DELETE FROM read WHERE version = ?", [(each,) for each in unfinished])
        return Owned(objects, environments)


def _read(db: sqlite3.Connection, store: ObjectStore, project: str, digest: str) -> bool:
    """Whether that is all that it will ever have: data that is not here may be brought."""
    try:
        document = documents.load(store, digest)
    except Damage:
        return True  # Told by doctor; its objects are nobody's until it is whole again.
    for name, kind in {digest: REST, **dict(objects_of(store, document))}.items():
        try:
            size = os.lstat(store.path(name)).st_blocks * 512
        except OSError:
            continue
        db.execute("INSERT OR IGNORE INTO object VALUES (?, ?, ?, ?)", (name, project, kind, size))
    environment = document.environment.digest[:16]
    db.execute("INSERT OR IGNORE INTO read VALUES (?, ?)", (digest, environment))
    return not is_absent(store, document)
