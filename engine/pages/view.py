"""What is served, read from the ledger: never written, never settled, never started. Also the ledger is told so."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from engine import overview as overviews
from engine.errors import Refusal
from engine.monitoring import looks
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import left_behind
from engine.monitoring.records import Alert, Look
from engine.pages.figures import Figure, figures
from engine.people import operators
from engine.projects import registry
from engine.projects.manifest.records import ReportSpec
from engine.projects.manifest.report import spec_of
from engine.records import Deployment, Operator, ProjectStatus
from engine.release import history
from engine.reports import archive, build
from engine.reports.archive import KeptReport
from engine.reports.period import between
from engine.reports.records import Report, ReportPeriod
from engine.schedule import lease
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

SHOWN = timedelta(days=7)
KEPT, MOVES, PAST = 12, 10, 10


class ReadOnlyLedger(Ledger):
    """A ledger that its own connections refuse to write to."""

    def _connection(self) -> sqlite3.Connection:
        connection = super()._connection()
        connection.execute("PRAGMA query_only=ON")
        return connection

    def write(self) -> NoReturn:
        raise Refusal("What is served is read only.")


@dataclass(frozen=True)
class FrontPageProject:
    """A project on the front page. ``alerts`` are those about the live version that nobody has put to sleep."""

    status: ProjectStatus
    spec: ReportSpec
    zone: ZoneInfo
    alerts: tuple[Alert, ...]


@dataclass(frozen=True)
class Shown:
    """A project's own page. ``newest``: the period ends now, so that the details of the newest look belong to it."""

    report: Report
    spec: ReportSpec
    sensitive: frozenset[str]
    look: Look | None
    moves: tuple[Deployment, ...]
    past: tuple[Alert, ...]
    kept: tuple[KeptReport, ...]
    whole: tuple[ReportPeriod, ...]
    newest: bool


class View:
    """A workspace to look at. Any thread may ask."""

    def __init__(self, workspace: Workspace, ledger: Ledger, operator: Operator) -> None:
        self.workspace, self.ledger, self.operator = workspace, ledger, operator
        self._store = ObjectStore(workspace.objects)

    def close(self) -> None:
        self.ledger.close()

    def front(self, now: datetime) -> tuple[FrontPageProject, ...]:
        """Every project, from a fixed number of queries."""
        with self.ledger.read() as db:
            found = overviews.overview(db, self.workspace, self.operator, now)
            alerts: dict[str, list[Alert]] = defaultdict(list)
            for alert in alert_book.open_alerts(db):
                alerts[alert.project].append(alert)
            rows = db.execute("SELECT name, manifest FROM projects WHERE removed_at IS NULL").fetchall()
        manifests = {row["name"]: json.loads(row["manifest"]) for row in rows}
        return tuple(
            FrontPageProject(
                status, spec_of(manifests[status.project.name]),
                ZoneInfo(build.zone_in(manifests[status.project.name])),
                tuple(
                    each for each in alerts[status.project.name]
                    if not each.quiet(now) and not left_behind(each, status.live)
                ),
            )
            for status in found.projects
        )  # fmt: skip

    def project(self, name: str, now: datetime, period: tuple[datetime, datetime] | None = None) -> Shown:
        """One project and a period, the last seven days without one. Raises NotFound, Invalid for an empty period."""
        with self.ledger.read() as db:
            zone = build.zone_of(db, name)
            chosen = between(*period, zone) if period else ReportPeriod(now - SHOWN, now, zone, "The last seven days")
            report = build.report(db, self._store, name, chosen)
            manifest = _manifest(db, name)
            alerts = alert_book.page(self.ledger, name, offset=0, limit=5 * PAST)
            return Shown(
                report=report,
                spec=spec_of(manifest),
                sensitive=frozenset(map(str, manifest.get("data", {}).get("sensitive", ()))),
                look=looks.newest(db, name, now) if period is None else None,
                moves=history.since(db, None, name)[-MOVES:][::-1],
                past=tuple(each for each in alerts if each.resolved_at is not None)[:PAST],
                kept=archive.everything(db, name, KEPT),
                whole=(build.period_of(db, name, "week", now), build.period_of(db, name, "month", now)),
                newest=period is None,
            )

    def kept(self, name: str, number: int) -> str:
        """A kept report as it was sent. Raises NotFound, Damage."""
        with self.ledger.read() as db:
            registry.find(db, name)
            found = archive.find(db, name, number)
        return self._store.get(found.page).decode()

    def marker(self, now: datetime, name: str | None = None) -> str:
        """A word that changes when a page would: of one project, or of the front page."""
        with self.ledger.read() as db:
            if name is None:
                found = [_mark(each) for each in overviews.overview(db, self.workspace, self.operator, now).projects]
            else:
                status = overviews.status(db, self.workspace, name, now)
                found = [_mark(status), *db.execute(_NEWEST, {"project": name}).fetchone()]
            found += db.execute(_OPEN, {"project": name}).fetchone()
        return sha256(repr(found).encode()).hexdigest()[:16]

    def figures(self, now: datetime) -> tuple[Figure, ...]:
        """What a monitoring system wants to know, of one moment."""
        with self.ledger.read() as db:
            seen = overviews.overview(db, self.workspace, self.operator, now)
            runs = lease.state(self.workspace, db, mine=None).running
            return tuple(figures(db, seen, runs))

    def answers(self) -> None:
        """Raise what keeps the ledger from being read."""
        with self.ledger.read() as db:
            db.execute("SELECT 1 FROM projects LIMIT 1").fetchone()


def open_view(home: Path | None, operator: str | None) -> View:
    """Look at the workspace at ``home`` as ``operator``. Raises what ``open_engine`` does."""
    workspace = workspaces.find(home or workspaces.default_home())
    ledger = ReadOnlyLedger(workspace.ledger, locks=workspace.root / "locks")
    try:
        return View(workspace, ledger, operators.identify(ledger, operators.claimed_name(operator)))
    except Refusal:
        ledger.close()
        raise


_NEWEST = """
SELECT (SELECT max(id) FROM measurements WHERE project = :project),
    (SELECT max(run) FROM health WHERE project = :project),
    (SELECT max(id) FROM reports WHERE project = :project), (SELECT max(seq) FROM decisions WHERE project = :project),
    (SELECT max(id) FROM runs WHERE project = :project AND state NOT IN ('queued', 'running'))
"""
_OPEN = """
SELECT group_concat(id || severity || why || coalesce(acknowledged_at, '') || coalesce(snoozed_until, '')) FROM alerts
WHERE project = coalesce(:project, project) AND resolved_at IS NULL
"""


def _mark(status: ProjectStatus) -> tuple[Any, ...]:
    waiting = tuple(version.label for version in status.candidates)
    return status.project.name, status.project.title, status.verdict, status.why, status.live, status.metric, waiting


def _manifest(db: sqlite3.Connection, name: str) -> Mapping[str, Any]:
    row = db.execute("SELECT manifest FROM projects WHERE name = ?", (name,)).fetchone()
    found: dict[str, Any] = json.loads(row["manifest"])
    return found
