"""What housekeeping does by itself, for it needs nobody's decision: nothing of it takes away what could be restored."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import datetime

from engine.access.caller import SystemActor
from engine.errors import Conflict, LeverframeError
from engine.feedback import packing
from engine.housekeeping import bin as bins
from engine.housekeeping import database, logs, settings
from engine.monitoring import looks
from engine.projects import registry
from engine.requests import keeping
from engine.requests import rules as request_rules
from engine.shadow import book as shadow_book
from engine.storage import temporary
from engine.storage.disk import refused
from engine.storage.free_space import in_words
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace


def keep_house(workspace: Workspace, ledger: Ledger, now: datetime, certain: datetime | None = None) -> tuple[str, ...]:
    """Purge what has been in the bin long enough, compress old logs, write the ledger's log back. In sentences.

    ``certain``: the moment by which things are old enough, if not ``now``; see ``audit.times``.
    """
    done, certain = [], certain or now
    try:
        freed = bins.purge(workspace, ledger, certain, SystemActor("the clock"), "its time in the bin has passed", now)
        if freed:
            done.append(f"{in_words(freed)} purged from the bin.")
    except Conflict:
        pass  # Somebody is cleaning up; tomorrow is early enough.
    with ledger.read() as db:
        rules = settings.rules(db)
    with refused("Old logs could not be compressed"):
        count, freed = logs.compress_old(workspace, ledger, rules, certain)
    if count:
        done.append(f"{count} log{'' if count == 1 else 's'} compressed, {in_words(freed)} less.")
    temporary.tidy(workspace.cache)
    done += _keep_requests(workspace, ledger, certain, now)
    done += _pack_feedback(workspace, ledger, now)
    _forget_looks(workspace, ledger)
    looks.thin(ledger, certain)
    if database.wal_size(ledger) >= database.LARGE_WAL and database.checkpoint(ledger):
        done.append("The ledger's log was written back.")
    return tuple(done)


def _keep_requests(workspace: Workspace, ledger: Ledger, certain: datetime, now: datetime) -> list[str]:
    """End what of the request logs is older than it is kept, or more."""
    with ledger.read() as db:
        kept = request_rules.of_all(db)
    with ledger.write(lasting=False) as db:
        shadow_book.keep(db, kept, certain)
    return keeping.keep(workspace, ledger, kept, certain, now)


def _pack_feedback(workspace: Workspace, ledger: Ledger, now: datetime) -> list[str]:
    """Very many small batches of feedback become one object."""
    with ledger.read() as db:
        projects = packing.projects(db)
    done, store = [], ObjectStore(workspace.objects)
    for project in projects:
        with suppress(LeverframeError):  # The disk is full: the batches lie where they lay.
            if count := packing.pack(ledger, store, project, now):
                done.append(f"{count:,} small batches of feedback of {project} became one object.")
    return done


def _forget_looks(workspace: Workspace, ledger: Ledger) -> None:
    """What looks kept of projects that are not there any more; see ``jobs.health.kept``."""
    kept = workspace.cache / "looks"
    if not kept.is_dir():
        return
    with ledger.read() as db:
        there = set(registry.names(db))
    for folder in kept.iterdir():
        if folder.name not in there:
            shutil.rmtree(folder, ignore_errors=True)
