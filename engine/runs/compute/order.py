"""What is ordered from a worker: a step's command, limits and variables, and the driver that brings them there.

The driver is a step like any other: the warden holds it to limits, cancels it and keeps what it prints, which is what
the step on the worker prints. How that one ended, it leaves in a file of its own.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.projects.manifest.records import ComputeSpec
from engine.runs.steps.outcome import judged
from engine.runs.steps.step import StepResult, StepSpec
from engine.vocabulary.steps import contract

if TYPE_CHECKING:
    from engine.environments.records import Lock
    from engine.runs.steps.launch import Stage

# The answer lies where the driver may write, which is where the step might.
ORDER, ANSWER = "order.json", "tmp/answer.json"
# What is on its way goes through the driver's memory in parts of 4 MiB.
DRIVER_MEMORY = 1 << 30
# Beyond all that the driver is allowed to wait for: to send and to fetch.
_ON_THE_WAY = 1800.0
# Dask itself reads certificates from these; their names are in no manifest.
_TLS = "DASK_DISTRIBUTED__COMM__TLS__"
# The worker has its own; see on_worker.py.
_NOT_SENT = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "VIRTUAL_ENV", "LEVERFRAME_WAIT", "PYTHONPATH",
             "LEVERFRAME_INPUT", "LEVERFRAME_OUTPUT", "NUMBA_CACHE_DIR", "JOBLIB_TEMP_FOLDER",
             "JDK_JAVA_OPTIONS")  # fmt: skip
_ROOT = Path(__file__).resolve().parents[3]


def certificates() -> dict[str, str]:
    """The variables of this process that say where Dask finds its certificates."""
    return {name: value for name, value in os.environ.items() if name.startswith(_TLS)}


def _account() -> dict[str, str]:
    """The account's home, where Dask keeps its configuration: what a step is given is not the driver's."""
    return {"HOME": os.environ["HOME"]} if "HOME" in os.environ else {}


def send(asked: StepSpec, compute: ComputeSpec, stage: Stage, name: str) -> StepSpec:
    """Write down the order of the step ``asked`` in its folder; the step that brings it to a worker."""
    return ordered(asked, compute, "engine.runs.compute.driver", of_project(stage, name))


def of_project(stage: Stage, name: str) -> dict[str, Any]:
    """What an order says of the project's own code as the step ``name``."""
    program = stage.manifest.program(contract(name))
    taken = stage.environment.pictures.of(stage.lock.digest)
    return {
        "project": stage.manifest.name,
        "step": name,
        "callable": program.callable if program else None,
        "command": list(program.command) if program and program.command else None,
        "environment": str(stage.environment.path),
        "picture": taken.picture if taken else "",
    }


def ordered(asked: StepSpec, compute: ComputeSpec, module: str, about: Mapping[str, Any]) -> StepSpec:
    """Write down an order in the folder of ``asked``; the step that has ``module`` carry it out. ``about``: what it
    says besides the address, waits and limits."""
    check_installed()
    folder = asked.log.parent
    order = {
        "title": asked.name,
        "scheduler": compute.scheduler,
        "workers": compute.workers,
        "connect": compute.connect.total_seconds(),
        "wait": compute.wait.total_seconds(),
        "silence": compute.silence.total_seconds(),
        # By name only: what is passed on may be secret, and this is a file.
        "variables": sorted(asked.environment.keys() - set(_NOT_SENT)),
        "seconds": asked.limits.seconds,
        "memory": asked.limits.memory,
        "log_bytes": asked.limits.log_bytes,
        "output_bytes": asked.limits.output_bytes,
        # The worker's warden holds it, by its own paths; None where the manifest says off.
        "containment": asked.containment,
        **about,
    }
    (folder / ORDER).write_text(json.dumps(order, indent=1), "utf-8")
    waits = sum(order[each] for each in ("connect", "wait", "silence"))
    return replace(
        asked,
        argv=(sys.executable, "-P", "-m", module, str(folder)),
        cwd=folder,
        environment={**asked.environment, **_account(), **certificates(), "PYTHONPATH": str(_ROOT)},
        limits=replace(asked.limits, seconds=asked.limits.seconds + waits + _ON_THE_WAY, memory=DRIVER_MEMORY),
        containment=None if asked.containment is None else _driver_held(asked.containment, folder),
    )


def _driver_held(step: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What the driver may reach. It is ours, but Dask unpickles what the cluster says, which is to run whatever whoever
    answers at the project's address likes: it is held like a step, and reads Leverframe's own libraries."""
    certificate_files = [path for path in certificates().values() if path.startswith("/")]
    settings = [os.path.expanduser("~/.config/dask"), "/etc/dask", os.environ.get("DASK_CONFIG", "")]
    return {
        **step,
        "read": [path for path in (*certificate_files, *settings, *sys.path) if path.startswith("/")],
        "own": [str(folder), str(_ROOT / "engine")],
        "environment": sys.prefix,
        "write": [str(folder / "output"), str(folder / "tmp")],
        "network": True,
    }


def answered(asked: StepSpec, driven: StepResult) -> StepResult:
    """How the step ended on its worker, or how its driver did where it brought no answer.

    Time is that on the worker; the peak of memory stays the driver's, since it says what a run needs here.
    """
    answer = asked.log.parent / ANSWER
    if driven.state == "cancelled" or answer.is_symlink() or not answer.is_file():
        return driven
    try:
        found = judged(asked, json.loads(answer.read_bytes()))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise StepFailed(f"{asked.name} failed: the cluster's answer cannot be understood; look at its logs.") from None
    return replace(found, peak_memory=driven.peak_memory)


def check_installed(find: Callable[[str], object | None] = find_spec) -> None:
    """Raises StepFailed where the extra that steps on a cluster need is not installed beside Leverframe."""
    if find("distributed") is None:
        raise StepFailed(
            "[compute] needs Dask beside Leverframe, and it is not installed; run pip install 'leverframe[dask]', or "
            "take [compute] out of leverframe.toml."
        )


def check_joblib(lock: Lock) -> None:
    """Raises StepFailed where the project's environment cannot speak with Dask, which mode joblib needs."""
    missing = {"distributed", "joblib"} - {package.name for package in lock.packages}
    if missing:
        raise StepFailed(
            f'[compute] mode = "joblib" needs {" and ".join(sorted(missing))} in the project\'s own environment; '
            'add it to the requirements, or use mode = "step".'
        )


def for_joblib(compute: ComputeSpec) -> dict[str, str]:
    """The variables that tell the runner to give scikit-learn's n_jobs to the workers."""
    return {
        **certificates(),
        "LEVERFRAME_DASK": compute.scheduler,
        "LEVERFRAME_DASK_WORKERS": str(compute.workers),
        "LEVERFRAME_DASK_CONNECT": str(compute.connect.total_seconds()),
        "LEVERFRAME_DASK_WAIT": str(compute.wait.total_seconds()),
        "LEVERFRAME_DASK_SILENCE": str(compute.silence.total_seconds()),
    }
