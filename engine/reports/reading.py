"""What the ledger and the store say about one project and one period, in one look; ``compose`` makes a report of it.

What happened lies within the period by when it happened. What was measured lies on the time that the data was seen
from, so that a history that was replayed tells the same story as one that was lived through.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.audit.chain import GENESIS
from engine.clock import moment, stamp
from engine.errors import Damage
from engine.monitoring import looks
from engine.monitoring.performance import key_figures
from engine.monitoring.performance.key_figures import KnownMetric
from engine.monitoring.records import Look
from engine.projects import registry
from engine.projects.manifest.cron import patience
from engine.records import Deployment, Project, Run, Version
from engine.release import history
from engine.reports.records import ReportPeriod
from engine.runs import history as runs
from engine.storage.objects import ObjectStore
from engine.versions import catalog
from engine.versions import document as documents

# Moments on a line: a year of weeks, or seven weeks of days. Documents are read for fewer: each costs milliseconds.
MOMENTS = 53
DOCUMENTS = 13
_MEASURED = """
SELECT run, as_of, number, value, low, high, n FROM measurements
WHERE project = ? AND metric = ? AND as_of < ? ORDER BY as_of DESC, id DESC LIMIT ?
"""
_TROUBLES = """
SELECT * FROM alerts WHERE project = :project AND raised_at < :until
AND (resolved_at IS NULL OR resolved_at >= :since) ORDER BY id DESC LIMIT 100
"""
_INCIDENTS = """
SELECT count(*) FROM incidents WHERE project = :project AND opened_at < :until
AND (closed_at IS NULL OR closed_at >= :since)
"""
# The newest look, which may have been at another version, as the overview takes it.
_LOOKED = "SELECT * FROM health WHERE project = ? AND as_of <= ? ORDER BY as_of DESC, run DESC LIMIT 1"
_LOOKS_DUE = """
SELECT enabled, rule, timezone FROM schedules WHERE project = :project AND job = 'health' AND since < :until
AND (until IS NULL OR until >= :until) ORDER BY id DESC LIMIT 1
"""
_RUNS = """
SELECT * FROM runs WHERE project = :project AND state NOT IN ('queued', 'running')
AND ended_at >= :since AND ended_at < :until ORDER BY id DESC
"""


@dataclass(frozen=True)
class MetricRow:
    """One row of the table of measurements: what a run said of one version."""

    run: int
    at: datetime
    number: int
    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class JudgedMetrics:
    """What the document of a version says of the version that was live (``side``) on the rows of ``at``."""

    at: datetime
    number: int
    side: str
    metrics: Mapping[str, Any]


@dataclass(frozen=True)
class ReportFacts:
    """All that a report is made of. ``measured`` and ``judged`` are in order of time, one for each moment.

    ``known``: the newest reading of each metric at the end of the period. ``looked``: the newest look then, if it was
    at the live version; ``look``: the newest at it whose details were kept. ``patience``: how old a look might have
    been; None where none were scheduled. ``last_runs``: the newest of each job, the newest first.
    """

    project: Project
    manifest: Mapping[str, Any]
    period: ReportPeriod
    live: Deployment | None
    known: Mapping[str, KnownMetric]
    measured: Mapping[str, tuple[MetricRow, ...]]
    judged: tuple[JudgedMetrics, ...]
    deployments: tuple[Deployment, ...]
    approvals: Mapping[int, tuple[str, ...]]
    rejections: tuple[sqlite3.Row, ...]
    waiting: tuple[tuple[Version, datetime | None], ...]
    troubles: tuple[sqlite3.Row, ...]
    incidents: int
    runs: tuple[Run, ...]
    last_runs: tuple[Run, ...]
    looked: Look | None
    look: Mapping[str, Any] | None
    patience: timedelta | None
    looks_paused: bool
    audit_rows: int
    audit_head: str


def read(db: sqlite3.Connection, store: ObjectStore, name: str, period: ReportPeriod) -> ReportFacts:
    """Everything about the project called ``name``. The caller holds the read. Raises NotFound."""
    project = registry.find(db, name)
    row = db.execute("SELECT manifest FROM projects WHERE name = ?", (name,)).fetchone()
    manifest: dict[str, Any] = json.loads(row["manifest"])
    within = {"project": name, "since": stamp(period.since), "until": stamp(period.until)}
    live = next(iter(history.at(db, period.until, name)), None)
    measured = {
        str(metric): _measured(db, name, str(metric), period, live)
        for metric in manifest.get("validation", {}).get("metrics", ())
    }
    deployments = _deployments(db, within)
    due = db.execute(_LOOKS_DUE, within).fetchone()
    audit = db.execute(
        "SELECT seq, digest FROM audit WHERE at < ? ORDER BY seq DESC LIMIT 1", (within["until"],)
    ).fetchone()
    return ReportFacts(
        project=project,
        manifest=manifest,
        period=period,
        live=live,
        known=_known(db, live, period.until),
        measured=measured,
        judged=tuple(_judged(db, store, name, next(iter(measured.values()), ()))),
        deployments=deployments,
        approvals={each.seq: _approved_by(db, each) for each in (*deployments, *([live] if live else []))},
        rejections=_rejections(db, within),
        waiting=_waiting(db, within),
        troubles=tuple(db.execute(_TROUBLES, within)),
        incidents=int(db.execute(_INCIDENTS, within).fetchone()[0]),
        runs=tuple(runs.records(db, db.execute(_RUNS, within).fetchall())),
        last_runs=_last_runs(db, within),
        looked=_looked(db, live, within["until"]),
        look=_look(db, live, within["until"]),
        patience=patience(due["rule"], due["timezone"]) if due else None,
        looks_paused=due is not None and not due["enabled"],
        audit_rows=audit["seq"] if audit else 0,
        audit_head=audit["digest"] if audit else GENESIS,
    )


def _look(db: sqlite3.Connection, live: Deployment | None, until: str) -> Mapping[str, Any] | None:
    """The newest look at the version in use whose details were kept."""
    row = db.execute(
        "SELECT document FROM health WHERE project = ? AND number = ? AND as_of < ? AND document IS NOT NULL"
        " ORDER BY as_of DESC, run DESC LIMIT 1",
        (live.project, live.number, until),
    ).fetchone() if live else None  # fmt: skip
    return looks.unpacked(row["document"]) if row else None


def _known(db: sqlite3.Connection, live: Deployment | None, until: datetime) -> dict[str, KnownMetric]:
    found = key_figures.newest(db, {live.project: live.number}, until) if live else {}
    return {metric: known for (_, metric), known in found.items()}


def _measured(
    db: sqlite3.Connection, name: str, metric: str, period: ReportPeriod, live: Deployment | None
) -> tuple[MetricRow, ...]:
    """For each moment the version that is live, where it was measured then, else the one that was live: a retrain
    measures it beside its candidate, which has the higher number."""
    by_moment: dict[str, list[sqlite3.Row]] = {}
    for row in db.execute(_MEASURED, (name, metric, stamp(period.until), 4 * MOMENTS)):
        by_moment.setdefault(row["as_of"], []).append(row)
    found = []
    for rows in list(by_moment.values())[:MOMENTS]:
        of_live = [row for row in rows if live and row["number"] == live.number]
        row = of_live[0] if of_live else min(rows, key=lambda each: int(each["number"]))
        numbers = (row["number"], row["value"], row["low"], row["high"], row["n"])
        found.append(MetricRow(row["run"], moment(row["as_of"]), *numbers))
    return tuple(reversed(found))


def _judged(
    db: sqlite3.Connection, store: ObjectStore, name: str, measured: Sequence[MetricRow]
) -> Iterator[JudgedMetrics]:
    """What the documents of the versions that those runs made say; one that is damaged says nothing."""
    made = {
        row["run"]: row
        for row in db.execute(
            "SELECT run, number, digest FROM versions WHERE project = ? ORDER BY number DESC LIMIT ?",
            (name, 4 * MOMENTS),
        )
    }
    judged = [(each, made[each.run]) for each in measured if each.run in made]  # a look at health makes no version
    for each, version in judged[-DOCUMENTS:]:
        try:
            document = documents.load(store, version["digest"])
        except Damage:
            continue
        side = "candidate" if version["number"] == each.number else "live"
        yield JudgedMetrics(each.at, each.number, side, document["metrics"])


def _deployments(db: sqlite3.Connection, within: Mapping[str, str]) -> tuple[Deployment, ...]:
    rows = db.execute(
        "SELECT * FROM deployments WHERE project = :project AND at >= :since AND at < :until ORDER BY seq", within
    )
    return tuple(
        Deployment(
            row["seq"], row["project"], row["number"], row["previous"], row["kind"], moment(row["at"]), row["actor"],
            row["reason"],
        )
        for row in rows
    )  # fmt: skip


def _approved_by(db: sqlite3.Connection, deployment: Deployment) -> tuple[str, ...]:
    """Everybody whose approval led to this: against the same live version, the last one moved it."""
    if deployment.kind == "rollback":
        return (deployment.actor,)
    rows = db.execute(
        "SELECT actor, live_seq FROM decisions WHERE project = ? AND number = ? AND kind = 'approve' AND at <= ?"
        " ORDER BY seq DESC LIMIT 20",
        (deployment.project, deployment.number, stamp(deployment.at)),
    ).fetchall()
    found = [row["actor"] for row in reversed(rows) if row["live_seq"] == rows[0]["live_seq"]]
    return tuple(dict.fromkeys(found)) or (deployment.actor,)


def _rejections(db: sqlite3.Connection, within: Mapping[str, str]) -> tuple[sqlite3.Row, ...]:
    return tuple(
        db.execute(
            "SELECT number, at, actor, reason FROM decisions WHERE project = :project AND kind = 'reject'"
            " AND at >= :since AND at < :until ORDER BY seq",
            within,
        )
    )


def _waiting(db: sqlite3.Connection, within: Mapping[str, str]) -> tuple[tuple[Version, datetime | None], ...]:
    rows = db.execute(
        "SELECT * FROM versions WHERE project = :project AND state = 'candidate' AND made_at < :until"
        " ORDER BY number DESC",
        within,
    )
    return tuple(
        (catalog.record(row), moment(row["expires_at"]) if row["expires_at"] else None) for row in rows.fetchall()
    )


def _looked(db: sqlite3.Connection, live: Deployment | None, until: str) -> Look | None:
    row = db.execute(_LOOKED, (live.project, until)).fetchone() if live else None
    return looks.look(row) if row and live and row["number"] == live.number else None


def _last_runs(db: sqlite3.Connection, within: Mapping[str, str]) -> tuple[Run, ...]:
    rows = [
        row
        for job in ("retrain", "health")
        for row in db.execute(
            "SELECT * FROM runs WHERE project = :project AND job = :job AND state NOT IN ('queued', 'running')"
            " AND ended_at < :until ORDER BY id DESC LIMIT 1",
            {**within, "job": job},
        ).fetchall()
    ]
    return tuple(sorted(runs.records(db, rows), key=lambda run: -run.id))
