"""Each console that is open holds a file of its own and says in it where it is; whoever holds none is gone.

The system lets go of the lock of a process that dies, however it dies. So nothing is written that could grow old, and
nobody has to say again and again that they are still there: in the ledger each word of it would wake every console.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine import clock
from engine.errors import Invalid
from engine.text import plain

FOLDER = "present"
MOST = 200  # sessions that are listed
_MODE, _LONGEST = 0o640, 4096


@dataclass(frozen=True)
class Present:
    """``operator`` came at ``came_at`` from ``place``, proven by ``proof``; they look at ``screen`` since ``since``."""

    session: str
    operator: str
    proof: str
    place: str
    screen: str
    since: datetime
    came_at: datetime


class Session:
    """One console that is open."""

    def __init__(self, locks: Path, operator: str, proof: str, place: str, now: datetime) -> None:
        """``locks``: the workspace's folder of that name. Raises OSError where nothing can be written."""
        self._folder = locks / FOLDER
        self._folder.mkdir(mode=0o750, exist_ok=True)
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._said = {"operator": operator, "proof": proof, "place": place, "came_at": clock.stamp(now)}
        self._file = _held(self._folder / self.name)

    def show(self, screen: str, now: datetime) -> None:
        """From ``now`` on it shows ``screen``."""
        said = {**self._said, "screen": plain(screen, 80), "since": clock.stamp(now)}
        # The line is whole before what is left of a longer one behind it goes.
        os.ftruncate(self._file, os.pwrite(self._file, json.dumps(said).encode() + b"\n", 0))

    def leave(self) -> None:
        """It is closed."""
        with suppress(OSError):
            (self._folder / self.name).unlink(missing_ok=True)
        with suppress(OSError):
            os.close(self._file)


def _held(path: Path) -> int:
    """A new file at ``path`` that this process holds: somebody may have cleared it away before it did."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        fcntl.flock(file, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.stat(path).st_ino == os.fstat(file).st_ino:
                return file
        os.close(file)


def everybody(locks: Path) -> tuple[Present, ...]:
    """Who is on, the longest first; the files of those who are gone are cleared away."""
    try:
        names = sorted(os.listdir(locks / FOLDER))
    except OSError:  # Nobody has been on yet, or nobody can tell.
        return ()
    found = [present for name in names[:MOST] if (present := _present(locks / FOLDER / name)) is not None]
    return tuple(sorted(found, key=lambda each: (each.came_at, each.session)))


def _present(path: Path) -> Present | None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # It has just been left, or is none of ours.
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path.name, os.pread(file, _LONGEST, 0))
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return None
    finally:
        os.close(file)


def _read(session: str, raw: bytes) -> Present | None:
    try:
        said = json.loads(raw.partition(b"\n")[0])
        words = ("operator", "proof", "place", "screen")
        operator, proof, place, screen = (plain(str(said[word]), 200) for word in words)
        since, came_at = clock.moment(said["since"]), clock.moment(said["came_at"])
        return Present(session, operator, proof, place, screen, since, came_at)
    except (ValueError, KeyError, TypeError, Invalid):  # It has not said anything yet.
        return None
