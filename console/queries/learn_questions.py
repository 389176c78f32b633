"""What the screens of feedback and of learners want to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from console.queries.questions import SELDOM

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.feedback.records import Batch

NEWEST = 200


@dataclass(frozen=True)
class AskFeedback:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Batch, ...]:
        return engine.feedback(limit=NEWEST)
