"""What the tests of steps share: a folder to start steps in, and ways to look for what is left of them."""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from engine.runs.steps.limits import Limits
from engine.runs.steps.running import RunningStep, start_step
from engine.runs.steps.step import StepResult, StepSpec, clean_environment
from engine.runs.steps.sweep import sweep

T = TypeVar("T")
MIB = 1 << 20
ROOT = Path(__file__).resolve().parents[3]

# A child in a session of its own, a double fork, and one that also clears its environment: each writes its number.
RUNAWAYS = """
import os, subprocess, sys, time
sleeper = "import os, time; open('pids', 'a').write(f'{os.getpid()} '); time.sleep(60)"
subprocess.Popen([sys.executable, "-c", sleeper], start_new_session=True)
subprocess.Popen([sys.executable, "-c", sleeper], start_new_session=True, env={})
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 3)
        os.execve(sys.executable, [sys.executable, "-c", sleeper], {})
    os._exit(0)
open('pids', 'a').write(f'{os.getpid()} ')
"""


class Workshop:
    """Starts steps written in Python in a fresh folder, and knows how to look for what is left of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "step.log"
        self.marker = f"test:{secrets.token_hex(8)}"
        self.heard: list[tuple[float, str]] = []

    def spec(self, *argv: str, seconds: float = 20, memory: int = 400 * MIB, **rest: object) -> StepSpec:
        log_bytes = int(str(rest.pop("log_bytes", 200_000)))
        output_bytes = int(str(rest.pop("output_bytes", 1 << 30)))
        extra = {name: str(value) for name, value in rest.items()}
        limits = Limits(seconds, memory, log_bytes, output_bytes)
        return StepSpec("train", argv, self.folder, clean_environment((), extra, 1), self.log, limits, self.marker)

    def start(self, code: str, **options: object) -> RunningStep:
        argv = (sys.executable, "-I", "-S", "-c", textwrap.dedent(code))
        return start_step(self.spec(*argv, **options), lambda at, text: self.heard.append((at, text)))  # type: ignore[arg-type]

    def run(self, code: str, **options: object) -> StepResult:
        return self.start(code, **options).wait()

    def pids(self, count: int) -> list[int]:
        """The process numbers in the file ``pids``, once there are ``count``."""

        def enough() -> list[int]:
            path = self.folder / "pids"
            found = [int(pid) for pid in path.read_text().split()] if path.exists() else []
            return found if len(found) >= count else []

        return until(enough)


def until(look: Callable[[], T], seconds: float = 60) -> T:
    """What ``look`` finds as soon as it finds something; fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not come about in time")


def alive(pid: int) -> bool:
    """A process that has ended and only waits to be reaped is not alive."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def outside(word: str, *inside: int) -> list[int]:
    """The processes that a contained step of this process knows by the numbers ``inside``: in there they count from 1.

    ``word`` is among those of its command, and of no other's: many steps are about, and each has a process 2.
    """
    contained = dict[int, tuple[str, int]]()
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            numbers = next(line for line in path.read_text().splitlines() if line.startswith("NSpid:")).split()[1:]
            if len(numbers) > 1 and _is_below(int(numbers[0]), os.getpid()):
                contained[int(numbers[0])] = os.readlink(path.with_name("ns") / "pid"), int(numbers[-1])
        except (OSError, StopIteration):  # It is ending.
            continue
    spaces = {space for pid, (space, _) in contained.items() if word in _command(pid)}
    return [pid for pid, (space, number) in contained.items() if space in spaces and number in inside]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def _is_below(pid: int, above: int) -> bool:
    while pid > 1 and pid != above:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            return False
    return pid == above


def none_alive(pids: list[int]) -> bool:
    return not any(alive(pid) for pid in pids)


def wardens(under: int | None = None) -> list[int]:
    """Guard and watcher of the steps of process ``under`` (this one), the guard first."""
    parent = under or os.getpid()
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
            if b"warden.py" in Path(f"/proc/{name}/cmdline").read_bytes():
                found.append((int(name), int(fields[1])))
        except (FileNotFoundError, ProcessLookupError):
            continue
    guards = [pid for pid, above in found if above == parent]
    return guards + [pid for pid, above in found if above in guards]


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path)
    yield made
    sweep(made.marker)
    pids = tmp_path / "pids"
    for pid in pids.read_text().split() if pids.exists() else []:
        if alive(int(pid)):
            os.kill(int(pid), signal.SIGKILL)


def free(lock: Path) -> bool:
    """Whether nobody holds it."""
    with lock.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
