"""What is served, read from the ledger: never written, never settled, never started. Also the ledger is told so."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from engine import overview as overviews
from engine.access import entering
from engine.access.caller import claimed_name
from engine.access.proof import of_process
from engine.errors import Refusal
from engine.monitoring import looks, measurements
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import left_behind
from engine.monitoring.records import Alert, Look
from engine.pages.prometheus_metrics import Figure, figures
from engine.projects import registry
from engine.projects.manifest.records import ReportSpec
from engine.records import Deployment, Operator, ProjectStatus
from engine.release import decisions, history
from engine.reports import archive, build
from engine.reports.archive import KeptReport
from engine.reports.period import between
from engine.reports.records import Report, ReportPeriod
from engine.runs.history import last_ended_id
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

    def write(self, *, lasting: bool = True) -> NoReturn:
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
            readers = registry.readers(db, [status.project.name for status in found.projects])
        return tuple(
            FrontPageProject(
                status, readers[status.project.name].report, ZoneInfo(readers[status.project.name].zone),
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
            manifest = registry.manifest(db, name)
            alerts = alert_book.page(self.ledger, name, offset=0, limit=5 * PAST)
            return Shown(
                report=report,
                spec=manifest.report,
                sensitive=frozenset(manifest.data.sensitive),
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
                seen = overviews.overview(db, self.workspace, self.operator, now)
                found: list[Any] = [_mark(each) for each in seen.projects]
            else:
                status = overviews.status(db, self.workspace, name, now)
                newest = (measurements.last_id, looks.last_run, archive.last_id, decisions.last_seq, last_ended_id)
                found = [_mark(status), *(each(db, name) for each in newest)]
            found.append(alert_book.mark(db, name))
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
            registry.names(db)


def open_view(home: Path | None, operator: str | None = None) -> View:
    """Look at the workspace at ``home`` as a service of it. Raises what ``open_service`` does; a viewer's may too."""
    name = claimed_name(operator)
    workspace = workspaces.find(home or workspaces.default_home())
    ledger = ReadOnlyLedger(workspace.ledger, locks=workspace.root / "locks")
    try:
        return View(workspace, ledger, entering.enter_as_service(ledger, of_process(), name, hosts=False).operator)
    except Refusal:
        ledger.close()
        raise


def _mark(status: ProjectStatus) -> tuple[Any, ...]:
    waiting = tuple(version.label for version in status.candidates)
    return status.project.name, status.project.title, status.verdict, status.why, status.live, status.metric, waiting
