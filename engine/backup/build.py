"""Make a backup: the ledger as SQLite copies it, and the objects that the place does not have.

A second one costs what changed. The order keeps the one before it whole: first what is new is written, under names that
say what it is, then the manifest takes its place in one step, then what no manifest names goes.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from engine.audit import trail
from engine.backup import key as keys
from engine.backup.manifest import BackupManifest, MissingObject, to_copy, to_drop
from engine.backup.place import BackupFolder, outside
from engine.backup.records import Backup
from engine.clock import stamp
from engine.errors import Damage, LeverframeError, NotFound, Refusal
from engine.housekeeping import bin as bins
from engine.housekeeping.sweep import Needs
from engine.records import Actor
from engine.storage import last_backup
from engine.storage.disk import refused, why_not
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore, Stored
from engine.storage.workspace import Workspace
from engine.versions import contents

LOCK = "backup"
PIECE = 64 << 10  # of the ledger: sixteen of its pages, so that a piece that nobody changed is the same
Tell = Callable[[int, int], None]


def make(
    workspace: Workspace,
    ledger: Ledger,
    store: ObjectStore,
    folder: Path,
    by: Actor,
    at: datetime,
    tell: Tell,
    *,
    anew: bool = False,
) -> Backup:
    """Back the workspace up to ``folder``; ``tell`` gets how many objects are written, of how many.

    ``anew``: whoever asks has named the folder, so that it may be one which had a backup and has none now. Else that is
    a disk which is not mounted, and the backup would lie beside what it is there to outlive.

    Raises Refusal when it cannot be written (the backup before it stays whole), Conflict when somebody else is writing
    one, and Damage when the ledger is not whole: it would take the place of a good one.
    """
    place, began = outside(workspace, folder), time.monotonic()
    with workspace.lock(LOCK, wait=False):
        try:
            if not anew:
                _refuse_gone(ledger, place)
            with refused(f"The backup could not be written to {place.root}; the one before it is whole"):
                manifest, added, size = _write(workspace, ledger, store, place, by, at, tell)
        except (LeverframeError, sqlite3.Error) as error:
            with suppress(Refusal):
                _record(ledger, by, at, place, str(error), None, 0, 0, time.monotonic() - began)
            if isinstance(error, sqlite3.Error):
                raise Refusal(f"The ledger could not be copied to {place.root} ({error}); is it full?") from None
            raise
        found = _record(ledger, by, at, place, None, manifest, added, size, time.monotonic() - began)
        with suppress(OSError):  # The ledger knows; this only serves who has lost it.
            last_backup.remember(workspace.root, last_backup.LastBackup(str(place.root), manifest.made_at))
    return found


def _write(
    workspace: Workspace, ledger: Ledger, store: ObjectStore, place: BackupFolder, by: Actor, at: datetime, tell: Tell
) -> tuple[BackupManifest, int, int]:
    """Write everything; returns the manifest, how many objects were new and the bytes that were written."""
    with ledger.read() as db:
        place.begin(str(trail.digest_of(db, 1)))
        _refuse_other_way(db, place)
    key = keys.own(workspace.root)
    # What a clean-up moves while the objects are copied would be in neither place.
    with place.held(), workspace.lock(bins.LOCK):
        _sweep_unfinished(place)
        with _copied(ledger, place) as copy:
            there = set(place.store.digests())
            pieces = stored(copy, place.store)
            manifest, added, size = _objects(copy, pieces, there, workspace, store, place, by, at, tell)
        size += sum(place.store.path(digest).stat().st_size for digest in to_copy(pieces.chunks, there))
        place.store.sync()
        place.put(manifest, key)
        for digest in to_drop(list(place.store.digests()), place.there()):
            place.store.path(digest).unlink(missing_ok=True)
    return manifest, added, size


def _refuse_gone(ledger: Ledger, place: BackupFolder) -> None:
    """Raise Refusal where a backup was made and none is now."""
    with ledger.read() as db:
        made = db.execute("SELECT max(at) FROM backups WHERE why IS NULL AND place = ?", (str(place.root),)).fetchone()[
            0
        ]
    if made is not None and not place.begun():
        raise Refusal(
            f"The backup that was made in {place.root} on {made[:10]} is not there; see that its disk is mounted. "
            f"'leverframe backup {place.root}' begins a new one there."
        )


def _refuse_other_way(db: sqlite3.Connection, place: BackupFolder) -> None:
    """Raise Refusal unless the trail goes on from the backup that is there: two copies of a workspace, of which one was
    restored, would take each other's place there in turn."""
    try:
        newest = place.manifest()[0]
    except (NotFound, Damage):
        return
    if trail.digest_of(db, newest.rows) != newest.head:
        raise Refusal(
            f"The backup in {place.root} is not one that this workspace goes on from: another copy of it was backed up "
            "there. Name another folder, or end that copy and empty the folder."
        )


def _sweep_unfinished(place: BackupFolder) -> None:
    """What a backup that was killed left half written."""
    for path in (*place.root.glob(".*.tmp"), *(place.root / "objects").glob("*/.*.tmp")):
        path.unlink(missing_ok=True)


@contextmanager
def _copied(ledger: Ledger, place: BackupFolder) -> Iterator[Path]:
    """The ledger of this moment as one file, checked; gone at the end."""
    copy = place.root / f".ledger.{secrets.token_hex(6)}.tmp"
    try:
        # All pages in one step: one view of the ledger; writers go on, and it never begins again because of them.
        with ledger.read() as source, closing(sqlite3.connect(copy, isolation_level=None)) as db:
            source.backup(db)
            db.execute("PRAGMA journal_mode=DELETE")
            said = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
            broken = trail.follow(db)[2]
        if said != "ok" or broken is not None:
            what = f"SQLite finds it damaged ({said})" if said != "ok" else f"its trail is broken at row {broken}"
            raise Damage(
                f"The ledger is not whole ({what}), so no backup was made of it and the one before it stays; "
                "'leverframe doctor' says more."
            )
        yield copy
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            copy.with_name(copy.name + ending).unlink(missing_ok=True)


def stored(copy: Path, store: ObjectStore) -> Stored:
    """Put the ledger ``copy`` into the store in pieces of one length, and say which."""
    whole, pieces, size = hashlib.sha256(), [], 0
    with copy.open("rb") as file:
        while piece := file.read(PIECE):
            whole.update(piece)
            size += len(piece)
            pieces.append(store.put(piece))
    return Stored(whole.hexdigest(), size, tuple(pieces))


def _objects(
    copy: Path,
    pieces: Stored,
    there: set[str],
    workspace: Workspace,
    store: ObjectStore,
    place: BackupFolder,
    by: Actor,
    at: datetime,
    tell: Tell,
) -> tuple[BackupManifest, int, int]:
    """Copy the objects that are new. One that is damaged here and whole there stays there."""
    with closing(sqlite3.connect(copy)) as db:
        db.row_factory = sqlite3.Row
        first, rows = str(trail.digest_of(db, 1)), trail.rows(db)
        head = str(trail.digest_of(db, rows))
        schema = int(db.execute("PRAGMA user_version").fetchone()[0])
        needed = _needed(db, store)
    wanted = set(store.digests()) | needed.keys()
    new = to_copy(wanted, there)
    added = size = 0
    missing: set[str] = set()
    for number, digest in enumerate(new, 1):
        try:
            size += place.store.take(digest, store)
            added += 1
        except Damage:
            missing.add(digest)
        except OSError as error:
            raise Refusal(f"The object {digest[:12]} could not be copied: {why_not(error)}.") from None
        tell(number, len(new))
    lacking = tuple(MissingObject(digest, needed[digest]) for digest in sorted(missing) if digest in needed)
    manifest = BackupManifest(
        workspace=first,
        home=str(workspace.root),
        made_at=stamp(at),
        made_by=by.name,
        ledger=pieces,
        schema=schema,
        rows=rows,
        head=head,
        objects=tuple(sorted(wanted - missing)),
        lacking=lacking,
    )
    return manifest, added, size


def _needed(db: sqlite3.Connection, store: ObjectStore) -> dict[str, str]:
    """What the versions need that have their content, each with the label of one that does."""
    needs, found = Needs(store), dict[str, str]()
    for version in contents.stored(db):
        found.setdefault(version.digest, version.label)
        if version.cleaned_at is None:
            with suppress(Damage):
                for digest in needs.of(version.digest):
                    found.setdefault(digest, version.label)
    return found


def _record(
    ledger: Ledger,
    by: Actor,
    at: datetime,
    place: BackupFolder,
    why: str | None,
    manifest: BackupManifest | None,
    added: int,
    size: int,
    seconds: float,
) -> Backup:
    """Keep what came of it; one that was made leaves a mark in the trail too."""
    found = Backup(
        at=at,
        by=by.name,
        place=str(place.root),
        why=why,
        digest=manifest.digest() if manifest else None,
        rows=manifest.rows if manifest else None,
        head=manifest.head if manifest else None,
        objects=len(manifest.objects) if manifest else None,
        added=added if manifest else None,
        bytes=size if manifest else None,
        seconds=round(seconds, 3),
        lacking=tuple(sorted({each.version for each in manifest.lacking})) if manifest else (),
    )
    with ledger.write() as db:
        db.execute(
            "INSERT INTO backups (at, by, place, why, digest, audit_rows, audit_head, objects, added, bytes, seconds)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                stamp(at), found.by, found.place, why, found.digest, found.rows, found.head, found.objects, found.added,
                found.bytes, found.seconds,
            ),
        )  # fmt: skip
        if manifest is not None:
            details = {
                name: value for name, value in asdict(found).items() if name in ("digest", "rows", "head", "added")
            }
            trail.append(db, at=at, actor=by, action="backup", subject=str(place.root), details=details)
    return found
