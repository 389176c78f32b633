"""Alerts and incidents in the ledger: raised, kept, resolved by looks; acknowledged and snoozed by people."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from engine.access.caller import Caller
from engine.audit import trail
from engine.clock import moment, stamp
from engine.errors import Conflict, Invalid, NotFound
from engine.monitoring.alerts.changes import (
    BREAK_GLASS,
    OVER_WHEN_ACKNOWLEDGED,
    AlertChanges,
    left_behind,
    no_longer_live,
    only_by_another,
    settle,
    to_escalate,
    worsened,
)
from engine.monitoring.records import LONGEST_SNOOZE, Alert, HealthFinding
from engine.projects import registry
from engine.storage.ledger import Ledger


def open_alerts(db: sqlite3.Connection, project: str | None = None) -> tuple[Alert, ...]:
    """What is not resolved, failing before watch, the oldest first; nothing of projects that were removed."""
    return open_of(db, registry.names(db, project))


def open_of(db: sqlite3.Connection, projects: Collection[str]) -> tuple[Alert, ...]:
    """The same of ``projects``; by their names, for else SQLite reads every alert there ever was."""
    rows = db.execute(
        "SELECT alerts.* FROM json_each(?) CROSS JOIN alerts INDEXED BY alerts_open ON project = value"
        " WHERE resolved_at IS NULL ORDER BY project, severity, id",
        (json.dumps(list(projects)),),
    ).fetchall()
    return tuple(_alert(row) for row in rows)


def find(db: sqlite3.Connection, number: int) -> Alert | None:
    """The alert with that number, open or over."""
    row = db.execute("SELECT * FROM alerts WHERE id = ?", (number,)).fetchone()
    return _alert(row) if row is not None else None


def any_open(db: sqlite3.Connection) -> bool:
    """Whether anything is open."""
    return db.execute("SELECT 1 FROM alerts WHERE resolved_at IS NULL LIMIT 1").fetchone() is not None


def projects_with(db: sqlite3.Connection, part: str) -> set[str]:
    """The projects of which something is open about ``part``."""
    rows = db.execute("SELECT DISTINCT project FROM alerts WHERE part = ? AND resolved_at IS NULL", (part,))
    return {row["project"] for row in rows}


def between(
    db: sqlite3.Connection, project: str, since: datetime, until: datetime, limit: int = 100
) -> tuple[Alert, ...]:
    """What was open about ``project`` at some time since then and before ``until``, the newest first."""
    rows = db.execute(
        "SELECT * FROM alerts WHERE project = ? AND raised_at < ? AND (resolved_at IS NULL OR resolved_at >= ?)"
        " ORDER BY id DESC LIMIT ?",
        (project, stamp(until), stamp(since), limit),
    )
    return tuple(_alert(row) for row in rows)


def incidents_between(db: sqlite3.Connection, project: str, since: datetime, until: datetime) -> int:
    """How many incidents of ``project`` were open at some time since then and before ``until``."""
    found = db.execute(
        "SELECT count(*) FROM incidents WHERE project = ? AND opened_at < ? AND (closed_at IS NULL OR closed_at >= ?)",
        (project, stamp(until), stamp(since)),
    )
    return int(found.fetchone()[0])


def counts(db: sqlite3.Connection, now: datetime) -> dict[tuple[str, str], int]:
    """How many are open that nobody has put to sleep, by project and severity."""
    rows = db.execute(
        "SELECT project, severity, count(*) AS alerts FROM alerts WHERE resolved_at IS NULL"
        " AND (snoozed_until IS NULL OR snoozed_until <= ?) GROUP BY project, severity",
        (stamp(now),),
    )
    return {(row["project"], row["severity"]): row["alerts"] for row in rows}


def mark(db: sqlite3.Connection, project: str | None) -> str | None:
    """Changes when something of what is open does, of one project or of all."""
    found: str | None = db.execute(
        "SELECT group_concat(id || severity || why || coalesce(acknowledged_at, '') || coalesce(snoozed_until, ''))"
        " FROM alerts WHERE project = coalesce(?, project) AND resolved_at IS NULL",
        (project,),
    ).fetchone()[0]
    return found


def page(ledger: Ledger, project: str | None, *, offset: int, limit: int) -> tuple[Alert, ...]:
    """All alerts there were, the newest first."""
    with ledger.read() as db:
        rows = db.execute(
            "SELECT * FROM alerts WHERE project = coalesce(?, project) ORDER BY id DESC LIMIT ? OFFSET ?",
            (project, limit, offset),
        ).fetchall()
    return tuple(_alert(row) for row in rows)


def record(
    db: sqlite3.Connection,
    project: str,
    number: int,
    found: Sequence[HealthFinding],
    measured: Collection[str],
    run: int | None,
    at: datetime,
) -> AlertChanges:
    """Take over what a look at ``project@number`` found, inside the caller's transaction."""
    changes = settle(open_alerts(db, project), found, measured, f"{project}@{number}")
    # First what is over: a key may be open once only, and the version before may have had the same trouble.
    for alert, why in changes.over:
        resolve(db, alert, why, at)
    for finding in changes.raised:
        _raise(db, project, number, finding, run, at)
    for alert, finding in changes.seen:
        anew = ", acknowledged_at = NULL, acknowledged_by = NULL, snoozed_until = NULL, escalated_at = NULL"
        db.execute(
            f"UPDATE alerts SET severity = ?, why = ?, act = ?, seen_at = ?{anew if worsened(alert, finding) else ''}"
            " WHERE id = ?",
            (finding.severity, finding.why, finding.act, stamp(at), alert.id),
        )
    _close_incident(db, project, at)
    return changes


def tell(db: sqlite3.Connection, project: str, number: int, found: HealthFinding, at: datetime) -> None:
    """Raise what no look found, inside the caller's transaction; it says nothing of what else is open."""
    _raise(db, project, number, found, None, at)


def resolve(db: sqlite3.Connection, alert: Alert, why: str, at: datetime) -> None:
    """End an alert; one ends once."""
    db.execute(
        "UPDATE alerts SET resolved_at = ?, resolved_why = ? WHERE id = ? AND resolved_at IS NULL",
        (stamp(at), why, alert.id),
    )


def over(db: sqlite3.Connection, alert: Alert, why: str, at: datetime) -> None:
    """End an alert that ``tell`` raised, and its incident where nothing else is in it, in the caller's transaction."""
    resolve(db, alert, why, at)
    _close_incident(db, alert.project, at)


def swapped(db: sqlite3.Connection, live: str, project: str, at: datetime) -> None:
    """End what was open about the version that ``live`` took the place of, in the transaction of the swap, and the
    incident where nothing else is in it. Nobody need see to a version that is out of use, nor may anything act on it.
    """
    for alert in open_alerts(db, project):
        if left_behind(alert, live):
            resolve(db, alert, no_longer_live(alert.version), at)
    _close_incident(db, project, at)


def _raise(
    db: sqlite3.Connection, project: str, number: int, found: HealthFinding, run: int | None, at: datetime
) -> None:
    open_one = db.execute("SELECT id FROM incidents WHERE project = ? AND closed_at IS NULL", (project,)).fetchone()
    incident = open_one["id"] if open_one else _open_incident(db, project, at)
    db.execute(
        "INSERT INTO alerts (incident, project, number, key, part, severity, why, act, since, raised_at, run, seen_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            incident, project, number, found.key, found.part, found.severity, found.why, found.act, stamp(found.since),
            stamp(at), run, stamp(at),
        ),
    )  # fmt: skip


def _open_incident(db: sqlite3.Connection, project: str, at: datetime) -> int:
    cursor = db.execute("INSERT INTO incidents (project, opened_at) VALUES (?, ?)", (project, stamp(at)))
    return int(cursor.lastrowid or 0)


def _close_incident(db: sqlite3.Connection, project: str, at: datetime) -> None:
    db.execute(
        "UPDATE incidents SET closed_at = ? WHERE project = ? AND closed_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM alerts WHERE incident = incidents.id AND resolved_at IS NULL)",
        (stamp(at), project),
    )


def escalate(ledger: Ledger, now: datetime) -> None:
    """Mark what nobody has taken notice of for too long."""
    with ledger.read() as db:
        late = [each for each in open_alerts(db) if to_escalate(each, now)]
    if late:
        with ledger.write() as db:
            for alert in late:
                db.execute(
                    "UPDATE alerts SET escalated_at = ? WHERE id = ? AND resolved_at IS NULL"
                    " AND acknowledged_at IS NULL AND escalated_at IS NULL",
                    (stamp(now), alert.id),
                )


# What people do


def acknowledge(ledger: Ledger, number: int, reason: str, by: Caller, at: datetime) -> Alert:
    """Say that somebody has taken it on. Raises Conflict when it is over or somebody has already."""
    with ledger.write() as db:
        alert = _open(db, number)
        if alert.acknowledged_by is not None:
            raise Conflict(f"{alert.acknowledged_by} has acknowledged alert {number} already: {alert.note}.")
        if only_by_another(alert, by.name):
            raise Conflict(f"{by.name} broke the glass; somebody else takes notice of that.")
        changed = _changed(
            db, alert, by, at, "acknowledge-alert", reason, acknowledged_at=stamp(at), acknowledged_by=by.name
        )
        if alert.part not in OVER_WHEN_ACKNOWLEDGED:
            return changed
        resolve(db, alert, f"{by.name} has taken notice", at)
        _close_incident(db, alert.project, at)
        return _alert(db.execute("SELECT * FROM alerts WHERE id = ?", (number,)).fetchone())


def snooze(ledger: Ledger, number: int, until: datetime, reason: str, by: Caller, at: datetime) -> Alert:
    """Leave an alert out of the status until ``until``, at most 30 days; it comes back by itself."""
    if not at < until <= at + LONGEST_SNOOZE:
        raise Invalid(f"An alert is snoozed for at most {LONGEST_SNOOZE.days} days from now; name a time until then.")
    with ledger.write() as db:
        if _open(db, number).part == BREAK_GLASS:
            raise Conflict("That a glass was broken is not put to sleep; somebody else acknowledges it.")
        return _changed(db, _open(db, number), by, at, "snooze-alert", reason, snoozed_until=stamp(until))


def _open(db: sqlite3.Connection, number: int) -> Alert:
    alert = find(db, number)
    if alert is None:
        raise NotFound(f"There is no alert {number}; 'leverframe alerts' lists them.")
    if alert.resolved_at is not None:
        raise Conflict(f"Alert {number} is over since {alert.resolved_at:%Y-%m-%d %H:%M} UTC: {alert.resolved_why}.")
    return alert


def _changed(
    db: sqlite3.Connection, alert: Alert, by: Caller, at: datetime, action: str, reason: str, **values: Any
) -> Alert:
    names = ", ".join(f"{name} = ?" for name in values)
    details = {"alert": alert.id, "key": alert.key, **values}
    # The trail first: a trigger keeps what the alert said until then, and a snooze carries no time of its own.
    trail.append(db, at=at, actor=by, action=action, subject=alert.project, reason=reason, details=details)
    db.execute(f"UPDATE alerts SET {names}, note = ? WHERE id = ?", (*values.values(), reason, alert.id))
    return _alert(db.execute("SELECT * FROM alerts WHERE id = ?", (alert.id,)).fetchone())


def _alert(row: sqlite3.Row) -> Alert:
    def time(name: str) -> datetime | None:
        return moment(row[name]) if row[name] else None

    return Alert(
        id=row["id"],
        incident=row["incident"],
        project=row["project"],
        version=f"{row['project']}@{row['number']}",
        key=row["key"],
        part=row["part"],
        severity=row["severity"],
        why=row["why"],
        act=row["act"],
        since=moment(row["since"]),
        raised_at=moment(row["raised_at"]),
        run=row["run"],
        seen_at=moment(row["seen_at"]),
        acknowledged_at=time("acknowledged_at"),
        acknowledged_by=row["acknowledged_by"],
        note=row["note"],
        snoozed_until=time("snoozed_until"),
        escalated_at=time("escalated_at"),
        resolved_at=time("resolved_at"),
        resolved_why=row["resolved_why"],
    )
