"""What happened, as mails to whom it concerns: the news that the ledger's triggers keep becomes rows of the outbox.

The rows and the cursor's advance are one transaction, so nothing is told twice or not at all. What is a week old,
because no engine ran, is told no more; nor is what is over when it could be told, or sent: a candidate that no longer
waits, an alert that was resolved, a version that another took the place of, a planned swap that has come to its end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.clock import moment, stamp
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import BREAK_GLASS, CANARY
from engine.monitoring.records import Alert
from engine.outbox import mails, outbox, subjects
from engine.outbox.mails import Mail
from engine.outbox.outbox import Draft
from engine.projects import registry
from engine.projects.manifest.records import ReportSpec
from engine.projects.manifest.report import is_address
from engine.release import history, planned_swaps
from engine.reports.words import heading, of_part
from engine.routing import routes
from engine.runs import history as runs
from engine.storage.ledger import Ledger
from engine.text import plain
from engine.versions import catalog

OLDEST = timedelta(days=7)
BATCH = 500
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
    project = registry.there(db, news["project"])
    manifest = registry.manifest(db, project.name) if project is not None else None
    broken = _of_broken_glass(db, news)
    if project is None or manifest is None or not (manifest.sends_mail or broken):
        return 0
    spec = manifest.report
    told = _TELLERS[news["kind"]](db, news) if news["kind"] in spec.events or broken else None
    if told is None:
        return 0
    others = (*others, *(_everybody(db) if broken else ()))
    title = plain(project.title, 100) or project.name
    body = "\n\n".join(plain(each, 1000) for each in told.paragraphs if each)
    draft = Draft(project.name, f"{news['kind']} {news['id']}", subjects.of_event(title, told.subject), body)
    return len(outbox.queue(db, draft, [*recipients(spec, project.owner), *others], now))


def _of_broken_glass(db: sqlite3.Connection, news: sqlite3.Row) -> bool:
    alert = alert_book.find(db, news["about"]) if news["kind"] == "red" else None
    return alert is not None and alert.part == BREAK_GLASS


def _everybody(db: sqlite3.Connection) -> tuple[str, ...]:
    """Where anybody who works here is reached: no project chooses who hears that its policy was passed over."""
    return tuple(dict.fromkeys(each.address for each in routes.everything(db) if each.kind == "reach"))


def over(db: sqlite3.Connection, mail: Mail) -> bool:
    """Whether what a mail of an event tells is over by now: it waited for a server, for an engine, or for an hour."""
    kind, _, number = mail.key.partition(" ")
    if kind == "held":
        return all(over(db, each) for each in mails.gathered(db, mail.id))
    if kind == "swap-planned":
        return planned_swaps.one(db, int(number)).how is not None
    if kind == "escalation":
        alert = alert_book.find(db, routes.alert_of(db, number) or 0)
        return alert is None or not nobody_has_it(alert, mail.queued_at)
    still = _STILL.get(kind)
    if mail.report is not None or still is None:
        return False
    # A news row is never deleted: one that is not there was written by hand, and nothing is known against it.
    news = db.execute("SELECT * FROM news WHERE id = ?", (number,)).fetchone()
    return news is not None and not still(db, news)


def nobody_has_it(alert: Alert, now: datetime) -> bool:
    """Whether an alert is failing, and nobody has taken it on or put it to sleep."""
    return alert.severity == "failing" and alert.acknowledged_at is None and not alert.quiet(now)


def failing_since(db: sqlite3.Connection, alert: Alert) -> datetime:
    """When a failing alert began to fail, the last time that it did."""
    row = db.execute(
        "SELECT max(at) FROM news WHERE kind = 'red' AND about = ? AND at IS NOT ?",
        (alert.id, stamp(alert.escalated_at) if alert.escalated_at else None),
    ).fetchone()
    return moment(row[0]) if row[0] else alert.raised_at


def recipients(spec: ReportSpec, owner: str) -> tuple[str, ...]:
    """Who hears of events: whoever gets the report, and the project's owner where that is an address."""
    return tuple(dict.fromkeys([*spec.to, *([owner] if is_address(owner) else [])]))


def _candidate(db: sqlite3.Connection, news: sqlite3.Row) -> _Told | None:
    if not _waits(db, news):
        return None
    row = catalog.find(db, f"{news['project']}@{news['about']}")
    label = f"{row['project']}@{row['number']}"
    until = f"It expires on {_day(moment(row['expires_at']))}. " if row["expires_at"] else ""
    how = f"{until}To look at it: leverframe show {label}; to decide: leverframe approve or reject {label}."
    return _Told(subjects.candidate_waits(label), (row["sentence"], how))


def _deployment(db: sqlite3.Connection, news: sqlite3.Row) -> _Told | None:
    move = history.one(db, news["about"])
    before = f"{move.project}@{move.previous}" if move.previous else None
    who = f"{move.actor}, on {minute(move.at)}: “{move.reason}”"
    if move.kind == "rollback":
        after = f"{before} was taken out of use and stays barred until somebody lifts the bar." if before else ""
        return _Told(subjects.came_back(move.label), (f"Taken back by {who}", after))
    instead = f"It took the place of {before}. To go back: leverframe rollback {move.project}." if before else ""
    return _Told(subjects.went_live(move.label), (f"Approved by {who}", instead or "It is the first one."))


def _red(db: sqlite3.Connection, news: sqlite3.Row) -> _Told | None:
    alert = alert_book.find(db, news["about"])
    if alert is None or alert.resolved_at is not None:
        return None
    return _Told(head(alert, escalated=alert.escalated_at == moment(news["at"])), about_alert(db, alert))


def head(alert: Alert, *, escalated: bool) -> str:
    """The subject of a mail about an alert, without the project's title."""
    if alert.part == CANARY:
        return subjects.canary_ended(alert.version)
    return subjects.needs_action(alert.version, escalated=escalated)


def about_alert(db: sqlite3.Connection, alert: Alert) -> tuple[str, ...]:
    """An alert as the paragraphs of a mail: what, since when, what helps, how to take it on, what else is open."""
    helps = f"What helps: {alert.act}." if alert.act else ""
    since = f"Since {minute(alert.since)}."
    who = f"To take it on: leverframe alerts ack {alert.id}."
    said = of_part(alert.part, alert.why)
    found = f"{alert.why.rstrip('.')}." if said != alert.why else ""
    first = f"{heading(alert.part, alert.why).rstrip('.')}."
    return first, found, since, helps, who, _also(db, alert)


def _also(db: sqlite3.Connection, told: Alert) -> str:
    """What else is open about the project, the worst first."""
    others = [alert for alert in alert_book.open_alerts(db, told.project) if alert.id != told.id]
    if not others:
        return ""
    said = "; ".join(f"{alert.severity}: {alert.why.rstrip('.')}" for alert in others[:ALSO])
    more = f"; and {len(others) - ALSO} more, see leverframe alerts" if len(others) > ALSO else ""
    return f"Also open: {said}{more}."


def _report_failed(db: sqlite3.Connection, news: sqlite3.Row) -> _Told | None:
    run = runs.one(db, news["about"])
    how = f"To see more: leverframe log {run.id}; to make it by hand: leverframe report {run.project} --send."
    return _Told(subjects.report_failed(), (run.why or "It left no word.", how))


_TELLERS = {
    "candidate": _candidate,
    "swap": _deployment,
    "rollback": _deployment,
    "red": _red,
    "report-failed": _report_failed,
}


# What must still be so when a mail is sent, by the kind of its news.


def _waits(db: sqlite3.Connection, news: sqlite3.Row) -> bool:
    return bool(catalog.find(db, f"{news['project']}@{news['about']}")["state"] == "candidate")


def _is_live(db: sqlite3.Connection, news: sqlite3.Row) -> bool:
    live = history.live(db, [news["project"]]).get(news["project"])
    return live is not None and live.seq == news["about"]


def _is_open(db: sqlite3.Connection, news: sqlite3.Row) -> bool:
    alert = alert_book.find(db, news["about"])
    return alert is not None and alert.resolved_at is None


def _is_wanting(db: sqlite3.Connection, news: sqlite3.Row) -> bool:
    return not runs.made_good(db, news["about"])


_STILL = {
    "candidate": _waits, "swap": _is_live, "rollback": _is_live, "red": _is_open, "report-failed": _is_wanting,
}  # fmt: skip


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def minute(at: datetime) -> str:
    """``29 November 2026 at 03:30 UTC``."""
    return f"{_day(at)} at {stamp(at)[11:16]} UTC"
