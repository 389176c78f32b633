"""What shadows came to in the ledger: by trial, hour and worker."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.clock import moment, stamp
from engine.errors import Damage
from engine.requests.records import LogRules
from engine.shadow.counting import Sums, read, written

HOURS_FOR = timedelta(days=2)  # then days are kept for hours
FIGURES_FOR = timedelta(days=400)
_CELL = "project = ? AND trial = ? AND hour = ? AND worker = ?"
_LOOSE = "project = ? AND hour < ? AND (worker <> '' OR hour NOT LIKE '%T00:00:00%')"


@dataclass(frozen=True)
class Whose:
    """Whose figures these are: of the ``trial`` of the version called ``label``, by ``worker``."""

    project: str
    trial: int
    label: str
    worker: str


@dataclass(frozen=True)
class Cell:
    """What ``worker`` counted in the hour (or day) from ``since`` on, and said last at ``said_at``. ``trouble``: why
    it scored nothing then; empty where it did."""

    worker: str
    since: datetime
    said_at: datetime
    trouble: str
    sums: Sums


def add(db: sqlite3.Connection, whose: Whose, sums: Sums, trouble: str, at: datetime) -> None:
    """Add what was counted since the last time, in the hour of ``at``, inside the caller's transaction."""
    hour = stamp(at.replace(minute=0, second=0, microsecond=0))
    cell = (whose.project, whose.trial, hour, whose.worker)
    row = db.execute(f"SELECT figures FROM shadow_figures WHERE {_CELL}", cell).fetchone()
    whole = Sums()
    if row is not None:
        whole.add(read(json.loads(row["figures"])))
    whole.add(sums)
    _put(db, cell, whose.label, stamp(at), trouble, whole)


def _put(
    db: sqlite3.Connection, cell: tuple[str, int, str, str], label: str, said_at: str, trouble: str, sums: Sums
) -> None:
    project, trial, hour, worker = cell
    db.execute(
        "INSERT OR REPLACE INTO shadow_figures (project, trial, label, hour, worker, said_at, trouble, figures)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (project, trial, label, hour, worker, said_at, trouble, json.dumps(written(sums), separators=(",", ":"))),
    )


def cells(db: sqlite3.Connection, project: str, trial: int) -> tuple[Cell, ...]:
    """What was counted of a trial, the oldest first. Raises Damage where it cannot be read."""
    rows = db.execute(
        "SELECT * FROM shadow_figures WHERE project = ? AND trial = ? ORDER BY hour, said_at", (project, trial)
    )
    return tuple(_cell(row) for row in rows)


def _cell(row: sqlite3.Row) -> Cell:
    try:
        figures = json.loads(row["figures"])
    except ValueError:
        raise Damage(f"What the shadow {row['label']} came to cannot be read.") from None
    return Cell(row["worker"], moment(row["hour"]), moment(row["said_at"]), row["trouble"], read(figures))


def newest_trial(db: sqlite3.Connection, label: str) -> int | None:
    """The newest trial of the version called ``label`` of which anything was counted."""
    row = db.execute(
        "SELECT max(trial) AS trial FROM shadow_figures WHERE project = ? AND label = ?",
        (label.rpartition("@")[0], label),
    ).fetchone()
    return row["trial"] if row is not None else None


def counted(db: sqlite3.Connection) -> tuple[str, ...]:
    """The projects of whose shadows anything was counted."""
    return tuple(row[0] for row in db.execute("SELECT DISTINCT project FROM shadow_figures ORDER BY project"))


def keep(db: sqlite3.Connection, rules: Mapping[str, LogRules], certain: datetime) -> None:
    """Thin what was counted, by the time that is ``certain`` to have come: days for hours, differences no longer than
    the requests they are of, and after a long time nothing. A project without rules is one that was removed."""
    for project in counted(db):
        kept = rules.get(project)
        if kept is None:
            db.execute("DELETE FROM shadow_figures WHERE project = ?", (project,))
            continue
        db.execute(
            "DELETE FROM shadow_figures WHERE project = ? AND hour < ?", (project, stamp(certain - FIGURES_FOR))
        )
        with suppress(Damage):  # of one row, which somebody else wrote: what it is of stays as it is
            _fold(db, project, stamp(certain - HOURS_FOR))
            _forget_differences(db, project, certain - kept.keep)


def _fold(db: sqlite3.Connection, project: str, before: str) -> None:
    whole: dict[tuple[int, str, str], tuple[Sums, str, str]] = {}
    rows = db.execute(f"SELECT * FROM shadow_figures WHERE {_LOOSE} ORDER BY said_at", (project, before)).fetchall()
    days = {(row["trial"], row["label"], _day(row["hour"])) for row in rows}
    for trial, label, day in days:
        there = db.execute(f"SELECT * FROM shadow_figures WHERE {_CELL}", (project, trial, day, "")).fetchone()
        whole[trial, label, day] = (
            (read(json.loads(there["figures"])), there["said_at"], there["trouble"]) if there else (Sums(), "", "")
        )
    for row in rows:
        key = row["trial"], row["label"], _day(row["hour"])
        sums, said_at, _ = whole[key]
        sums.add(read(json.loads(row["figures"])))
        whole[key] = sums, max(said_at, row["said_at"]), row["trouble"]
    db.execute(f"DELETE FROM shadow_figures WHERE {_LOOSE}", (project, before))
    for (trial, label, day), (sums, said_at, trouble) in whole.items():
        _put(db, (project, trial, day, ""), label, said_at, trouble, sums)


def _day(hour: str) -> str:
    return stamp(moment(hour).replace(hour=0))


def _forget_differences(db: sqlite3.Connection, project: str, before: datetime) -> None:
    """Each by its own time: a row of a day may hold some that are younger than others."""
    rows = db.execute(
        "SELECT * FROM shadow_figures WHERE project = ? AND hour < ?", (project, stamp(before))
    ).fetchall()
    for row in rows:
        sums = read(json.loads(row["figures"]))
        left = [each for each in sums.largest if each.at >= before.timestamp()]
        if len(left) < len(sums.largest):
            sums.largest = left
            cell = (project, row["trial"], row["hour"], row["worker"])
            _put(db, cell, row["label"], row["said_at"], row["trouble"], sums)
