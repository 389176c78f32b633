"""The outbox, in the ledger: a row for each recipient and matter, so that nothing is queued, and so sent, twice.

A row is *sending* from before the server is asked. It is *sent* only after the server's acceptance. Whoever is killed
between that acceptance and its commit leaves a row that is tried again after ``LEASE``: then the mail goes out a second
time, with the same Message-ID, and mail servers and readers that look at it show it once. The other order would lose
mails, which is worse.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from engine.clock import moment, stamp
from engine.errors import NotFound
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import HealthFinding
from engine.outbox.channels import CHANNELS, MAIL, channel_of
from engine.storage.ledger import Ledger
from engine.text import plain
from engine.versions import catalog

State = Literal["queued", "sending", "sent", "failed", "over", "held", "gathered"]
# Longer than any conversation with a server may take.
LEASE = timedelta(minutes=10)
FIRST, LONGEST = timedelta(minutes=1), timedelta(days=1)
MOST = 12  # attempts, which are spread over two and a half days
OLDEST = timedelta(days=7)  # for a mail that no server was set up for
# Kept as failed, for it was never sent; nobody need see to it, and nobody can have it tried again.
OVER = "what it told was over before anybody could send it"
_ABOUT = "mail "  # and the recipient: what an alert is about, so that one who gets mail says nothing of another
# Of what was not sent: what is over and what another message tells wants nobody.
_WANTED = "why IS NOT ? AND gathered_in IS NULL"
# Nothing waits longer than LONGEST: what would was queued or tried while the clock was ahead.
_DUE = "(next_try <= ? OR next_try > ?)"
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


@dataclass(frozen=True)
class Draft:
    """What is to be queued. ``body`` is the text of an event; a report's is in the store."""

    project: str
    key: str
    subject: str
    body: str = ""
    report: int | None = None


def queue(db: sqlite3.Connection, draft: Draft, recipients: Sequence[str], at: datetime) -> list[int]:
    """Queue ``draft`` for each recipient, inside the caller's transaction; returns the new rows.

    Whoever has a row for this matter already gets no other.
    """
    new = []
    for recipient in dict.fromkeys(recipients):
        token = sha256(f"{draft.project}\n{draft.key}\n{recipient}\n{stamp(at)}".encode()).hexdigest()[:32]
        cursor = db.execute(
            "INSERT INTO outbox (project, key, recipient, report, subject, body, token, queued_at, state, next_try)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?) ON CONFLICT (project, key, recipient) DO NOTHING",
            (
                draft.project, draft.key, recipient, draft.report, plain(draft.subject, 200), draft.body, token,
                stamp(at), stamp(at),
            ),
        )  # fmt: skip
        if cursor.rowcount:
            new.append(int(cursor.lastrowid or 0))
    return new


def back_off(attempts: int) -> timedelta:
    """How long to wait after the ``attempts``-th attempt: a minute, then twice as long each time, at most a day."""
    return min(LONGEST, FIRST * (1 << min(attempts - 1, 20)))


def _due(now: datetime) -> tuple[str, str]:
    return stamp(now), stamp(now + LONGEST + LEASE)


def due(db: sqlite3.Connection, now: datetime, limit: int = 200, *, channel: str = MAIL) -> list[int]:
    """What is to be tried by now through ``channel``, the oldest first; also what somebody sent who is gone."""
    rows = db.execute(
        f"SELECT id FROM outbox WHERE next_try IS NOT NULL AND {_DUE} AND {OF_CHANNEL} ORDER BY next_try, id LIMIT ?",
        (*_due(now), channel, limit),
    )
    return [row["id"] for row in rows]


def claim(ledger: Ledger, mail: int, now: datetime) -> Mail | None:
    """Mark a mail that is due as being sent by us; None when it is not due, or somebody else has it."""
    with ledger.write() as db:
        changed = db.execute(
            f"UPDATE outbox SET state = 'sending', attempts = attempts + 1, next_try = ? WHERE id = ? AND {_DUE}",
            (stamp(now + LEASE), mail, *_due(now)),
        )
        found = find(db, mail) if changed.rowcount else None
        if found is None or found.attempts <= MOST:
            return found
        _give_up(db, found, "whoever tried to send it was cut short each time", now)
        return None


def accepted(ledger: Ledger, mail: Mail, now: datetime) -> None:
    """The server has taken it."""
    with ledger.write() as db:
        _ended(db, mail, "sent", None, now)
        _resolve(db, mail.project, {_ABOUT + mail.recipient}, now)


def not_accepted(ledger: Ledger, mail: Mail, why: str, now: datetime, *, for_good: bool) -> Mail:
    """The server has not taken it: it is tried again, or given up, which raises an alert. Returns it as it is now."""
    with ledger.write() as db:
        if for_good or mail.attempts >= MOST:
            _give_up(db, mail, why, now)
        else:
            db.execute(
                "UPDATE outbox SET state = 'queued', why = ?, next_try = ? WHERE id = ? AND state = 'sending'"
                " AND attempts = ?",
                (why, stamp(now + back_off(mail.attempts)), mail.id, mail.attempts),
            )
        return find(db, mail.id)


def give_up_old(ledger: Ledger, now: datetime, channel: str = MAIL) -> None:
    """Where ``channel`` is not set up: give up what has waited for it for a week."""
    old, given = (
        f"state = 'queued' AND next_try IS NOT NULL AND queued_at <= ? AND {OF_CHANNEL}",
        (stamp(now - OLDEST), channel),
    )
    with ledger.read() as db:
        found = db.execute(f"SELECT 1 FROM outbox WHERE {old} LIMIT 1", given).fetchone()
    if found is None:
        return
    with ledger.write() as db:
        for row in db.execute(f"SELECT * FROM outbox WHERE {old}", given).fetchall():
            _give_up(db, _mail(row), CHANNELS[channel].unset_for_long, now)


def again(db: sqlite3.Connection, mail: int | None, now: datetime) -> list[int]:
    """Have one mail, or all that were given up or wait and are not held, tried now, in the caller's transaction."""
    if mail is not None:
        find(db, mail)
    rows = db.execute(
        f"SELECT id FROM outbox WHERE state IN ('queued', 'failed') AND {_WANTED} AND id = coalesce(?, id)"
        " AND (held IS NULL OR id = ?) ORDER BY id",
        (OVER, mail, mail),
    ).fetchall()
    for row in rows:
        db.execute(
            "UPDATE outbox SET state = 'queued', held = NULL, attempts = 0, next_try = ? WHERE id = ?",
            (stamp(now), row["id"]),
        )
    return [row["id"] for row in rows]


def find(db: sqlite3.Connection, mail: int) -> Mail:
    """One mail. Raises NotFound."""
    row = db.execute("SELECT * FROM outbox WHERE id = ?", (mail,)).fetchone()
    if row is None:
        raise NotFound(f"There is no mail {mail}; 'leverframe outbox' lists them.")
    return _mail(row)


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
    return tuple(_mail(row) for row in rows)


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
    unsent = f"SELECT count(*) FROM outbox WHERE state = 'failed' AND {_WANTED}"
    return int(db.execute(unsent, (OVER,)).fetchone()[0])


def unsent(db: sqlite3.Connection) -> dict[str, int]:
    """How many were not taken yet, or given up, by state; what is over is not counted."""
    rows = db.execute(
        f"SELECT state, count(*) AS messages FROM outbox WHERE state <> 'sent' AND {_WANTED} GROUP BY state", (OVER,)
    )
    return {row["state"]: row["messages"] for row in rows}


def _ended(db: sqlite3.Connection, mail: Mail, state: State, why: str | None, now: datetime) -> None:
    db.execute(
        "UPDATE outbox SET state = ?, why = ?, next_try = NULL, sent_at = ? WHERE id = ? AND state <> 'sent'",
        (state, why, stamp(now) if state == "sent" else None, mail.id),
    )


def is_over(ledger: Ledger, mail: Mail, now: datetime) -> Mail:
    """Send this no more: what it tells is over."""
    with ledger.write() as db:
        end_as_over(db, mail, now)
        return find(db, mail.id)


def end_as_over(db: sqlite3.Connection, mail: Mail, now: datetime) -> None:
    """The same, inside the caller's transaction."""
    _ended(db, mail, "failed", OVER, now)


def held(db: sqlite3.Connection, recipient: str, now: datetime) -> list[Mail]:
    """What is held for ``recipient``, the oldest first; not what somebody is sending at this moment."""
    wanted = "held IS NOT NULL AND recipient = ? AND (state = 'queued' OR (state = 'sending' AND next_try <= ?))"
    rows = db.execute(f"SELECT * FROM outbox WHERE {wanted} ORDER BY id", (recipient, stamp(now)))
    return [_mail(row) for row in rows]


def gathered(db: sqlite3.Connection, mail: int) -> list[Mail]:
    """What the message ``mail`` tells instead of each by itself."""
    return [_mail(row) for row in db.execute("SELECT * FROM outbox WHERE gathered_in = ? ORDER BY id", (mail,))]


def give_up_all(db: sqlite3.Connection, why: str) -> int:
    """Send nothing of what waits, inside the caller's transaction. Returns how many waited."""
    return db.execute(
        "UPDATE outbox SET state = 'failed', next_try = NULL, why = ? WHERE state IN ('queued', 'sending')", (why,)
    ).rowcount


def _give_up(db: sqlite3.Connection, mail: Mail, why: str, now: datetime) -> None:
    """Only to be watched, never failing: a mail about a mail that fails would have no end."""
    _ended(db, mail, "failed", why, now)
    finding = HealthFinding(
        key=_ABOUT + mail.recipient,
        part=_ABOUT + mail.recipient,
        severity="watch",
        why=f"'{plain(mail.subject, 80)}' could not be sent to {mail.recipient}: {why.rstrip('.')}",
        act="leverframe outbox retry",
        since=mail.queued_at,
    )
    alert_book.record(db, mail.project, _live(db, mail.project), [finding], {finding.part}, None, now)


def forget(db: sqlite3.Connection, project: str, recipients: Sequence[str], now: datetime) -> None:
    """End the alerts about those who are no recipients any more, inside the caller's transaction."""
    wanted = {_ABOUT + recipient for recipient in recipients}
    _resolve(db, project, set(_open_about(db, project)) - wanted, now)


def _resolve(db: sqlite3.Connection, project: str, parts: set[str], now: datetime) -> None:
    over = parts & set(_open_about(db, project))
    if over:
        alert_book.record(db, project, _live(db, project), [], over, None, now)


def _open_about(db: sqlite3.Connection, project: str) -> list[str]:
    return [alert.part for alert in alert_book.open_of(db, [project]) if alert.part.startswith(_ABOUT)]


def _live(db: sqlite3.Connection, project: str) -> int:
    live = catalog.live(db, project)
    return live.number if live else 0


def _mail(row: sqlite3.Row) -> Mail:
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
