"""How much the door lets anybody have. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """Seconds, bytes and counts. ``tries``: exchanges of a login, whatever is tried in them."""

    login_seconds: float = 20.0
    tries: int = 20
    strangers: int = 16
    strangers_each: int = 8
    sessions: int = 40
    sessions_each: int = 10
    begin_seconds: float = 20.0
    idle_seconds: float = 3600.0
    alive_seconds: float = 15.0
    alive_misses: int = 3
    rekey_bytes: int = 1 << 30
    rekey_seconds: int = 3600
    hang_up_seconds: float = 1.5
    command_letters: int = 8192


@dataclass
class Rooms:
    """Who is in: connections that have not logged in, by where they come from, and sessions of each operator."""

    limits: Limits
    strangers: Counter[str] = field(default_factory=Counter)
    sessions: Counter[str] = field(default_factory=Counter)

    def stranger_comes(self, source: str) -> bool:
        """Whether one more connection may stay until it has logged in; if so it is counted."""
        full = self.strangers.total() >= self.limits.strangers
        if full or self.strangers[source] >= self.limits.strangers_each:
            return False
        self.strangers[source] += 1
        return True

    def stranger_goes(self, source: str) -> None:
        """One has logged in, or left."""
        _less(self.strangers, source)

    def why_no_session(self, operator: str) -> str | None:
        """Why one more session of ``operator`` cannot be, or None; ``begin`` counts it."""
        if self.sessions.total() >= self.limits.sessions:
            return f"All {self.limits.sessions} sessions of this door are taken; try again later."
        if self.sessions[operator] >= self.limits.sessions_each:
            return f"You have {self.limits.sessions_each} sessions already; leave one."
        return None

    def begin(self, operator: str) -> None:
        self.sessions[operator] += 1

    def end(self, operator: str) -> None:
        _less(self.sessions, operator)


def _less(counted: Counter[str], name: str) -> None:
    counted[name] -= 1
    if counted[name] <= 0:
        del counted[name]
