"""The lines of an ``authorized_keys`` that leads each key to the console and its verbs, and to nothing else. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from engine.errors import Refusal
from engine.records import SealedKey

HEAD = (
    "# Written by leverframe operators export-keys; write it anew after a key or an operator has changed.",
    "# Nothing else may stand in this file: see docs/ssh.md.",
)


def lines(keys: Iterable[SealedKey], python: str, home: Path) -> list[str]:
    """A line for each key. Raises Refusal where a path cannot stand in one."""
    return [*HEAD, *(line(each, python, home) for each in keys)]


def line(key: SealedKey, python: str, home: Path) -> str:
    """``python``: the interpreter that Leverframe is installed with.

    It looks at no variable and no folder of the user's (-I): sshd may be set up to take variables from the client.
    """
    words = [python, "-I", "-m", "console", "--home", str(home), "ssh", "--key", key.fingerprint, "--seal", key.seal]
    command = " ".join(map(shlex.quote, words))
    if not command.isprintable() or "\\" in command:
        raise Refusal(f"The path {str(home)!a} or {python!a} cannot stand in authorized_keys; give it another.")
    quoted = command.replace('"', '\\"')
    return f'restrict,pty,command="{quoted}" {key.public_key} {key.operator}'
