"""The bin: what was cleaned away waits there, each thing in a folder of its own that looks like the workspace.

A row says what is about to happen before the first file moves, and what has happened after the last. Whatever a killed
process left in between is finished by the next look (``settle``): a move is completed or called off, never half of it.
The bin may be a link to another disk.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from engine.access.caller import Caller
from engine.audit import trail
from engine.clock import moment, stamp
from engine.environments import kept_files
from engine.errors import Conflict, NotFound, Refusal
from engine.housekeeping import moving
from engine.housekeeping.commands import UNSETTLED
from engine.housekeeping.linked import rooms
from engine.housekeeping.records import BinItem, CleanItem
from engine.housekeeping.sweep import Needs
from engine.records import Actor
from engine.storage import reserve
from engine.storage.disk import room_of, why_not
from engine.storage.free_space import in_words
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import catalog, contents

LOCK = "clean"
OBJECT_KINDS = ("version", "objects")


def items(ledger: Ledger) -> tuple[BinItem, ...]:
    """What can be restored, the newest first."""
    with ledger.read() as db:
        rows = db.execute("SELECT * FROM bin WHERE state = 'binned' ORDER BY id DESC").fetchall()
    return tuple(_record(row) for row in rows)


def _record(row: sqlite3.Row) -> BinItem:
    return BinItem(
        id=row["id"],
        what=row["what"],
        kind=row["kind"],
        bytes=row["bytes"],
        binned_at=moment(row["binned_at"]),
        purge_at=moment(row["purge_at"]),
        by=row["binned_by"],
    )


def folder_of(workspace: Workspace, number: int) -> Path:
    return workspace.bin / f"{number:07d}"


def open_row(
    db: sqlite3.Connection,
    item: CleanItem,
    paths: Sequence[str],
    by: Actor,
    reason: str,
    days: int,
    at: datetime,
) -> int:
    """Say that ``item`` is about to move, inside the caller's transaction; returns its number."""
    cursor = db.execute(
        "INSERT INTO bin (item, kind, what, paths, bytes, state, binned_at, binned_by, reason, purge_at)"
        " VALUES (?, ?, ?, ?, ?, 'binning', ?, ?, ?, ?)",
        (
            item.id, item.kind, item.what, json.dumps(list(paths)), item.bytes, stamp(at), by.name, reason,
            stamp(at + timedelta(days=days)),
        ),
    )  # fmt: skip
    if item.kind == "version":
        _set_cleaned(db, item.id, at)
    return int(cursor.lastrowid or 0)


def close_row(ledger: Ledger, workspace: Workspace, number: int, at: datetime) -> int:
    """Say that what could be moved has been; returns its bytes. What turned out to be nothing leaves no item."""
    folder = folder_of(workspace, number)
    shared = os.path.isdir(folder / "environments")  # with uv's cache and with other environments
    size = rooms(workspace).get(f"bin/{folder.name}", 0) if shared else sum(map(room_of, _entries(folder)))
    with ledger.write() as db:
        if size or _entries(folder):
            db.execute("UPDATE bin SET state = 'binned', bytes = ? WHERE id = ?", (size, number))
        else:
            row = db.execute("SELECT * FROM bin WHERE id = ?", (number,)).fetchone()
            db.execute("UPDATE bin SET state = 'purged', bytes = 0, ended_at = ? WHERE id = ?", (stamp(at), number))
            if row["kind"] == "version":
                _set_cleaned(db, row["item"], None)
    return size


def gone(db: sqlite3.Connection, at: datetime) -> int:
    """Nothing of what lay in the bin is there, as in a restored workspace. Returns how many things that were."""
    return db.execute(
        "UPDATE bin SET state = 'purged', bytes = 0, ended_at = ? WHERE state NOT IN ('restored', 'purged')",
        (stamp(at),),
    ).rowcount


def _entries(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder)]
    except FileNotFoundError:
        return []


def _set_cleaned(db: sqlite3.Connection, item: str, at: datetime | None) -> None:
    contents.set_cleaned(db, item.removeprefix("version:"), at)


def put_paths(workspace: Workspace, number: int, paths: Sequence[str]) -> int:
    """Move ``paths`` of the workspace into the item's folder; returns how many were gone already."""
    gone = 0
    for path in paths:
        try:
            moving.move(workspace.root / path, folder_of(workspace, number) / path)
        except FileNotFoundError:
            gone += 1
    return gone


def restore(workspace: Workspace, ledger: Ledger, number: int, reason: str, by: Caller, at: datetime) -> str:
    """Put an item back where it was; returns a sentence. Raises Refusal when something else is there by now."""
    with workspace.lock(LOCK, wait=False):
        settle(workspace, ledger, at, locked=True)
        with ledger.write() as db:
            row = _found(db, number)
            if row["kind"] not in OBJECT_KINDS:
                _refuse_taken(workspace, row)
            trail.append(
                db, at=at, actor=by, action="restore", subject=f"bin {number}", reason=reason,
                details={"what": row["what"], "item": row["item"]},
            )  # fmt: skip
            db.execute("UPDATE bin SET state = 'restoring' WHERE id = ?", (number,))
        try:
            _put_back(workspace, ledger, row)
        except OSError as error:
            with suppress(Refusal), ledger.write() as db:  # Else the next look settles it.
                db.execute("UPDATE bin SET state = 'binned' WHERE id = ?", (number,))
            raise Refusal(
                f"{row['what']} could not be put back as a whole: {why_not(error)}. Nothing is lost; what is still in "
                f"the bin can be restored later with 'leverframe bin restore {number}'."
            ) from None
        whole = _end_restore(workspace, ledger, row, at)
    said = f"{row['what']} is back where it was."
    return said if whole else f"{said} Part of it was in the bin with something else and is gone for good."


def _found(db: sqlite3.Connection, number: int) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM bin WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise NotFound(f"There is nothing with the number {number} in the bin; 'leverframe bin list' shows what is.")
    if row["state"] != "binned":
        word = {"restored": "was restored already", "purged": "was purged and is gone for good"}
        raise Conflict(f"{row['what']} ({number}) {word.get(row['state'], 'is being worked on')}.")
    return row


def _refuse_taken(workspace: Workspace, row: sqlite3.Row) -> None:
    for path in json.loads(row["paths"]):
        here, there = workspace.root / path, folder_of(workspace, row["id"]) / path
        if os.path.lexists(here) and os.path.lexists(there):
            raise Conflict(f"{path} is there again; move it away, then restore {row['what']}.")


def _put_back(workspace: Workspace, ledger: Ledger, row: sqlite3.Row) -> None:
    """Move everything back; what is there already, because it was cut short, stays."""
    folder = folder_of(workspace, row["id"])
    for path in _paths(folder, row):
        source, target = folder / path, workspace.root / path
        moving.settle(source, target, keep=target)
        if os.path.lexists(target):
            continue  # An object that was stored anew meanwhile is the same object.
        try:
            moving.move(source, target)
        except FileNotFoundError:
            continue
    if row["kind"] == "version":
        _fetch_shared(workspace, ledger, row)


def _paths(folder: Path, row: sqlite3.Row) -> list[str]:
    if row["kind"] not in OBJECT_KINDS:
        return [str(path) for path in json.loads(row["paths"])]
    return [str(path.relative_to(folder)) for path in folder.glob("objects/*/*") if not path.name.startswith(".")]


def _fetch_shared(workspace: Workspace, ledger: Ledger, row: sqlite3.Row) -> None:
    """What this version shared with another that went is in the other's folder: take it from there."""
    for digest in _missing(workspace, ledger, row, with_kept=True):
        path = f"objects/{digest[:2]}/{digest[2:]}"
        for folder in sorted(workspace.bin.iterdir()):
            if os.path.lexists(folder / path):
                moving.move(folder / path, workspace.root / path)
                break


def _missing(workspace: Workspace, ledger: Ledger, row: sqlite3.Row, *, with_kept: bool = False) -> list[str]:
    """The objects that the version in ``row`` needs and the store has not; ``with_kept``: also what its environment is
    rebuilt from, without which it is whole all the same: that can be fetched again."""
    store = ObjectStore(workspace.objects)
    with ledger.read() as db:
        version = catalog.find(db, row["item"].removeprefix("version:"))
        needs = Needs(store, kept_files.objects(db) if with_kept else None)
    return [digest for digest in needs.of(version["digest"]) if not store.has(digest)]


def _end_restore(workspace: Workspace, ledger: Ledger, row: sqlite3.Row, at: datetime) -> bool:
    """Close the row; returns whether all of it is back."""
    whole = row["kind"] != "version" or not _missing(workspace, ledger, row)
    with ledger.write() as db:
        db.execute("UPDATE bin SET state = 'restored', ended_at = ? WHERE id = ?", (stamp(at), row["id"]))
        if row["kind"] == "version" and whole:
            _set_cleaned(db, row["item"], None)
    moving.delete(folder_of(workspace, row["id"]))
    return whole


def purge(workspace: Workspace, ledger: Ledger, due: datetime | None, by: Actor, reason: str, at: datetime) -> int:
    """Delete for good what is to be purged by ``due`` (None: everything); returns the bytes. The clock calls it too."""
    with workspace.lock(LOCK, wait=False), reserve.drawn_on(workspace):
        settle(workspace, ledger, at, locked=True)
        with ledger.read() as db:
            rows = db.execute(
                "SELECT id, bytes, what FROM bin WHERE state = 'binned' AND purge_at <= ? ORDER BY id",
                (stamp(due) if due else "9",),
            ).fetchall()
        if not rows:
            return 0
        with ledger.write() as db:
            details = {"items": [row["id"] for row in rows], "bytes": sum(row["bytes"] for row in rows)}
            trail.append(db, at=at, actor=by, action="purge", subject="bin", reason=reason, details=details)
            db.executemany("UPDATE bin SET state = 'purging' WHERE id = ?", [(row["id"],) for row in rows])
        for row in rows:
            _end_purge(workspace, ledger, row["id"], at)
    return sum(int(row["bytes"]) for row in rows)


def _end_purge(workspace: Workspace, ledger: Ledger, number: int, at: datetime) -> None:
    try:
        moving.delete(folder_of(workspace, number))
    except OSError as error:
        raise Refusal(f"Item {number} of the bin could not be deleted: {why_not(error)}.") from None
    with ledger.write() as db:
        db.execute("UPDATE bin SET state = 'purged', ended_at = ? WHERE id = ?", (stamp(at), number))


def settle(workspace: Workspace, ledger: Ledger, at: datetime, *, locked: bool = False) -> int:
    """Finish what a killed process left; how many items. One who is at work on the bin holds its lock and is let be."""
    if not locked:
        try:
            with workspace.lock(LOCK, wait=False):
                return settle(workspace, ledger, at, locked=True)
        except Conflict:
            return 0
    with ledger.read() as db:
        rows = db.execute(f"SELECT * FROM bin WHERE {UNSETTLED} ORDER BY id").fetchall()
    for row in rows:
        try:
            _settle(workspace, ledger, row, at)
        except (OSError, Refusal):
            # A full disk, or the bin's disk is away: restorable as it is, or looked at again the next time.
            if row["state"] == "restoring":
                with ledger.write() as db:
                    db.execute("UPDATE bin SET state = 'binned' WHERE id = ?", (row["id"],))
    return len(rows)


def _settle(workspace: Workspace, ledger: Ledger, row: sqlite3.Row, at: datetime) -> None:
    if row["state"] == "binning":
        folder = folder_of(workspace, row["id"])
        for path in _paths(folder, row):
            source = workspace.root / path
            moving.settle(source, folder / path, keep=source)
        close_row(ledger, workspace, row["id"], at)
    elif row["state"] == "restoring":
        _put_back(workspace, ledger, row)
        _end_restore(workspace, ledger, row, at)
    else:
        _end_purge(workspace, ledger, row["id"], at)


def empty(workspace: Workspace, ledger: Ledger, by: Caller, reason: str, at: datetime, due: datetime | None) -> str:
    """Delete for good what has been there long enough by ``due`` (None: everything); returns a sentence."""
    freed = purge(workspace, ledger, due, by, reason, at)
    left = items(ledger)
    said = f"{in_words(freed)} freed for good." if freed else "Nothing was deleted."
    if left:
        size = in_words(sum(item.bytes for item in left))
        said += (
            f" {len(left)} thing{'' if len(left) == 1 else 's'}, {size}, can still be restored; --all deletes these."
        )
    if any(item.purge_at <= at for item in left):
        said += (
            f" By the clock of this machine ({at:%Y-%m-%d %H:%M} UTC) some are due, but nothing else in the ledger "
            "says that it is so late: when the clock has said so for a day, they can go without --all."
        )
    return said
