"""The door in a test's own process, on a free port of the loopback, and clients with keys that are made here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import asyncssh
import psutil

from console.ssh.limits import Limits
from console.ssh.server import DoorKeeper, listen
from engine.access.proof import KeyProof
from engine.api import Engine, open_engine, open_service
from engine.errors import Forbidden
from engine.records import Operator, Role

PATIENCE = 60.0  # what surely comes


@cache
def key_of(name: str) -> asyncssh.SSHKey:
    """A key pair of ``name``, the same one during a run."""
    return asyncssh.generate_private_key("ssh-ed25519", comment=name)


def line_of(key: asyncssh.SSHKey) -> str:
    return key.export_public_key("openssh").decode()


@dataclass
class Reception:
    """An engine that only knows keys: which it is asked for, and what it is told to note, is kept."""

    home: Path
    known: dict[str, str] = field(default_factory=dict)
    noted: list[tuple[Any, ...]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def admit(self, proof: KeyProof) -> Operator:
        self.asked.append(proof.fingerprint)
        name = self.known.get(proof.fingerprint)
        if name is None:
            raise Forbidden("That key is nobody's.")
        return Operator(name, "operator")

    def note_login(self, proof: KeyProof, operator: Operator) -> None:
        self.noted.append(("login", operator.name, proof.fingerprint, proof.source))

    def note_logout(self, proof: KeyProof, operator: Operator, seconds: float) -> None:
        self.noted.append(("logout", operator.name, proof.fingerprint, proof.source))

    def note_turned_away(self, what: str, source: str, why: str, count: int = 1) -> None:
        self.noted.append(("turned away", what, why, count))


def reception(home: Path, *names: str) -> Reception:
    """One that knows the keys of these people."""
    (home / "keys").mkdir(parents=True)
    return Reception(home, {key_of(name).get_fingerprint(): name for name in names})


def workspace(home: Path, people: Iterable[tuple[str, Role]] = ()) -> None:
    """A workspace whose founder is the account of the tests, and people with keys."""
    engine = open_engine(home, create=True)
    for name, role in people:
        engine.add_operator(name, role, "for a test", keys=[line_of(key_of(name))])
    (home / "exchange").mkdir()
    engine.close()


@asynccontextmanager
async def door(gate: Any, limits: Limits | None = None, keepers: list[DoorKeeper] | None = None) -> AsyncIterator[int]:
    """The door before ``gate``; its port. ``keepers`` gets what its connections share."""
    keeper = DoorKeeper(gate, limits or Limits(), dict(os.environ), lambda line: None)
    if keepers is not None:
        keepers.append(keeper)
    acceptor = await listen(keeper, "127.0.0.1", 0)
    try:
        yield acceptor.get_port()
    finally:
        acceptor.close()
        await keeper.close()


@asynccontextmanager
async def service(
    home: Path, limits: Limits | None = None, keepers: list[DoorKeeper] | None = None
) -> AsyncIterator[int]:
    """The door before the engine of ``home``."""
    engine = open_service(home)
    try:
        async with door(engine, limits, keepers) as port:
            yield port
    finally:
        engine.close()


def connect(port: int, *keys: asyncssh.SSHKey, **options: Any) -> Any:
    """A client's connection, with these keys and no other way in."""
    given: dict[str, Any] = {
        "known_hosts": None, "client_keys": list(keys), "username": "somebody", "agent_path": None, "config": [],
    }  # fmt: skip
    return asyncssh.connect("127.0.0.1", port, **(given | options))


async def until(true: Callable[[], object]) -> None:
    """Wait for what surely comes."""

    async def wait() -> None:
        while not true():
            await asyncio.sleep(0.02)

    await asyncio.wait_for(wait(), PATIENCE)


def children() -> list[psutil.Process]:
    """The sessions' processes, and whatever they have started."""
    return [each for each in psutil.Process().children(recursive=True) if "console.ssh.child" in " ".join(_words(each))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()  # type: ignore[no-any-return]
    except psutil.Error:
        return []


def trail(home: Path) -> list[tuple[str, str, str, str]]:
    """Who, what, to what, and why, the oldest first."""
    engine: Engine = open_engine(home)
    rows = engine.audit(limit=500)
    engine.close()
    return [(row.actor, row.action, row.subject, row.reason) for row in reversed(rows)]
