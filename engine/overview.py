"""The overview: one consistent snapshot of every project, from a fixed number of queries however many there are.

Each room answers for its own tables, for all projects at once. It finds its rows from their names by index, so that the
cost does not depend on how long their history is: 1,000 projects with 100,000 versions take about 50 ms. One project's
status comes from the same queries.
"""

from __future__ import annotations

import shutil
import socket
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from engine.audit import times
from engine.monitoring import looks, measurements
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import RUN_TIME, SERVING, is_of_live
from engine.monitoring.performance.key_figures import KnownMetric, newest
from engine.monitoring.records import Alert, Look, asleep
from engine.monitoring.status import WELL_ENDED, Active, StatusFacts, judge
from engine.projects import registry, schedules
from engine.projects.manifest.cron import patience
from engine.projects.manifest.kept import Judged
from engine.records import Metric, OnTrial, Operator, Overview, Point, Project, ProjectStatus, Reason, Run, Version
from engine.release import history, planned_swaps, workers_agree
from engine.release.history import LiveRelease
from engine.release.live_folder import pointed_at
from engine.requests import report
from engine.runs import history as runs
from engine.runs.times import times_history
from engine.schedule.due import due_after
from engine.scoring import trials
from engine.scoring.reconcile import STANDS_IN, Disagreement
from engine.scoring.trials import Trial
from engine.storage.free_space import keep_free
from engine.storage.workspace import Workspace
from engine.versions import catalog
from engine.versions.catalog import VersionsInBrief
from engine.vocabulary.jobs import HEALTH, JOBS, RETRAIN

T = TypeVar("T", Version, Alert)

WEEKS_SHOWN = 8


@dataclass(frozen=True)
class _Found:
    """What the ledger says, by project."""

    projects: tuple[Project, ...]
    judged: Mapping[str, Judged]
    versions: Mapping[str, VersionsInBrief]
    live: Mapping[str, LiveRelease]
    known: Mapping[str, KnownMetric]
    unmeasured: Mapping[str, Metric]
    trend: Mapping[str, list[Point]]
    ended: Mapping[str, list[Run]]
    active: Mapping[str, list[Active]]
    candidates: Mapping[str, list[Version]]
    schedules: Mapping[tuple[str, str], sqlite3.Row]
    looks: Mapping[str, Look]
    alerts: Mapping[str, list[Alert]]
    serving: Mapping[str, tuple[Disagreement, ...]]
    rates: Mapping[str, float]
    trials: Mapping[str, Trial]


def overview(db: sqlite3.Connection, workspace: Workspace | None, operator: Operator, now: datetime) -> Overview:
    """Every project with its verdict. The caller holds the read, so that all of it is of one moment.

    Without a ``workspace`` the moment is over: where the live links led and what of the disk was free is unknown.
    """
    found = _find(db, workspace, registry.everything(db), now)
    statuses = tuple(_status(found, workspace, project, now) for project in found.projects)
    host = socket.gethostname()
    if workspace is None:
        return Overview(now, operator, host, statuses, None, None)
    disk = shutil.disk_usage(workspace.root)
    clock = times.doubt(times.seen(db, now), now)
    return Overview(now, operator, host, statuses, disk.free, disk.total, keep_free(db, disk.total), clock)


def status(db: sqlite3.Connection, workspace: Workspace | None, name: str, now: datetime) -> ProjectStatus:
    """One project of the overview. Raises NotFound."""
    project = registry.find(db, name)
    return _status(_find(db, workspace, (project,), now, name), workspace, project, now)


def _find(
    db: sqlite3.Connection, workspace: Workspace | None, projects: tuple[Project, ...], now: datetime,
    name: str | None = None,
) -> _Found:  # fmt: skip
    """What each room says of ``projects``: those of the workspace, or the one called ``name``."""
    names = [project.name for project in projects]
    judged, live = registry.judged(db, names), history.live(db, names)
    numbers = {project: found.number for project, found in live.items()}
    known = {project: one for (project, _), one in newest(db, numbers, now, key_only=True).items()}
    keys = {project: found.metrics[0] for project, found in judged.items() if found.metrics}
    return _Found(
        projects=projects,
        judged=judged,
        versions=catalog.in_brief(db, names),
        live=live,
        known=known,
        unmeasured=_unmeasured(db, {project: n for project, n in numbers.items() if project not in known}),
        trend=measurements.trends(db, keys, WEEKS_SHOWN),
        ended=runs.last_ended(db, names, [job.name for job in JOBS if job.troubles], WELL_ENDED),
        active=_active(db, runs.unfinished(db, names)),
        candidates=_by_project(planned_swaps.told(db, catalog.candidates(db, name))),
        schedules=schedules.in_force_of(db, names),
        looks=looks.newest_of(db, names, now),
        alerts=_by_project(sorted(alert_book.open_of(db, names), key=lambda alert: alert.id)),
        serving=workers_agree.compared(db, workspace.root / "locks", now) if workspace is not None else {},
        rates=report.rates(db, names, now),
        trials=trials.under_way(db, names),
    )


def _by_project(records: Iterable[T]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for record in records:
        found[record.project].append(record)
    return found


def _active(db: sqlite3.Connection, unfinished: list[Run]) -> dict[str, list[Active]]:
    pace = times_history.paces(db, unfinished)
    active: dict[str, list[Active]] = defaultdict(list)
    for run in unfinished:
        active[run.project].append(Active(run, pace(run).usual, pace(run).bound))
    return active


def _status(found: _Found, workspace: Workspace | None, project: Project, now: datetime) -> ProjectStatus:
    name = project.name
    live, active = found.live.get(name), found.active.get(name, [])
    ended, versions = found.ended.get(name, []), found.versions[name]
    known, look = found.known.get(name), _look(found, name, live)
    retrains, health = found.schedules.get((name, RETRAIN.name)), found.schedules.get((name, HEALTH.name))
    facts = StatusFacts(
        live=live.label if live else None,
        live_link=pointed_at(workspace, name) if live and workspace else None,
        release=live.release if live and workspace else None,
        known=known,
        gates=found.judged[name].limits,
        last_run=ended[0] if ended else None,
        active=active,
        looked_at=look.as_of if look else None,
        look=(look.verdict, look.why) if look else ("ok", ""),
        looks_paused=health is not None and not health["enabled"],
        earlier=ended[1:],
        patience=patience(health["rule"], health["timezone"]) if health is not None else None,
        alerts=[*_serving(found, name), *_alerts(found, name, live, now, seen=workspace is not None)],
        waiting=max(((each.number, each.label) for each in found.candidates.get(name, ())), default=(0, None))[1],
    )
    reasons = judge(facts, now)
    verdict = reasons[0]
    return ProjectStatus(
        project=project,
        verdict=verdict.verdict,
        why=verdict.why,
        since=verdict.since,
        live=live.label if live else None,
        live_since=live.at if live else None,
        metric=known.metric if known else found.unmeasured.get(name),
        measured_at=known.at if known else None,
        measured_on=known.rows if known else "",
        history=_history(found.trend.get(name, ()), known),
        data_until=versions.data_until,
        candidates=tuple(found.candidates.get(name, ())),
        last_run=facts.last_run,
        active_run=active[-1].run if active else None,
        next_due=due_after(retrains, now) if retrains is not None and retrains["enabled"] else None,
        rollback_to=f"{name}@{versions.back}" if versions.back else None,
        rollback_damaged=versions.back_damaged,
        reasons=reasons,
        per_second=found.rates.get(name),
        trial=_trial(found.trials.get(name), live),
        stood_in=any(each.key.startswith(f"{STANDS_IN}:") for each in found.serving.get(name, ())),
    )


def _trial(found: Trial | None, live: LiveRelease | None) -> OnTrial | None:
    """What runs beside what is live now."""
    if found is None or live is None or found.against != live.seq:
        return None
    return OnTrial(found.label, found.kind, found.share, found.since)


def _unmeasured(db: sqlite3.Connection, numbers: Mapping[str, int]) -> dict[str, Metric]:
    """The key metric of live versions for which it never had a value, so that somebody can say why."""
    metrics = {project: version.metric for project, version in catalog.numbered(db, numbers).items()}
    return {project: metric for project, metric in metrics.items() if metric is not None and metric.value is None}


def _history(trend: Sequence[Point], known: KnownMetric | None) -> tuple[Point, ...]:
    """The line ends with the value that stands beside it."""
    if known is None or known.metric.value is None or (trend and trend[-1].as_of >= known.at):
        return tuple(trend)
    return (*trend, Point(known.at, known.metric.value))[-WEEKS_SHOWN:]


def _look(found: _Found, name: str, live: LiveRelease | None) -> Look | None:
    """The newest look, if it was at what is live now."""
    look = found.looks.get(name)
    return look if look is not None and live is not None and look.version == live.label else None


def _serving(found: _Found, name: str) -> list[Reason]:
    """What the workers that answer its requests say of themselves, as it is now."""
    return [Reason(each.verdict, each.why, None) for each in found.serving.get(name, ())]


def _alerts(found: _Found, name: str, live: LiveRelease | None, now: datetime, *, seen: bool) -> list[Reason]:
    """What is open about the live version or the project itself; what is snoozed is left out until it wakes.

    Runs that take too long, and workers where they are ``seen``, are left to the status itself, as they are now. That a
    canary was ended says nothing of what is live.
    """
    return [
        Reason(alert.severity, alert.why, alert.since)
        for alert in found.alerts.get(name, ())
        if live is not None and (alert.version == live.label or alert.run is None)
        if is_of_live(alert.part) and alert.part != RUN_TIME and not (seen and alert.part == SERVING)
        if not asleep(alert.snoozed_until, now)
    ]
