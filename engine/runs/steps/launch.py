"""Start the steps of one version: each in a fresh folder that holds the version's code, checked against its lock.

<folder>/code/     a copy of the code, the step's working directory
         input/    data.<format>, model/ for score
         output/   what the step leaves
         tmp/      its temporary files, and its home
         step.log
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.clock import stamp
from engine.environments.kind import kind_of
from engine.environments.records import Environment, Lock
from engine.errors import StepFailed
from engine.projects.manifest.reader import ComputeSpec, Manifest
from engine.runs.compute import order
from engine.runs.leftovers import DEEPEST, tidy
from engine.runs.steps.limits import Limits
from engine.runs.steps.missing_files import explained, without_places
from engine.runs.steps.running import RunningStep, start_step
from engine.runs.steps.sandbox import advice, box, check_reads, variables
from engine.runs.steps.step import StepResult, StepSpec, clean_environment, python_step_argv, within
from engine.vocabulary.steps import LEARN_ROWS, contract

if TYPE_CHECKING:
    from engine.runs.warm.served_step import ServedStep

Progress = Callable[[float, str], None]
# As in python_runner.py, which is not imported: it would load what the first screen does not need.
_REFUSED = 3


@dataclass(frozen=True)
class Stage:
    """What the steps of one version have in common. ``workspace`` is what stays shut to them; ``held`` is the
    descriptor of the lock of their run.

    ``project``: the folder that the code was just taken from; None for a version out of the store.

    ``types``: the types of columns are kept beside their files. Versions of before learnt what the files alone say.

    ``since``: extract is asked for what is new or changed since then; None: for everything.

    ``served``: its steps may be forked by a step server. A proof's never are.
    """

    code: Path
    manifest: Manifest
    environment: Environment
    lock: Lock
    marker: str
    as_of: datetime
    workspace: Path
    held: int | None = None
    project: Path | None = None
    types: bool = True
    since: datetime | None = None
    served: bool = False


class Launch:
    """One step: its folder is made at once, its input is put there, ``begin`` lets it go, ``conclude`` waits for it.

    A step under the Python runner is started early where ``warm`` asks for it, loads its libraries and waits;
    a command in another language is started by ``begin``, when its input is complete. With ``compute`` the step, or
    what scikit-learn does in it, runs on the workers of a cluster. ``script``: what the project's interpreter runs in
    the place of the project's program; ``name`` is then no more than a name.
    """

    def __init__(
        self,
        stage: Stage,
        name: str,
        folder: Path,
        on_progress: Progress,
        *,
        title: str = "",
        warm: bool = False,
        compute: ComputeSpec | None = None,
        script: Path | None = None,
    ) -> None:
        self.stage = stage
        self.title = title or name
        self.input = folder / "input"
        self.output = folder / "output"
        self._folder = folder
        self._on_progress = on_progress
        self._running: RunningStep | None = None
        self._cancelled: str | None = None
        self.seconds = 0.0  # how long it took, once it is concluded
        if script is None and not contract(name).way_back:  # It is not to hang on the data that extract reads.
            check_reads(stage.manifest.sandbox, stage.workspace)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in (self.input, self.output, folder / "tmp"):
            part.mkdir()
        shutil.copytree(stage.code, folder / "code", copy_function=shutil.copyfile)
        self._under_runner = script is not None or _under_runner(stage.manifest, name)
        self._away = compute is not None and compute.mode == "step"
        self._served = self._may_be_served(name, compute) if script is None else None
        self._warm = warm and (self._under_runner or self._away) and not (self._served and self._served.has_server())
        self._asked = spec_of(stage, name, self.title, folder, warm=self._warm, script=script)
        if self._served is not None:
            self._asked = self._served.spec(self._asked, early=self._warm)
        self._spec = _placed(self._asked, stage, name, compute)
        if self._warm:
            check_environment(stage, self.title)
            self._running = start_step(self._spec, on_progress)

    def _may_be_served(self, name: str, compute: ComputeSpec | None) -> ServedStep | None:
        if not self.stage.served or not self._under_runner or compute is not None:
            return None
        from engine.runs.warm.served_step import ServedStep

        return ServedStep(self.stage, _argv(self.stage, name), self._folder)

    def begin(self) -> None:
        """Let it read its input. Raises StepFailed when the environment was changed meanwhile."""
        check_environment(self.stage, self.title)
        if self._cancelled is not None:
            raise StepFailed(self._cancelled)
        if self._running is None:
            self._running = start_step(self._spec, self._on_progress)
        else:
            self._running.go()

    def conclude(self, record: Callable[[StepResult], None] | None = None) -> StepResult:
        """Wait for the end. Raises StepFailed with the step's own last words unless it succeeded."""
        if self._running is None:
            raise StepFailed(f"{self.title} was never started.")
        result = self._running.wait()
        if self._away:
            result = order.answered(self._asked, result)
        if self._served is not None and result.state == "succeeded":
            self._served.keep()
        if tidy(self._folder) and result.state == "succeeded":
            why = f"{self.title} left more than {DEEPEST} folders in each other; have it leave files that lie less deep"
            result = replace(result, state="failed", why=why)
        lines = tuple(without_places(line, self._folder) for line in result.last_lines)
        result = replace(result, why=without_places(result.why, self._folder) if result.why else None, last_lines=lines)
        self.seconds = result.seconds
        if record is not None:
            record(result)
        if result.state != "succeeded":
            absent = self._absent(result)
            if absent is not None:
                raise StepFailed(f"{self.title} failed: {absent}.")
            sandbox, shut = self.stage.manifest.sandbox, self.stage.workspace
            advised = advice(result.last_lines, sandbox, self._asked.containment, shut)
            raise StepFailed(_explained(result, advised, under_runner=self._under_runner or self._away))
        return result

    def _absent(self, result: StepResult) -> str | None:
        """What it failed for, where that is a file which the project's folder has and its commit has not."""
        if self.stage.project is None or result.passed is not None or result.state == "cancelled":
            return None
        return explained(result.last_lines, self._folder / "code", self.stage.project)

    def cancel(self, why: str) -> None:
        """End it, or see to it that it never begins."""
        self._cancelled = why
        if self._running is not None:
            self._running.cancel(why)


def _explained(result: StepResult, advised: str, *, under_runner: bool) -> str:
    """Why a step failed, as a sentence that says what to do where the manifest can do something about it."""
    why = (result.why or f"{result.name} failed without a word").rstrip(".")
    if under_runner and result.exit_code == _REFUSED:
        why = why.replace(f"ended with exit code {_REFUSED}", "failed", 1)  # The runner's own sentence follows.
    what = {
        "time": "; make it quicker, or raise timeout in [train] of leverframe.toml",
        "memory": "; have it use less, or raise memory in [train] of leverframe.toml",
    }
    said = f"{why}{what[result.passed] if result.passed else f'; {advised}' if advised else ''}"
    return said if said.endswith("?") else f"{said}."


def check_environment(stage: Stage, name: str) -> None:
    """Raises StepFailed when the environment is not what was built from the lock."""
    differences = kind_of(stage.lock).compare(stage.environment, stage.lock)
    if differences:
        raise StepFailed(
            f"{name} was not started: its environment is not what was built from its lock ({'; '.join(differences)}). "
            "Run 'leverframe doctor --fix' to build it anew."
        )


def spec_of(
    stage: Stage, name: str, title: str, folder: Path, *, warm: bool, script: Path | None = None
) -> StepSpec:
    """The step as it would run here: its program, its environment, its limits and what holds it.

    ``script``: what is run in the place of its program; it may read what stands beside it, see ``_beside``.
    """
    data, train = stage.manifest.data, stage.manifest.train
    extra = {
        "LEVERFRAME_STEP": name,
        "LEVERFRAME_AS_OF": stamp(stage.as_of),
        "LEVERFRAME_INPUT": str(folder / "input"),
        "LEVERFRAME_OUTPUT": str(folder / "output"),
        "LEVERFRAME_FORMAT": data.format,
        "LEVERFRAME_TARGET": data.target,
        # For a program that is told beforehand how much it may take, such as a JVM.
        "LEVERFRAME_MEMORY": str(train.memory),
        "LEVERFRAME_THREADS": str(train.threads),
        # Else numba writes beside the packages that use it, and the environment would not be what was built.
        "NUMBA_CACHE_DIR": str(folder / "tmp" / "numba"),
    }
    if name == LEARN_ROWS.name:
        extra["LEVERFRAME_CHUNK"] = str(stage.manifest.learn.chunk)
    if stage.types:
        extra["LEVERFRAME_TYPES"] = "1"
    if stage.since is not None:
        extra["LEVERFRAME_SINCE"] = stamp(stage.since)
    if warm:
        extra["LEVERFRAME_WAIT"] = "1"
    sandbox, passed = stage.manifest.sandbox, stage.manifest.environment.variables
    own = variables(sandbox, folder, os.environ.get("HOME"))
    extra |= {key: value for key, value in own.items() if key not in passed}
    found = clean_environment(passed, extra, train.threads) | dict(stage.environment.variables)
    environment = within(stage.environment.path, found) if stage.environment.python is not None else found
    held = box(sandbox, folder, stage.environment.path, stage.workspace)
    if script is not None and held is not None:
        held["own"] += [str(each) for each in _beside(script)]
    return StepSpec(
        name=title,
        argv=_argv(stage, name) if script is None else (str(stage.environment.python), str(script)),
        cwd=folder / "code",
        environment=environment,
        log=folder / "step.log",
        limits=Limits(train.timeout.total_seconds(), train.memory),
        marker=stage.marker,
        held=stage.held,
        containment=held,
        unset=tuple(name for name in passed if name not in environment),
    )


def _beside(script: Path) -> Iterable[Path]:
    """What a script may read: in a folder of scripts all of them, else those that are called like it."""
    alone = script.parent.name == "scripts"
    return script.parent.glob("*.py" if alone else f"{script.stem.partition('_')[0]}_*.py")


def _placed(asked: StepSpec, stage: Stage, name: str, compute: ComputeSpec | None) -> StepSpec:
    """The step as it is started here: itself, or the driver that brings it to a cluster."""
    if compute is None:
        return asked
    if compute.mode == "step":
        return order.send(asked, compute, stage, name)
    if not contract(name).spreads:
        return asked
    order.check_joblib(stage.lock)
    held = asked.containment
    if held is not None:
        held = {**held, "read": [*held["read"], *(each for each in order.certificates().values() if each[:1] == "/")]}
    return replace(asked, environment={**asked.environment, **order.for_joblib(compute)}, containment=held)


def _under_runner(manifest: Manifest, name: str) -> bool:
    program = manifest.program(contract(name))
    return program is None or program.command is None


def _argv(stage: Stage, name: str) -> tuple[str, ...]:
    program = stage.manifest.program(contract(name))
    if program is not None and program.command is not None:
        return program.command
    if stage.environment.python is None:
        raise StepFailed(
            f"{name} has no command, and its environment is {kind_of(stage.lock).words(stage.lock)}, without Python; "
            "name a command in leverframe.toml."
        )
    return python_step_argv(stage.environment.python, name, program.callable if program else None)
