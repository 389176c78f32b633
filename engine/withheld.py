"""Secrets of this process's environment: taken out of it at the start, so that nobody reads them there.

What a process was started with stays in its memory, where the system shows it to whoever may look at the process
(``/proc/PID/environ``), and is handed on to every process that it starts. So ``withhold`` keeps the secrets aside,
wipes that memory, and tells the system that no other process of this account may look into this one (PR_SET_DUMPABLE;
root may). ``environment`` is what the rest of the engine reads its settings from.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

ADDRESSES = "LEVERFRAME_NOTIFY_URLS"
NAMES = "LEVERFRAME_NOTIFY_NAMES"
SECRETS = ("LEVERFRAME_SMTP_PASSWORD", ADDRESSES, "LEVERFRAME_PAGES_TOKEN", "LEVERFRAME_SERVE_TOKEN")
_PR_SET_DUMPABLE = 4
_taken: dict[str, str] = {}


def environment() -> Mapping[str, str]:
    """The environment with what was taken out of it."""
    return {**os.environ, **_taken}


def withhold() -> None:
    """Take the secrets out and shut the process to others; for the start of a process, while it has one thread."""
    found = {name: os.environ[name] for name in SECRETS if name in os.environ}
    if ADDRESSES in found:
        # Processes that this one starts know who is notified by these names, and cannot notify anybody.
        os.environ[NAMES] = ",".join(names_of(found[ADDRESSES]))
    for name in found:
        del os.environ[name]
    _taken.update(found)
    _wipe([f"{name}=".encode() for name in found])
    _shut()


def names_of(addresses: str) -> dict[str, str]:
    """The addresses of webhooks, with spaces between them, each by a name that gives nothing away."""
    # Not above: few have any, and the console's picture of last time waits for what stands there.
    import re
    from hashlib import sha256

    found = {}
    for address in addresses.split():
        kind = re.sub(r"[^a-z0-9]", "", address.partition(":")[0].lower())[:20] or "unknown"
        found[f"webhook {kind}-{sha256(address.encode()).hexdigest()[:8]}"] = address
    return found


def _wipe(beginnings: list[bytes]) -> None:
    """Overwrite these entries of the block that the process was started with; nothing points there any more."""
    if not beginnings:
        return
    import ctypes

    with suppress(OSError, ValueError, IndexError):  # Without /proc nobody else sees it there either.
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        start, end = int(fields[47]), int(fields[48])  # env_start, env_end: the 50th and the 51st of all
        block, at = Path("/proc/self/environ").read_bytes(), 0
        for entry in block.split(b"\0"):
            held = next((each for each in beginnings if entry.startswith(each)), None)
            if held is not None and start + at + len(entry) <= end:
                ctypes.memset(start + at + len(held), 0, len(entry) - len(held))
            at += len(entry) + 1


def _shut() -> None:
    import ctypes

    with suppress(AttributeError):  # no Linux, and no prctl
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
