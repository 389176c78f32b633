"""People at work, for tests that call a room without the door."""

from __future__ import annotations

from engine.access.caller import Caller
from engine.access.proof import AccountProof
from engine.records import Operator, Role


def caller(name: str = "ada", role: Role = "admin") -> Caller:
    return Caller(Operator(name, role), AccountProof(name, 1000, "tests", "box"))
