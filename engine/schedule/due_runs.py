"""Account for what is due: the row of each occurrence and the run that it queues are one transaction of the ledger.

That transaction also asks for the engine's fence. So whoever is killed when: either both are there or neither, and what
is not there yet is settled by the engine that comes next.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from engine.access.caller import SystemActor
from engine.clock import moment, stamp
from engine.errors import LeverframeError
from engine.projects import schedules
from engine.runs import history, queue
from engine.schedule.book import occurrence
from engine.schedule.due import due_after, duration, rule_of
from engine.schedule.lease import Lease
from engine.schedule.policy import ON_TIME, Downtime, Row, RulePeriod, ScheduleFacts, settle
from engine.schedule.records import Occurrence
from engine.storage.free_space import too_little
from engine.storage.ledger import Ledger
from engine.versions import catalog
from engine.vocabulary import jobs

STOOD_STILL = "the engine stood still (the machine slept, or its clock was set forward)"
NOBODY = "nobody ran the engine"


def note_downtime(ledger: Ledger, lease: Lease, since: datetime | None, now: datetime, why: str) -> None:
    """Keep that nothing was settled between ``since`` (None: from the first schedule on) and ``now``."""
    with ledger.write() as db:
        lease.check(db)
        if since is None:
            since = schedules.first_unsettled(db, now) or now
        if now - since > ON_TIME:
            db.execute("INSERT INTO downtimes (since, until, why) VALUES (?, ?, ?)", (stamp(since), stamp(now), why))


def settle_all(ledger: Ledger, lease: Lease, now: datetime) -> list[Occurrence]:
    """Settle everything that was due until ``now``. Raises Fenced when another engine has taken over."""
    with ledger.read() as db:
        lease.check(db)
        rows = schedules.unsettled(db)
    written: list[Occurrence] = []
    failed: Exception | None = None
    for row in rows:
        try:
            if _set_back(row, now):
                _begin_anew(ledger, lease, row["id"], now)
            elif _wants_settling(row, now):
                written += _settle(ledger, lease, row["id"], now)
        except LeverframeError:
            raise
        except Exception as error:  # noqa: BLE001  a bug over one rule must not silence the others
            failed = failed or error
    if failed is not None:
        raise failed
    return written


def _set_back(row: sqlite3.Row, now: datetime) -> bool:
    """Whether the clock that this rule was settled by ran ahead of ours, which has been set back since."""
    return row["until"] is None and moment(row["settled"]) > now + ON_TIME


def _wants_settling(row: sqlite3.Row, now: datetime) -> bool:
    if row["until"] is not None:
        return moment(row["until"]) <= now
    due = due_after(row, moment(row["settled"]))
    return due is not None and due <= now


def _begin_anew(ledger: Ledger, lease: Lease, schedule: int, now: datetime) -> None:
    """Let the same rule act from now on; else it would be silent until the clock is where it was before."""
    with ledger.write() as db:
        lease.check(db)
        row = schedules.one_unsettled(db, schedule)
        if row is not None and _set_back(row, now):
            schedules.replace(db, row, now)


def _settle(ledger: Ledger, lease: Lease, schedule: int, now: datetime) -> list[Occurrence]:
    with ledger.write() as db:
        lease.check(db)
        row = schedules.one_unsettled(db, schedule)
        if row is None:
            return []
        refused = too_little(db, lease.workspace.root) or nothing_to_do(db, row)
        settlement = settle(_period(row), now, _facts(db, row, refused))
        if settlement is None:
            return []
        ids = [_write(db, row, each, lease.fence, now) for each in settlement.rows]
        schedules.settle(db, schedule, settlement.settled)
        return [occurrence(found) for found in _written(db, ids)]


def _written(db: sqlite3.Connection, ids: Iterable[int]) -> list[sqlite3.Row]:
    return [db.execute("SELECT * FROM occurrences WHERE id = ?", (each,)).fetchone() for each in ids]


def _period(row: sqlite3.Row) -> RulePeriod:
    until = moment(row["until"]) if row["until"] else None
    return RulePeriod(
        rule=rule_of(row),
        catch_up=row["catch_up"],
        give_up_after=duration(row["give_up_after"]),
        cool_down=duration(row["cool_down"]),
        paused=None if row["enabled"] else row["note"],
        ended=f"the rule was changed or taken away on {until:%Y-%m-%d %H:%M} UTC" if until else None,
        until=until,
        settled=moment(row["settled"]),
    )


def _facts(db: sqlite3.Connection, row: sqlite3.Row, refused: str | None) -> ScheduleFacts:
    ran = db.execute(
        "SELECT due FROM occurrences WHERE project = ? AND job = ? AND state = 'ran' AND due > ?",
        (row["project"], row["job"], row["settled"]),
    ).fetchall()
    gaps = db.execute(
        "SELECT since, until, why FROM downtimes WHERE until >= ? ORDER BY id DESC LIMIT 100", (row["settled"],)
    ).fetchall()
    return ScheduleFacts(
        busy=history.busy(db, row["project"], row["job"]),
        last_run=history.last_queued(db, row["project"], row["job"]),
        refused=refused,
        downtimes=[Downtime(moment(gap["since"]), moment(gap["until"]), gap["why"]) for gap in gaps],
        already=frozenset(moment(each["due"]) for each in ran),
    )


def nothing_to_do(db: sqlite3.Connection, row: sqlite3.Row) -> str | None:
    """Why there is nothing for the job to work on yet."""
    if jobs.of(row["job"]).needs_live and catalog.live(db, row["project"]) is None:
        return "nothing is live yet"
    return None


def _write(db: sqlite3.Connection, row: sqlite3.Row, what: Row, fence: int, now: datetime) -> int:
    run = None
    if what.state == "ran":
        by = SystemActor("the schedule")
        run = queue.insert(db, row["project"], by, what.due, now, {"due": stamp(what.due)}, job=row["job"])
    cursor = db.execute(
        "INSERT INTO occurrences (schedule, project, job, due, last, times, state, why, run, at, fence)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row["id"], row["project"], row["job"], stamp(what.due), stamp(what.last) if what.last else None, what.times,
            what.state, what.why, run, stamp(now), fence,
        ),
    )  # fmt: skip
    return int(cursor.lastrowid or 0)


def stood_still(last: datetime, now: datetime, expected: timedelta) -> bool:
    """Whether more time went by between two ticks than the engine can have needed."""
    return now - last > ON_TIME + expected
