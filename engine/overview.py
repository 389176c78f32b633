"""The overview: one consistent snapshot of every project, from a fixed number of queries however many there are.

Each query finds its rows from the projects by index, so that the cost does not depend on how long their history is:
1,000 projects with 100,000 versions take about 50 ms. One project's status comes from the same queries.
"""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.audit import times
from engine.clock import moment, stamp
from engine.monitoring.alerts.changes import RUN_TIME
from engine.monitoring.performance.key_figures import KnownMetric, newest
from engine.monitoring.records import asleep
from engine.monitoring.status import WELL_ENDED, Active, StatusFacts, judge
from engine.projects import registry
from engine.projects.manifest.cron import patience
from engine.records import Metric, Operator, Overview, Point, ProjectStatus, Reason, Run, Version
from engine.release.live import pointed_at
from engine.runs import history
from engine.runs.times import times_history
from engine.schedule.due import due_after
from engine.storage.free_space import keep_free
from engine.storage.workspace import Workspace
from engine.versions import catalog

WEEKS_SHOWN = 8
JOBS = ("retrain", "health", "report")

# {which} is a condition on the projects p, with :name where it means one.
_EVERY = "p.removed_at IS NULL"
_ONE = "p.removed_at IS NULL AND p.name = :name"
_KEY = "json_extract(p.manifest, '$.validation.metrics[0]')"

_PROJECTS = """
SELECT p.*,
    (SELECT data_until FROM versions WHERE project = p.name ORDER BY number DESC LIMIT 1) AS data_until,
    (SELECT number FROM versions WHERE project = p.name AND state = 'retired' AND cleaned_at IS NULL
     ORDER BY live_until DESC, number DESC LIMIT 1) AS back,
    (SELECT damage IS NOT NULL FROM versions WHERE project = p.name AND state = 'retired' AND cleaned_at IS NULL
     ORDER BY live_until DESC, number DESC LIMIT 1) AS back_damaged,
    (SELECT enabled || char(10) || rule || char(10) || timezone FROM schedules
     WHERE project = p.name AND job = 'health' AND until IS NULL) AS looks
FROM projects p WHERE {which} ORDER BY p.name
"""
_LIVE = """
SELECT p.name, d.number, d.release, d.at AS deployed_at FROM projects p
JOIN deployments d ON d.seq = (SELECT max(seq) FROM deployments WHERE project = p.name)
WHERE {which}
"""
# The newest look at each project, which may have been at a version that was live before. It is as old as what it saw.
# What is of a later time than now was written while the clock was ahead: it would count as new until then.
_LOOKS = """
SELECT h.project, h.number, h.as_of, h.verdict, h.why FROM projects p
JOIN health h ON h.run = (
    SELECT run FROM health WHERE project = p.name AND as_of <= :now ORDER BY as_of DESC, run DESC LIMIT 1)
WHERE {which}
"""
# By name, for else SQLite reads every alert there ever was.
_ALERTS = """
SELECT a.project, a.number, a.run, a.part, a.severity, a.why, a.since, a.snoozed_until
FROM alerts a INDEXED BY alerts_open JOIN projects p ON p.name = a.project
WHERE a.resolved_at IS NULL AND {which} ORDER BY a.id
"""
_LAST = (
    "(SELECT id FROM runs WHERE project = p.name AND job = '{job}' AND state NOT IN ('queued', 'running')"
    " ORDER BY id DESC LIMIT 1)"
)
# The key metric of what was live at each of the last moments that were measured. Each retrain measures the live version
# and the candidate on the same rows; the lower number is the live one, and a first version stands for itself.
_TREND = f"""
SELECT m.project, m.as_of, m.value FROM projects p
JOIN measurements m ON m.id IN (
    SELECT id FROM (
        SELECT id, as_of, min(number) FROM (
            SELECT id, as_of, number FROM measurements WHERE project = p.name AND metric = {_KEY} AND value IS NOT NULL
            ORDER BY as_of DESC, id DESC LIMIT {4 * WEEKS_SHOWN})
        GROUP BY as_of ORDER BY as_of DESC LIMIT {WEEKS_SHOWN}))
WHERE {{which}} ORDER BY m.project, m.as_of
"""
# Of each job the newest that has ended: looks come every quarter of an hour, and a retrain that failed is told until
# another one succeeds.
_LAST_RUNS = f"""
SELECT r.* FROM projects p
JOIN runs r ON r.id IN ({", ".join(_LAST.format(job=job) for job in JOBS)})
WHERE {{which}} ORDER BY r.id
"""
_ACTIVE_RUNS = """
SELECT r.* FROM runs r JOIN projects p ON p.name = r.project
WHERE r.state IN ('queued', 'running') AND {which} ORDER BY r.id
"""
_CANDIDATES = """
SELECT v.* FROM versions v JOIN projects p ON p.name = v.project
WHERE v.state = 'candidate' AND {which} ORDER BY v.id DESC
"""
# The rule in force, unless it is paused.
_SCHEDULES = """
SELECT s.* FROM projects p JOIN schedules s ON s.project = p.name AND s.job = 'retrain' AND s.until IS NULL
WHERE s.enabled AND {which}
"""


@dataclass(frozen=True)
class _Found:
    """What the ledger says, by project."""

    projects: list[sqlite3.Row]
    live: dict[str, sqlite3.Row]
    known: dict[str, KnownMetric]
    unmeasured: dict[str, Metric]
    trend: dict[str, list[Point]]
    last: dict[str, Run]
    earlier: dict[str, list[Run]]
    active: dict[str, list[Active]]
    candidates: dict[str, list[Version]]
    schedules: dict[str, sqlite3.Row]
    looks: dict[str, sqlite3.Row]
    alerts: dict[str, list[sqlite3.Row]]


def overview(db: sqlite3.Connection, workspace: Workspace | None, operator: Operator, now: datetime) -> Overview:
    """Every project with its verdict. The caller holds the read, so that all of it is of one moment.

    Without a ``workspace`` the moment is over: where the live links led and what of the disk was free is unknown.
    """
    found = _find(db, _EVERY, now)
    statuses = tuple(_status(found, workspace, row, now) for row in found.projects)
    host = socket.gethostname()
    if workspace is None:
        return Overview(now, operator, host, statuses, None, None)
    disk = shutil.disk_usage(workspace.root)
    clock = times.doubt(times.seen(db, now), now)
    return Overview(now, operator, host, statuses, disk.free, disk.total, keep_free(db, disk.total), clock)


def status(db: sqlite3.Connection, workspace: Workspace | None, name: str, now: datetime) -> ProjectStatus:
    """One project of the overview. Raises NotFound."""
    registry.find(db, name)
    found = _find(db, _ONE, now, name)
    return _status(found, workspace, found.projects[0], now)


def _find(db: sqlite3.Connection, which: str, now: datetime, name: str | None = None) -> _Found:
    def rows(query: str) -> list[sqlite3.Row]:
        return db.execute(query.format(which=which), {"name": name, "now": stamp(now)}).fetchall()

    trend: dict[str, list[Point]] = defaultdict(list)
    for row in rows(_TREND):
        trend[row["project"]].append(Point(moment(row["as_of"]), row["value"]))
    candidates: dict[str, list[Version]] = defaultdict(list)
    for row in rows(_CANDIDATES):
        candidates[row["project"]].append(catalog.record(row))
    alerts: dict[str, list[sqlite3.Row]] = defaultdict(list)
    for row in rows(_ALERTS):
        alerts[row["project"]].append(row)
    last, earlier = _last(db, rows(_LAST_RUNS))
    live = {row["name"]: row for row in rows(_LIVE)}
    numbers = {project: row["number"] for project, row in live.items()}
    known = {project: one for (project, _), one in newest(db, numbers, now, key_only=True).items()}
    return _Found(
        projects=rows(_PROJECTS),
        live=live,
        known=known,
        unmeasured=_unmeasured(db, {project: n for project, n in numbers.items() if project not in known}),
        trend=trend,
        last=last,
        earlier=earlier,
        active=_active(db, history.records(db, rows(_ACTIVE_RUNS))),
        candidates=candidates,
        schedules={row["project"]: row for row in rows(_SCHEDULES)},
        looks={row["project"]: row for row in rows(_LOOKS)},
        alerts=alerts,
    )


def _last(db: sqlite3.Connection, rows: list[sqlite3.Row]) -> tuple[dict[str, Run], dict[str, list[Run]]]:
    """By project the newest run, and those of other jobs that did not end well, the newest first."""
    newest = {row["project"]: row["id"] for row in rows}
    wanted = [row for row in rows if row["id"] == newest[row["project"]] or row["state"] not in WELL_ENDED]
    last: dict[str, Run] = {}
    earlier: dict[str, list[Run]] = defaultdict(list)
    for run in reversed(history.records(db, wanted)):
        if run.id == newest[run.project]:
            last[run.project] = run
        else:
            earlier[run.project].append(run)
    return last, earlier


def _active(db: sqlite3.Connection, runs: list[Run]) -> dict[str, list[Active]]:
    pace = times_history.paces(db, runs)
    active: dict[str, list[Active]] = defaultdict(list)
    for run in runs:
        active[run.project].append(Active(run, pace(run).usual, pace(run).bound))
    return active


def _status(found: _Found, workspace: Workspace | None, row: sqlite3.Row, now: datetime) -> ProjectStatus:
    name = row["name"]
    rules = _rules(row["manifest"])
    live, last, active = found.live.get(name), found.last.get(name), found.active.get(name, [])
    label = f"{name}@{live['number']}" if live else None
    known = found.known.get(name)
    look = _look(found, name, live)
    looked_at = moment(look["as_of"]) if look else None
    enabled, *rule = row["looks"].split("\n") if row["looks"] else ("1",)
    facts = StatusFacts(
        live=label,
        live_link=pointed_at(workspace, name) if live and workspace else None,
        release=live["release"] if live and workspace else None,
        known=known,
        gates=rules.get("gates", []),
        last_run=last,
        active=active,
        looked_at=looked_at,
        look=(look["verdict"], look["why"]) if look else ("ok", ""),
        looks_paused=enabled == "0",
        earlier=found.earlier.get(name, ()),
        patience=patience(*rule) if rule else None,
        alerts=_alerts(found, name, live, now),
    )
    reasons = judge(facts, now)
    verdict = reasons[0]
    return ProjectStatus(
        project=registry.record(row),
        verdict=verdict.verdict,
        why=verdict.why,
        since=verdict.since,
        live=label,
        live_since=moment(live["deployed_at"]) if live else None,
        metric=known.metric if known else found.unmeasured.get(name),
        measured_at=known.at if known else None,
        measured_on=known.rows if known else "",
        history=_history(found.trend.get(name, ()), known),
        data_until=moment(row["data_until"]) if row["data_until"] else None,
        candidates=tuple(found.candidates.get(name, ())),
        last_run=last,
        active_run=active[-1].run if active else None,
        next_due=due_after(found.schedules[name], now) if name in found.schedules else None,
        rollback_to=f"{name}@{row['back']}" if row["back"] else None,
        rollback_damaged=bool(row["back_damaged"]),
        reasons=reasons,
    )


def _unmeasured(db: sqlite3.Connection, numbers: Mapping[str, int]) -> dict[str, Metric]:
    """The key metric of live versions for which it never had a value, so that somebody can say why."""
    if not numbers:
        return {}
    rows = db.execute(
        "SELECT v.* FROM json_each(?) given JOIN versions v ON v.project = given.key AND v.number = given.value",
        (json.dumps(dict(numbers)),),
    )
    found = {version.project: version.metric for version in map(catalog.record, rows)}
    return {project: metric for project, metric in found.items() if metric is not None and metric.value is None}


def _history(trend: Sequence[Point], known: KnownMetric | None) -> tuple[Point, ...]:
    """The line ends with the value that stands beside it."""
    if known is None or known.metric.value is None or (trend and trend[-1].as_of >= known.at):
        return tuple(trend)
    return (*trend, Point(known.at, known.metric.value))[-WEEKS_SHOWN:]


def _look(found: _Found, name: str, live: sqlite3.Row | None) -> sqlite3.Row | None:
    """The newest look, if it was at what is live now."""
    look = found.looks.get(name)
    return look if look is not None and live is not None and look["number"] == live["number"] else None


def _alerts(found: _Found, name: str, live: sqlite3.Row | None, now: datetime) -> list[Reason]:
    """What is open about the live version or the project itself; what is snoozed is left out until it wakes.

    Runs that take too long are left to the status itself, which sees them as they are now.
    """
    return [
        Reason(row["severity"], row["why"], moment(row["since"]))
        for row in found.alerts.get(name, ())
        if live is not None and (row["number"] == live["number"] or row["run"] is None)
        if row["part"] != RUN_TIME
        if not asleep(moment(row["snoozed_until"]) if row["snoozed_until"] else None, now)
    ]


@lru_cache(maxsize=4096)
def _rules(manifest: str) -> dict[str, Any]:
    """A manifest as the ledger keeps it; read only. It changes once in weeks, and is asked for once a second."""
    rules: dict[str, Any] = json.loads(manifest)
    return rules
