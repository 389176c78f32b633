"""Objects by mark and sweep: what the versions that stay need is marked; the rest may go, if it is old enough.

Three things keep an object that somebody is about to name. Storing an object that is there already makes it young
(``ObjectStore.put`` touches it). What is younger than a day, or than the start of any run at work, is never swept. And
the look at its age and the move happen together, under the store's lock, which ``put`` takes too.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.environments import kept_files
from engine.errors import Damage, Refusal
from engine.housekeeping.moving import move
from engine.housekeeping.ownership import objects_of
from engine.housekeeping.retention import stored_before
from engine.runs import history
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.versions import contents
from engine.versions import document as documents
from engine.versions.contents import StoredVersion

BATCH = 500


@dataclass(frozen=True)
class Marked:
    """Digests in the store that may go, by the label of the version that had them; "" for those of no version.

    ``bytes``: what these take; ``needed``: what a version that stays takes, what it shares with others included.
    ``young``: versions with something that was stored too lately to go. ``elder``: how many were stored before this
    ledger was begun, so that another ledger may have named them.
    """

    going: Mapping[str, tuple[str, ...]]
    bytes: Mapping[str, int]
    needed: Mapping[str, int]
    young: frozenset[str]
    elder: int = 0


def mark(
    store: ObjectStore,
    versions: Sequence[StoredVersion],
    goes: Iterable[str],
    before: datetime,
    needs: Needs,
    kept: Iterable[str] = (),
    begun: datetime | None = None,
) -> Marked:
    """What may go, if the versions labelled ``goes`` do. Raises Refusal when a version that stays cannot be read.

    What was stored before the ledger was ``begun`` stays: it cannot say what another ledger needed. Documents stay, of
    every version there ever was, and so does what is ``kept``: the reports that were sent.
    """
    going, staying = set(goes), _staying(versions, set(goes), needs)
    needed = {each.digest for each in versions}.union(kept, *staying.values())
    found: dict[str, list[str]] = {}
    sizes: dict[str, int] = {}
    all_sizes: dict[str, int] = {}
    young: set[str] = set()
    owner = _owners([version for version in versions if version.label in going], needs)
    limit, elder = before.timestamp(), 0
    for digest in store.digests():
        try:
            said = os.lstat(store.path(digest))
        except OSError:
            continue
        all_sizes[digest] = said.st_blocks * 512
        if digest in needed:
            continue
        if begun is not None and said.st_mtime < begun.timestamp():
            elder += 1
            continue
        label = owner.get(digest, "")
        if said.st_mtime >= limit:
            young.add(label)
            continue
        found.setdefault(label, []).append(digest)
        sizes[label] = sizes.get(label, 0) + said.st_blocks * 512
    takes = {label: sum(all_sizes.get(digest, 0) for digest in digests) for label, digests in staying.items()}
    return Marked({label: tuple(digests) for label, digests in found.items()}, sizes, takes, frozenset(young), elder)


def _owners(versions: Iterable[StoredVersion], needs: Needs) -> dict[str, str]:
    """Of each object that one of ``versions`` needs, the label of the first of them."""
    owner: dict[str, str] = {}
    for version in versions:
        try:
            for digest in needs.of(version.digest):
                owner.setdefault(digest, version.label)
        except Damage:
            continue  # Nobody can say what was its own; that goes as objects of no version.
    return owner


def _staying(versions: Sequence[StoredVersion], going: set[str], needs: Needs) -> dict[str, frozenset[str]]:
    """What each version that stays needs. Raises Refusal when that cannot be told."""
    found = {}
    for version in versions:
        if version.label in going or version.cleaned_at is not None:
            continue
        try:
            found[version.label] = needs.of(version.digest)
        except Damage as damage:
            raise Refusal(
                f"What {version.label} needs cannot be told ({str(damage).rstrip('.')}), so no object goes; "
                "'leverframe doctor' says more."
            ) from None
    return found


class Needs:
    """What each version needs, read once: a document never changes.

    ``kept``: by the digest of a lock, what is kept beside the versions that have it, to rebuild its environment from.
    """

    def __init__(self, store: ObjectStore, kept: Mapping[str, frozenset[str]] | None = None) -> None:
        self._store, self._kept = store, kept or {}
        self._known: dict[str, tuple[frozenset[str], str]] = {}

    def of(self, digest: str) -> frozenset[str]:
        """The objects that the version with this digest names, and that are kept for it. Raises Damage."""
        return self._read(digest)[0]

    def environment(self, digest: str) -> str:
        """The name of its environment's folder. Raises Damage."""
        return self._read(digest)[1]

    def _read(self, digest: str) -> tuple[frozenset[str], str]:
        if digest not in self._known:
            document = documents.load(self._store, digest)
            objects = frozenset(name for name, _ in objects_of(self._store, document))
            objects |= self._kept.get(document.environment.digest, frozenset())
            self._known[digest] = (objects, document.environment.digest[:16])
        return self._known[digest]


def age_limit(db: sqlite3.Connection, now: datetime) -> datetime:
    """What was stored before this may go, if no version names it."""
    return stored_before(now, history.begun(db))


def sweep(
    ledger: Ledger, store: ObjectStore, digests: Sequence[str], folder: Path, now: datetime, marked: int
) -> tuple[int, int, int]:
    """Move ``digests`` below ``folder``. Returns the bytes, how many were gone already and how many are wanted again.

    ``marked``: the newest version when they were marked; what a later one needs stays, whatever the clock makes of its
    age. Each batch holds the ledger's write lock, so that no version can be registered meanwhile, and the store's, so
    that none can be stored. Raises Damage when it cannot be told what a later version needs.
    """
    size = gone = wanted = 0
    for start in range(0, len(digests), BATCH):
        with ledger.write() as db, store.held_for_sweeping():
            limit, needs = age_limit(db, now).timestamp(), Needs(store, kept_files.objects(db))
            named = frozenset[str]().union(*map(needs.of, contents.digests_after(db, marked)))
            for digest in digests[start : start + BATCH]:
                source = store.path(digest)
                try:
                    said = os.lstat(source)
                    if said.st_mtime >= limit or digest in named:
                        wanted += 1
                        continue
                    move(source, folder / "objects" / digest[:2] / digest[2:])
                    size += said.st_blocks * 512
                except FileExistsError:
                    source.unlink()  # The bin has the very same: a digest names one content.
                except FileNotFoundError:
                    gone += 1
    return size, gone, wanted
