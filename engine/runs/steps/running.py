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
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.errors import StepFailed
from engine.runs.logs import step_log
from engine.runs.steps.outcome import ended, judged
from engine.runs.steps.step import MARKER, TOKEN, StepResult, StepSpec
from engine.runs.steps.sweep import kill_all
from engine.runs.warm.forked_warden import ForkedWarden, forked_warden
from engine.text import plain

_WARDEN = Path(__file__).resolve().with_name("warden.py")


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
        self._warden, held = _started(spec)
        self._send(_settings(spec, self._token, held))
        self._reader = threading.Thread(target=self._follow, name=f"step {spec.name}", daemon=True)
        self._reader.start()

    @property
    def log(self) -> Path:
        """The step's log, readable while it runs (see ``steplog``)."""
        return self._spec.log

    @property
    def over(self) -> bool:
        """Whether it has ended; then ``wait`` comes back at once."""
        return not self._reader.is_alive()

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
            kill_all(TOKEN, self._token)
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
        reason = f" ({plain(said[-1], 200)})" if said else f" ({ended(code)})" if code < 0 else ""
        name = self._spec.name
        why = f"the process that watches over {name} came to an end{reason}, so {name} was stopped"
        lines = tuple(step_log.tail(self._spec.log, 20))
        return StepResult(self._spec.name, "failed", None, 0.0, 0.0, 0, why, lines)


def _started(spec: StepSpec) -> tuple[subprocess.Popen[bytes] | ForkedWarden, int | None]:
    """The warden, and as which descriptor it holds what it is to hold."""
    try:
        spec.log.parent.mkdir(parents=True, exist_ok=True)
        if spec.server is not None and spec.held is not None and spec.containment is not None:
            from engine.runs.warm import step_request

            served = step_request.ask(*spec.server, spec.containment, spec.held)
            if served is not None:
                return served, served.held
        if spec.forked is not None and spec.held is not None:
            forked = forked_warden(spec.forked, spec.environment, spec.held)
            if forked is not None:
                return forked, forked.held
        started = subprocess.Popen(
            # Not -P or a plain start: a file of this folder would stand in for the library's of its name.
            [sys.executable, "-I", "-S", str(_WARDEN)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Without the run's marks: a sweep must not end the warden before what it watches.
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            cwd="/",
            start_new_session=True,
            pass_fds=() if spec.held is None else (spec.held,),
        )
        return started, spec.held
    except OSError as error:
        raise StepFailed(f"{spec.name} could not be started: {error.strerror or error}.") from None


def _settings(spec: StepSpec, token: str, held: int | None) -> bytes:
    environment = {**spec.environment, MARKER: spec.marker, TOKEN: token}
    data = marshal.dumps(
        {
            "argv": [str(part) for part in spec.argv],
            "cwd": str(spec.cwd),
            "environment": environment,
            "held": held,
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
