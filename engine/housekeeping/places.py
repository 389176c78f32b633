"""Folders beside the workspace that an operator wants watched. They are looked at and never cleaned."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from engine.audit import trail
from engine.clock import moment, stamp
from engine.errors import Conflict, Invalid, NotFound
from engine.people.operators import require
from engine.records import Operator
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from engine.text import plain

PlaceKind = Literal["data", "logs", "bin"]
KINDS: tuple[PlaceKind, ...] = ("data", "logs", "bin")


@dataclass(frozen=True)
class WatchedFolder:
    """A watched folder. ``kind``: what it holds, which decides what is worth saying about it."""

    path: str
    kind: PlaceKind
    added_at: datetime
    added_by: str


def everything(db: sqlite3.Connection) -> tuple[WatchedFolder, ...]:
    """All watched folders, by path."""
    rows = db.execute("SELECT * FROM places ORDER BY path")
    return tuple(WatchedFolder(row["path"], row["kind"], moment(row["added_at"]), row["added_by"]) for row in rows)


def add(
    workspace: Workspace, ledger: Ledger, folder: Path, kind: PlaceKind, by: Operator, reason: str, at: datetime
) -> WatchedFolder:
    """Watch ``folder`` from now on. Raises Invalid for what is no folder, holds the workspace or is inside it."""
    require(by, "operator", "watch folders")
    path = folder.expanduser().absolute()
    if kind not in KINDS:
        raise Invalid(f"'{plain(kind, 40)}' is no kind of place; it is one of {', '.join(KINDS)}.")
    if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
        raise Invalid(f"{plain(str(path))} is no folder that this account may read; name one that is.")
    real, home = path.resolve(), workspace.root.resolve()
    if real.is_relative_to(home) or home.is_relative_to(real):
        raise Invalid(f"{plain(str(path))} and the workspace lie inside each other; the workspace is watched anyway.")
    text = str(real)
    if not text.isprintable() or any("\ud800" <= c <= "\udfff" for c in text):
        raise Invalid(f"The name of {plain(text)} cannot be written down; give the folder another name, or a link one.")
    with ledger.write() as db:
        for place in everything(db):
            if real.is_relative_to(place.path) or Path(place.path).is_relative_to(real):
                raise Conflict(f"{place.path} is watched already, and the two lie inside each other.")
        db.execute("INSERT INTO places VALUES (?, ?, ?, ?)", (text, kind, stamp(at), by.name))
        trail.append(db, at=at, actor=by, action="watch", subject=text, reason=reason, details={"kind": kind})
    return WatchedFolder(text, kind, at, by.name)


def remove(ledger: Ledger, folder: Path, by: Operator, reason: str, at: datetime) -> None:
    """Watch ``folder`` no longer; it may be gone by now."""
    require(by, "operator", "watch folders")
    names = {str(folder.expanduser().absolute()), str(folder.expanduser().resolve())}
    with ledger.write() as db:
        known = [place.path for place in everything(db)]
        found = next((path for path in known if path in names), None)
        if found is None:
            there = f"there are {', '.join(known)}" if known else "none is"
            raise NotFound(f"{plain(str(folder))} is not watched; {there}.")
        db.execute("DELETE FROM places WHERE path = ?", (found,))
        trail.append(db, at=at, actor=by, action="unwatch", subject=found, reason=reason)
