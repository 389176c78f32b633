"""Runs as the ledger remembers them: one, a page of them, how many."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from engine.clock import moment, stamp
from engine.errors import NotFound
from engine.records import Run, RunState, Step
from engine.storage.ledger import Ledger
from engine.vocabulary.jobs import UNLISTED

# For each pair of project and job its newest run that has ended.
_LAST_ENDED = """
SELECT r.* FROM json_each(:projects) p CROSS JOIN json_each(:jobs) j CROSS JOIN runs r ON r.id = (
    SELECT id FROM runs WHERE project = p.value AND job = j.value AND state NOT IN ('queued', 'running')
    ORDER BY id DESC LIMIT 1)
ORDER BY r.id
"""


def find(ledger: Ledger, run: int) -> Run:
    """One run with its steps. Raises NotFound."""
    with ledger.read() as db:
        return one(db, run)


def one(db: sqlite3.Connection, run: int) -> Run:
    """The same, in the caller's view of the ledger."""
    row = db.execute("SELECT * FROM runs WHERE id = ?", (run,)).fetchone()
    if row is None:
        raise NotFound(f"There is no run {run}; 'leverframe runs' lists them.")
    return records(db, [row])[0]


def options(db: sqlite3.Connection, run: int) -> dict[str, Any]:
    """What was asked of the run besides its job."""
    found: dict[str, Any] = json.loads(
        db.execute("SELECT options FROM runs WHERE id = ?", (run,)).fetchone()["options"]
    )
    return found


# No finished run of a job that is not listed. Word for word what the index ``runs_but_looks`` leaves out.
NO_LOOK = " AND ".join(f"NOT (job = '{job.name}' AND state = 'succeeded')" for job in UNLISTED)


def count(ledger: Ledger, project: str | None, *, looks: bool = True) -> int:
    """How many runs there are; without ``looks``, finished looks at health are not counted."""
    with ledger.read() as db:
        if project is None and looks:
            return int(db.execute("SELECT coalesce(max(id), 0) FROM runs").fetchone()[0])
        sql = f"SELECT count(*) FROM runs WHERE {'1' if looks else NO_LOOK}"
        if project is None:
            return int(db.execute(sql).fetchone()[0])
        return int(db.execute(f"{sql} AND project = ?", (project,)).fetchone()[0])


def page(
    ledger: Ledger, project: str | None, *, offset: int, limit: int, matching: str = "", looks: bool = True
) -> tuple[Run, ...]:
    """Runs newest first. With ``looks``, and no project nor ``matching``, this costs the same anywhere in the list."""
    where: list[str] = ["1" if looks else NO_LOOK]
    values: list[Any] = []
    if project is not None:
        where.append("project = ?")
        values.append(project)
    if matching:
        where.append("instr(lower(project || ' ' || job || ' ' || state || ' ' || coalesce(why, '')), ?)")
        values.append(matching.lower())
    skip = offset
    if looks and len(where) == 1:
        # Ids have no gaps, so an offset is a key and needs no skipping of rows.
        where.append("id <= (SELECT coalesce(max(id), 0) FROM runs) - ?")
        values.append(offset)
        skip = 0
    with ledger.read() as db:
        rows = db.execute(
            f"SELECT * FROM runs WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ? OFFSET ?",
            (*values, limit, skip),
        ).fetchall()
        return tuple(records(db, rows))


def unfinished(db: sqlite3.Connection, projects: Collection[str] | None = None) -> list[Run]:
    """The runs that have not ended, of all projects or of some, the oldest first."""
    rows = db.execute("SELECT * FROM runs WHERE state IN ('queued', 'running') ORDER BY id").fetchall()
    return records(db, [row for row in rows if projects is None or row["project"] in projects])


def last_ended(
    db: sqlite3.Connection, projects: Collection[str], jobs: Sequence[str], well: Collection[str]
) -> dict[str, list[Run]]:
    """Of each project the newest run of ``jobs`` that has ended, then the newest of each other one of them that did not
    end ``well``. Looks come every quarter of an hour, and a retrain that failed is told until another one succeeds."""
    given = {"projects": json.dumps(list(projects)), "jobs": json.dumps(list(jobs))}
    rows = db.execute(_LAST_ENDED, given).fetchall()
    newest = {row["project"]: row["id"] for row in rows}
    found: dict[str, list[Run]] = defaultdict(list)
    wanted = [row for row in rows if row["id"] == newest[row["project"]] or row["state"] not in well]
    for run in reversed(records(db, wanted)):
        found[run.project].append(run)
    return found


def ended_between(db: sqlite3.Connection, project: str, since: datetime, until: datetime) -> list[Run]:
    """The runs of ``project`` that ended since then and before ``until``, the newest first."""
    rows = db.execute(
        "SELECT * FROM runs WHERE project = ? AND state NOT IN ('queued', 'running')"
        " AND ended_at >= ? AND ended_at < ? ORDER BY id DESC",
        (project, stamp(since), stamp(until)),
    ).fetchall()
    return records(db, rows)


def last_before(db: sqlite3.Connection, project: str, jobs: Sequence[str], until: datetime) -> list[Run]:
    """The newest run of each of ``jobs`` that had ended before ``until``, the newest first."""
    query = (
        "SELECT * FROM runs WHERE project = ? AND job = ? AND state NOT IN ('queued', 'running')"
        " AND ended_at < ? ORDER BY id DESC LIMIT 1"
    )
    rows = [row for job in jobs for row in db.execute(query, (project, job, stamp(until)))]
    return sorted(records(db, rows), key=lambda run: -run.id)


def busy(db: sqlite3.Connection, project: str, job: str) -> int | None:
    """The oldest run of that kind that has not ended."""
    row = db.execute(
        "SELECT id FROM runs WHERE state IN ('queued', 'running') AND project = ? AND job = ? ORDER BY id LIMIT 1",
        (project, job),
    ).fetchone()
    return row["id"] if row else None


def last_queued(
    db: sqlite3.Connection, project: str, job: str, until: datetime | None = None
) -> tuple[int, datetime] | None:
    """The newest run of that kind and when it was queued; not one of later than ``until``."""
    row = db.execute(
        "SELECT id, queued_at FROM runs WHERE project = ? AND job = ? AND queued_at <= ? ORDER BY id DESC LIMIT 1",
        (project, job, stamp(until) if until else "9999"),
    ).fetchone()
    return (row["id"], moment(row["queued_at"])) if row else None


def to_try_again(db: sqlite3.Connection, project: str, job: str) -> int | None:
    """The run of that kind that failed and is to be tried again."""
    row = db.execute(
        "SELECT id FROM runs WHERE retry_at IS NOT NULL AND project = ? AND job = ? LIMIT 1", (project, job)
    ).fetchone()
    return row["id"] if row else None


def made_good(db: sqlite3.Connection, run: int) -> bool:
    """Whether a later run of the same project and kind went well."""
    found = db.execute(
        "SELECT EXISTS (SELECT 1 FROM runs r JOIN runs later ON later.project = r.project AND later.job = r.job"
        " AND later.state = 'succeeded' AND later.id > r.id WHERE r.id = ?)",
        (run,),
    )
    return bool(found.fetchone()[0])


def projects_of(db: sqlite3.Connection) -> dict[int, str]:
    """Whose every run is that there ever was."""
    return {row["id"]: row["project"] for row in db.execute("SELECT id, project FROM runs")}


def newest_ids(db: sqlite3.Connection, limit: int) -> tuple[int, ...]:
    """The newest runs, whoever's, the newest first."""
    return tuple(row["id"] for row in db.execute("SELECT id FROM runs ORDER BY id DESC LIMIT ?", (limit,)))


def endings(db: sqlite3.Connection) -> list[tuple[int, RunState, datetime | None]]:
    """Every run, its state and since when it has ended; None while it has not. The oldest first."""
    rows = db.execute("SELECT id, state, coalesce(ended_at, queued_at) AS since FROM runs ORDER BY id")
    unfinished = ("queued", "running")
    return [(r["id"], r["state"], None if r["state"] in unfinished else moment(r["since"])) for r in rows]


def begun(db: sqlite3.Connection) -> list[datetime]:
    """When each run began that is at work."""
    rows = db.execute("SELECT started_at FROM runs WHERE state IN ('queued', 'running') AND started_at IS NOT NULL")
    return [moment(row["started_at"]) for row in rows]


def last_ended_id(db: sqlite3.Connection, project: str) -> int | None:
    """Changes when a run of ``project`` has ended."""
    found: int | None = db.execute(
        "SELECT max(id) FROM runs WHERE project = ? AND state NOT IN ('queued', 'running')", (project,)
    ).fetchone()[0]
    return found


def jobs_of(db: sqlite3.Connection, runs: Collection[int]) -> dict[int, str]:
    """What kind of run each of ``runs`` is."""
    rows = db.execute("SELECT runs.id, job FROM json_each(?) JOIN runs ON runs.id = value", (json.dumps(list(runs)),))
    return {row["id"]: row["job"] for row in rows}


def durations(db: sqlite3.Connection, projects: Collection[str], jobs: Sequence[str]) -> list[tuple[str, str, float]]:
    """Project, job and seconds of the last run of each kind that went well."""
    rows = db.execute(
        "SELECT r.project, r.job, r.started_at, r.ended_at"
        " FROM json_each(?) p CROSS JOIN json_each(?) j CROSS JOIN runs r ON r.id = (SELECT id FROM runs"
        " WHERE project = p.value AND job = j.value AND state = 'succeeded' ORDER BY id DESC LIMIT 1)"
        " WHERE r.started_at IS NOT NULL AND r.ended_at IS NOT NULL",
        (json.dumps(list(projects)), json.dumps(list(jobs))),
    )
    return [(p, job, (moment(ended) - moment(started)).total_seconds()) for p, job, started, ended in rows]


def ended_since(db: sqlite3.Connection, since: datetime, begun: datetime) -> Counter[tuple[str, str, str]]:
    """How many runs ended after ``since``, by project, job and state, of those that were queued after ``begun``."""
    count: Counter[tuple[str, str, str]] = Counter()
    oldest, least = stamp(begun), stamp(since)
    # Ids are in the order of time, so whoever was queued before ends the search.
    for row in db.execute("SELECT project, job, state, queued_at, ended_at FROM runs ORDER BY id DESC"):
        project, job, state, queued_at, ended_at = row
        if queued_at < oldest:
            break
        if ended_at is not None and ended_at >= least:
            count[project, job, state] += 1
    return count


def active(db: sqlite3.Connection) -> Counter[str]:
    """How many runs wait and how many run, by state."""
    rows = db.execute("SELECT state FROM runs WHERE state IN ('queued', 'running')")
    return Counter(row["state"] for row in rows)


def records(db: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> list[Run]:
    """Rows of the table, with their steps, as the records that every screen speaks; one query however many."""
    steps: dict[int, list[Step]] = defaultdict(list)
    found = db.execute(
        "SELECT run, name, state, seconds, cpu_seconds, peak_memory, why FROM steps"
        " WHERE run IN (SELECT value FROM json_each(?)) ORDER BY run, seq",
        (json.dumps([row["id"] for row in rows]),),
    )
    for run, *values in found:
        steps[run].append(Step(*values))
    return [_record(row, tuple(steps.get(row["id"], ()))) for row in rows]


def _record(row: sqlite3.Row, steps: tuple[Step, ...]) -> Run:
    return Run(
        id=row["id"],
        project=row["project"],
        job=row["job"],
        state=row["state"],
        as_of=moment(row["as_of"]),
        queued_at=moment(row["queued_at"]),
        started_at=moment(row["started_at"]) if row["started_at"] else None,
        ended_at=moment(row["ended_at"]) if row["ended_at"] else None,
        requested_by=row["requested_by"],
        progress=row["progress"],
        phase=row["phase"],
        version=row["version"],
        why=row["why"],
        steps=steps,
    )
