"""How far batches of feedback agreed with what was answered, in the ledger: kept once for each, when it was judged."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.audit import trail
from engine.clock import moment, stamp
from engine.feedback import packing, quarantine
from engine.feedback.agreement import Agreement, UsualAgreement, together, why_held
from engine.feedback.records import FeedbackRow
from engine.feedback.rows import decoded
from engine.json_records import read, write
from engine.records import Actor
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore

MOST = 1_000  # batches that are read at once, and that tell what is usual
_JOINED = """
SELECT b.id, b.at, b.digest, a.found, d.verdict, coalesce(b.held, a.held) AS held
FROM feedback_batches b LEFT JOIN feedback_agreements a ON a.batch = b.id
LEFT JOIN feedback_decisions d ON d.batch = b.id WHERE b.project = ?
"""


@dataclass(frozen=True)
class Unjudged:
    """A batch that was not held against answers yet; ``counts``: it is not quarantined, nor was it ever."""

    batch: int
    at: datetime
    rows: Sequence[FeedbackRow]
    counts: bool


@dataclass(frozen=True)
class _Known:
    at: datetime
    found: Agreement
    counts: bool
    decided: bool


def unjudged(
    db: sqlite3.Connection, store: ObjectStore, project: str, since: datetime, until: datetime, after: int = 0
) -> tuple[Unjudged, ...]:
    """The oldest of those that came from ``since`` to ``until``, of numbers higher than ``after``. Raises Damage."""
    rows = db.execute(
        f"{_JOINED} AND b.at >= ? AND b.at <= ? AND b.id > ? AND a.batch IS NULL ORDER BY b.id LIMIT ?",
        (project, stamp(since), stamp(until), after, MOST),
    ).fetchall()
    contents = packing.contents(db, store, {row["id"]: row["digest"] for row in rows})
    return tuple(
        Unjudged(row["id"], moment(row["at"]), decoded(contents[row["id"]], row["id"]), row["held"] is None)
        for row in rows
    )


def judge(
    ledger: Ledger,
    project: str,
    found: Mapping[int, Agreement],
    batches: Sequence[Unjudged],
    holdout: Agreement,
    by: Actor,
    now: datetime,
) -> frozenset[int]:
    """Keep what each of ``batches`` was ``found`` to be, and quarantine those that agree far less than is usual.

    Returns those that are quarantined by it. A batch that was judged meanwhile stays as it was judged.
    """
    with ledger.read() as db:
        known = _known(db, project)
    usual, why = dict[datetime, UsualAgreement](), dict[int, str | None]()
    for each in batches:
        before = each.at.replace(minute=0, second=0, microsecond=0) - quarantine.WINDOW
        if before not in usual:
            usual[before] = UsualAgreement(holdout, _hours(known, before))
        one = found[each.batch]
        why[each.batch] = why_held(one, _lately(known, each.at), usual[before]) if each.counts else None
        known.append(_Known(each.at, one, each.counts and why[each.batch] is None, not each.counts))
    with ledger.write() as db:
        numbers = [each.batch for each in batches]
        return frozenset(each for each in numbers if _kept(db, project, each, found[each], why[each], by, now))


def _kept(
    db: sqlite3.Connection, project: str, batch: int, found: Agreement, why: str | None, by: Actor, now: datetime
) -> bool:
    """Whether the batch is quarantined by what is kept of it."""
    row = (batch, stamp(now), json.dumps(write(found)), why)
    sql = "INSERT OR IGNORE INTO feedback_agreements (batch, at, found, held) VALUES (?, ?, ?, ?)"
    if not db.execute(sql, row).rowcount or why is None:
        return False
    subject, details = f"{project} feedback {batch}", {"why": why}
    trail.append(db, at=now, actor=by, action="quarantine", subject=subject, details=details)
    return True


def _known(db: sqlite3.Connection, project: str) -> list[_Known]:
    rows = db.execute(f"{_JOINED} AND a.batch IS NOT NULL ORDER BY b.id DESC LIMIT ?", (project, MOST))
    return [
        _Known(
            moment(row["at"]),
            read(Agreement, json.loads(row["found"]), "How far a batch of feedback agreed with answers"),
            row["held"] is None or row["verdict"] == "let in",
            row["verdict"] is not None,
        )
        for row in rows
    ]


def _lately(known: Sequence[_Known], at: datetime) -> Agreement:
    """What came within the hour before, but for what a person has decided on."""
    return together(
        each.found for each in known if at - quarantine.WINDOW <= each.at <= at and not each.decided
    )


def _hours(known: Sequence[_Known], before: datetime) -> list[Agreement]:
    """What counted before that, hour by hour."""
    hours: dict[datetime, list[Agreement]] = {}
    for each in known:
        if each.counts and each.at < before:
            hours.setdefault(each.at.replace(minute=0, second=0, microsecond=0), []).append(each.found)
    return [together(each) for each in hours.values()]


def waiting(db: sqlite3.Connection, project: str) -> tuple[str, ...]:
    """Why batches wait for a person, each in a sentence without its end; the newest first."""
    rows = db.execute(
        f"{_JOINED} AND coalesce(b.held, a.held) IS NOT NULL AND d.batch IS NULL ORDER BY b.id DESC", (project,)
    )
    return tuple(f"feedback {row['id']} is quarantined (decide: key 9, Feedback): {row['held']}" for row in rows)
