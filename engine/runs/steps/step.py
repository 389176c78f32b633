"""What a step is started with, and how it ended: its command, its limits, its environment, its result."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.runs.steps.holding import StepHold
from engine.runs.steps.limits import Limits

if TYPE_CHECKING:
    from engine.runs.warm.wanted_server import Wanted

MARKER = "LEVERFRAME_RUN"
TOKEN = "LEVERFRAME_STEP_TOKEN"
_RUNNER = Path(__file__).resolve().with_name("python_runner.py")
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
class StepSpec:
    """What to start. ``marker`` goes into LEVERFRAME_RUN and is what ``sweep`` looks for.

    ``held`` is a descriptor, such as of a lock, that stays open until nothing of the step is left. ``containment`` is
    what holds it (see ``containment.py``); None: nothing does. ``forked``: the workspace whose fork server may have it
    begin, for a module of the engine's own that nothing else contains. ``server``: a workspace, and which of its step
    servers may fork it. ``unset``: variables that it may see, and that are not set where it was started.
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
    forked: Path | None = None
    server: tuple[Path, Wanted] | None = None
    unset: tuple[str, ...] = ()


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


def within(environment: Path, variables: dict[str, str]) -> dict[str, str]:
    """``variables`` of a process in a virtual environment: it finds the programs of that first, not the machine's."""
    path = f"{environment / 'bin'}{os.pathsep}{variables.get('PATH', os.defpath)}"
    return {**variables, "PATH": path, "VIRTUAL_ENV": str(environment)}


def python_step_argv(interpreter: Path, step: str, callable: str | None) -> tuple[str, ...]:
    """The command that runs ``callable`` of a Python project as ``step`` (None: score the pickled estimator)."""
    return (str(interpreter), str(_RUNNER), step, *([callable] if callable else []))
