"""That a project's learner was reset to a checkpoint: from which version it goes on, and which labels it leaves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.audit import trail
from engine.clock import moment, stamp
from engine.json_records import read, write
from engine.records import Actor
from engine.versions.records import CurvePoint

NEWEST = 20


@dataclass(frozen=True)
class Reset:
    """``live``: the digest of what was live then, and ``checkpoint`` of the version that the learner goes on from while
    it is; ``since``: labels that became known before that are not learnt. ``before`` and ``after``: the error that
    grew, on ``rows`` rows, on a scale of 0 to 1. ``curve``: of the run that found it, of ``metric``."""

    project: str
    at: datetime
    by: str
    run: int
    live: str
    checkpoint: str
    since: datetime
    before: float
    after: float
    rows: int
    metric: str
    curve: tuple[CurvePoint, ...]
    reason: str


def keep(db: sqlite3.Connection, found: Reset, by: Actor, checkpoint: str) -> None:
    """Write it down with its mark in the trail, inside the caller's transaction. ``checkpoint``: its label."""
    db.execute(
        "INSERT INTO learner_resets (project, at, by, run, live, checkpoint, since, before, after, rows, metric, curve,"
        " reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            found.project, stamp(found.at), found.by, found.run, found.live, found.checkpoint, stamp(found.since),
            found.before, found.after, found.rows, found.metric, json.dumps([write(each) for each in found.curve]),
            found.reason,
        ),
    )  # fmt: skip
    details = {"run": found.run, "checkpoint": checkpoint, "digest": found.checkpoint, "since": stamp(found.since)}
    trail.append(
        db, at=found.at, actor=by, action="reset-learner", subject=found.project, reason=found.reason, details=details
    )


def newest(db: sqlite3.Connection, project: str) -> Reset | None:
    """The last time that it was reset; None where it never was."""
    return next(iter(listed(db, project, 1)), None)


def listed(db: sqlite3.Connection, project: str, limit: int = NEWEST) -> Sequence[Reset]:
    """The newest first."""
    rows = db.execute("SELECT * FROM learner_resets WHERE project = ? ORDER BY id DESC LIMIT ?", (project, limit))
    return tuple(
        Reset(
            project=row["project"],
            at=moment(row["at"]),
            by=row["by"],
            run=row["run"],
            live=row["live"],
            checkpoint=row["checkpoint"],
            since=moment(row["since"]),
            before=row["before"],
            after=row["after"],
            rows=row["rows"],
            metric=row["metric"],
            curve=tuple(read(CurvePoint, each, "A point of a learner's curve") for each in json.loads(row["curve"])),
            reason=row["reason"],
        )
        for row in rows
    )
