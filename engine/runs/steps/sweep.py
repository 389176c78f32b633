"""End what is left of a run or a step: every process whose environment carries its mark."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from engine.runs.steps.step import MARKER


def sweep(marker: str) -> int:
    """Kill every process on this machine whose environment carries LEVERFRAME_RUN=``marker``; returns how many.

    The calling process is spared. Another user's processes are out of reach and not counted.
    """
    return kill_all(MARKER, marker)


def kill_all(variable: str, value: str) -> int:
    """Kill every process whose environment carries ``variable``=``value``; returns how many."""
    mark = f"{variable}={value}".encode()
    killed: set[int] = set()
    until = time.monotonic() + 5.0
    while time.monotonic() < until:
        found = {pid for pid in _carrying(mark) if _kill(pid, mark)}
        if not found:
            break
        killed |= found
        time.sleep(0.005)
    return len(killed)


def _carrying(mark: bytes) -> list[int]:
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if pid != os.getpid() and mark in _environment_of(pid)]


def _environment_of(pid: int) -> list[bytes]:
    """Empty for a process that has ended, also while it waits to be reaped, and for another user's."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _kill(pid: int, mark: bytes) -> bool:
    """Kill this very process, not one that got its number in between."""
    try:
        handle = os.pidfd_open(pid)
    except (ProcessLookupError, PermissionError):
        return False
    try:
        if mark not in _environment_of(pid):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        return True
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(handle)
