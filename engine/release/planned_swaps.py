"""Approved versions that go live later, as rows of the ledger: planned, then swapped or cancelled, once.

What was approved for a swap that was cancelled counts no more (``decisions.approvals``): the ground on which it was
approved has changed, or somebody took it back.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from engine.clock import moment, stamp
from engine.records import Actor, Version
from engine.versions import catalog

if TYPE_CHECKING:
    from engine.access.approval import Policy
    from engine.release.records import MovePlan, PlannedSwap


def digest_of(policy: Policy) -> str:
    """What tells whether a release still takes what it took. A release that knows other keys has other digests."""
    return hashlib.sha256(repr(policy).encode()).hexdigest()


def keep(
    db: sqlite3.Connection, plan: MovePlan, due: datetime, policy: Policy, reason: str, by: Actor, audit: int,
    at: datetime,
) -> None:  # fmt: skip
    """Write down that the target of ``plan`` was proven and approved, and goes live when it is ``due``."""
    project, number = catalog.parse_label(plan.target)
    db.execute(
        "INSERT INTO planned_swaps (project, number, live_seq, policy, by, reason, due, at, audit)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (project, number, plan.live_seq, digest_of(policy), by.name, reason, stamp(due), stamp(at), audit),
    )


def end(
    db: sqlite3.Connection, swap: int, how: Literal["swapped", "cancelled"], why: str | None, audit: int, at: datetime
) -> None:
    """Write down what became of one, in the transaction that does it. One that has ended stays as it ended."""
    db.execute(
        "UPDATE planned_swaps SET how = ?, why = ?, ended_audit = ?, ended_at = ? WHERE id = ? AND how IS NULL",
        (how, why, audit, stamp(at), swap),
    )


def begin(db: sqlite3.Connection, swap: int, run: int) -> None:
    """``run`` is to prove it once more."""
    db.execute("UPDATE planned_swaps SET run = ? WHERE id = ?", (run, swap))


def waiting(db: sqlite3.Connection) -> tuple[PlannedSwap, ...]:
    """Those that have not come to their end, the oldest first."""
    rows = db.execute("SELECT * FROM planned_swaps WHERE how IS NULL ORDER BY id")
    return tuple(_record(row) for row in rows)


def told(db: sqlite3.Connection, candidates: Sequence[Version]) -> tuple[Version, ...]:
    """``candidates``, each that waits for its time with what is to come of it."""
    planned = {swap.label: swap.sentence for swap in waiting(db)}
    return tuple(replace(each, said=planned.get(each.label, each.said)) for each in candidates)


def of_project(db: sqlite3.Connection, project: str) -> PlannedSwap | None:
    """The one of ``project`` that waits for its time; there is one at most."""
    row = db.execute("SELECT * FROM planned_swaps WHERE project = ? AND how IS NULL", (project,)).fetchone()
    return _record(row) if row is not None else None


def newest(db: sqlite3.Connection, project: str, number: int) -> PlannedSwap | None:
    """The last that was planned of a version."""
    row = db.execute(
        "SELECT * FROM planned_swaps WHERE project = ? AND number = ? ORDER BY id DESC LIMIT 1", (project, number)
    ).fetchone()
    return _record(row) if row is not None else None


def one(db: sqlite3.Connection, swap: int) -> PlannedSwap:
    """The one with that number."""
    return _record(db.execute("SELECT * FROM planned_swaps WHERE id = ?", (swap,)).fetchone())


def untold(db: sqlite3.Connection, after: int) -> tuple[tuple[int, PlannedSwap], ...]:
    """What was planned or cancelled by rows of the trail after ``after``, each with that row, in their order."""
    rows = db.execute(
        "SELECT audit AS seq, * FROM planned_swaps WHERE audit > ?1"
        " UNION ALL SELECT ended_audit AS seq, * FROM planned_swaps WHERE how = 'cancelled' AND ended_audit > ?1"
        " ORDER BY seq LIMIT 100",
        (after,),
    )
    return tuple((row["seq"], _record(row)) for row in rows)


def _record(row: sqlite3.Row) -> PlannedSwap:
    from engine.release.records import PlannedSwap  # not for the first screen, where nothing is planned as a rule

    return PlannedSwap(
        id=row["id"],
        project=row["project"],
        number=row["number"],
        live_seq=row["live_seq"],
        policy=row["policy"],
        by=row["by"],
        reason=row["reason"],
        due=moment(row["due"]),
        at=moment(row["at"]),
        audit=row["audit"],
        run=row["run"],
        how=row["how"],
        why=row["why"],
        ended_at=moment(row["ended_at"]) if row["ended_at"] else None,
    )
