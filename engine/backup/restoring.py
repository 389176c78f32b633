"""Bring a workspace back from its backup, into an empty place: read whole, held against its manifest, then opened.

The ledger takes its place last, in one step: until then the place is no workspace and says how to go on. What is a
projection is not in a backup; the live folders are rebuilt from the store, environments from their locks.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from engine.access import bindings, entering, operators
from engine.access.caller import Caller
from engine.access.proof import Proof
from engine.audit import trail
from engine.backup import key as keys
from engine.backup.checking import disagreeing, opened, wrong_signature
from engine.backup.manifest import BackupManifest, Signature
from engine.backup.place import BackupFolder, alone_in
from engine.backup.records import Restored
from engine.clock import moment
from engine.errors import Damage, Forbidden, LeverframeError, Refusal
from engine.housekeeping import bin as bins
from engine.housekeeping import settings
from engine.outbox import outbox
from engine.release import at_its_time
from engine.release import live_folder as projection
from engine.release.history import live_contents
from engine.runs import queue
from engine.storage import chosen, last_backup
from engine.storage import workspace as workspaces
from engine.storage.atomic import sync_folder, write_file
from engine.storage.disk import refused
from engine.storage.ledger import Ledger
from engine.storage.loss import NOTE, RESTORING
from engine.storage.migrations import LATEST
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.text import plain

Tell = Callable[[int, int], None]
_STAGE = ".restoring"


def restore(
    folder: Path,
    home: Path,
    operator: str | None,
    proof: Proof,
    at: datetime,
    tell: Tell,
    *,
    reason: str,
    key_file: Path | None = None,
    head: str | None = None,
    former: bool = False,
    partly: bool = False,
) -> Restored:
    """Bring the backup in ``folder`` back at ``home``, which must be empty, as the admin called ``operator``.

    ``head``: a digest that the trail must hold, as it was noted elsewhere. ``partly``: objects that are not whole are
    left out; without it one of them is enough to raise Damage. ``tell`` gets how many objects are there, of how many.
    Raises Refusal when ``home`` is not empty, Damage when the backup is not what its manifest says.
    """
    place = BackupFolder(folder.expanduser().absolute())
    manifest, signature, key = opened(place, key_file, former=former)
    if signature == "wrong":
        raise Damage(f"{_capital(wrong_signature(place, manifest))}. Nothing was restored.")
    if manifest.schema > LATEST:
        raise Refusal(
            f"The backup in {place.root} was written by a newer Leverframe (format {manifest.schema}, this one knows "
            f"{LATEST}); update this installation. Nothing was restored."
        )
    root = home.expanduser().absolute()
    with refused(f"The backup could not be restored to {root}; run it again when that is mended"), _alone(root):
        workspace, stage, problems, notes = _begin(root, place, manifest), root / _STAGE, list[str](), list[str]()
        if not workspace.ledger.exists():  # Else what was cut short was only the tidying up.
            problems = _objects(workspace, place, manifest, tell)
            if problems and not partly:
                more = f" and {len(problems) - 1:,} more" if len(problems) > 1 else ""
                raise Damage(
                    f"The backup in {place.root} is not whole: {problems[0]}{more}. Nothing was restored; '--former' "
                    "takes the backup before it, '--partly' what is whole of this one."
                )
            _ledger(stage, place, manifest, head)
            notes = _adopt(workspace, stage, manifest, operator, proof, reason, at)
            os.rename(stage / "ledger.db", workspace.ledger)
            sync_folder(root)
        if (stage / NOTE).exists():
            os.rename(stage / NOTE, root / "locks" / NOTE)
        if key is not None:
            keys.keep(root, key)
        with suppress(OSError):
            last_backup.remember(root, last_backup.LastBackup(str(place.root), manifest.made_at))
        shutil.rmtree(stage, ignore_errors=True)
        (root / RESTORING).unlink()
    notes = [*problems, *(f"{each.version} was not whole when it was backed up" for each in manifest.lacking), *notes]
    return _restored(workspace, manifest, signature, [*notes, *_live(workspace)])


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Nobody else restores there meanwhile: the ledger of whoever is second would take the place of one that is in use
    by then. Raises Conflict."""
    if root.exists() and not root.is_dir():
        raise Refusal(f"{root} is not empty; name an empty folder with --home, or move that one aside.")
    root.mkdir(mode=0o750, parents=True, exist_ok=True)
    with alone_in(root, f"Another process restores a backup to {root}; wait for it, then look whether that is done."):
        yield


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _begin(root: Path, place: BackupFolder, manifest: BackupManifest) -> Workspace:
    """The folders of a workspace at ``root`` and a mark that it is none yet. One that was cut short goes on."""
    mark = {"from": str(place.root), "digest": manifest.digest()}
    try:
        under_way = json.loads((root / RESTORING).read_bytes())
    except (OSError, ValueError):
        under_way = None
    others = [path for path in root.iterdir() if not path.name.startswith(f".{RESTORING}")] if root.is_dir() else [root]
    if under_way is None and root.exists() and others:
        raise Refusal(f"{root} is not empty; name an empty folder with --home, or move that one aside.")
    if under_way is not None and under_way != mark:
        raise Refusal(f"{root} holds what was restored from another backup in part; empty it, then restore this one.")
    root.mkdir(mode=0o750, parents=True, exist_ok=True)
    write_file(root / RESTORING, json.dumps(mark).encode())  # Before anything else: what is here is ours.
    workspaces.make_folders(root)
    return Workspace(root)


def _objects(workspace: Workspace, place: BackupFolder, manifest: BackupManifest, tell: Tell) -> list[str]:
    """Copy every object, verified. Returns what is not whole, in words."""
    store, problems = ObjectStore(workspace.objects), []
    for number, digest in enumerate(manifest.objects, 1):
        try:
            if not (store.has(digest) and _whole(store, digest)):
                store.take(digest, place.store)
        except Damage as damage:
            problems.append(str(damage).rstrip("."))
        tell(number, len(manifest.objects))
    store.sync()
    return problems


def _whole(store: ObjectStore, digest: str) -> bool:
    try:
        store.get(digest)
    except Damage:
        return False
    return True


def _ledger(stage: Path, place: BackupFolder, manifest: BackupManifest, head: str | None) -> None:
    """Put the ledger together in ``stage`` and hold it against the manifest. Raises Damage."""
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(mode=0o700)
    target, whole = stage / "ledger.db", hashlib.sha256()
    target.touch(mode=0o640)  # Its -wal and -shm get the same mode; what is written anew is as private as it was.
    with target.open("wb") as file:
        for digest in manifest.ledger.chunks:
            piece = place.store.get(digest)
            whole.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    with closing(sqlite3.connect(target)) as db:
        problems = [] if whole.hexdigest() == manifest.ledger.digest else ["its ledger has another digest"]
        problems += disagreeing(db, manifest)
        if not problems and head and not trail.holds(db, head):
            problems.append(f"its trail, which ends at row {manifest.rows:,}, does not hold the head {head[:16]}")
    if problems:
        raise Damage(f"The backup in {place.root} is not whole: {'; '.join(problems)}. Nothing was restored.")


def _adopt(
    workspace: Workspace, stage: Path, manifest: BackupManifest, name: str | None, proof: Proof, reason: str,
    at: datetime,
) -> list[str]:
    """Settle, in the ledger that is to be, what cannot go on: a row in its trail says so. Returns notes."""
    ledger = Ledger(stage / "ledger.db", locks=stage)
    try:
        with ledger.write() as db:
            by, notes = _restorer(db, name, proof, reason, at)
            return notes + _settle(db, workspace.root, manifest, by, reason, at)
    finally:
        ledger.close()


def _restorer(
    db: sqlite3.Connection, name: str | None, proof: Proof, reason: str, at: datetime
) -> tuple[Caller, list[str]]:
    """Whoever restores, an admin of the ledger in the backup: no door is open yet that could ask. Returns notes.

    Theirs is the backup, and with it all that the ledger says; so they are let in where their account proves nobody
    yet, as on another machine.
    """
    held = bindings.holder(db, proof)
    who = name or held or str(getattr(proof, "name", ""))
    found = operators.find(db, who)
    if found is None or found.role != "admin" or found.disabled:
        raise Forbidden(
            f"{plain(who, 40)} is no admin of the workspace in this backup; restore it as one of its admins "
            "(--operator)."
        )
    if held == who:
        return Caller(found, proof), []
    entering.take_in(db, proof, who, reason, at)
    return Caller(found, proof), [f"{who} comes in by the {proof.words} now; the trail says so"]


def _settle(
    db: sqlite3.Connection, root: Path, manifest: BackupManifest, by: Caller, reason: str, at: datetime
) -> list[str]:
    when = f"{manifest.made_at[:16].replace('T', ' ')} UTC"
    runs = queue.interrupt_all(db, f"the workspace was restored from its backup of {when}", at)
    binned = bins.gone(db, at)
    mails = outbox.give_up_all(db, f"it waited when the backup of {when} was made and may have been sent since")
    details = {"backup": manifest.digest(), "made_at": manifest.made_at, "rows": manifest.rows, "head": manifest.head}
    trail.append(db, at=at, actor=by, action="restore-backup", subject="workspace", reason=reason, details=details)
    planned = at_its_time.cancel_all(
        db, f"the workspace was restored from its backup of {when}, and this may have been taken back since", by, at
    )
    notes = []
    if planned:
        notes.append(f"{_counted(planned, 'planned swap')} {'is' if planned == 1 else 'are'} cancelled; approve anew")
    if str(root) != manifest.home and chosen.forget(db, settings.BACKUP_TO):
        trail.append(
            db, at=at, actor=by, action="set", subject=settings.BACKUP_TO, reason="restored elsewhere",
            details={"value": "default"},
        )  # fmt: skip
        notes.append(
            "the engine backs this up nowhere, lest two copies of a workspace write to one place; 'leverframe settings "
            f"set {settings.BACKUP_TO} FOLDER' says where to"
        )
    if runs:
        notes.append(f"{_counted(runs, 'run')} that had not ended {'is' if runs == 1 else 'are'} interrupted")
    if binned:
        notes.append(f"what lay in the bin ({_counted(binned, 'thing')}) is in no backup and gone for good")
    if mails:
        told = "'leverframe outbox retry' sends them, if they were not sent since"
        notes.append(f"{_counted(mails, 'mail')} that waited {'is' if mails == 1 else 'are'} given up; {told}")
    return notes


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _live(workspace: Workspace) -> list[str]:
    """Rebuild the live folder of every project. Returns what could not be, in sentences."""
    ledger, store, notes = Ledger(workspace.ledger, locks=workspace.root / "locks"), ObjectStore(workspace.objects), []
    try:
        with ledger.read() as db:
            live = live_contents(db)
        for project, (found, digest) in live.items():
            try:
                with refused(f"live/{project} could not be rebuilt"):
                    projection.repair(workspace, store, project, found.release, digest)
            except LeverframeError as error:
                said = str(error).rstrip(".")
                notes.append(f"live/{project} does not stand yet ({said}); 'leverframe doctor --fix' tries again")
    finally:
        ledger.close()
    return notes


def _restored(workspace: Workspace, manifest: BackupManifest, signature: Signature, notes: list[str]) -> Restored:
    signed = {
        "holds": "and its signature holds",
        "no key": "and nobody could tell who wrote it, for the key that it was signed with is not here (--key)",
    }[signature]
    sentence = (
        f"The workspace {workspace.root} stands as it was on {moment(manifest.made_at):%d %b %Y at %H:%M} UTC: "
        f"{len(manifest.objects):,} objects and a trail of {manifest.rows:,} rows are whole, {signed}."
    )
    return Restored(
        home=str(workspace.root),
        made_at=moment(manifest.made_at),
        rows=manifest.rows,
        objects=len(manifest.objects),
        signature=signature,
        sentence=sentence,
        notes=tuple(notes),
    )
