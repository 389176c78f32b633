"""What a session does, whether the door or the system's sshd checked the key: the console, or one verb, and no more."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from pathlib import Path

from console.ssh.order import Order
from engine.access.files import exchange
from engine.access.proof import KeyProof

USAGE = 2


def carry_out(order: Order) -> int:
    """Do what was asked for and return the exit code."""
    from console.cli.printing import complain
    from engine.withheld import withhold

    withhold()
    home = Path(order.home)
    with suppress(OSError):
        os.chdir(exchange(home))  # What a verb names as a path is looked for there.
    try:
        words = split(order.command)
    except ValueError as wrong:
        complain(f"The command cannot be read: {wrong}. Quote its words as a shell has them.")
        return USAGE
    proof = KeyProof(order.fingerprint, order.source)
    from console.__main__ import console_wanted, open_console

    wanted = console_wanted(words)
    if wanted is not None and wanted[:2] == (None, None):
        return open_console(home, None, wanted[2], proof=proof)
    from console.cli.root import run

    return run(words, proof, home)


def opens_console(command: str | None) -> bool:
    """Whether ``command`` is no verb but the console, by whatever words: none, or those of an earlier moment."""
    from console.__main__ import console_wanted

    try:
        return console_wanted(split(command)) is not None
    except ValueError:
        return False


def split(command: str | None) -> list[str]:
    """The words of a command, quoted as for a shell. No shell ever sees them: ';', '|' and '`' are letters like others.

    Raises ValueError where a quotation does not end, or a word has the one character that none can have.
    """
    if "\0" in (command or ""):
        raise ValueError("No word holds a NUL")
    words = shlex.split(command or "")
    return words[1:] if words[:1] == ["leverframe"] else words
