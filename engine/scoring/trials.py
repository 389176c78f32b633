"""Trials: a candidate that runs beside the live version of its project, as shadow or as canary.

A *shadow* scores requests that the live version answers, and answers nobody. A *canary* answers a share of the keys.
There is one trial a project at a time. The table only grows, and its newest row of a project is what holds: a start, a
change of the share, or an end, each with who, when and the reason. Who may and when not is ``release/trials.py``; here
is what every worker reads, and what whoever ends a trial inside a transaction of their own calls.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from engine.audit import trail
from engine.clock import moment, stamp
from engine.records import Actor

Kind = Literal["shadow", "canary"]
TrialAct = Literal["start", "change", "end"]
How = Literal["by hand", "policy", "released", "rejected", "expired", "another", "removed", "canary"]
"""What ended a trial: a person, the manifest's rule, that it was released, turned down or too old, that another version
became live, that its project was removed, or that the same candidate went from shadow to canary."""

_NEWEST = "SELECT * FROM trials WHERE project = ? ORDER BY seq DESC LIMIT 1"
_ALL = """
SELECT t.* FROM json_each(?) given
JOIN trials t ON t.seq = (SELECT max(seq) FROM trials WHERE project = given.value) WHERE t.act <> 'end'
"""


@dataclass(frozen=True)
class Trial:
    """A candidate that runs beside what is live. ``seq`` names it, and stays the same when its share is changed.

    ``share``: of a canary of the keys, above 0 and below 1; of a shadow of the requests, above 0 and up to 1.
    ``against``: the deployment beside which it began; when another version becomes live, it is over. ``since``: when it
    began; ``by``, ``reason``: who began it and why. ``share_since``: since when the share is what it is.
    """

    seq: int
    project: str
    label: str
    digest: str
    kind: Kind
    share: float
    against: int
    since: datetime
    by: str
    reason: str
    share_since: datetime

    @property
    def number(self) -> int:
        return int(self.label.rpartition("@")[2])


@dataclass(frozen=True)
class TrialRow:
    """One row of the table. ``trial``: the ``seq`` of the trial that it is of."""

    seq: int
    trial: int
    label: str
    kind: Kind
    act: TrialAct
    share: float
    at: datetime
    by: str
    reason: str
    how: How | None


def trial(db: sqlite3.Connection, project: str) -> Trial | None:
    """What runs beside the live version of ``project`` now."""
    row = db.execute(_NEWEST, (project,)).fetchone()
    return _trial(db, row) if row is not None and row["act"] != "end" else None


def under_way(db: sqlite3.Connection, projects: Collection[str]) -> dict[str, Trial]:
    """What runs beside the live version of each of ``projects`` where something does."""
    rows = db.execute(_ALL, (json.dumps(list(projects)),)).fetchall()
    return {row["project"]: _trial(db, row) for row in rows}


def rows(db: sqlite3.Connection, project: str, limit: int = 50) -> tuple[TrialRow, ...]:
    """What became of the trials of ``project``, the newest row first."""
    found = db.execute("SELECT * FROM trials WHERE project = ? ORDER BY seq DESC LIMIT ?", (project, limit))
    return tuple(_row(row) for row in found)


def before(db: sqlite3.Connection, project: str, until: datetime) -> tuple[tuple[TrialRow, ...], ...]:
    """The rows of each trial of ``project`` that stood before ``until``, the trials and their rows the oldest first."""
    found: dict[int, list[TrialRow]] = {}
    query = "SELECT * FROM trials WHERE project = ? AND at < ? ORDER BY seq"
    for row in db.execute(query, (project, stamp(until))):
        found.setdefault(row["began"], []).append(_row(row))
    return tuple(map(tuple, found.values()))


def last_of(db: sqlite3.Connection, project: str, number: int) -> TrialRow | None:
    """The newest row of a version's own trials."""
    row = db.execute(
        "SELECT * FROM trials WHERE project = ? AND number = ? ORDER BY seq DESC LIMIT 1", (project, number)
    ).fetchone()
    return _row(row) if row is not None else None


def start(
    db: sqlite3.Connection, label: tuple[str, int], digest: str, kind: Kind, share: float, against: int,
    reason: str, by: Actor, at: datetime, details: dict[str, Any],
) -> Trial:  # fmt: skip
    """Begin a trial, inside the transaction of whoever found that it may; with its row in the trail."""
    (seq,) = db.execute("SELECT coalesce(max(seq), 0) + 1 FROM trials").fetchone()
    project, number = label
    audit = trail.append(
        db, at=at, actor=by, action=kind, subject=f"{project}@{number}", reason=reason,
        details={"share": share, "against": against, **details},
    )  # fmt: skip
    _put(db, seq, seq, (project, number, digest, kind), "start", share, against, by, reason, None, audit)
    found = trial(db, project)
    assert found is not None
    return found


def change(db: sqlite3.Connection, found: Trial, share: float, reason: str, by: Actor, at: datetime) -> Trial:
    """From now on the share is another one, inside the caller's transaction."""
    audit = trail.append(
        db, at=at, actor=by, action="change-share", subject=found.label, reason=reason,
        details={"kind": found.kind, "from": found.share, "to": share},
    )  # fmt: skip
    _put(db, None, found.seq, _what(found), "change", share, found.against, by, reason, None, audit)
    after = trial(db, found.project)
    assert after is not None
    return after


def end(
    db: sqlite3.Connection, project: str, how: How, reason: str, by: Actor, at: datetime,
    details: dict[str, Any] | None = None,
) -> Trial | None:  # fmt: skip
    """End the trial of ``project``, inside the caller's transaction. Returns what ended; None where nothing ran."""
    found = trial(db, project)
    if found is None:
        return None
    audit = trail.append(
        db, at=at, actor=by, action=f"end-{found.kind}", subject=found.label, reason=reason,
        details={"how": how, "share": found.share, **(details or {})},
    )  # fmt: skip
    _put(db, None, found.seq, _what(found), "end", found.share, found.against, by, reason, how, audit)
    return found


def end_of(db: sqlite3.Connection, label: str, how: How, reason: str, by: Actor, at: datetime) -> Trial | None:
    """The same where it is the version called ``label`` that runs."""
    project = label.rpartition("@")[0]
    found = trial(db, project)
    return end(db, project, how, reason, by, at) if found is not None and found.label == label else None


def end_at_move(db: sqlite3.Connection, target: str, reason: str, by: Actor, at: datetime) -> None:
    """What a move of its project does to a trial: ``target`` is live from now on, and runs beside nothing."""
    project = target.rpartition("@")[0]
    found = trial(db, project)
    if found is not None and found.label == target:
        end(db, project, "released", f"it is live: {reason}", by, at)
    elif found is not None:
        end(db, project, "another", f"{target} is live instead of what it ran beside: {reason}", by, at)


def end_removed(db: sqlite3.Connection, project: str, reason: str, by: Actor, at: datetime) -> None:
    """The same when the project is taken off the list."""
    end(db, project, "removed", f"{project} was removed: {reason}", by, at)


def _what(found: Trial) -> tuple[str, int, str, Kind]:
    return found.project, found.number, found.digest, found.kind


def _put(
    db: sqlite3.Connection, seq: int | None, began: int, what: tuple[str, int, str, Kind], act: TrialAct, share: float,
    against: int, by: Actor, reason: str, how: How | None, audit: int,
) -> None:  # fmt: skip
    # The trail says when: its rows are in the order of their times.
    at = trail.recorded_at(db, audit)
    db.execute(
        "INSERT INTO trials (seq, began, project, number, digest, kind, act, share, against, at, by, reason, how,"
        " audit) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (seq, began, *what, act, share, against, stamp(at), by.name, reason, how, audit),
    )


def _trial(db: sqlite3.Connection, row: sqlite3.Row) -> Trial:
    first = row
    if row["seq"] != row["began"]:
        first = db.execute("SELECT * FROM trials WHERE seq = ?", (row["began"],)).fetchone()
    return Trial(
        seq=first["seq"],
        project=row["project"],
        label=f"{row['project']}@{row['number']}",
        digest=row["digest"],
        kind=row["kind"],
        share=row["share"],
        against=row["against"],
        since=moment(first["at"]),
        by=first["by"],
        reason=first["reason"],
        share_since=moment(row["at"]),
    )


def _row(row: sqlite3.Row) -> TrialRow:
    return TrialRow(
        seq=row["seq"],
        trial=row["began"],
        label=f"{row['project']}@{row['number']}",
        kind=row["kind"],
        act=row["act"],
        share=row["share"],
        at=moment(row["at"]),
        by=row["by"],
        reason=row["reason"],
        how=row["how"],
    )
