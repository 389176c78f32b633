"""What housekeeping does by itself, for it needs nobody's decision: nothing of it takes away what could be restored."""

from __future__ import annotations

from datetime import datetime

from engine.access.caller import SystemActor
from engine.errors import Conflict
from engine.housekeeping import bin as bins
from engine.housekeeping import database, logs, settings
from engine.monitoring import looks
from engine.storage import temporary
from engine.storage.disk import refused
from engine.storage.free_space import in_words
from engine.storage.ledger import Ledger
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
    looks.thin(ledger, certain)
    if database.wal_size(ledger) >= database.LARGE_WAL and database.checkpoint(ledger):
        done.append("The ledger's log was written back.")
    return tuple(done)
