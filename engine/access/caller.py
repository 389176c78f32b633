"""Who acts: a person with the proof of who they are, the engine itself, or a run that goes on in somebody's name.

Each is an ``engine.records.Actor``, so that the trail takes any of them. Only a ``Caller`` stands at the door.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Literal

from engine.access.proof import KeyProof, Proof, of_process
from engine.errors import Invalid
from engine.records import Operator

# What a person can be called: nothing else is taken for somebody's name anywhere.
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")

# What acts by itself. Each has a space, which no person's name has.
SystemName = Literal[
    "the engine", "the schedule", "the clock", "a trigger", "the bake policy", "the learning policy", "the door",
    "the scoring server", "the canary policy", "the feedback policy",
]  # fmt: skip


def account() -> str:
    """The account this process runs under, as the trail has it."""
    return of_process().words


@dataclass(frozen=True)
class Caller:
    """An operator at work, with the proof of who they are; what they may is asked of the ledger at each act.

    ``service``: no person but a service of the workspace, which does the engine's own work and decides nothing.
    ``bound``: whether the proof still proves them; a key that was stolen is removed while its thief is in.
    """

    operator: Operator
    proof: Proof
    service: bool = False
    bound: bool = True

    @property
    def name(self) -> str:
        return self.operator.name

    @property
    def account(self) -> str:
        return self.proof.words

    @property
    def over_ssh(self) -> bool:
        """Whether they came from elsewhere with a key: then no file of this machine is theirs to name."""
        return isinstance(self.proof, KeyProof) and bool(self.proof.source)


@dataclass(frozen=True)
class SystemActor:
    """What acts by itself. It has no role: it calls what the door's methods call, and asks no door."""

    name: SystemName
    account: str = field(default_factory=account)


@dataclass(frozen=True)
class Requester:
    """Whoever a run was asked for by, as its row says: the run's process goes on in their name, and decides nothing."""

    name: str
    account: str = field(default_factory=account)


def service(proof: Proof) -> Caller:
    """The engine's own process, whoever's account it is."""
    return Caller(Operator("the engine", "viewer"), proof, service=True)


def claimed_name(name: str | None) -> str | None:
    """Who somebody says they are: as given, or ``$LEVERFRAME_OPERATOR``; None for neither. Raises Invalid."""
    claimed = name or os.environ.get("LEVERFRAME_OPERATOR")
    return checked_name(claimed) if claimed else None


def checked_name(name: str) -> str:
    """``name`` if a person can have it. Raises Invalid."""
    if not NAME.fullmatch(name):
        raise Invalid(f"{name[:40]!a} cannot be an operator's name; use up to 32 of a-z, 0-9, '.', '_' and '-'.")
    return name
