"""How a step ended, from what its warden found to a result with a sentence for people."""

from __future__ import annotations

import os
import re
import shutil
import signal
from typing import Any, Literal

from engine.runs.logs import step_log
from engine.runs.steps.holding import StepHold
from engine.runs.steps.limits import GIB
from engine.runs.steps.step import StepResult, StepSpec
from engine.text import plain


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
    return f"{name} {ended(code)}{ending}{_unset(spec, words or '')}"


def _unset(spec: StepSpec, words: str) -> str:
    """What to do where the step names a variable that it may see and that nobody set: some can do without theirs."""
    for name in spec.unset:
        if re.search(rf"\b{re.escape(name)}\b", words):
            return f" ([environment] pass names {name}, and it is not set here; set it where leverframe is started)"
    return ""


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


def ended(code: int) -> str:
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
