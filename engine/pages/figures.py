"""What a monitoring system wants to know, as figures with names, from a fixed number of queries however many projects.

Moments, not ages, as Prometheus asks for: ``time() - leverframe_look_timestamp_seconds`` is the age of a look when
somebody asks. How many figures there are grows with the projects and their metrics, never with history, people or data.
Every query finds its rows by index; only the runs of the last two days are gone through one by one.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

from engine import __version__
from engine.clock import moment, stamp
from engine.monitoring.performance.key_figures import newest
from engine.outbox.outbox import OVER
from engine.records import Overview, ProjectStatus, Verdict

DAY = timedelta(days=1)
SEVERITIES = ("watch", "failing")
UNSENT = ("queued", "sending", "failed")

_PROJECTS = "FROM projects p WHERE p.removed_at IS NULL"
_LOOKS = """
SELECT h.project, h.run, h.at, h.as_of FROM projects p
JOIN health h ON h.run = (SELECT run FROM health WHERE project = p.name ORDER BY as_of DESC, run DESC LIMIT 1)
WHERE p.removed_at IS NULL
"""
_SIGNALS = f"""
SELECT s.project, s.name, s.value FROM ({_LOOKS}) h
JOIN signals s ON s.project = h.project AND s.name IN ('rows', 'labels', 'drift', 'prediction drift')
    AND s.as_of = h.as_of AND s.run = h.run
"""
# The last run of a job is found by what it left: the newest version, look and report.
_DURATIONS = f"""
SELECT r.project, r.job, r.started_at, r.ended_at FROM runs r
WHERE r.id IN (
    SELECT (SELECT run FROM versions WHERE project = p.name ORDER BY number DESC LIMIT 1) {_PROJECTS} UNION ALL
    SELECT (SELECT run FROM health WHERE project = p.name ORDER BY as_of DESC, run DESC LIMIT 1) {_PROJECTS} UNION ALL
    SELECT (SELECT run FROM reports WHERE project = p.name AND run IS NOT NULL ORDER BY id DESC LIMIT 1) {_PROJECTS})
    AND r.started_at IS NOT NULL AND r.ended_at IS NOT NULL
"""
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
    yield from _looks(db)
    names = [status.project.name for status in seen.projects]
    yield _alerts(db, names, now)
    yield from _runs(db, set(names), now)
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


def _looks(db: sqlite3.Connection) -> tuple[Figure, ...]:
    by = ("project",)
    at = Figure("leverframe_look_timestamp_seconds", "When somebody last looked at a project's health.", by)
    until = Figure("leverframe_look_data_timestamp_seconds", "Up to when the data reach that this look saw.", by)
    for row in db.execute(_LOOKS):
        at.put(_seconds(row["at"]), row["project"])
        until.put(_seconds(row["as_of"]), row["project"])
    signals = {name: Figure(*told, by) for name, told in _NAMES_OF_SIGNALS.items()}
    for row in db.execute(_SIGNALS):
        signals[row["name"]].put(row["value"], row["project"])
    return at, until, *signals.values()


def _alerts(db: sqlite3.Connection, names: Sequence[str], now: datetime) -> Figure:
    figure = Figure(
        "leverframe_alerts_open", "Open alerts that nobody has put to sleep.", ("project", "severity")
    )  # fmt: skip
    rows = db.execute(
        "SELECT project, severity, count(*) AS alerts FROM alerts WHERE resolved_at IS NULL"
        " AND (snoozed_until IS NULL OR snoozed_until <= ?) GROUP BY project, severity",
        (stamp(now),),
    )
    found = {(row["project"], row["severity"]): row["alerts"] for row in rows}
    for name in names:
        for severity in SEVERITIES:
            figure.put(found.get((name, severity), 0), name, severity)
    return figure


def _runs(db: sqlite3.Connection, names: set[str], now: datetime) -> tuple[Figure, ...]:
    ended = Figure(
        "leverframe_runs_ended_last_day", "Runs that ended within 24 hours, by how.", ("project", "job", "state")
    )
    active = Figure("leverframe_runs_active", "Runs that wait or run now.", ("state",))
    last = Figure("leverframe_run_last_duration_seconds", "How long the last run of a job took.", ("project", "job"))
    count: Counter[tuple[str, str, str]] = Counter()
    oldest, since = stamp(now - 2 * DAY), stamp(now - DAY)
    # Ids are in the order of time, so whoever began two days ago ends the search.
    for row in db.execute("SELECT project, job, state, queued_at, ended_at FROM runs ORDER BY id DESC"):
        project, job, state, queued_at, ended_at = row
        if queued_at < oldest:
            break
        if ended_at is not None and ended_at >= since and project in names:
            count[project, job, state] += 1
    for labels, runs in sorted(count.items()):
        ended.put(runs, *labels)
    states = Counter(row["state"] for row in db.execute("SELECT state FROM runs WHERE state IN ('queued', 'running')"))
    for state in ("queued", "running"):
        active.put(states[state], state)
    for row in db.execute(_DURATIONS):
        last.put(_seconds(row["ended_at"]) - _seconds(row["started_at"]), row["project"], row["job"])
    return ended, active, last


def _missed(db: sqlite3.Connection, names: Sequence[str], now: datetime) -> Figure:
    figure = Figure(
        "leverframe_schedules_missed_last_day", "Due times that went by unkept within 24 hours.", ("project",)
    )
    rows = db.execute(
        "SELECT project, count(*) AS missed FROM occurrences WHERE at >= ? AND state = 'missed' GROUP BY project",
        (stamp(now - DAY),),
    )
    found = {row["project"]: row["missed"] for row in rows}
    for name in names:
        figure.put(found.get(name, 0), name)
    return figure


def _of_the_workspace(db: sqlite3.Connection) -> tuple[Figure, ...]:
    outbox = Figure("leverframe_outbox_messages", "Messages that were not taken yet, or given up.", ("state",))
    unsent = "SELECT state, count(*) AS messages FROM outbox WHERE state <> 'sent' AND why IS NOT ? GROUP BY state"
    rows = db.execute(unsent, (OVER,))
    found = {row["state"]: row["messages"] for row in rows}
    for state in UNSENT:
        outbox.put(found.get(state, 0), state)
    audit = Figure("leverframe_audit_rows", "Rows of the audit trail.", kind="counter")
    audit.put(db.execute("SELECT coalesce(max(seq), 0) FROM audit").fetchone()[0])
    return outbox, audit


def _seconds(at: str) -> float:
    return moment(at).timestamp()
