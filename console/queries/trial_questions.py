"""What screens and dialogs want to know of candidates on trial."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.canary.records import CanaryHealth
    from engine.release.trials import TrialPlan
    from engine.scoring.trials import Kind, Trial
    from engine.shadow.report import ShadowReport


@dataclass(frozen=True)
class AskTrialPlan:
    label: str
    kind: Kind
    share: float
    refresh: float = 2.0

    def answer(self, engine: Engine, now: datetime) -> TrialPlan:
        return engine.plan_trial(self.label, self.kind, self.share)


@dataclass(frozen=True)
class OnTrialNow:
    """What runs beside the live version: of a canary how both do, and of a shadow what it came to."""

    trial: Trial
    canary: CanaryHealth | None = None
    shadow: ShadowReport | None = None


def of_project(engine: Engine, project: str, now: datetime) -> OnTrialNow | None:
    """What runs beside the live version of ``project``; None where nothing does."""
    trial = engine.trial(project)
    if trial is None:
        return None
    if trial.kind == "canary":
        return OnTrialNow(trial, engine.canary_health(project, now))
    return OnTrialNow(trial, shadow=engine.shadow_of(trial.label, now))
