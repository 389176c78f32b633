"""What is in the outbox: each row as a record, by its number, by page, and counted."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.clock import moment, stamp
from engine.errors import NotFound
from engine.outbox.channels import CHANNELS, MAIL, channel_of
from engine.storage.ledger import Ledger

State = Literal["queued", "sending", "sent", "failed", "over", "held", "gathered"]
# Kept as failed, for it was never sent; nobody need see to it, and nobody can have it tried again.
OVER = "what it told was over before anybody could send it"
# Of what was not sent: what is over and what another message tells wants nobody.
WANTED = "why IS NOT ? AND gathered_in IS NULL"
# Each channel has rows of its own, and none waits for another: ``channel_of`` in SQL.
_BEGINS = "substr(recipient, 1, max(0, instr(recipient, ' ') - 1))"
_OTHERS = ", ".join(f"'{name}'" for name in CHANNELS if name != MAIL)
OF_CHANNEL = f"iif({_BEGINS} IN ({_OTHERS}), {_BEGINS}, '{MAIL}') = ?"


@dataclass(frozen=True)
class Mail:
    """One row: what goes to whom, and what became of it. ``report`` names a kept report; else it tells an event.

    ``state`` is over where what it tells was over before it could be sent, held where its recipient wants to hear of it
    later, and gathered where another message tells it.
    """

    id: int
    project: str
    key: str
    recipient: str
    report: int | None
    subject: str
    body: str
    token: str
    queued_at: datetime
    state: State
    attempts: int
    next_try: datetime | None
    sent_at: datetime | None
    why: str | None
    held: bool = False

    @property
    def matter(self) -> str:
        """What kind of news it is (``red``, ``swap``, ``report`` ...)."""
        return self.key.partition(" ")[0]

    @property
    def channel(self) -> str:
        """The name of the channel that it goes by."""
        return channel_of(self.recipient)


def find(db: sqlite3.Connection, mail: int) -> Mail:
    """One mail. Raises NotFound."""
    row = db.execute("SELECT * FROM outbox WHERE id = ?", (mail,)).fetchone()
    if row is None:
        raise NotFound(f"There is no mail {mail}; 'leverframe outbox' lists them.")
    return record(row)


def page(ledger: Ledger, *, offset: int, limit: int, matching: str = "") -> tuple[Mail, ...]:
    """Mails, the newest first. Without ``matching`` this costs the same anywhere in the list."""
    with ledger.read() as db:
        if matching:
            said = "project, key, recipient, state, subject, why".replace(", ", ", '') || ' ' || coalesce(")
            like = f"instr(lower(coalesce({said}, '')), ?)"
            rows = db.execute(
                f"SELECT * FROM outbox WHERE {like} ORDER BY id DESC LIMIT ? OFFSET ?",
                (matching.lower(), limit, offset),
            ).fetchall()
        else:
            # Rows are never deleted, and ids have no gaps, so an offset is a key.
            last = db.execute("SELECT coalesce(max(id), 0) FROM outbox").fetchone()[0]
            rows = db.execute(
                "SELECT * FROM outbox WHERE id <= ? ORDER BY id DESC LIMIT ?", (last - offset, limit)
            ).fetchall()
    return tuple(record(row) for row in rows)


def count(ledger: Ledger) -> int:
    """How many mails there are."""
    with ledger.read() as db:
        return int(db.execute("SELECT coalesce(max(id), 0) FROM outbox").fetchone()[0])


def waiting(db: sqlite3.Connection) -> int:
    """How many mails wait for a server; what goes by another channel, or is held, is not counted."""
    unsent = f"SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending') AND held IS NULL AND {OF_CHANNEL}"
    return int(db.execute(unsent, (MAIL,)).fetchone()[0])


def given_up(db: sqlite3.Connection) -> int:
    """How many were never sent, by any channel, and somebody should see to it."""
    unsent = f"SELECT count(*) FROM outbox WHERE state = 'failed' AND {WANTED}"
    return int(db.execute(unsent, (OVER,)).fetchone()[0])


def unsent(db: sqlite3.Connection) -> dict[str, int]:
    """How many were not taken yet, or given up, by state; what is over is not counted."""
    rows = db.execute(
        f"SELECT state, count(*) AS messages FROM outbox WHERE state <> 'sent' AND {WANTED} GROUP BY state", (OVER,)
    )
    return {row["state"]: row["messages"] for row in rows}


def held(db: sqlite3.Connection, recipient: str, now: datetime) -> list[Mail]:
    """What is held for ``recipient``, the oldest first; not what somebody is sending at this moment."""
    wanted = "held IS NOT NULL AND recipient = ? AND (state = 'queued' OR (state = 'sending' AND next_try <= ?))"
    rows = db.execute(f"SELECT * FROM outbox WHERE {wanted} ORDER BY id", (recipient, stamp(now)))
    return [record(row) for row in rows]


def gathered(db: sqlite3.Connection, mail: int) -> list[Mail]:
    """What the message ``mail`` tells instead of each by itself."""
    return [record(row) for row in db.execute("SELECT * FROM outbox WHERE gathered_in = ? ORDER BY id", (mail,))]


def record(row: sqlite3.Row) -> Mail:
    return Mail(
        id=row["id"],
        project=row["project"],
        key=row["key"],
        recipient=row["recipient"],
        report=row["report"],
        subject=row["subject"],
        body=row["body"],
        token=row["token"],
        queued_at=moment(row["queued_at"]),
        state=_state(row),
        attempts=row["attempts"],
        next_try=moment(row["next_try"]) if row["next_try"] else None,
        sent_at=moment(row["sent_at"]) if row["sent_at"] else None,
        why=row["why"],
        held=row["held"] is not None,
    )


def _state(row: sqlite3.Row) -> State:
    if row["state"] == "queued" and row["held"] is not None:
        return "held"
    if row["state"] == "failed" and row["gathered_in"] is not None:
        return "gathered"
    state: State = "over" if row["state"] == "failed" and row["why"] == OVER else row["state"]
    return state
