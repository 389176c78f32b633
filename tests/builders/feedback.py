"""Batches of feedback that are nothing but rows: there is no content of theirs in the store."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from engine.clock import stamp


def held_batch(db: sqlite3.Connection, project: str, at: datetime) -> None:
    """A batch of one label that waits for a person."""
    db.execute(
        "INSERT INTO feedback_batches (project, at, by, source, rows, since, until, digest, tally, held)"
        " VALUES (?1, ?2, 'ada', '', 1, ?2, ?2, 'd', '{}', 'a flood')", (project, stamp(at)),
    )  # fmt: skip
