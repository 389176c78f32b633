"""Reports that were made and kept: the page and the text in the object store, a row in the ledger that names both."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from engine.clock import moment, stamp
from engine.errors import NotFound
from engine.records import Verdict
from engine.reports import html, text
from engine.reports.records import Report
from engine.storage.objects import ObjectStore


@dataclass(frozen=True)
class KeptReport:
    """One report as it was made. ``page`` and ``text`` are digests of what was sent."""

    id: int
    project: str
    since: datetime
    until: datetime
    period: str
    run: int | None
    at: datetime
    verdict: Verdict
    sentence: str
    page: str
    text: str
    audit_rows: int
    audit_head: str


def store(objects: ObjectStore, report: Report) -> tuple[str, str]:
    """Put a report's page and text into the store and return their digests. Nothing refers to them yet."""
    digests = objects.put(html.page(report).encode()), objects.put(text.text(report).encode())
    objects.sync()
    return digests


def register(db: sqlite3.Connection, report: Report, digests: tuple[str, str], run: int | None, at: datetime) -> int:
    """Keep a report, inside the caller's transaction; returns its number."""
    period = report.period
    cursor = db.execute(
        "INSERT INTO reports (project, since, until, period, run, at, verdict, sentence, page, text, audit_rows,"
        " audit_head) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            report.project, stamp(period.since), stamp(period.until), period.name, run, stamp(at), report.verdict,
            report.sentence, *digests, report.audit_rows, report.audit_head,
        ),
    )  # fmt: skip
    return int(cursor.lastrowid or 0)


def find(db: sqlite3.Connection, project: str, number: int) -> KeptReport:
    """One report. Raises NotFound."""
    row = db.execute("SELECT * FROM reports WHERE id = ? AND project = ?", (number, project)).fetchone()
    if row is None:
        raise NotFound(f"There is no report {number} of {project}; 'leverframe report {project} --list' lists them.")
    return _kept(row)


def everything(db: sqlite3.Connection, project: str, limit: int = -1) -> tuple[KeptReport, ...]:
    """The reports of a project, the newest first."""
    rows = db.execute("SELECT * FROM reports WHERE project = ? ORDER BY id DESC LIMIT ?", (project, limit))
    return tuple(_kept(row) for row in rows.fetchall())


def digests(db: sqlite3.Connection) -> set[str]:
    """The pages and texts of all of them, which stay in the store."""
    return {digest for row in db.execute("SELECT page, text FROM reports") for digest in row}


def last_id(db: sqlite3.Connection, project: str) -> int | None:
    """Changes when a report of ``project`` is kept."""
    found: int | None = db.execute("SELECT max(id) FROM reports WHERE project = ?", (project,)).fetchone()[0]
    return found


def _kept(row: sqlite3.Row) -> KeptReport:
    times = {name: moment(row[name]) for name in ("since", "until", "at")}
    return KeptReport(**{**{name: row[name] for name in row.keys()}, **times})  # noqa: SIM118 - a row has no items
