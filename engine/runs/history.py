"""Runs as the ledger remembers them: one, a page of them, how many."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from engine.clock import moment
from engine.errors import NotFound
from engine.records import Run, Step
from engine.storage.ledger import Ledger
from engine.vocabulary.jobs import UNLISTED


def find(ledger: Ledger, run: int) -> Run:
    """One run with its steps. Raises NotFound."""
    with ledger.read() as db:
        row = db.execute("SELECT * FROM runs WHERE id = ?", (run,)).fetchone()
        if row is None:
            raise NotFound(f"There is no run {run}; 'leverframe runs' lists them.")
        return records(db, [row])[0]


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
