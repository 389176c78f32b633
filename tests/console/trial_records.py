"""A canary beside a live version, and who answers for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.canary.judge import measured
from engine.canary.records import CanaryHealth, Losses, Predictions, Side
from engine.projects.manifest.records import CanarySpec
from engine.release.trials import TrialPlan
from engine.scoring.trials import Kind, Trial, TrialRow

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
TRIAL = Trial(3, "flights", "flights@12", "d" * 64, "canary", 0.05, 7, AT, "ada", "it looks well", AT)
LIVE = Side("flights@9", 9_500, 4, 9_496, 12, 3, 0.0011, 0.0024, 0.0061, Predictions(9_000, (("0", 0.8), ("1", 0.2))),
            Losses(4_000, 0.151, 0.04))  # fmt: skip
CANARY = Side("flights@12", 503, 1, 502, 2, 0, 0.0012, 0.0026, 0.008, Predictions(480, (("0", 0.78), ("1", 0.22))),
              Losses(220, 0.149, 0.04))  # fmt: skip
HEALTH = CanaryHealth(
    TRIAL, AT, AT + timedelta(minutes=30), LIVE, CANARY, measured(LIVE, CANARY, CanarySpec(), "Brier score"), True,
    "Brier score",
)  # fmt: skip
ROW = TrialRow(3, 3, "flights@12", "canary", "start", 0.05, AT, "ada", "it looks well", None)


class FakeTrials:
    """Answers with the records above; nothing runs unless ``trial_now`` says so."""

    _do: Callable[..., None]
    trial_now: Trial | None = None
    trial_refused: str | None = None

    def plan_trial(self, label: str, kind: Kind, share: float) -> TrialPlan:
        said = (f"Let {label} answer {100 * share:g} % of the keys; flights@9 goes on answering all others.",)
        return TrialPlan("flights", label, "d" * 64, kind, share, "flights@9", 7, said, self.trial_refused, None)

    def put_on_trial(self, plan: TrialPlan, reason: str, on_step: Any) -> Trial:
        self._do("put_on_trial", plan.label, plan.kind, plan.share, reason)
        return replace(TRIAL, label=plan.label, kind=plan.kind, share=plan.share, reason=reason)

    def end_trial(self, project: str, reason: str, meant: str | None = None) -> Trial:
        self._do("end_trial", project, reason, meant)
        return TRIAL

    def trial(self, project: str) -> Trial | None:
        return self.trial_now

    def trial_history(self, project: str, limit: int = 20) -> tuple[TrialRow, ...]:
        return (ROW,)

    def canary_health(self, project: str, now: datetime, *, log: bool = True) -> CanaryHealth | None:
        return HEALTH
