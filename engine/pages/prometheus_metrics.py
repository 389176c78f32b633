"""What a monitoring system wants to know, as figures with names, from a fixed number of queries however many projects.

Moments, not ages, as Prometheus asks for: ``time() - leverframe_look_timestamp_seconds`` is the age of a look when
somebody asks. How many figures there are grows with the projects and their metrics, never with history, people or data.
Every query finds its rows by index; only the runs of the last two days are gone through one by one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

from engine import __version__
from engine.audit import trail
from engine.monitoring import looks
from engine.monitoring.alerts import alert_book
from engine.monitoring.performance.key_figures import newest
from engine.monitoring.records import Look
from engine.outbox import mails
from engine.records import Overview, ProjectStatus, Verdict
from engine.runs import history
from engine.schedule import book
from engine.vocabulary.jobs import JOBS

DAY = timedelta(days=1)
SEVERITIES = ("watch", "failing")
UNSENT = ("queued", "sending", "failed")

_NAMES_OF_SIGNALS = {
    "rows": ("leverframe_look_rows", "Rows that the newest look at a project's health saw."),
    "labels": ("leverframe_look_label_ratio", "Share of those rows whose outcome is known, from 0 to 1."),
    "drift": ("leverframe_look_drift_size", "How far the column that moved furthest is from training (excess PSI)."),
    "prediction drift": ("leverframe_look_prediction_drift_size", "How far the predictions are from the holdout's."),
}


@dataclass(frozen=True)
class Figure:
    """One figure: its name with its unit, what it means, and a value for each set of label values."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    values: list[tuple[tuple[str, ...], float]] = field(default_factory=list)
    kind: Literal["gauge", "counter"] = "gauge"

    def put(self, value: float | None, *labels: object) -> None:
        """Add a value; one that is not known is left out."""
        if value is not None:
            self.values.append((tuple(map(str, labels)), float(value)))


def figures(db: sqlite3.Connection, seen: Overview, engine_runs: bool) -> Iterator[Figure]:
    """Everything there is. The caller holds the read, in which ``seen`` was made too."""
    now = seen.at
    yield _one("leverframe_info", "Which Leverframe answers.", 1, version=__version__)
    yield _one("leverframe_engine_running", "Whether somebody sees to the schedules: 1 or 0.", engine_runs)
    yield _one("leverframe_disk_free_bytes", "Free room on the workspace's disk.", seen.free)
    yield _one("leverframe_disk_size_bytes", "Size of the workspace's disk.", seen.total)
    yield from _of_projects(seen.projects)
    yield from _metrics(db, seen)
    names = [status.project.name for status in seen.projects]
    newest_looks = looks.newest_of(db, names)
    yield from _looks(db, newest_looks)
    yield _alerts(db, names, now)
    yield from _runs(db, names, now)
    yield _missed(db, names, now)
    yield from _of_the_workspace(db)


def _one(name: str, said: str, value: float | None, **labels: str) -> Figure:
    figure = Figure(name, said, tuple(labels))
    figure.put(value, *labels.values())
    return figure


def _of_projects(projects: Sequence[ProjectStatus]) -> tuple[Figure, ...]:
    by = ("project",)
    verdict = Figure("leverframe_project_verdict", "1 for the verdict that a project has, else 0.", (*by, "verdict"))
    live = Figure("leverframe_live_version", "Number of the version in production.", by)
    since = Figure("leverframe_live_since_timestamp_seconds", "When the version in production went live.", by)
    waiting = Figure("leverframe_candidates_waiting", "Candidates that wait for a decision.", by)
    for status in projects:
        name = status.project.name
        for word in get_args(Verdict):
            verdict.put(word == status.verdict, name, word)
        live.put(int(status.live.rpartition("@")[2]) if status.live else None, name)
        since.put(status.live_since.timestamp() if status.live_since else None, name)
        waiting.put(len(status.candidates), name)
    return verdict, live, since, waiting


def _metrics(db: sqlite3.Connection, seen: Overview) -> tuple[Figure, ...]:
    value = Figure(
        "leverframe_metric_value", "Newest value of a metric of the version in production.",
        ("project", "metric", "version"),
    )  # fmt: skip
    rows = Figure(
        "leverframe_metric_rows", "Labelled rows on which that value rests, and which: those of a look, or held out.",
        ("project", "metric", "source"),
    )  # fmt: skip
    at = Figure(
        "leverframe_metric_timestamp_seconds", "Up to when the data reach on which that value rests.",
        ("project", "metric"),
    )  # fmt: skip
    live = {each.project.name: int(each.live.rpartition("@")[2]) for each in seen.projects if each.live}
    for (project, name), known in newest(db, live, seen.at).items():
        value.put(known.metric.value, project, name, live[project])
        rows.put(known.metric.n, project, name, known.source)
        at.put(known.at.timestamp(), project, name)
    return value, rows, at


def _looks(db: sqlite3.Connection, newest_looks: Mapping[str, Look]) -> tuple[Figure, ...]:
    by = ("project",)
    at = Figure("leverframe_look_timestamp_seconds", "When somebody last looked at a project's health.", by)
    until = Figure("leverframe_look_data_timestamp_seconds", "Up to when the data reach that this look saw.", by)
    for project, look in newest_looks.items():
        at.put(look.at.timestamp(), project)
        until.put(look.as_of.timestamp(), project)
    signals = {name: Figure(*told, by) for name, told in _NAMES_OF_SIGNALS.items()}
    for project, name, value in looks.newest_figures(db, newest_looks, _NAMES_OF_SIGNALS):
        signals[name].put(value, project)
    return at, until, *signals.values()


def _alerts(db: sqlite3.Connection, names: Sequence[str], now: datetime) -> Figure:
    figure = Figure(
        "leverframe_alerts_open", "Open alerts that nobody has put to sleep.", ("project", "severity")
    )  # fmt: skip
    found = alert_book.counts(db, now)
    for name in names:
        for severity in SEVERITIES:
            figure.put(found.get((name, severity), 0), name, severity)
    return figure


def _runs(db: sqlite3.Connection, names: Sequence[str], now: datetime) -> tuple[Figure, ...]:
    ended = Figure(
        "leverframe_runs_ended_last_day", "Runs that ended within 24 hours, by how.", ("project", "job", "state")
    )
    active = Figure("leverframe_runs_active", "Runs that wait or run now.", ("state",))
    last = Figure("leverframe_run_last_duration_seconds", "How long the last run of a job took.", ("project", "job"))
    there = set(names)
    for labels, count in sorted(history.ended_since(db, now - DAY, begun=now - 2 * DAY).items()):
        if labels[0] in there:
            ended.put(count, *labels)
    states = history.active(db)
    for state in ("queued", "running"):
        active.put(states[state], state)
    for project, job, seconds in history.durations(db, names, [job.name for job in JOBS]):
        last.put(seconds, project, job)
    return ended, active, last


def _missed(db: sqlite3.Connection, names: Sequence[str], now: datetime) -> Figure:
    figure = Figure(
        "leverframe_schedules_missed_last_day", "Due times that went by unkept within 24 hours.", ("project",)
    )
    found = book.missed_since(db, now - DAY)
    for name in names:
        figure.put(found.get(name, 0), name)
    return figure


def _of_the_workspace(db: sqlite3.Connection) -> tuple[Figure, ...]:
    messages = Figure("leverframe_outbox_messages", "Messages that were not taken yet, or given up.", ("state",))
    found = mails.unsent(db)
    for state in UNSENT:
        messages.put(found.get(state, 0), state)
    audit = Figure("leverframe_audit_rows", "Rows of the audit trail.", kind="counter")
    audit.put(trail.rows(db))
    return messages, audit
