"""The clean-up: carry out a plan exactly as it was shown, into the bin, one thing after the other.

Before the first thing moves, everything is judged again. If something that was to go is protected by now, nothing is
done at all. Each thing is moved under the lock of whoever could be using it; what is in use is left for the next time.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

from engine.access.caller import Caller
from engine.audit import trail
from engine.environments.folder import held as environment_held
from engine.errors import Conflict, Refusal
from engine.housekeeping import bin as bins
from engine.housekeeping import database, logs
from engine.housekeeping.moving import delete, prepare, switch, tidy
from engine.housekeeping.ownership import forget
from engine.housekeeping.records import Cleaned, CleanItem, CleanPlan
from engine.housekeeping.report import folder_of
from engine.housekeeping.survey import COMPRESS, DATABASE, Survey, Thing, marker_of, survey
from engine.housekeeping.sweep import sweep
from engine.release.history import releases
from engine.runs import history
from engine.storage import reserve
from engine.storage.disk import why_not
from engine.storage.free_space import in_words
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import catalog, holds

OnStep = Callable[[str], None]


class _InUse(Exception):
    """Somebody is using it just now."""


def clean(
    workspace: Workspace,
    ledger: Ledger,
    store: ObjectStore,
    plan: CleanPlan,
    reason: str,
    by: Caller,
    at: datetime,
    on_step: OnStep,
) -> Cleaned:
    """Carry out ``plan``; what is old enough is judged as of the moment that it was made for.

    Raises Conflict when something that goes is protected by now, or somebody else is cleaning; Refusal when the disk is
    full: what had moved is in the bin, all else is where it was.
    """
    _refuse_lost_bin(workspace)
    with workspace.lock(bins.LOCK, wait=False), reserve.drawn_on(workspace):
        bins.settle(workspace, ledger, at, locked=True)
        found = survey(workspace, ledger, store, plan.at)
        chosen, gone = _chosen(plan, found)
        notes = [f"{item.what} was gone already" for item in gone]
        if not chosen:
            return Cleaned("There was nothing to clean up.", 0, 0, tuple(notes))
        marked = _begin(ledger, found, chosen, reason, by, at)
        total = done = 0
        for thing in chosen:
            try:
                size = carry_out(workspace, ledger, store, found, thing, marked, reason, by, at, notes)
            except _InUse as used:
                notes.append(f"{thing.item.what} was left: {used}")
                continue
            except OSError as error:
                said = f"The clean-up stopped at the {thing.item.what}: {why_not(error).rstrip('.')}."
                raise Refusal(
                    f"{said} What had moved is in the bin, all else is where it was; nothing is lost."
                ) from None
            total, done = total + size, done + 1
            on_step(f"{thing.item.what}: {in_words(size)}")
        forget(folder_of(workspace))
    return Cleaned(_sentence(done, total, found.rules.bin_days), total, done, tuple(notes))


def _sentence(done: int, total: int, days: int) -> str:
    things = f"{done} thing{'' if done == 1 else 's'}"
    return (
        f"{things} cleaned up, {in_words(total)}. What went to the bin can be restored for {days} days and takes room "
        "until then; 'leverframe bin empty --all' frees it now."
    )


def _refuse_lost_bin(workspace: Workspace) -> None:
    if workspace.bin.is_symlink() and not workspace.bin.is_dir():
        raise Refusal(
            f"The bin leads to {os.readlink(workspace.bin)}, which is not there; mount that disk, or remove the link "
            f"{workspace.bin}. Nothing was changed."
        )


def _chosen(plan: CleanPlan, found: Survey) -> tuple[list[Thing], list[CleanItem]]:
    """What of the plan goes, as it is now, and what is gone already. Raises Conflict for what is protected by now."""
    now = {thing.item.id: thing for thing in found.things}
    chosen, gone = [], []
    for item in plan.going:
        thing = now.get(item.id)
        if thing is None:
            gone.append(item)
        elif thing.item.goes:
            chosen.append(thing)
        else:
            raise Conflict(f"The {item.what} stays by now: {thing.item.why}. Nothing was changed; look again.")
    return chosen, gone


def _begin(ledger: Ledger, found: Survey, chosen: list[Thing], reason: str, by: Caller, at: datetime) -> int:
    """One row in the trail says what is about to go, if the ledger still protects what it did a moment ago.

    Returns the newest version: what is registered after it was not looked at.
    """
    kinds: dict[str, int] = {}
    for thing in chosen:
        kinds[thing.item.kind] = kinds.get(thing.item.kind, 0) + 1
    details = {
        "bytes": sum(thing.item.bytes for thing in chosen),
        "kinds": kinds,
        "versions": [thing.item.id.removeprefix("version:") for thing in chosen if thing.item.kind == "version"],
    }
    with ledger.write() as db:
        if marker_of(db) != found.marker:
            raise Conflict("The ledger changed while this was looked at; nothing was changed, look again.")
        trail.append(db, at=at, actor=by, action="clean", subject="workspace", reason=reason, details=details)
        return catalog.last_id(db)


def carry_out(
    workspace: Workspace,
    ledger: Ledger,
    store: ObjectStore,
    found: Survey,
    thing: Thing,
    marked: int,
    reason: str,
    by: Caller,
    at: datetime,
    notes: list[str],
) -> int:
    """Do one thing; returns the bytes that it took."""
    item = thing.item
    if item.id == DATABASE:
        worked = database.pack(ledger) if database.worth_packing(database.spare(ledger), 0) else None
        worked = database.checkpoint(ledger) if worked is None else worked
        if not worked:
            raise _InUse("somebody is reading it, or there is no room to write it anew")
        return item.bytes
    if item.id == COMPRESS:
        return logs.compress_old(workspace, ledger, found.rules, at)[1]
    with _free(workspace, thing):
        with ledger.write() as db:
            _refuse_wanted(db, thing)
            number = bins.open_row(db, item, thing.paths, by, reason, found.rules.bin_days, at)
        folder = bins.folder_of(workspace, number)
        try:
            if item.kind in bins.OBJECT_KINDS:
                _, gone, wanted = sweep(ledger, store, thing.digests, folder, at, marked)
            elif item.kind == "environment":
                gone, wanted = _put_environment(workspace, ledger, thing, folder), 0
            else:
                gone, wanted = bins.put_paths(workspace, number, thing.paths), 0
        finally:
            size = bins.close_row(ledger, workspace, number, at)
    if gone:
        notes.append(f"of the {item.what}, {gone} file{' was' if gone == 1 else 's were'} gone already")
    if wanted:
        notes.append(f"of the {item.what}, {wanted} object{' is' if wanted == 1 else 's are'} wanted again and stayed")
    return size


def _refuse_wanted(db: sqlite3.Connection, thing: Thing) -> None:
    """The last look at the ledger, in the transaction that says that ``thing`` is about to go. Raises _InUse."""
    kind, _, name = thing.item.id.partition(":")
    if kind == "version":
        row = catalog.find(db, name)
        if row["state"] != thing.state or row["cleaned_at"]:
            raise _InUse(f"it is {row['state']} by now")
        if holds.is_held(db, row["project"], row["number"]):
            raise _InUse("it is under legal hold by now")
    elif kind == "release":
        project, _, release = name.partition("/")
        if releases(db).get(project) == release:
            raise _InUse("it is live by now")


def _put_environment(workspace: Workspace, ledger: Ledger, thing: Thing, folder: Path) -> int:
    """Move an environment while no run can begin: the switch is one transaction with the look at what runs."""
    gone = 0
    for path in thing.paths:
        source, target = workspace.root / path, folder / path
        try:
            prepare(source, target)
            with ledger.write() as db:
                if history.active(db):
                    raise _InUse("a run is at work, which may be using it")
                switch(source, target)
        except FileNotFoundError:
            gone += 1
        except _InUse:
            delete(target)
            raise
        tidy(source)
    return gone


@contextmanager
def _free(workspace: Workspace, thing: Thing) -> Iterator[None]:
    """Hold the lock of whoever could be using ``thing``. Raises _InUse when somebody does."""
    kind, _, name = thing.item.id.partition(":")
    if kind in ("run", "run-data"):
        lock: AbstractContextManager[object] = _run_held(workspace, int(name))
    elif kind in ("release", "version"):
        project = name.partition("/")[0] if kind == "release" else name.rpartition("@")[0]
        lock = _project_held(workspace, project)
    elif kind == "environment":
        lock = environment_held(workspace.environments, name)
    else:
        lock = nullcontext()
    with lock:
        yield


@contextmanager
def _project_held(workspace: Workspace, project: str) -> Iterator[None]:
    """The lock that a release and a rollback of ``project`` hold from proof to switch."""
    with ExitStack() as stack:
        try:
            stack.enter_context(workspace.lock(f"move-{project}", wait=False))
        except Conflict:
            raise _InUse(f"{project} is being moved") from None
        yield


@contextmanager
def _run_held(workspace: Workspace, run: int) -> Iterator[None]:
    """The run's own lock, which it and its steps hold for as long as they live."""
    path = workspace.run_folder(run) / "lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _InUse("a process of the run is still at work") from None
        yield
    finally:
        os.close(descriptor)
