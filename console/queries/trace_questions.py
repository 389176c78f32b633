"""What a screen asks about where predictions come from and went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from console.queries.questions import SELDOM

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.jobs.score.records import Trace


@dataclass(frozen=True)
class AskTrace:
    """Of a version, by its label, or of a run."""

    what: str | int
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> Trace:
        return engine.trace_version(self.what) if isinstance(self.what, str) else engine.trace_run(self.what)
