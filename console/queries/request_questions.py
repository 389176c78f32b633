"""What the screen of requests wants to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.requests.report import RequestReport

# Workers write what they counted every ten seconds.
REFRESH = 5.0


@dataclass(frozen=True)
class AskRequests:
    project: str
    last: timedelta
    refresh: float = REFRESH

    def answer(self, engine: Engine, now: datetime) -> RequestReport:
        return engine.requests(self.project, now, self.last)
