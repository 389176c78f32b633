"""What people decided about versions, in the ledger: approved, rejected, rolled back from, the bar lifted."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.clock import moment, stamp
from engine.records import Actor, Deployment

Kind = Literal["approve", "reject", "rollback", "lift"]


@dataclass(frozen=True)
class Decision:
    """One of them. ``live_seq``: the deployment that it was decided against; 0 where nothing was live.

    ``audit``: the row of the trail that tells it.
    """

    kind: Kind
    project: str
    number: int
    live_seq: int
    at: datetime
    actor: str
    reason: str
    audit: int

    @property
    def label(self) -> str:
        return f"{self.project}@{self.number}"


def keep(
    db: sqlite3.Connection, kind: Kind, target: tuple[str, int], live_seq: int, reason: str, by: Actor,
    audit: int, at: datetime,
) -> None:  # fmt: skip
    """Write one down, inside the transaction that carries it out; ``audit`` is the row of the trail that tells it."""
    db.execute(
        "INSERT INTO decisions (at, actor, kind, project, number, live_seq, reason, audit) VALUES (?,?,?,?,?,?,?,?)",
        (stamp(at), by.name, kind, *target, live_seq, reason, audit),
    )


def approvals(db: sqlite3.Connection, project: str, number: int, live_seq: int | None) -> tuple[Decision, ...]:
    """The approvals of that version against this live one, the newest last; None: all there were, against any.

    What was approved for a planned swap that was cancelled does not count: it is approved anew, or not at all.
    """
    rows = db.execute(
        "SELECT * FROM decisions WHERE project = ?1 AND number = ?2 AND kind = 'approve' AND (?3 IS NULL OR ("
        " live_seq = ?3 AND audit > (SELECT coalesce(max(ended_audit), 0) FROM planned_swaps p"
        "  WHERE p.project = ?1 AND p.number = ?2 AND p.how = 'cancelled'))) ORDER BY seq",
        (project, number, live_seq),
    )
    return tuple(_record(row) for row in rows)


def of_version(db: sqlite3.Connection, project: str, number: int) -> tuple[Decision, ...]:
    """All that was decided about it, the newest last."""
    rows = db.execute("SELECT * FROM decisions WHERE project = ? AND number = ? ORDER BY seq", (project, number))
    return tuple(_record(row) for row in rows)


def approvers(db: sqlite3.Connection, project: str, number: int, live_seq: int) -> tuple[str, ...]:
    """Who has approved that version against this live one."""
    return tuple(dict.fromkeys(each.actor for each in approvals(db, project, number, live_seq)))


def approved_by(db: sqlite3.Connection, deployment: Deployment) -> tuple[str, ...]:
    """Everybody whose approval led to ``deployment``: against the same live version, the last one moved it."""
    if deployment.kind == "rollback":
        return (deployment.actor,)
    given = approvals(db, deployment.project, deployment.number, None)
    found = approvers(db, deployment.project, deployment.number, given[-1].live_seq) if given else ()
    return found or (deployment.actor,)


def rejections(db: sqlite3.Connection, project: str, since: datetime, until: datetime) -> tuple[Decision, ...]:
    """What was turned down since then and before ``until``, the oldest first."""
    rows = db.execute(
        "SELECT * FROM decisions WHERE project = ? AND kind = 'reject' AND at >= ? AND at < ? ORDER BY seq",
        (project, stamp(since), stamp(until)),
    )
    return tuple(_record(row) for row in rows)


def last_rejection(db: sqlite3.Connection, project: str, before: int) -> Decision | None:
    """The last time that a version with a number below ``before`` was turned down."""
    row = db.execute(
        "SELECT * FROM decisions WHERE project = ? AND kind = 'reject' AND number < ? ORDER BY seq DESC LIMIT 1",
        (project, before),
    ).fetchone()
    return _record(row) if row is not None else None


def last_decided(db: sqlite3.Connection) -> dict[tuple[str, int], datetime]:
    """When each version was last decided on, of those that were."""
    rows = db.execute("SELECT project, number, max(at) AS at FROM decisions GROUP BY project, number")
    return {(row["project"], row["number"]): moment(row["at"]) for row in rows}


def last_seq(db: sqlite3.Connection, project: str) -> int | None:
    """Changes when somebody decides something about ``project``."""
    found: int | None = db.execute("SELECT max(seq) FROM decisions WHERE project = ?", (project,)).fetchone()[0]
    return found


def _record(row: sqlite3.Row) -> Decision:
    at = moment(row["at"])
    return Decision(
        row["kind"], row["project"], row["number"], row["live_seq"], at, row["actor"], row["reason"], row["audit"]
    )
