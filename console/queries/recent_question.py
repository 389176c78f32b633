"""What a tall overview wants to know of the selected project, besides what it knows of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from console.queries.health_questions import REFRESH, Health, HealthOverTime, newest_look

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.monitoring.records import Alert
    from engine.records import Run

ALERTS, RUNS = 20, 30  # among which the last events are


@dataclass(frozen=True)
class Recent:
    """One project: its key metric over its looks, its newest alerts, the runs that failed lately."""

    over_time: HealthOverTime
    alerts: tuple[Alert, ...] = ()
    failed: tuple[Run, ...] = ()

    @property
    def name(self) -> str:
        return self.over_time.health.name

    @property
    def metric(self) -> str | None:
        known = self.over_time.health.status.metric
        return known.name if known is not None else None


@dataclass(frozen=True)
class AskRecent:
    project: str
    refresh: float = REFRESH

    def answer(self, engine: Engine, now: datetime) -> Recent:
        name = self.project
        health = Health(engine.status(name, now), newest_look(engine, name), engine.alerts(name))
        key = health.status.metric
        signals = {key.name: engine.signals(name, key.name)} if key is not None else {}
        runs = engine.runs(name, limit=RUNS, looks=False)
        return Recent(
            HealthOverTime(health, signals, engine.swaps(None, name)),
            engine.past_alerts(name, limit=ALERTS),
            tuple(run for run in runs if run.state in ("failed", "interrupted")),
        )
