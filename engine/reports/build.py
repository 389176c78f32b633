"""From the ledger to a report: which period, which time zone, one look, one report."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from engine.projects import registry
from engine.projects.manifest.schedule import timezone_problem
from engine.reports.compose import compose
from engine.reports.period import between, ended, last_days
from engine.reports.reading import read
from engine.reports.records import Report, ReportPeriod
from engine.storage.objects import ObjectStore


def report(db: sqlite3.Connection, store: ObjectStore, project: str, period: ReportPeriod) -> Report:
    """The report of a project and a period. The caller holds the read. Raises NotFound."""
    return compose(read(db, store, project, period))


def period_of(
    db: sqlite3.Connection, project: str, kind: Literal["week", "month", "days"], at: datetime
) -> ReportPeriod:
    """The last whole week or month that had ended at ``at``, in the project's time zone, or the days up to it."""
    zone = zone_of(db, project)
    return last_days(at, zone=zone) if kind == "days" else ended(kind, at, zone)


def zone_of(db: sqlite3.Connection, project: str) -> str:
    """The time zone of the project's report, or of its retrain; UTC without either. Raises NotFound."""
    registry.find(db, project)
    row = db.execute("SELECT manifest FROM projects WHERE name = ?", (project,)).fetchone()
    return zone_in(json.loads(row["manifest"]))


def zone_in(manifest: Mapping[str, Any]) -> str:
    """The time zone that a manifest's people live by."""
    entries = manifest.get("schedule", {})
    for job in ("report", "retrain"):
        zone = entries.get(job, {}).get("timezone")
        if isinstance(zone, str) and timezone_problem(zone) is None:
            return zone
    return "UTC"


def between_of(db: sqlite3.Connection, project: str, since: datetime, until: datetime) -> ReportPeriod:
    """Any stretch of time, told in the project's time zone. Raises Invalid when it is empty."""
    return between(since, until, zone_of(db, project))
