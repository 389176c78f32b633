"""What routing speaks of: a route, what one has done, a hand-over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from engine.text import span
from engine.vocabulary.hours import days_in_words

Kind = Literal["reach", "quiet", "digest", "escalate"]
Lets = Literal["failing", "nothing"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Whoever is on duty at the moment that somebody is told.
ON_DUTY = "on-duty"


@dataclass(frozen=True)
class RouteTerms:
    """What a route says. ``who``: an operator, an address, or ON_DUTY.

    ``reach``: ``address`` is where ``who`` is reached. ``quiet``: from ``starts`` to ``ends`` on ``days`` (none: all
    of them; Monday is 0) in ``zone`` news waits, but for what it ``lets`` through. ``digest``: news that is not failing
    waits for one message at ``starts``. ``escalate``: told when nobody took a failing alert on for ``after`` seconds.
    ``project``: of that one alone.
    """

    kind: Kind
    who: str
    address: str = ""
    starts: str = ""
    ends: str = ""
    days: tuple[int, ...] = ()
    zone: str = "UTC"
    lets: Lets = "failing"
    after: int = 0
    project: str | None = None

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        days = f" {days_in_words(self.days)}" if self.days else ""
        of = f" of {self.project}" if self.project else ""
        if self.kind == "reach":
            return f"reached at {self.address}"
        if self.kind == "quiet":
            return f"quiet from {self.starts} to {self.ends}{days} ({self.zone}); {self.lets} comes through"
        if self.kind == "digest":
            return f"news{of} in one message at {self.starts}{days} ({self.zone}), what is failing at once"
        if not self.after:
            return f"told at once what{of} is failing"
        return f"told what{of} is failing and nobody has taken on for {span(self.after)}"


@dataclass(frozen=True, kw_only=True)
class Route(RouteTerms):
    """A route that is or was in force."""

    id: int
    at: datetime
    by: str
    until: datetime | None = None


@dataclass(frozen=True)
class Routed:
    """What a route has done: a digest, or a step of the escalation of ``alert``. ``reached``: how many addresses."""

    id: int
    route: int
    kind: Kind
    who: str
    alert: int | None
    due: datetime
    at: datetime
    reached: int
    why: str
