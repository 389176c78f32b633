"""Alerts about runs that take longer than such runs do; each is over when its run has ended."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import RUN_TIME
from engine.monitoring.records import HealthFinding
from engine.release.history import live_deployment
from engine.runs.times import times_history
from engine.runs.times.times_history import Overdue
from engine.storage.ledger import Ledger


def tell(ledger: Ledger, now: datetime) -> None:
    """Raise an alert for each run that is overdue, and end those of runs that are so no more.

    An alert is about what is in use: of a project of which nothing is live, the status alone tells it.
    """
    with ledger.read() as db:
        late: dict[str, list[Overdue]] = defaultdict(list)
        for each in times_history.overdue(db, now):
            if live_deployment(db, each.run.project) is not None:
                late[each.run.project].append(each)
        projects = {*late, *alert_book.projects_with(db, RUN_TIME)}
        known = {alert.key for alert in alert_book.open_alerts(db) if alert.part == RUN_TIME}
    keys = {_key(each) for found in late.values() for each in found}
    if keys == known or not projects:
        return
    with ledger.write() as db:
        for project in sorted(projects):
            live = live_deployment(db, project)
            if live is not None:
                findings = [_finding(each) for each in late[project]]
                alert_book.record(db, project, live["number"], findings, {RUN_TIME}, None, now)


def _key(late: Overdue) -> str:
    return f"overdue:{late.run.id}"


def _finding(late: Overdue) -> HealthFinding:
    run = late.run
    since = (run.started_at or run.queued_at) + timedelta(seconds=late.bound)
    act = f"leverframe log {run.id} shows what it is at; leverframe cancel {run.id} ends it"
    return HealthFinding(_key(late), RUN_TIME, "watch", late.why, act, since)
