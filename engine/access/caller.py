"""Who acts: a person with the proof of who they are, the engine itself, or a run that goes on in somebody's name.

Each is an ``engine.records.Actor``, so that the trail takes any of them. Only a ``Caller`` has a role.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
from dataclasses import dataclass, field
from typing import Literal

from engine.errors import Invalid
from engine.records import Operator

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")

# What acts by itself. Each has a space, which no person's name has.
SystemName = Literal["the engine", "the schedule", "the clock", "a trigger", "the bake policy"]


def account() -> str:
    """The operating-system account this process runs under, with the machine's name."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


@dataclass(frozen=True)
class Claim:
    """The only proof there is so far, and none: the name is as they said it. ``account`` is where they said it."""

    account: str = field(default_factory=account)


@dataclass(frozen=True)
class Caller:
    """An operator at work, with the proof of who they are."""

    operator: Operator
    proof: Claim

    @property
    def name(self) -> str:
        return self.operator.name

    @property
    def account(self) -> str:
        return self.proof.account


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


def claimed_name(name: str | None) -> str:
    """The name somebody works under: as given, ``$LEVERFRAME_OPERATOR``, or that of the account."""
    claimed = name or os.environ.get("LEVERFRAME_OPERATOR") or getpass.getuser()
    return checked_name(claimed)


def checked_name(name: str) -> str:
    """``name`` if a person can have it. Raises Invalid."""
    if not _NAME.fullmatch(name):
        raise Invalid(f"'{name[:40]!a}' cannot be an operator's name; use up to 32 of a-z, 0-9, '.', '_' and '-'.")
    return name
