"""After a swap somebody looks at once, not at the next due time: what nobody has looked at is unknown, not well."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.clock import stamp
from engine.people.operators import system
from engine.runs import queue
from engine.schedule.lease import Lease
from engine.storage.free_space import too_little
from engine.storage.ledger import Ledger
from engine.vocabulary.jobs import HEALTH

ACTOR = "the schedule"
# An engine that comes back later has looks of its own to catch up.
RECENT = timedelta(days=1)
# What is of a later time than now was written while the clock was ahead: until then a swap would be looked at again and
# again, or a look of then would count as one at every swap.
_UNSEEN = """
SELECT d.project FROM schedules s
JOIN deployments d ON d.seq = (SELECT max(seq) FROM deployments WHERE project = s.project)
WHERE s.job = 'health' AND s.until IS NULL AND s.enabled AND d.at > ?1 AND d.at <= ?2
AND d.at > coalesce(
    (SELECT queued_at FROM runs WHERE project = d.project AND job = 'health' AND queued_at <= ?2
        ORDER BY id DESC LIMIT 1), '')
"""


def look_after_swaps(ledger: Ledger, lease: Lease, now: datetime) -> list[int]:
    """Queue a look at each version that went live since the last one. Returns the runs. Raises Fenced."""
    lately = (stamp(now - RECENT), stamp(now))
    with ledger.read() as db:
        if db.execute(_UNSEEN, lately).fetchone() is None or too_little(db, lease.workspace.root):
            return []
    by = system(ACTOR)
    with ledger.write() as db:
        lease.check(db)
        swapped = [row["project"] for row in db.execute(_UNSEEN, lately).fetchall()]
        return [queue.insert(db, project, by, now, now, {"after": "swap"}, job=HEALTH.name) for project in swapped]
