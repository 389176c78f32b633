"""Each worker that answers requests holds a file of its own and says in it what it answers with, again and again.

The system lets go of the lock of a process that dies, however it dies, so that a kill is seen at once and by whoever
looks. And a word every second is not for the ledger: each commit there wakes every console, engine and worker. Ages are
by the monotonic clock, which all processes of a machine share and nobody sets.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.text import plain

FOLDER = "workers"
MOST = 1000
# One that compiles a large model says nothing for seconds; a move waits a minute for one that hangs (release).
HANGS_AFTER = 30.0
# One whose threads go on and whose loop does not waits for something that no request may wait for, and one that was
# stopped does nothing at all.
STUCK_AFTER = 10.0
_GOES_ON = 3.0
_MODE, _LONGEST = 0o640, 1 << 20


@dataclass(frozen=True)
class Answering:
    """What a worker answers with for one project: the version of ``deployment``; ``why`` where that is none."""

    label: str
    digest: str
    deployment: int
    why: str | None = None


@dataclass(frozen=True)
class Fallbacks:
    """Answers of one project that were not the live version's, since the worker began; ``ago``: seconds since the last.

    ``failed``: requests for which there was none at all, ``failed_ago`` the last. ``canary``: those that a canary was
    to answer and could not, whoever did, and what it said the last time; they are told with its trial, and say nothing
    of the live version.
    """

    previous: int = 0
    rule: int = 0
    failed: int = 0
    ago: float | None = None
    why: str = ""
    canary: int = 0
    canary_why: str = ""
    failed_ago: float | None = None

    @property
    def all(self) -> int:
        return self.previous + self.rule + self.failed


@dataclass(frozen=True)
class Aside:
    """What others are told of a worker beside its answers: when the loop that gives them ``turned`` last, by the
    monotonic clock (None: now), and why requests are not logged at the moment, by project."""

    turned: float | None = None
    unlogged: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Beat:
    """What a worker said last. ``age``: seconds since then; None where it has not said anything yet.

    ``lived``: for how many seconds it had been there when it said so. ``still``: seconds since the loop that answers
    requests turned last, as far as anybody has heard; what is said comes from another thread. ``unlogged``: as in
    ``Aside``.
    """

    worker: str
    pid: int
    age: float | None
    answers: Mapping[str, Answering] = field(default_factory=dict)
    fallbacks: Mapping[str, Fallbacks] = field(default_factory=dict)
    lived: float = float("inf")
    still: float = 0.0
    unlogged: Mapping[str, str] = field(default_factory=dict)

    @property
    def hangs(self) -> float | None:
        """For how many seconds its loop has stood still while its other threads went on; None where it turns, or
        nothing at all is heard."""
        return self.still if self.age is not None and self.age <= _GOES_ON < self.still else None


class Place:
    """The file that one worker holds for as long as its process lives."""

    def __init__(self, locks: Path, name: str) -> None:
        """``locks``: the workspace's folder of that name. Raises OSError where nothing can be written."""
        self.name = name
        self._path, self._began = locks / FOLDER / name, time.monotonic()
        self._file = self._held()

    def say(
        self, answers: Mapping[str, Answering], fallbacks: Mapping[str, Fallbacks], aside: Aside | None = None
    ) -> bool:  # fmt: skip
        """Say what it answers with. Raises OSError. A file that was deleted under it is made and held anew: False."""
        aside = aside or Aside()
        was_there = self._is_there()
        if not was_there:
            os.close(self._file)
            self._file = self._held()
        now = time.monotonic()
        said = {
            "at": now,
            "turned": now if aside.turned is None else min(now, aside.turned),
            "unlogged": {project: plain(why, 300) for project, why in aside.unlogged.items()},
            "began": self._began,
            "pid": os.getpid(),
            "answers": {project: asdict(each) for project, each in answers.items()},
            "fallbacks": {project: asdict(each) for project, each in fallbacks.items()},
        }
        # The line is whole before what is left of a longer one behind it goes.
        os.ftruncate(self._file, os.pwrite(self._file, json.dumps(said).encode() + b"\n", 0))
        return was_there

    def leave(self) -> None:
        """The worker answers no more."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        with suppress(OSError):
            os.close(self._file)

    def _is_there(self) -> bool:
        try:
            return os.stat(self._path).st_ino == os.fstat(self._file).st_ino
        except FileNotFoundError:
            return False

    def _held(self) -> int:
        """A new file that this process holds: somebody may have cleared it away before it did."""
        self._path.parent.mkdir(mode=0o750, exist_ok=True, parents=True)
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
            fcntl.flock(file, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.stat(self._path).st_ino == os.fstat(file).st_ino:
                    return file
            os.close(file)


def silent(said: Iterable[Beat], is_stopped: Callable[[int], bool] = lambda pid: False) -> set[int]:
    """The processes that live, have said something, and nothing since for too long, or whose loop stands still. Pure.

    ``is_stopped``: whether the system lets a process do nothing at all.
    """
    return {each.pid for each in said if each.age is not None and _is_silent(each, each.age, is_stopped)}


def _is_silent(beat: Beat, age: float, is_stopped: Callable[[int], bool]) -> bool:
    if age > HANGS_AFTER or (beat.hangs or 0.0) > STUCK_AFTER:
        return True
    return age > STUCK_AFTER and is_stopped(beat.pid)


def is_stopped(pid: int) -> bool:
    """Whether the process was stopped by a signal (SIGSTOP), or by who traces it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[:1] in (["T"], ["t"])


def lives(locks: Path, name: str) -> bool:
    """Whether the worker of that name holds its file at this moment."""
    file = _opened(locks / FOLDER / name)
    if file is None:
        return False
    try:
        return _is_held(file)
    finally:
        os.close(file)


def any_ever(locks: Path) -> bool:
    """Whether any worker ever answered requests here."""
    return (locks / FOLDER).is_dir()


def everybody(locks: Path, now: float | None = None) -> dict[str, Beat]:
    """What each worker that lives said last, by name; ``now``: the monotonic clock's. Other files are cleared away."""
    now = time.monotonic() if now is None else now
    try:
        names = sorted(os.listdir(locks / FOLDER))[:MOST]
    except OSError:  # Nobody has ever answered here, or nobody can tell.
        return {}
    found = {}
    for name in names:
        beat = _beat(locks / FOLDER / name, now)
        if beat is not None:
            found[name] = beat
    return found


def _opened(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # It has just left, or the file is none of ours.
        return None


def _is_held(file: int) -> bool:
    try:
        # Shared, so that two who look do not take each other for its holder.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _beat(path: Path, now: float) -> Beat | None:
    file = _opened(path)
    if file is None:
        return None
    try:
        if _is_held(file):
            return _read(path.name, os.pread(file, _LONGEST, 0), now)
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return None
    finally:
        os.close(file)


def answers_of(said: Mapping[str, Any]) -> dict[str, Answering]:
    """What a worker wrote down of itself: no more is taken from it than fits, and nothing that steers a terminal.

    Raises ValueError, KeyError or TypeError for anything else.
    """
    return {
        plain(project, 200): Answering(
            plain(str(each["label"]), 200),
            plain(str(each["digest"]), 64),
            int(each["deployment"]),
            None if each["why"] is None else plain(str(each["why"]), 500),
        )
        for project, each in said.items()
    }


def _fallbacks(said: Mapping[str, Any]) -> Fallbacks:
    ago, failed_ago = (None if said.get(name) is None else float(said[name]) for name in ("ago", "failed_ago"))
    previous, rule, failed = (int(said[name]) for name in ("previous", "rule", "failed"))
    canary, why = int(said.get("canary", 0)), plain(str(said.get("canary_why", "")), 300)
    return Fallbacks(previous, rule, failed, ago, plain(str(said["why"]), 300), canary, why, failed_ago)


def _read(name: str, raw: bytes, now: float) -> Beat:
    try:
        said: dict[str, Any] = json.loads(raw.partition(b"\n")[0])
        return Beat(
            name,
            int(said["pid"]),
            max(0.0, now - float(said["at"])),
            answers_of(said["answers"]),
            {plain(project, 200): _fallbacks(each) for project, each in said["fallbacks"].items()},
            max(0.0, float(said["at"]) - float(said["began"])),
            max(0.0, now - float(said["turned"])),
            {plain(project, 200): plain(str(why), 300) for project, why in said["unlogged"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):  # It has not said anything yet, or not all of it.
        return Beat(name, 0, None)
