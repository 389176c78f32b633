"""From the ledger to a report: which period, which time zone, one look, one report."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Literal

from engine.projects import registry
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
    return registry.manifest(db, project).zone


def between_of(db: sqlite3.Connection, project: str, since: datetime, until: datetime) -> ReportPeriod:
    """Any stretch of time, told in the project's time zone. Raises Invalid when it is empty."""
    return between(since, until, zone_of(db, project))
