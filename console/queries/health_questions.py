"""What the health screens want to know, and the records that they are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from console.queries.trial_questions import OnTrialNow, of_project

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.monitoring.look_document import LookDocument
    from engine.monitoring.records import Alert, Look, Signal
    from engine.records import Deployment, ProjectStatus
    from engine.requests.report import RequestReport

# Ages are drawn anew as often; a new look is a commit, which the watcher sees within half a second.
REFRESH = 5.0


@dataclass(frozen=True)
class Health:
    """One project: its status, the newest look at it, what is open about it."""

    status: ProjectStatus
    look: Look | None
    alerts: tuple[Alert, ...] = ()

    @property
    def name(self) -> str:
        return self.status.project.name

    @property
    def document(self) -> LookDocument:
        """All that the look found; nothing where there is none, or where only its verdict was kept."""
        from engine.monitoring.look_document import LookDocument

        return (self.look.document if self.look is not None else None) or LookDocument()

    @property
    def of_live(self) -> bool:
        """Whether the look was at the version that is live now."""
        return self.look is not None and self.look.version == self.status.live


@dataclass(frozen=True)
class HealthOverTime:
    """One project with its figures over earlier looks, by metric, all swaps, and its last hour of requests."""

    health: Health
    signals: Mapping[str, tuple[Signal, ...]] = field(default_factory=dict)
    swaps: tuple[Deployment, ...] = ()
    requests: RequestReport | None = None
    trial: OnTrialNow | None = None


def newest_look(engine: Engine, project: str) -> Look | None:
    """The newest look, its document read by the thread that asks: the one that draws has no time for it."""
    look = engine.health(project)
    if look is not None:
        _ = look.document
    return look


@dataclass(frozen=True)
class AskHealth:
    refresh: float = REFRESH

    def answer(self, engine: Engine, now: datetime) -> tuple[Health, ...]:
        alerts: dict[str, list[Alert]] = defaultdict(list)
        for alert in engine.alerts():
            alerts[alert.project].append(alert)
        projects = engine.overview(now).projects
        return tuple(
            Health(status, newest_look(engine, status.project.name), tuple(alerts[status.project.name]))
            for status in projects
        )


@dataclass(frozen=True)
class AskHealthOf:
    project: str
    refresh: float = REFRESH

    def answer(self, engine: Engine, now: datetime) -> HealthOverTime:
        look = newest_look(engine, self.project)
        health = Health(engine.status(self.project, now), look, engine.alerts(self.project))
        signals = {name: engine.signals(self.project, name) for name in health.document.metrics}
        requests, trial = engine.requests(self.project, now), of_project(engine, self.project, now)
        return HealthOverTime(health, signals, engine.swaps(None, self.project), requests, trial)
