"""A session behind the system's own sshd, which has checked the key and runs this as the key's forced command."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from console.ssh import terminal
from console.ssh.order import Order
from engine.errors import Refusal

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
    with closing(open_service(home)) as engine:
        proof = KeyProof(fingerprint, source)
        engine.note_login(proof, engine.admit(proof))
    return carry_out(Order(str(home), fingerprint, source, command))


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
