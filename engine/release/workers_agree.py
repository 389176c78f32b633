"""Whether each worker that answers requests does so with what is live: for the status, ``doctor`` and alerts."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from engine.access.caller import SystemActor
from engine.audit import trail
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import SERVING
from engine.monitoring.records import Alert, HealthFinding, Severity
from engine.projects import in_force
from engine.release import history
from engine.requests import alarm
from engine.scoring import beats, crashes, fleet
from engine.scoring.reconcile import UNLOGGED, Disagreement, Live, disagreements
from engine.storage.ledger import Ledger

_TAKEN_OUT = f"{SERVING}:taken-out"
_ACTS = {
    "differs": "it follows the ledger by itself; where it does not, end the process (that is its number)",
    "silent": "see whether its process hangs (that is its number); where it does, end it",
    "hangs": "its server ends it and starts another; where it does not, end the process (that is its number)",
    "nobody": "leverframe serve answers requests again",
    "taken-out": "roll back; or acknowledge this (key a, leverframe alerts ack), which has it asked again",
    "stood-in": "see why in the log of the server; roll back where the version is to blame",
    "unanswered": "see why in the log of the server; roll back where the version is to blame",
}


def compared(db: sqlite3.Connection, locks: Path, now: datetime) -> Mapping[str, tuple[Disagreement, ...]]:
    """By project what is not well about who answers its requests. Where nobody ever did, it looks at a folder."""
    if not beats.any_ever(locks):
        return {}
    workers, died = beats.everybody(locks), fleet.all_died(db, locks)
    if not workers and not died:
        return {}
    live, out = history.live(db, in_force.served(db)), crashes.out(db)
    known = {each.project for each in alert_book.open_alerts(db) if each.part == alarm.PART}
    return {
        project: tuple(
            each
            for each in disagreements(
                Live(project, found.label, found.seq, found.at, out.get((project, found.seq))), workers.values(), died,
                now,
            )
            # Whoever cannot log raises an alert, but where the disk is so full that the ledger takes none.
            if project not in known or not each.key.startswith(UNLOGGED)
        )
        for project, found in live.items()
    }  # fmt: skip


def tell(ledger: Ledger, locks: Path, now: datetime) -> None:
    """Raise an alert for each of them, and end those that are over; nothing is written where nothing has changed."""
    with ledger.read() as db:
        found = {
            project: [each for each in those if not each.key.startswith(UNLOGGED)]
            for project, those in compared(db, locks, now).items()
        }
        known = [each for each in alert_book.open_alerts(db) if each.part == SERVING]
        open_now = {(each.project, each.key, each.severity, each.why) for each in known}
        projects = {*(project for project, those in found.items() if those), *(each[0] for each in open_now)}
    findings = {project: [_finding(each, now) for each in found.get(project, ())] for project in projects}
    wanted = {(project, each.key, each.severity, each.why) for project, those in findings.items() for each in those}
    if wanted == open_now and not any(map(_is_to_be_asked_again, known)):
        return
    with ledger.write() as db:
        for alert in filter(_is_to_be_asked_again, alert_book.open_alerts(db)):
            _ask_again(db, alert, now)
            findings[alert.project] = [each for each in findings[alert.project] if each.key != _TAKEN_OUT]
        for project, live in history.live(db, projects).items():
            alert_book.record(db, project, live.number, findings[project], {SERVING}, None, now)


def asked_again(ledger: Ledger, alert: Alert, now: datetime) -> Alert:
    """``alert``, which was just acknowledged: where a version was taken out, every worker asks it again from now
    on, and it is over. Where whoever acknowledged it was killed in between, ``tell`` does the same."""
    if not _is_to_be_asked_again(alert):
        return alert
    with ledger.write() as db:
        _ask_again(db, alert, now)
        return alert_book.find(db, alert.id) or alert


def _is_to_be_asked_again(alert: Alert) -> bool:
    """Whether a person has taken notice that a version was taken out, which has it asked again."""
    return alert.key == _TAKEN_OUT and alert.acknowledged_by is not None


def _ask_again(db: sqlite3.Connection, alert: Alert, now: datetime) -> None:
    live = history.live(db, [alert.project])[alert.project]
    if crashes.put_back(db, alert.project, live.seq, str(alert.acknowledged_by), now):
        why = f"{alert.acknowledged_by} has taken notice that it crashed: {alert.note}"
        trail.append(db, at=now, actor=SystemActor("the engine"), action="ask-again", subject=live.label, reason=why)
    alert_book.resolve(db, alert, f"{alert.acknowledged_by} has it asked again", now)


def _finding(found: Disagreement, now: datetime) -> HealthFinding:
    severity: Severity = "failing" if found.verdict == "failing" else "watch"
    act = _ACTS[found.key.partition(":")[0]]
    return HealthFinding(f"{SERVING}:{found.key}", SERVING, severity, found.why, act, now)
