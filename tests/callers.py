"""People at work, for tests that call a room without the door."""

from __future__ import annotations

from engine.access.caller import Caller, Claim
from engine.records import Operator, Role


def caller(name: str = "ada", role: Role = "admin", account: str | None = None) -> Caller:
    return Caller(Operator(name, role), Claim(account or f"{name}@box"))
