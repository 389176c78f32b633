"""Runs as the ledger remembers them: one, a page of them, how many."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from engine.clock import moment
from engine.errors import NotFound
from engine.records import Run, Step
from engine.storage.ledger import Ledger


def find(ledger: Ledger, run: int) -> Run:
    """One run with its steps. Raises NotFound."""
    with ledger.read() as db:
        row = db.execute("SELECT * FROM runs WHERE id = ?", (run,)).fetchone()
        if row is None:
            raise NotFound(f"There is no run {run}; 'leverframe runs' lists them.")
        return record(db, row)


def count(ledger: Ledger, project: str | None) -> int:
    """How many runs there are."""
    with ledger.read() as db:
        if project is None:
            return int(db.execute("SELECT coalesce(max(id), 0) FROM runs").fetchone()[0])
        return int(db.execute("SELECT count(*) FROM runs WHERE project = ?", (project,)).fetchone()[0])


def page(ledger: Ledger, project: str | None, *, offset: int, limit: int, matching: str = "") -> tuple[Run, ...]:
    """Runs newest first. Without a project and ``matching`` this costs the same anywhere in the list."""
    where: list[str] = ["1"]
    values: list[Any] = []
    if project is not None:
        where.append("project = ?")
        values.append(project)
    if matching:
        where.append("instr(lower(project || ' ' || job || ' ' || state || ' ' || coalesce(why, '')), ?)")
        values.append(matching.lower())
    skip = offset
    if len(where) == 1:
        # Ids have no gaps, so an offset is a key and needs no skipping of rows.
        where.append("id <= (SELECT coalesce(max(id), 0) FROM runs) - ?")
        values.append(offset)
        skip = 0
    with ledger.read() as db:
        rows = db.execute(
            f"SELECT * FROM runs WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ? OFFSET ?",
            (*values, limit, skip),
        ).fetchall()
        return tuple(record(db, r) for r in rows)


def newest(db: sqlite3.Connection, project: str, *, unfinished: bool) -> Run | None:
    """The newest run of ``project`` that has ended, or that has not."""
    states = (
        "('queued', 'running')" if unfinished else "('succeeded', 'failed', 'cancelled', 'interrupted', 'nothing-new')"
    )
    row = db.execute(
        f"SELECT * FROM runs WHERE project = ? AND state IN {states} ORDER BY id DESC LIMIT 1", (project,)
    ).fetchone()
    return record(db, row) if row else None


def record(db: sqlite3.Connection, row: sqlite3.Row) -> Run:
    """A row of the table, with its steps, as the record that every screen speaks."""
    steps = db.execute(
        "SELECT name, state, seconds, cpu_seconds, peak_memory, why FROM steps WHERE run = ? ORDER BY seq", (row["id"],)
    ).fetchall()
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
        steps=tuple(Step(**dict(s)) for s in steps),
    )


def step_log(folder: Path, step: str | None) -> Path | None:
    """The log of the step called ``step`` of the run in ``folder``, or of the step that wrote last; None before any."""
    logs = [p for p in folder.glob("steps/*/step.log") if step is None or p.parent.name == step.replace(" ", "-")]
    return max(logs, key=lambda p: p.stat().st_mtime_ns, default=None)
