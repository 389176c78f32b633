"""What can be done by key about feedback and about learners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.acting.commands import Result, Tell
from console.queries.written_path import path_of
from console.text import feedback_lines
from engine.text import plain

if TYPE_CHECKING:
    from engine.api import Engine


@dataclass(frozen=True)
class GiveFeedback:
    project: str
    file: str

    @property
    def doing(self) -> str:
        return f"feedback for {plain(self.project, 60)} is being taken in"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        found = engine.give_feedback(self.project, path_of(self.file))
        return Result(feedback_lines.taken(self.project, found), "watch" if found.quarantined else "ok")


@dataclass(frozen=True)
class LetBatchIn:
    batch: int
    reason: str

    @property
    def doing(self) -> str:
        return f"feedback {self.batch} is being let in"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        return Result(feedback_lines.decided(engine.let_in_feedback(self.batch, self.reason)))


@dataclass(frozen=True)
class ThrowAway:
    batch: int
    reason: str

    @property
    def doing(self) -> str:
        return f"feedback {self.batch} is being thrown away"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        return Result(feedback_lines.decided(engine.throw_away_feedback(self.batch, self.reason)))


@dataclass(frozen=True)
class Learn:
    project: str

    @property
    def doing(self) -> str:
        return f"a learning run of {self.project} is being queued"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        run = engine.learn(self.project)
        return Result(f"Run {run.id} is queued; what {self.project} learns comes here by itself.")


@dataclass(frozen=True)
class FreezeLearner:
    project: str
    reason: str

    @property
    def doing(self) -> str:
        return f"the learner of {self.project} is being frozen"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.freeze_learner(self.project, self.reason)
        return Result(f"The learner of {self.project} is frozen; what is live stays as it is. u sets it free.")


@dataclass(frozen=True)
class UnfreezeLearner:
    project: str
    reason: str

    @property
    def doing(self) -> str:
        return f"the learner of {self.project} is being set free"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.unfreeze_learner(self.project, self.reason)
        return Result(f"The learner of {self.project} is free again.")
