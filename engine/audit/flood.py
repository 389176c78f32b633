"""Rows of the trail that come too fast to be written one by one: the first few are, the rest are counted into one.

Whoever is refused can try as often as they like, and a trail full of that hides what happened. What is alike is of the
same actor, by the same proof, of the same action.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import Any

from engine.audit import trail
from engine.clock import moment, stamp
from engine.records import Actor

WINDOW = timedelta(minutes=1)
WRITTEN = 5


class _Who:
    """Whoever the rows of ``folded`` are of; they may be gone by the time that the rest is written."""

    def __init__(self, name: str, account: str) -> None:
        self.name, self.account = name, account


def append_or_fold(
    db: sqlite3.Connection,
    *,
    at: datetime,
    actor: Actor,
    action: str,
    subject: str,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> bool:
    """Append the row, or count it where ``WRITTEN`` alike were appended within ``WINDOW``; whether it was appended.

    A window that is over is closed first. A clock that went back ends one too.
    """
    alike = (actor.name, actor.account, action)
    found = db.execute("SELECT * FROM folded WHERE actor = ? AND account = ? AND action = ?", alike).fetchone()
    if found is not None and not moment(found["since"]) <= at < moment(found["since"]) + WINDOW:
        _close(db, found, at)
        found = None
    if found is not None and found["written"] >= WRITTEN:
        db.execute(
            "UPDATE folded SET more = more + 1, subject = ?, until = ? WHERE actor = ? AND account = ? AND action = ?",
            (subject, stamp(at), *alike),
        )
        return False
    db.execute(
        "INSERT INTO folded (actor, account, action, subject, since, written, more, until)"
        " VALUES (?, ?, ?, ?, ?, 1, 0, ?) ON CONFLICT DO UPDATE SET written = written + 1",
        (*alike, subject, stamp(at), stamp(at)),
    )
    trail.append(db, at=at, actor=actor, action=action, subject=subject, reason=reason, details=details)
    return True


def waiting(db: sqlite3.Connection, now: datetime) -> bool:
    """Whether anything was counted whose window is over."""
    return db.execute("SELECT 1 FROM folded WHERE since <= ? LIMIT 1", (stamp(now - WINDOW),)).fetchone() is not None


def close_windows(db: sqlite3.Connection, now: datetime) -> None:
    """Write one row for what was counted in each window that is over."""
    over = db.execute("SELECT * FROM folded WHERE since <= ?", (stamp(now - WINDOW),)).fetchall()
    for each in over:
        _close(db, each, now)


def _close(db: sqlite3.Connection, row: sqlite3.Row, now: datetime) -> None:
    if row["more"]:
        trail.append(
            db, at=now, actor=_Who(row["actor"], row["account"]), action=row["action"], subject=row["subject"],
            reason=f"{row['more']:,} more like it within a minute",
            details={"more": row["more"], "from": row["since"], "until": row["until"]},
        )  # fmt: skip
    db.execute(
        "DELETE FROM folded WHERE actor = ? AND account = ? AND action = ?",
        (row["actor"], row["account"], row["action"]),
    )
