"""Which candidates ran beside the version in use in a period, and what they came to. Reads the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from engine.errors import Damage
from engine.reports.records import ReportPeriod, Tried
from engine.requests import book as requests
from engine.scoring import trials
from engine.scoring.trials import TrialRow
from engine.shadow import book
from engine.text import plain


def tried(db: sqlite3.Connection, project: str, period: ReportPeriod) -> tuple[Tried, ...]:
    """The oldest first. A trial that began before the period is there where it went on in it."""
    began = trials.before(db, project, period.until)
    went_on = [rows for rows in began if rows[-1].act != "end" or rows[-1].at >= period.since]
    return tuple(_told(db, project, rows, period.until) for rows in went_on)


def _told(db: sqlite3.Connection, project: str, rows: Sequence[TrialRow], until: datetime) -> Tried:
    first, last = rows[0], rows[-1]
    over = last if last.act == "end" else None
    shadow = first.kind == "shadow"
    cases, agreed, failed = _compared(db, project, first.trial, until) if shadow else (0, None, None)
    if not shadow:
        cases = requests.answered_by(db, project, first.label, first.at, over.at if over else until)
    return Tried(
        version=first.label,
        shadow=shadow,
        share=last.share,
        since=first.at,
        by=first.by,
        reason=plain(first.reason, 1000),
        cases=cases,
        agreed=agreed,
        failed=failed,
        over_at=over.at if over else None,
        over_how=over.how if over else None,
        over_by=over.by if over else "",
        over_why=plain(over.reason, 1000) if over else "",
    )


def _compared(db: sqlite3.Connection, project: str, trial: int, until: datetime) -> tuple[int, int, int]:
    """Cases, of these alike, and cases without an answer; what cannot be read is told by doctor."""
    with suppress(Damage):
        sums = [cell.sums for cell in book.cells(db, project, trial) if cell.since < until]
        return sum(each.rows for each in sums), sum(each.agreed for each in sums), sum(each.failed for each in sums)
    return 0, 0, 0
