"""The projects of a workspace: add one, remove one, find them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.access.caller import Caller
from engine.access.confirmation import check_typed
from engine.audit import trail
from engine.clock import moment, stamp
from engine.errors import Conflict, Forbidden, NotFound
from engine.projects.manifest import kept
from engine.records import Actor, Project
from engine.storage.ledger import Ledger
from engine.vocabulary.jobs import RETRAIN

if TYPE_CHECKING:
    from engine.projects.manifest.records import Manifest


def add(ledger: Ledger, path: Path, by: Caller, at: datetime, *, vouches: bool = True) -> Project:
    """Register the project in the folder ``path``. Raises Invalid for its manifest, Conflict for its name.

    ``vouches``: whether ``by`` can have its steps reach what the manifest asks for. Raises Forbidden where that is
    needed and they cannot.
    """
    from engine.projects.manifest.reader import load_manifest
    from engine.projects.reach import beyond_the_rule, reach_of, unvouched

    folder = path.expanduser().absolute()
    if not folder.is_dir():
        raise NotFound(f"{folder} is not a folder; name the folder that holds leverframe.toml.")
    manifest = load_manifest(folder)
    with ledger.write() as db:
        row = db.execute("SELECT path, removed_at, manifest FROM projects WHERE name = ?", (manifest.name,)).fetchone()
        if row is not None and row["removed_at"] is None:
            raise Conflict(f"There is a project '{manifest.name}' already, from {row['path']}; remove it first.")
        document, place = manifest.document, (str(folder), stamp(at))
        if row is not None and _is_live(db, manifest.name):
            # What its live version says stays in force: removing and adding is no way round an approval.
            document = json.loads(row["manifest"])
            db.execute(
                "UPDATE projects SET path = ?, added_at = ?, removed_at = NULL WHERE name = ?", (*place, manifest.name)
            )
        else:
            if not vouches and (asked := beyond_the_rule(reach_of(document))):
                raise Forbidden(unvouched(asked))
            db.execute(
                "INSERT INTO projects (title, owner, manifest, path, added_at, name) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET title = excluded.title, owner = excluded.owner,"
                " manifest = excluded.manifest, path = excluded.path, added_at = excluded.added_at, removed_at = NULL",
                (manifest.title, manifest.owner, json.dumps(document), *place, manifest.name),
            )
        from engine.projects import schedules

        schedules.sync(db, manifest.name, document, at)
        details: dict[str, Any] = {"path": str(folder)}
        allows = beyond_the_rule(reach_of(document))
        if allows:  # Who adds a project vouches for what its steps may.
            details["allows"] = list(allows)
        trail.append(db, at=at, actor=by, action="add", subject=manifest.name, details=details)
        return find(db, manifest.name)


def take_in(db: sqlite3.Connection, manifest: Manifest, path: Path, by: Actor, at: datetime, source: str) -> None:
    """Register a project whose code came with a version from ``source``, inside the transaction that takes that in.

    ``path``: where that code is once it is live. Its retrains are paused: whoever resumes them says that the data is
    had here too. Raises Conflict where there was one of that name.
    """
    if names(db, manifest.name, removed=True):
        raise Conflict(
            f"There was a project '{manifest.name}' here, and it was removed; add it again ('leverframe add PATH'), "
            "then import."
        )
    db.execute(
        "INSERT INTO projects (title, owner, manifest, path, added_at, name) VALUES (?, ?, ?, ?, ?, ?)",
        (manifest.title, manifest.owner, json.dumps(manifest.document), str(path), stamp(at), manifest.name),
    )
    from engine.projects import schedules
    from engine.projects.reach import beyond_the_rule, reach_of

    schedules.sync(db, manifest.name, manifest.document, at)
    retrains = schedules.in_force(db, manifest.name, RETRAIN.name)
    if retrains is not None:
        note = f"it came with a version from {source}; resume it where it is to be retrained here too"
        schedules.replace(db, retrains, at, enabled=0, note=note, changed_by=by.name)
    details: dict[str, Any] = {"path": str(path), "source": source}
    if allows := beyond_the_rule(reach_of(manifest.document)):
        details["allows"] = list(allows)
    trail.append(db, at=at, actor=by, action="add", subject=manifest.name, details=details)


def _is_live(db: sqlite3.Connection, name: str) -> bool:
    return db.execute("SELECT 1 FROM versions WHERE project = ? AND state = 'live'", (name,)).fetchone() is not None


# What another room does in the transaction in which a project is removed: connection, name, reason, by whom and when.
AtRemoval = Callable[[sqlite3.Connection, str, str, Caller, datetime], None]


def remove(
    ledger: Ledger, name: str, reason: str, confirmed: str, by: Caller, at: datetime, also: Sequence[AtRemoval] = ()
) -> None:
    """Take a project off the list. Its versions, its runs and its live folder stay, and adding it again finds them.

    ``also``: what ends with it. Raises Unconfirmed unless ``confirmed`` is its name.
    """
    with ledger.write() as db:
        find(db, name)
        busy = db.execute(
            "SELECT id FROM runs WHERE project = ? AND state IN ('queued', 'running') LIMIT 1", (name,)
        ).fetchone()
        if busy:
            raise Conflict(f"Run {busy['id']} of {name} has not ended; cancel it or wait for it, then remove {name}.")
        check_typed(confirmed, name, to=f"remove {name}", which="the project's name")
        db.execute("UPDATE projects SET removed_at = ? WHERE name = ?", (stamp(at), name))
        from engine.projects import schedules

        schedules.end(db, name, None, at)
        trail.append(db, at=at, actor=by, action="remove", subject=name, reason=reason)
        for each in also:
            each(db, name, reason, by, at)


def find(db: sqlite3.Connection, name: str) -> Project:
    """The project called ``name``. Raises NotFound, naming those there are."""
    found = there(db, name)
    if found is None:
        raise NotFound(f"There is no project '{name[:60]}' here; there {_listed(names(db)[:5])}.")
    return found


def there(db: sqlite3.Connection, name: str) -> Project | None:
    """The project called ``name``; None where there is none, or it was removed."""
    row = db.execute("SELECT * FROM projects WHERE name = ? AND removed_at IS NULL", (name,)).fetchone()
    return record(row) if row is not None else None


def _listed(known: Sequence[str]) -> str:
    if not known:
        return "are none yet: 'leverframe add PATH' adds one"
    return f"{'is' if len(known) == 1 else 'are'} {', '.join(known)}"


def everything(db: sqlite3.Connection) -> tuple[Project, ...]:
    """All projects, by name."""
    rows = db.execute("SELECT * FROM projects WHERE removed_at IS NULL ORDER BY name").fetchall()
    return tuple(record(r) for r in rows)


def names(db: sqlite3.Connection, project: str | None = None, *, removed: bool = False) -> tuple[str, ...]:
    """The names of all projects, in order, or of one if it is there; with those that were ``removed``."""
    rows = db.execute(
        "SELECT name FROM projects WHERE (? OR removed_at IS NULL) AND name = coalesce(?, name) ORDER BY name",
        (removed, project),
    )
    return tuple(row["name"] for row in rows)


def folder(db: sqlite3.Connection, name: str) -> Path:
    """Where the project's own files are, also of one that was removed."""
    return Path(_kept(db, name)["path"])


# What their manifests say, of those that were removed too


def manifest(db: sqlite3.Connection, name: str) -> Manifest:
    """The manifest that is in force for the project called ``name``. Raises NotFound."""
    return kept.manifest_in(_kept(db, name)["manifest"])


def _kept(db: sqlite3.Connection, name: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM projects WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFound(f"There never was a project '{name[:60]}' here; 'leverframe status' lists those there are.")
    return row


def manifest_texts(db: sqlite3.Connection) -> tuple[str, ...]:
    """Every manifest as it is kept, to be searched for a word."""
    return tuple(row["manifest"] for row in db.execute("SELECT manifest FROM projects"))


def judged(db: sqlite3.Connection, projects: Collection[str]) -> dict[str, kept.Judged]:
    """By what each of ``projects`` is judged."""
    return {row["name"]: kept.judged_in(row["manifest"]) for row in _manifests(db, projects)}


def readers(db: sqlite3.Connection, projects: Collection[str]) -> dict[str, kept.Readers]:
    """Who reads of each of ``projects``."""
    return {row["name"]: kept.readers_in(row["manifest"]) for row in _manifests(db, projects)}


def _manifests(db: sqlite3.Connection, projects: Collection[str]) -> sqlite3.Cursor:
    given = json.dumps(list(projects))
    return db.execute("SELECT name, manifest FROM json_each(?) JOIN projects ON name = value", (given,))


@dataclass(frozen=True)
class TrainNeeds:
    """What a manifest allows a run: ``memory`` as it is written there; ``away``: a cluster has most of the work."""

    memory: str | None
    away: bool


def train_needs(db: sqlite3.Connection, projects: Collection[str]) -> dict[str, TrainNeeds]:
    """What the manifest of each of ``projects`` allows; the queue asks at every turn, so that SQLite reads it."""
    rows = db.execute(
        "SELECT name, json_extract(manifest, '$.train.memory') AS memory,"
        " json_extract(manifest, '$.compute.scheduler') IS NOT NULL"
        " AND ifnull(json_extract(manifest, '$.compute.mode'), 'step') = 'step' AS away"
        " FROM json_each(?) JOIN projects ON name = value",
        (json.dumps(list(projects)),),
    )
    return {row["name"]: TrainNeeds(row["memory"], bool(row["away"])) for row in rows}


def record(row: sqlite3.Row) -> Project:
    return Project(row["name"], row["title"], row["owner"], row["path"], moment(row["added_at"]))
