"""The look after a swap, at once and not at the next due time: what nobody has looked at is unknown, not well."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from engine.access.caller import SystemActor
from engine.projects import schedules
from engine.release import history as deployments
from engine.runs import history, queue
from engine.schedule.lease import Lease
from engine.storage.free_space import too_little
from engine.storage.ledger import Ledger
from engine.vocabulary.jobs import HEALTH

# An engine that comes back later has looks of its own to catch up.
RECENT = timedelta(days=1)


def look_after_swaps(ledger: Ledger, lease: Lease, now: datetime) -> list[int]:
    """Queue a look at each version that went live since the last one. Returns the runs. Raises Fenced."""
    with ledger.read() as db:
        if not _unseen(db, now) or too_little(db, lease.workspace.root):
            return []
    by = SystemActor("the schedule")
    with ledger.write() as db:
        lease.check(db)
        swapped = _unseen(db, now)
        return [queue.insert(db, project, by, now, now, {"after": "swap"}, job=HEALTH.name) for project in swapped]


def _unseen(db: sqlite3.Connection, now: datetime) -> list[str]:
    """The projects with looks whose live version is new, and has had no look queued since.

    What is of a later time than now was written while the clock was ahead: until then a swap would be looked at again
    and again, or a look of then would count as one at every swap.
    """
    found = []
    for live in deployments.live_since(db, now - RECENT):
        rule = schedules.in_force(db, live.project, HEALTH.name)
        if live.at <= now and rule is not None and rule["enabled"]:
            looked = history.last_queued(db, live.project, HEALTH.name, until=now)
            if looked is None or looked[1] < live.at:
                found.append(live.project)
    return found
