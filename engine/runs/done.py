"""Runs that were never queued: what somebody's own process has done, kept as a run that has ended well."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from engine.clock import stamp
from engine.records import Actor
from engine.vocabulary.jobs import Job


def keep(
    db: sqlite3.Connection, project: str, job: Job, by: Actor, as_of: datetime, began: datetime, ended: datetime,
    steps: Iterable[tuple[str, float]],
) -> int:  # fmt: skip
    """Write one down inside the caller's transaction; ``steps``: what each is called, and its seconds. Its number."""
    cursor = db.execute(
        "INSERT INTO runs"
        " (project, job, state, as_of, queued_at, started_at, ended_at, requested_by, options, progress)"
        " VALUES (?, ?, 'succeeded', ?, ?, ?, ?, ?, '{}', 1)",
        (project, job.name, stamp(as_of), stamp(began), stamp(began), stamp(ended), by.name),
    )
    run = int(cursor.lastrowid or 0)
    db.executemany(
        "INSERT INTO steps (run, seq, name, state, seconds) VALUES (?, ?, ?, 'succeeded', ?)",
        [(run, number, name, seconds) for number, (name, seconds) in enumerate(steps, 1)],
    )
    return run


def made(db: sqlite3.Connection, run: int, label: str) -> None:
    """It made the version called ``label``, inside the caller's transaction."""
    db.execute("UPDATE runs SET version = ? WHERE id = ?", (label, run))
