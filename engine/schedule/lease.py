"""Who is the engine of a workspace: the operating system's lock says it, and a number in the ledger makes sure.

The lock is freed when its holder dies, however it dies. A holder that is stopped without dying (SIGSTOP, a hung disk)
keeps it; whoever stands by sees that its sign of life has not changed for a while, by its own steady clock, and takes
over on a new lock file. Every takeover raises the fence in the ledger, and every transaction of an engine asks for its
own: one that wakes up too late finds a higher fence and writes nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.clock import moment, stamp
from engine.errors import Conflict
from engine.schedule.records import EngineState
from engine.storage.disk import refused
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace

LOCK, SIGN, TAKEOVER = "engine", "engine.alive", "engine.takeover"
PATIENCE_SECONDS = 30.0


class Fenced(Conflict):
    """Another engine has taken over meanwhile."""


@dataclass
class Lease:
    """What an engine holds. ``settled_until``: the last sign of life of the engine before; None for the first."""

    workspace: Workspace
    fence: int
    descriptor: int
    settled_until: datetime | None
    beats: int = 0

    def check(self, db: sqlite3.Connection) -> None:
        """Raise Fenced, inside the caller's transaction, unless this is still the newest engine."""
        if int(db.execute("SELECT fence FROM engine").fetchone()["fence"]) != self.fence:
            raise Fenced("Another engine has taken over; this one writes nothing any more.")

    def beat(self, now: datetime) -> None:
        """Give a sign of life: everything that was due until ``now`` is settled."""
        self.beats += 1
        path = _path(self.workspace, SIGN)
        written = path.with_suffix(f".{self.fence}")
        with refused("The engine's sign of life could not be written"):
            written.write_text(json.dumps({"fence": self.fence, "beat": self.beats, "at": stamp(now)}), "utf-8")
            written.replace(path)

    def release(self) -> None:
        """Let another take over."""
        os.close(self.descriptor)


def _path(workspace: Workspace, name: str) -> Path:
    return workspace.root / "locks" / name


def take(workspace: Workspace, ledger: Ledger, now: datetime) -> Lease | None:
    """Become the engine; None while another is."""
    descriptor = _lock(workspace)
    if descriptor is None:
        return None
    try:
        with ledger.write() as db:
            db.execute(
                "UPDATE engine SET fence = fence + 1, host = ?, pid = ?, since = ?",
                (socket.gethostname(), os.getpid(), stamp(now)),
            )
            fence = int(db.execute("SELECT fence FROM engine").fetchone()["fence"])
    except BaseException:
        os.close(descriptor)
        raise
    sign = _sign(workspace)
    return Lease(workspace, fence, descriptor, moment(sign["at"]) if sign else None)


def _lock(workspace: Workspace) -> int | None:
    path = _path(workspace, LOCK)
    with refused("The engine's lock could not be taken"):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The file may have been put aside between the two: a lock on that one says nothing.
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def state(workspace: Workspace, db: sqlite3.Connection, *, mine: int | None) -> EngineState:
    """Who is the engine now. ``mine`` is the fence that this process holds, if it does."""
    row = db.execute("SELECT * FROM engine").fetchone()
    fence = int(row["fence"])
    if not workspace.is_locked(LOCK) or row["since"] is None:
        return EngineState(False, False, None, None, None, fence)
    return EngineState(True, mine == fence, row["host"], row["pid"], moment(row["since"]), fence)


def _sign(workspace: Workspace) -> dict[str, str] | None:
    try:
        found: dict[str, str] = json.loads(_path(workspace, SIGN).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found


class Patience:
    """Watches the holder's sign of life, and puts its lock aside when it has not changed for too long."""

    def __init__(self, workspace: Workspace, steady: Callable[[], float], seconds: float = PATIENCE_SECONDS) -> None:
        self._workspace, self._steady, self._seconds = workspace, steady, seconds
        self._seen: dict[str, str] | None = None
        self._since = steady()

    def look(self) -> bool:
        """Look once, every second or so; True when the lock was put aside."""
        sign, now = _sign(self._workspace), self._steady()
        if sign != self._seen:
            self._seen, self._since = sign, now
        elif now - self._since > self._seconds:
            self._since = now
            return self._put_aside()
        return False

    def _put_aside(self) -> bool:
        try:
            with self._workspace.lock(TAKEOVER, wait=False):
                path = _path(self._workspace, LOCK)
                if _sign(self._workspace) != self._seen or not self._workspace.is_locked(LOCK):
                    return False
                path.unlink(missing_ok=True)
                return True
        except Conflict:  # somebody else is at it
            return False
