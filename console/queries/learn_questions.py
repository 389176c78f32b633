"""What the screens of feedback and of learners want to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from console.queries.questions import SELDOM

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.feedback.records import Batch
    from engine.jobs.learn.lessons import Learner

NEWEST = 200
# What a run has learnt comes with a commit, which the watcher sees at once; only ages are drawn anew.
REFRESH = 5.0


@dataclass(frozen=True)
class AskFeedback:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Batch, ...]:
        return engine.feedback(limit=NEWEST)


@dataclass(frozen=True)
class AskLearner:
    project: str
    refresh: float = REFRESH

    def answer(self, engine: Engine, now: datetime) -> Learner:
        return engine.learner(self.project)
