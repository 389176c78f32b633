"""What the server asks of the rooms around it: which version answers, who may ask, where an answer is kept."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from engine.access.token_records import Scope
    from engine.access.tokens import Allowed, Why
    from engine.requests.answered import Answered
    from engine.serving.held import Held


class Versions(Protocol):
    """Which version answers; ``following.Following`` in a worker."""

    def live(self, project: str) -> Held | None:
        """What a request that begins now is answered with; None: by nobody, and ``why_not`` says why. Never raises."""

    def why_not(self, project: str) -> str:
        """Why ``live`` has nothing, as a sentence for whoever asked; empty where it has."""


class Tokens(Protocol):
    """What a token opens; ``TokenBook`` in a worker."""

    def allows(
        self, presented: str | None, project: str | None, scope: Scope, now: datetime, *, source: str = ""
    ) -> Allowed | Why:
        """Whether ``presented`` opens ``scope`` of ``project``, or of the whole workspace for None. Never raises."""


class Notes(Protocol):
    """What keeps answers; ``RequestLog`` in a worker."""

    def note(self, answered: Answered) -> None:
        """Keep it, or count it as lost. Never waits and never raises; for the server's own thread."""
