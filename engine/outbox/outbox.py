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

from engine.clock import stamp
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import HealthFinding
from engine.outbox.channels import CHANNELS, MAIL
from engine.outbox.mails import OF_CHANNEL, OVER, WANTED, Mail, State, find, record
from engine.storage.ledger import Ledger
from engine.text import plain
from engine.versions import catalog

# Longer than any conversation with a server may take.
LEASE = timedelta(minutes=10)
FIRST, LONGEST = timedelta(minutes=1), timedelta(days=1)
MOST = 12  # attempts, which are spread over two and a half days
OLDEST = timedelta(days=7)  # for a mail that no server was set up for
_ABOUT = "mail "  # and the recipient: what an alert is about, so that one who gets mail says nothing of another
# Nothing waits longer than LONGEST: what would was queued or tried while the clock was ahead.
_DUE = "(next_try <= ? OR next_try > ?)"


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
            _give_up(db, record(row), CHANNELS[channel].unset_for_long, now)


def again(db: sqlite3.Connection, mail: int | None, now: datetime) -> list[int]:
    """Have one mail, or all that were given up or wait and are not held, tried now, in the caller's transaction."""
    if mail is not None:
        find(db, mail)
    rows = db.execute(
        f"SELECT id FROM outbox WHERE state IN ('queued', 'failed') AND {WANTED} AND id = coalesce(?, id)"
        " AND (held IS NULL OR id = ?) ORDER BY id",
        (OVER, mail, mail),
    ).fetchall()
    for row in rows:
        db.execute(
            "UPDATE outbox SET state = 'queued', held = NULL, attempts = 0, next_try = ? WHERE id = ?",
            (stamp(now), row["id"]),
        )
    return [row["id"] for row in rows]


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
