"""Another workspace, asked over SSH with OpenSSH's own client, as its door or its account's sshd answers it.

Nobody is asked for a password and no unknown host is taken on: whoever may come in there has set that up as for any
other visit. What it answers is read as words of a stranger.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from engine.errors import Invalid, Refusal
from engine.text import plain

# A name, user@name, an address in brackets, or ssh://user@name:port: nothing that ssh would take for an option.
_HOST = re.compile(r"(ssh://)?[A-Za-z0-9_][A-Za-z0-9_.-]*(@[A-Za-z0-9_.\[\]:-]+)?(:[0-9]{1,5})?/?|\[[0-9A-Fa-f:.]+\]")
LARGEST_ANSWER = 1 << 20
CONNECTING_SECONDS = 20


def ask(host: str, words: list[str], given: IO[bytes] | None = None, config: Path | None = None) -> dict[str, Any]:
    """What ``leverframe WORDS --json`` prints there; ``given``: what it reads. ``config``: a file for ``ssh -F``.

    Raises Invalid for a host that is none, and Refusal with what was said there, or why nobody was reached.
    """
    if not _HOST.fullmatch(host):
        raise Invalid(f"'{plain(host, 80)}' is no host that ssh is given; write it like user@host or ssh://host:2222.")
    if (program := shutil.which("ssh")) is None:
        raise Refusal("There is no ssh on this machine; install OpenSSH's client.")
    options = ["-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECTING_SECONDS}"]
    command = [program, *(["-F", str(config)] if config else []), *options, "--", host, "leverframe", *words, "--json"]
    with TemporaryFile() as out, TemporaryFile() as said:
        done = subprocess.run(command, stdin=given or subprocess.DEVNULL, stdout=out, stderr=said, check=False)
        code = done.returncode
        answer, complaint = _beginning(out), _beginning(said).strip()
    if code != 0:
        last = plain(complaint.splitlines()[-1] if complaint else f"it ended with code {code}", 1000)
        reached = "could not be reached over SSH" if code == 255 else "said no"
        raise Refusal(f"{plain(host, 80)} {reached}: {last}")
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refusal(f"{plain(host, 80)} did not answer as a Leverframe does; see that its newest release runs there.")
    return found


def _beginning(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(LARGEST_ANSWER).decode("utf-8", "replace")
