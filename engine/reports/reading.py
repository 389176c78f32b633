"""What the ledger and the store say about one project and one period, in one look; ``compose`` makes a report of it.

What happened lies within the period by when it happened. What was measured lies on the time that the data was seen
from, so that a history that was replayed tells the same story as one that was lived through.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.audit import trail
from engine.errors import Damage
from engine.monitoring import looks, measurements
from engine.monitoring.alerts import alert_book
from engine.monitoring.look_document import LookDocument
from engine.monitoring.measurements import Measurement
from engine.monitoring.performance import key_figures
from engine.monitoring.performance.key_figures import KnownMetric
from engine.monitoring.records import Alert, Look
from engine.projects import registry, schedules
from engine.projects.manifest.cron import patience
from engine.projects.manifest.records import Manifest
from engine.records import Deployment, Project, Run, Version
from engine.release import decisions, history
from engine.release.decisions import Decision
from engine.reports.records import ReportPeriod, Tried
from engine.reports.tried import tried
from engine.runs import history as runs
from engine.storage.objects import ObjectStore
from engine.versions import catalog
from engine.versions import document as documents
from engine.vocabulary.jobs import JOBS, REPORT

if TYPE_CHECKING:
    from engine.versions.records import Judgement

# Moments on a line: a year of weeks, or seven weeks of days. Documents are read for fewer: each costs milliseconds.
MOMENTS = 53
DOCUMENTS = 13
# Of the other jobs; a report does not tell how reports went.
_TROUBLES = [job.name for job in JOBS if job.troubles and job is not REPORT]


@dataclass(frozen=True)
class JudgedMetrics:
    """What the document of a version says of the version that was live (``side``) on the rows of ``at``."""

    at: datetime
    number: int
    side: str
    metrics: Judgement


@dataclass(frozen=True)
class ReportFacts:
    """All that a report is made of. ``measured`` and ``judged`` are in order of time, one for each moment.

    ``known``: the newest reading of each metric at the end of the period. ``looked``: the newest look then, if it was
    at the live version; ``look``: the newest at it whose details were kept. ``patience``: how old a look might have
    been; None where none were scheduled. ``last_runs``: the newest of each job, the newest first.
    """

    project: Project
    manifest: Manifest
    period: ReportPeriod
    live: Deployment | None
    known: Mapping[str, KnownMetric]
    measured: Mapping[str, tuple[Measurement, ...]]
    judged: tuple[JudgedMetrics, ...]
    deployments: tuple[Deployment, ...]
    approvals: Mapping[int, tuple[str, ...]]
    rejections: tuple[Decision, ...]
    tried: tuple[Tried, ...]
    waiting: tuple[tuple[Version, datetime | None], ...]
    troubles: tuple[Alert, ...]
    incidents: int
    runs: tuple[Run, ...]
    last_runs: tuple[Run, ...]
    looked: Look | None
    look: LookDocument | None
    patience: timedelta | None
    looks_paused: bool
    audit_rows: int
    audit_head: str


def read(db: sqlite3.Connection, store: ObjectStore, name: str, period: ReportPeriod) -> ReportFacts:
    """Everything about the project called ``name``. The caller holds the read. Raises NotFound."""
    project = registry.find(db, name)
    manifest = registry.manifest(db, name)
    since, until = period.since, period.until
    live = next(iter(history.at(db, until, name)), None)
    measured = {metric: _measured(db, name, metric, period, live) for metric in manifest.validation.metrics}
    deployments = history.between(db, name, since, until)
    due = schedules.in_force_at(db, name, "health", until)
    looked = looks.newest(db, live.project, until) if live else None
    audit = trail.head_before(db, until)
    return ReportFacts(
        project=project,
        manifest=manifest,
        period=period,
        live=live,
        known=_known(db, live, until),
        measured=measured,
        judged=tuple(_judged(db, store, name, next(iter(measured.values()), ()))),
        deployments=deployments,
        approvals={each.seq: decisions.approved_by(db, each) for each in (*deployments, *([live] if live else []))},
        rejections=decisions.rejections(db, name, since, until),
        tried=tried(db, name, period),
        waiting=catalog.waiting(db, name, until),
        troubles=alert_book.between(db, name, since, until),
        incidents=alert_book.incidents_between(db, name, since, until),
        runs=tuple(runs.ended_between(db, name, since, until)),
        last_runs=tuple(runs.last_before(db, name, _TROUBLES, until)),
        looked=looked if looked and live and looked.version == live.label else None,
        look=looks.last_document(db, name, until, number=live.number, before=True) if live else None,
        patience=patience(due["rule"], due["timezone"]) if due else None,
        looks_paused=due is not None and not due["enabled"],
        audit_rows=audit[0],
        audit_head=audit[1],
    )


def _known(db: sqlite3.Connection, live: Deployment | None, until: datetime) -> dict[str, KnownMetric]:
    found = key_figures.newest(db, {live.project: live.number}, until) if live else {}
    return {metric: known for (_, metric), known in found.items()}


def _measured(
    db: sqlite3.Connection, name: str, metric: str, period: ReportPeriod, live: Deployment | None
) -> tuple[Measurement, ...]:
    """For each moment the version that is live, where it was measured then, else the one that was live: a retrain
    measures it beside its candidate, which has the higher number."""
    found = []
    for each in measurements.by_moment(db, name, metric, period.until, 4 * MOMENTS)[:MOMENTS]:
        of_live = [row for row in each if live and row.number == live.number]
        found.append(of_live[0] if of_live else min(each, key=lambda row: row.number))
    return tuple(reversed(found))


def _judged(
    db: sqlite3.Connection, store: ObjectStore, name: str, measured: Sequence[Measurement]
) -> Iterator[JudgedMetrics]:
    """What the documents of the versions that those runs made say; one that is damaged says nothing."""
    made = catalog.made_by(db, name, 4 * MOMENTS)
    judged = [(each, made[each.run]) for each in measured if each.run in made]  # a look at health makes no version
    for each, (number, digest) in judged[-DOCUMENTS:]:
        try:
            document = documents.load(store, digest)
        except Damage:
            continue
        side = "candidate" if number == each.number else "live"
        yield JudgedMetrics(each.at, each.number, side, document.metrics)
