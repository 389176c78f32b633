"""The overview: one consistent snapshot of every project, from a fixed number of queries however many there are."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
from collections import defaultdict
from datetime import datetime
from typing import Any

from engine.clock import moment
from engine.monitoring.status import Facts, judge
from engine.projects import registry
from engine.records import Metric, Operator, Overview, Point, Project, ProjectStatus, Version
from engine.release.live import pointed_at
from engine.runs import history
from engine.schedule.calendar import next_due
from engine.storage.workspace import Workspace
from engine.versions import catalog

WEEKS_SHOWN = 8

_LIVE = """
SELECT v.*, d.release, d.at AS deployed_at FROM versions v
JOIN deployments d ON d.seq = (SELECT max(seq) FROM deployments WHERE project = v.project)
WHERE v.state = 'live'
"""
_MEASURED = """
SELECT * FROM measurements WHERE project = ? AND metric = ? AND number = ? ORDER BY as_of DESC, id DESC LIMIT 1
"""


def overview(db: sqlite3.Connection, workspace: Workspace, operator: Operator, now: datetime) -> Overview:
    """Every project with its verdict. The caller holds the read, so that all of it is of one moment."""
    live = {r["project"]: r for r in db.execute(_LIVE)}
    waiting: dict[str, list[Version]] = defaultdict(list)
    for version in catalog.candidates(db):
        waiting[version.project].append(version)
    rows = db.execute("SELECT * FROM projects WHERE removed_at IS NULL ORDER BY name").fetchall()
    statuses = tuple(
        _status(db, workspace, row, live.get(row["name"]), tuple(waiting[row["name"]]), now) for row in rows
    )
    disk = shutil.disk_usage(workspace.root)
    return Overview(now, operator, socket.gethostname(), statuses, disk.free, disk.total)


def status(db: sqlite3.Connection, workspace: Workspace, name: str, now: datetime) -> ProjectStatus:
    """One project of the overview. Raises NotFound."""
    registry.find(db, name)
    row = db.execute("SELECT * FROM projects WHERE name = ?", (name,)).fetchone()
    live = db.execute(f"{_LIVE} AND v.project = ?", (name,)).fetchone()
    return _status(db, workspace, row, live, catalog.candidates(db, name), now)


def _status(
    db: sqlite3.Connection,
    workspace: Workspace,
    row: sqlite3.Row,
    live: sqlite3.Row | None,
    candidates: tuple[Version, ...],
    now: datetime,
) -> ProjectStatus:
    project = registry.record(row)
    manifest: dict[str, Any] = json.loads(row["manifest"])
    key = manifest["validation"]["metrics"][0]
    metric, measured_at = _measured(db, project, key, live)
    last = history.newest(db, project.name, unfinished=False)
    label = f"{project.name}@{live['number']}" if live else None
    verdict = judge(
        Facts(
            live=label,
            live_link=pointed_at(workspace, project.name),
            release=live["release"] if live else None,
            metric=metric,
            measured_at=measured_at,
            gates=manifest.get("gates", []),
            last_run=last,
        ),
        now,
    )
    back = catalog.were_live(db, project.name)
    return ProjectStatus(
        project=project,
        verdict=verdict.verdict,
        why=verdict.why,
        since=verdict.since,
        live=label,
        live_since=moment(live["deployed_at"]) if live else None,
        metric=metric,
        measured_at=measured_at,
        history=_trend(db, project.name, key),
        data_until=_data_until(db, project.name),
        candidates=candidates,
        last_run=last,
        active_run=history.newest(db, project.name, unfinished=True),
        next_due=_next_due(manifest, now),
        rollback_to=back[0].label if back else None,
    )


def _measured(
    db: sqlite3.Connection, project: Project, key: str, live: sqlite3.Row | None
) -> tuple[Metric | None, datetime | None]:
    """The live version's newest measurement: when it was made, or when a later retrain held it against newer rows."""
    if live is None:
        return None, None
    row = db.execute(_MEASURED, (project.name, key, live["number"])).fetchone()
    if row is None:
        return None, None
    return Metric(key, row["value"], row["low"], row["high"], row["n"]), moment(row["as_of"])


def _trend(db: sqlite3.Connection, project: str, key: str) -> tuple[Point, ...]:
    """The key metric of what was live at each of the last moments that were measured.

    Each retrain measures the live version and the candidate on the same rows; the lower number is the live one,
    and a first version stands for itself.
    """
    rows = db.execute(
        "SELECT run, as_of, value, number FROM measurements WHERE project = ? AND metric = ? AND value IS NOT NULL"
        " ORDER BY as_of DESC, id DESC LIMIT ?",
        (project, key, 4 * WEEKS_SHOWN),
    ).fetchall()
    points: dict[str, tuple[int, float]] = {}
    for row in rows:
        if row["as_of"] not in points or row["number"] < points[row["as_of"]][0]:
            points[row["as_of"]] = (row["number"], row["value"])
    return tuple(Point(moment(at), value) for at, (_, value) in sorted(points.items())[-WEEKS_SHOWN:])


def _data_until(db: sqlite3.Connection, project: str) -> datetime | None:
    row = db.execute(
        "SELECT data_until FROM versions WHERE project = ? ORDER BY number DESC LIMIT 1", (project,)
    ).fetchone()
    return moment(row["data_until"]) if row and row["data_until"] else None


def _next_due(manifest: dict[str, Any], now: datetime) -> datetime | None:
    rule = manifest.get("schedule", {}).get("retrain")
    return next_due(rule["cron"], rule.get("timezone", "UTC"), now) if rule else None
