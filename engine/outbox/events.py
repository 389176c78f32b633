"""What happened, as mails to whom it concerns: the news that the ledger's triggers keep becomes rows of the outbox.

The rows and the cursor's advance are one transaction, so nothing is told twice or not at all. What is a week old,
because no engine ran, is told no more; nor is what is over when it could be told, or sent: a candidate that no longer
waits, an alert that was resolved, a version that another took the place of.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.clock import moment, stamp
from engine.monitoring.alerts import alert_book
from engine.outbox import outbox
from engine.outbox.outbox import Draft, Mail
from engine.projects.manifest.records import ReportSpec
from engine.projects.manifest.report import is_address, spec_of
from engine.reports.words import heading, of_part
from engine.storage.ledger import Ledger
from engine.text import plain

OLDEST = timedelta(days=7)
BATCH = 500
# What must still be so when a mail is sent, by the kind of its news.
_NEWEST = "JOIN (SELECT max(seq) AS seq, project FROM deployments GROUP BY project) d ON d.seq = n.about"
_STILL = {
    "candidate": "JOIN versions v ON v.project = n.project AND v.number = n.about AND v.state = 'candidate'",
    "swap": _NEWEST,
    "rollback": _NEWEST,
    "red": "JOIN alerts a ON a.id = n.about AND a.resolved_at IS NULL",
    "report-failed": "JOIN runs r ON r.id = n.about AND NOT EXISTS (SELECT 1 FROM runs WHERE project = r.project"
    " AND job = 'report' AND state = 'succeeded' AND id > r.id)",
}
# How many of the other open alerts a mail names.
ALSO = 5


@dataclass(frozen=True)
class _Told:
    """What a mail about an event says: the subject, and the paragraphs below it."""

    subject: str
    paragraphs: Sequence[str]


def waiting(db: sqlite3.Connection) -> bool:
    """Whether there is news that was not made mail of."""
    found = db.execute("SELECT EXISTS (SELECT 1 FROM news, cursors WHERE name = 'news' AND id > seen)")
    return bool(found.fetchone()[0])


def take(ledger: Ledger, now: datetime, others: Sequence[str] = ()) -> int:
    """Make mail of the news, and a row for each of ``others`` too; returns how many were queued."""
    with ledger.read() as db:
        if not waiting(db):
            return 0
    queued = 0
    with ledger.write() as db:
        seen = int(db.execute("SELECT seen FROM cursors WHERE name = 'news'").fetchone()["seen"])
        rows = db.execute("SELECT * FROM news WHERE id > ? ORDER BY id LIMIT ?", (seen, BATCH)).fetchall()
        for row in rows:
            if now - moment(row["at"]) < OLDEST:
                queued += _take(db, row, now, others)
            seen = row["id"]
        db.execute("UPDATE cursors SET seen = ? WHERE name = 'news'", (seen,))
    return queued


def _take(db: sqlite3.Connection, news: sqlite3.Row, now: datetime, others: Sequence[str]) -> int:
    project = db.execute("SELECT * FROM projects WHERE name = ? AND removed_at IS NULL", (news["project"],)).fetchone()
    if project is None:
        return 0
    document = json.loads(project["manifest"])
    if "report" not in document:
        return 0  # It asks for no mail, and perhaps no machine here sends any.
    spec = spec_of(document)
    told = _TELLERS[news["kind"]](db, news) if news["kind"] in spec.events else None
    if told is None:
        return 0
    title = plain(project["title"], 100) or news["project"]
    body = "\n\n".join(plain(each, 1000) for each in told.paragraphs if each)
    draft = Draft(news["project"], f"{news['kind']} {news['id']}", f"{title}: {told.subject}", body)
    return len(outbox.queue(db, draft, [*recipients(spec, project["owner"]), *others], now))


def over(db: sqlite3.Connection, mail: Mail) -> bool:
    """Whether what a mail of an event tells is over by now: it waited for a server, or for an engine."""
    kind, _, number = mail.key.partition(" ")
    query = _STILL.get(kind)
    if mail.report is not None or query is None:
        return False
    # A news row is never deleted: one that is not there was written by hand, and nothing is known against it.
    known, so = "SELECT 1 FROM news WHERE id = :id", f"SELECT 1 FROM news n {query} WHERE n.id = :id"
    found = db.execute(f"SELECT EXISTS ({known}) AND NOT EXISTS ({so})", {"id": number})
    return bool(found.fetchone()[0])


def recipients(spec: ReportSpec, owner: str) -> tuple[str, ...]:
    """Who hears of events: whoever gets the report, and the project's owner where that is an address."""
    return tuple(dict.fromkeys([*spec.to, *([owner] if is_address(owner) else [])]))


def _candidate(db: sqlite3.Connection, news: sqlite3.Row) -> _Told | None:
    row = db.execute(
        "SELECT * FROM versions WHERE project = ? AND number = ? AND state = 'candidate'",
        (news["project"], news["about"]),
    ).fetchone()
    if row is None:
        return None
    label = f"{row['project']}@{row['number']}"
    until = f"It expires on {_day(moment(row['expires_at']))}. " if row["expires_at"] else ""
    how = f"{until}To look at it: leverframe show {label}; to decide: leverframe approve or reject {label}."
    return _Told(f"{label} waits for a decision", (row["sentence"], how))


def _deployment(db: sqlite3.Connection, news: sqlite3.Row) -> _Told | None:
    row = db.execute("SELECT * FROM deployments WHERE seq = ?", (news["about"],)).fetchone()
    label = f"{row['project']}@{row['number']}"
    before = f"{row['project']}@{row['previous']}" if row["previous"] else None
    who = f"{row['actor']}, on {_minute(moment(row['at']))}: “{row['reason']}”"
    if row["kind"] == "rollback":
        after = f"{before} was taken out of use and stays barred until somebody lifts the bar." if before else ""
        return _Told(f"{label} is back in use", (f"Taken back by {who}", after))
    instead = f"It took the place of {before}. To go back: leverframe rollback {row['project']}." if before else ""
    return _Told(f"{label} went live", (f"Approved by {who}", instead or "It is the first one."))


def _red(db: sqlite3.Connection, news: sqlite3.Row) -> _Told | None:
    row = db.execute("SELECT * FROM alerts WHERE id = ? AND resolved_at IS NULL", (news["about"],)).fetchone()
    if row is None:
        return None
    label = f"{row['project']}@{row['number']}"
    escalated = row["escalated_at"] == news["at"]
    head = f"{label} still needs action, and nobody has taken it on" if escalated else f"{label} needs action"
    helps = f"What helps: {row['act']}." if row["act"] else ""
    since = f"Since {_minute(moment(row['since']))}."
    who = f"To take it on: leverframe alerts ack {row['id']}."
    said = of_part(row["part"], row["why"])
    found = f"{row['why'].rstrip('.')}." if said != row["why"] else ""
    first = f"{heading(row['part'], row['why']).rstrip('.')}."
    return _Told(head, (first, found, since, helps, who, _also(db, row)))


def _also(db: sqlite3.Connection, row: sqlite3.Row) -> str:
    """What else is open about the project, the worst first."""
    others = [alert for alert in alert_book.open_alerts(db, row["project"]) if alert.id != row["id"]]
    if not others:
        return ""
    said = "; ".join(f"{alert.severity}: {alert.why.rstrip('.')}" for alert in others[:ALSO])
    more = f"; and {len(others) - ALSO} more, see leverframe alerts" if len(others) > ALSO else ""
    return f"Also open: {said}{more}."


def _report_failed(db: sqlite3.Connection, news: sqlite3.Row) -> _Told | None:
    row = db.execute("SELECT * FROM runs WHERE id = ?", (news["about"],)).fetchone()
    how = f"To see more: leverframe log {row['id']}; to make it by hand: leverframe report {row['project']} --send."
    return _Told("the report could not be made", (row["why"] or "It left no word.", how))


_TELLERS = {
    "candidate": _candidate,
    "swap": _deployment,
    "rollback": _deployment,
    "red": _red,
    "report-failed": _report_failed,
}


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def _minute(at: datetime) -> str:
    return f"{_day(at)} at {stamp(at)[11:16]} UTC"
