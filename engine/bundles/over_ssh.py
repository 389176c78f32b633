"""Another workspace, asked over SSH with OpenSSH's own client, as its door or its account's sshd answers it.

Nobody is asked for a password and no unknown host is taken on: whoever may come in there has set that up as for any
other visit. What it answers is read as words of a stranger.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any

from engine.errors import Invalid, Refusal
from engine.text import plain

# A name, user@name, an address in brackets, or ssh://user@name:port: nothing that ssh would take for an option.
_HOST = re.compile(r"(ssh://)?[A-Za-z0-9_][A-Za-z0-9_.-]*(@[A-Za-z0-9_.\[\]:-]+)?(:[0-9]{1,5})?/?|\[[0-9A-Fa-f:.]+\]")
LARGEST_ANSWER = 1 << 20
CONNECTING_SECONDS = 20
ANSWER_SECONDS = 60.0  # for a question that takes a moment


def ask(
    host: str, words: list[str], given: IO[bytes] | None = None, config: Path | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What ``leverframe WORDS --json`` prints there; ``given``: what it reads. ``config``: a file for ``ssh -F``.
    ``seconds``: how long it is waited for; None: for as long as it takes.

    Raises Invalid for a host that is none, and Refusal with what was said there, or why nobody was reached.
    """
    if not _HOST.fullmatch(host):
        raise Invalid(f"'{plain(host, 80)}' is no host that ssh is given; write it like user@host or ssh://host:2222.")
    if (program := shutil.which("ssh")) is None:
        raise Refusal("There is no ssh on this machine; install OpenSSH's client.")
    # Whoever vanishes in the middle of it is missed after a minute.
    alive = ["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"]
    options = ["-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECTING_SECONDS}", *alive]
    command = [program, *(["-F", str(config)] if config else []), *options, "--", host, "leverframe", *words, "--json"]
    said = _said(command, given, seconds)
    if said is None:
        raise Refusal(f"{plain(host, 80)} did not answer within {seconds:g} seconds.")
    code, answer, complaint = said
    if max(len(answer), len(complaint)) > LARGEST_ANSWER:
        raise Refusal(f"{plain(host, 80)} says more than any Leverframe does; see what answers there.")
    if code != 0:
        lines = complaint.decode("utf-8", "replace").strip().splitlines()
        last = plain(lines[-1] if lines else f"it ended with code {code}", 1000)
        reached = "could not be reached over SSH" if code == 255 else "said no"
        raise Refusal(f"{plain(host, 80)} {reached}: {last}")
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refusal(f"{plain(host, 80)} did not answer as a Leverframe does; see that its newest release runs there.")
    return found


def _said(
    command: list[str], given: IO[bytes] | None, seconds: float | None
) -> tuple[int, bytes, bytes] | None:  # fmt: skip
    """How the command ended, and what it printed on both outputs: one that says more than it may is ended. None where
    it takes longer than ``seconds``, and is ended too."""
    until = None if seconds is None else time.monotonic() + seconds
    with subprocess.Popen(
        command, stdin=given or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        said = (bytearray(), bytearray())
        streams = (process.stdout, process.stderr)
        readers = [Thread(target=_read, args=(process, *each), daemon=True) for each in zip(streams, said, strict=True)]
        try:
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join(None if until is None else max(0.0, until - time.monotonic()))
            if any(reader.is_alive() for reader in readers):
                _end(process)
                return None
            return process.wait(), bytes(said[0]), bytes(said[1])
        except BaseException:
            _end(process)
            raise


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # What it started holds its outputs as well.


def _read(process: subprocess.Popen[bytes], stream: IO[bytes], into: bytearray) -> None:
    into += stream.read(LARGEST_ANSWER + 1)
    if len(into) > LARGEST_ANSWER:
        _end(process)
        stream.close()
