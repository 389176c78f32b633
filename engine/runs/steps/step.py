"""Run a step of a project as a process tree under limits, in a way that leaves nothing of it behind.

``start_step`` starts a warden (see ``warden.py``) that starts the step. Several steps may run at once, started from any
thread. A step that is started with ``LEVERFRAME_WAIT=1`` in its environment is given a pipe as standard input and its
time begins with ``go()``; any other reads /dev/null and is timed from its start.
"""

from __future__ import annotations

import json
import marshal
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.errors import StepFailed
from engine.runs.logs import step_log
from engine.runs.steps.holding import StepHold
from engine.text import plain

GIB = 1 << 30
MARKER = "LEVERFRAME_RUN"
TOKEN = "LEVERFRAME_STEP_TOKEN"
_FOLDER = Path(__file__).resolve().parent
# No locale: what a file without a declared encoding says would depend on the session of whoever asked for the run.
_ALWAYS_PASSED = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR")
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
)


@dataclass(frozen=True)
class Limits:
    """``memory``: resident bytes of the whole tree; ``output_bytes``: below LEVERFRAME_OUTPUT, and of any one file."""

    seconds: float
    memory: int
    log_bytes: int = 4_000_000
    output_bytes: int = 4 * GIB


@dataclass(frozen=True)
class StepSpec:
    """What to start. ``marker`` goes into LEVERFRAME_RUN and is what ``sweep`` looks for.

    ``held`` is a descriptor, such as of a lock, that stays open until nothing of the step is left. ``containment`` is
    what holds it (see ``containment.py``); None: nothing does.
    """

    name: str
    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    log: Path
    limits: Limits
    marker: str
    held: int | None = None
    containment: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class StepResult:
    """How a step ended. ``why`` is for people, None when it succeeded; ``exit_code`` is -9 for signal 9."""

    name: str
    state: Literal["succeeded", "failed", "cancelled"]
    exit_code: int | None
    seconds: float
    cpu_seconds: float
    peak_memory: int
    why: str | None
    last_lines: tuple[str, ...]
    passed: Literal["time", "memory"] | None = None
    """The limit of the manifest's that it was stopped for."""
    contained: StepHold | None = None
    """What held it; None where the process that watches over it came to an end."""


def clean_environment(passed: tuple[str, ...], extra: Mapping[str, str], threads: int) -> dict[str, str]:
    """What a step's process gets to see: little, the same on every machine, plus ``passed`` by name and ``extra``."""
    fixed = {
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        # The order of sets of text is part of what a version must reproduce.
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "Agg",
    }
    fixed |= {name: str(threads) for name in _THREADS}
    return fixed | {name: os.environ[name] for name in (*_ALWAYS_PASSED, *passed) if name in os.environ} | dict(extra)


def python_step_argv(interpreter: Path, step: str, callable: str | None) -> tuple[str, ...]:
    """The command that runs ``callable`` of a Python project as ``step`` (None: score the pickled estimator)."""
    return (str(interpreter), str(_FOLDER / "python_runner.py"), step, *([callable] if callable else []))


def start_step(spec: StepSpec, on_progress: Callable[[float, str], None]) -> RunningStep:
    """Start ``spec``. ``on_progress`` is called from a thread; what it raises is raised again by ``wait``.

    Raises StepFailed when the machine cannot start another process.
    """
    return RunningStep(spec, on_progress)


class RunningStep:
    """A step that was started. Every method may be called from any thread, at any time, more than once."""

    def __init__(self, spec: StepSpec, on_progress: Callable[[float, str], None]) -> None:
        self._spec = spec
        self._on_progress = on_progress
        self._problem: BaseException | None = None
        self._why_cancelled = ""
        self._guard = threading.Lock()
        self._token = secrets.token_hex(16)
        self._warden = _start_warden(spec)
        self._send(_settings(spec, self._token))
        self._reader = threading.Thread(target=self._follow, name=f"step {spec.name}", daemon=True)
        self._reader.start()

    @property
    def log(self) -> Path:
        """The step's log, readable while it runs (see ``steplog``)."""
        return self._spec.log

    def go(self) -> None:
        """Let a step that waits (LEVERFRAME_WAIT=1) begin; its time counts from now."""
        self._send(b"go\n")

    def cancel(self, why: str) -> None:
        """Kill the step and everything it started. Does nothing to a step that has ended."""
        with self._guard:
            self._why_cancelled = self._why_cancelled or plain(why)
        self._send(b"cancel\n")

    def wait(self) -> StepResult:
        """How it ended; by then nothing of it is left. Raises what ``on_progress`` raised."""
        self._reader.join()
        if self._problem is not None:
            raise self._problem
        return self._result

    def _send(self, data: bytes) -> None:
        stdin = self._warden.stdin
        assert stdin is not None
        with self._guard:
            try:
                stdin.write(data)
                stdin.flush()
            except (BrokenPipeError, ValueError):
                return  # It has ended, or the pipe was closed behind it; ``wait`` tells how.

    def _follow(self) -> None:
        try:
            self._result = self._followed()
        except BaseException as problem:  # noqa: BLE001
            self._problem = problem  # It is raised by wait(), in the caller's thread.
        finally:
            self._close()

    def _followed(self) -> StepResult:
        found: dict[str, Any] | None = None
        assert self._warden.stdout is not None and self._warden.stderr is not None
        for line in self._warden.stdout:
            event = json.loads(line)
            if "result" in event:
                found = event["result"]
            elif self._problem is None:
                self._report(event)
        said = self._warden.stderr.read().decode("utf-8", "replace").strip().splitlines()
        code = self._warden.wait()
        if found is None:
            _sweep(TOKEN, self._token)
        return judged(self._spec, found, self._why_cancelled) if found else self._lost(code, said)

    def _report(self, event: dict[str, Any]) -> None:
        try:
            self._on_progress(float(event["progress"]), plain(str(event["text"]), 120))
        except BaseException as problem:  # noqa: BLE001
            self._problem = problem  # The step goes on; what is wrong with its audience is raised by wait().

    def _close(self) -> None:
        with self._guard:
            for pipe in (self._warden.stdin, self._warden.stdout, self._warden.stderr):
                assert pipe is not None
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # Unsent words to a warden that has ended.

    def _lost(self, code: int, said: list[str]) -> StepResult:
        """The warden is gone without a word. Everything of the step was ended; what it had done is unknown."""
        reason = f" ({plain(said[-1], 200)})" if said else f" ({_ended(code)})" if code < 0 else ""
        name = self._spec.name
        why = f"the process that watches over {name} came to an end{reason}, so {name} was stopped"
        lines = tuple(step_log.tail(self._spec.log, 20))
        return StepResult(self._spec.name, "failed", None, 0.0, 0.0, 0, why, lines)


def judged(spec: StepSpec, found: dict[str, Any], why_cancelled: str = "") -> StepResult:
    """The result of a step, from what its warden ``found``; the log is read for its last words."""
    why = _why(spec, found, why_cancelled)
    if found["survivors"]:
        why = (why or f"{spec.name} ended, but") + (
            f" ({found['survivors']} of its processes cannot be ended: another user's, or stuck in the system)"
        )
    state: Literal["succeeded", "failed", "cancelled"] = "failed" if why else "succeeded"
    if found["reason"] == "cancelled":
        state = "cancelled"
    return StepResult(
        name=spec.name,
        state=state,
        exit_code=found["exit"],
        seconds=round(found["seconds"], 3),
        cpu_seconds=round(found["cpu"], 3),
        peak_memory=found["peak"],
        why=why,
        last_lines=tuple(step_log.tail(spec.log, 20)),
        passed=found["reason"] if found["reason"] in ("time", "memory") else None,
        contained=StepHold(**found["contained"]),
    )


def _why(spec: StepSpec, found: dict[str, Any], why_cancelled: str) -> str | None:
    name, limits, code = spec.name, spec.limits, found["exit"]
    tree = f"tree of {found['processes']} processes" if found["processes"] > 1 else "one process"
    said = {
        "time": f"{name} passed its time limit of {_duration(limits.seconds)} and was stopped",
        "memory": f"{name} used more than {_size(limits.memory)} of memory ({tree}) and was stopped",
        "output": f"{name} wrote more than {_size(limits.output_bytes)} of output and was stopped",
        "disk": f"{name} filled the disk and was stopped; free some, or have it write less",
        "processes": f"{name} started more than 1,000 processes and was stopped",
        "cancelled": why_cancelled,
        "orphaned": f"{name} was stopped because the process of its run was ending",
        "unguarded": f"{name} was stopped because a process that watches over it was killed",
    }
    if found["reason"] == "start":
        return _why_not_started(spec, found["error"])
    if found["reason"] is not None:
        return said[found["reason"]]
    if not code:
        return None
    if code == -signal.SIGXFSZ:
        return f"{name} wrote a file of more than {_size(limits.output_bytes)} and was stopped"
    if code == -signal.SIGKILL:
        return f"{name} was killed by signal 9 (SIGKILL), perhaps by the system for want of memory"
    words = step_log.last_words(spec.log)
    ending = f": {words}" if words else " and printed nothing"
    return f"{name} {_ended(code)}{ending}"


def sweep(marker: str) -> int:
    """Kill every process on this machine whose environment carries LEVERFRAME_RUN=``marker``; returns how many.

    The calling process is spared. Another user's processes are out of reach and not counted.
    """
    return _sweep(MARKER, marker)


def _sweep(variable: str, value: str) -> int:
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


def _start_warden(spec: StepSpec) -> subprocess.Popen[bytes]:
    try:
        spec.log.parent.mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            # Not -P or a plain start: this folder's queue.py would stand in for the library's.
            [sys.executable, "-I", "-S", str(_FOLDER / "warden.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Without the run's marks: a sweep must not end the warden before what it watches.
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            cwd="/",
            start_new_session=True,
            pass_fds=() if spec.held is None else (spec.held,),
        )
    except OSError as error:
        raise StepFailed(f"{spec.name} could not be started: {error.strerror or error}.") from None


def _settings(spec: StepSpec, token: str) -> bytes:
    environment = {**spec.environment, MARKER: spec.marker, TOKEN: token}
    data = marshal.dumps(
        {
            "argv": [str(part) for part in spec.argv],
            "cwd": str(spec.cwd),
            "environment": environment,
            "held": spec.held,
            "containment": None if spec.containment is None else dict(spec.containment),
            "log": str(spec.log.absolute()),
            "log_bytes": spec.limits.log_bytes,
            "seconds": float(spec.limits.seconds),
            "memory": spec.limits.memory,
            "output_bytes": spec.limits.output_bytes,
            "output": environment.get("LEVERFRAME_OUTPUT", ""),
            "wait": environment.get("LEVERFRAME_WAIT") == "1",
            "variable": TOKEN,
            "token": token,
        }
    )
    return len(data).to_bytes(8, "big") + data


def _why_not_started(spec: StepSpec, error: str) -> str:
    doing, _, reason = error.partition("\n")
    if doing == "cwd":
        return f"{spec.name} could not be started in {plain(str(spec.cwd))}: {plain(reason)}"
    if doing == "containment":
        return (
            f"{spec.name} was not started, because this system would not hold it ({plain(reason).lower()}); "
            "'leverframe doctor' says what it can hold"
        )
    if spec.containment is not None and (found := shutil.which(spec.argv[0], path=spec.environment.get("PATH"))):
        return (
            f"{spec.name} could not be started: a step may not read {plain(found)} ({plain(reason).lower()}); "
            f'ask for its folder with [sandbox] read = ["{plain(os.path.dirname(os.path.realpath(found)))}"]'
        )
    return (
        f"{spec.name} could not be started: '{plain(spec.argv[0])}' cannot be run ({plain(reason).lower()}); "
        "install it, or change the command in leverframe.toml"
    )


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"was killed by signal {-code}"


def _duration(seconds: float) -> str:
    if seconds >= 60 and seconds % 60 == 0:
        return f"{seconds / 60:g} min" if seconds < 7200 or seconds % 3600 else f"{seconds / 3600:g} h"
    return f"{seconds:g} s"


def _size(count: int) -> str:
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count / (1 << 20):.0f} MiB"
