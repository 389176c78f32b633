"""A session behind the system's own sshd, which has checked the key and runs this as the key's forced command."""

from __future__ import annotations

import ipaddress
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.opening.ending import once, seen_to
from console.ssh import terminal
from console.ssh.order import Order
from engine.errors import Forbidden, LeverframeError, Refusal

if TYPE_CHECKING:
    from engine.access.proof import KeyProof
    from engine.api import Engine
    from engine.records import Operator

# What would set up us, or what we start: which mail server, where packages and programs come from.
_SETS_US_UP = ("LEVERFRAME_", "_LEVERFRAME_", "PYTHON", "UV_", "PIP_", "GIT_", "DASK_", "LD_")


def attend(home: Path, fingerprint: str, seal: str) -> int:
    """Do what the client asked sshd for, as whom the key proves, and return the exit code.

    Raises Forbidden where the seal is not this workspace's or the key is nobody's any more, Refusal outside of sshd.
    """
    from console.ssh.carry_out import carry_out
    from engine.access import seal as seals
    from engine.access.proof import KeyProof
    from engine.api import open_service

    source, command = _asked(os.environ)
    term = os.environ.get("TERM") if os.isatty(0) else None
    kept = terminal.environment(set_up_by_nobody(os.environ), term)
    os.environ.clear()  # Some of it may come from the client, where sshd is set up to take it.
    os.environ.update(kept)
    seals.check(home, fingerprint, seal)
    proof = KeyProof(fingerprint, source)
    # A verb whose line is gone ends as if it had been done; the console has a way of its own.
    signal.signal(signal.SIGHUP, lambda number, _: sys.exit(128 + number))
    with closing(open_service(home)) as engine:
        operator, began = _let_in(engine, proof), time.monotonic()
        left = once(lambda: _note(engine.note_logout, proof, operator, time.monotonic() - began))
        with seen_to(left):  # A console that hangs when its line is gone is ended at once.
            try:
                return carry_out(Order(str(home), fingerprint, source, command))
            finally:
                left()


def _let_in(engine: Engine, proof: KeyProof) -> Operator:
    """Whom the key lets in. Raises Forbidden, which the trail has as it has who comes."""
    try:
        operator = engine.admit(proof)
    except Forbidden as refused:
        _note(engine.note_turned_away, proof.fingerprint, proof.source, str(refused))
        raise
    _note(engine.note_login, proof, operator)
    return operator


def _note(what: Callable[..., None], *given: Any) -> None:
    """Have something written down; where that cannot be, it is told, and keeps nobody from looking."""
    from console.cli.printing import complain

    try:
        what(*given)
    except LeverframeError as error:
        complain(f"Not written down: {error}")


def set_up_by_nobody(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without what sets us up: of a variable nobody can tell whether sshd took it from the client."""
    return {name: value for name, value in environment.items() if not name.startswith(_SETS_US_UP)}


def _asked(environment: Mapping[str, str]) -> tuple[str, str | None]:
    """Where the client is, and its command, by what sshd says in the environment. Raises Refusal."""
    try:
        source = str(ipaddress.ip_address(environment["SSH_CONNECTION"].split()[0].partition("%")[0]))
    except (KeyError, ValueError, IndexError):
        raise Refusal(
            "--key and --seal are for a forced command of sshd; 'leverframe' alone opens the console."
        ) from None
    return source, environment.get("SSH_ORIGINAL_COMMAND")
