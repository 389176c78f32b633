"""What can be done by key about candidates on trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.acting.commands import Result, Tell
from engine.release.trial_rules import share_words

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.release.trials import TrialPlan


@dataclass(frozen=True)
class PutOnTrial:
    """A trial that begins, or another share of one, exactly as the plan was shown."""

    plan: TrialPlan
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.plan.label} is being put on trial"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        found = engine.put_on_trial(self.plan, self.reason, tell)
        if found.kind == "canary":
            return Result(f"{found.label} answers {share_words(found.share)} of the keys.")
        return Result(f"{found.label} runs as a shadow, on {share_words(found.share)} of the requests.")


@dataclass(frozen=True)
class EndTrial:
    """``label``: the version whose trial it is."""

    project: str
    label: str
    reason: str

    @property
    def doing(self) -> str:
        return f"the trial of {self.label} is being ended"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.end_trial(self.project, self.reason, self.label)
        return Result(f"The trial of {self.label} has ended; what is live answers everybody.")
