"""A process of the engine's own inside a run, for what needs heavy libraries: a retrain's judge, a look at health.

It is started early, to have its libraries loaded when it is asked. It is started like a step of a project: bounded in
time, its output kept, and gone when the run's process is.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from engine.errors import StepFailed
from engine.runs.logs import step_log
from engine.runs.run_context import Ends
from engine.runs.steps.limits import Limits
from engine.runs.steps.running import start_step
from engine.runs.steps.step import StepResult, StepSpec, clean_environment
from engine.storage.workspace import Workspace
from engine.vocabulary.steps import VALIDATE, StepKind

SECONDS = 600.0


@dataclass(frozen=True)
class Task:
    """What such a process does: the step it is kept as, its module, the file of its answer, how its failure begins."""

    step: StepKind
    module: str
    answer: str
    failed: str


JUDGE = Task(VALIDATE, "engine.validation.judge", "judgement.json", "Validation failed")


class Host(Protocol):
    """Who has such a process: a run as a rule, else a command; see ``RunContext``, which fills it."""

    @property
    def workspace(self) -> Workspace: ...
    @property
    def folder(self) -> Path: ...
    @property
    def marker(self) -> str: ...
    @property
    def held(self) -> int | None: ...
    @property
    def record(self) -> Callable[[StepResult], None]: ...
    @property
    def watch(self) -> Callable[[Ends], None]: ...


class OwnProcess:
    """One process for one question, in ``folder``; ``close`` ends it if it was never asked."""

    def __init__(self, task: Task, context: Host) -> None:
        folder = context.folder
        self._task, self._record = task, context.record
        self._job = folder / "job.json"
        self._log = folder / f"{task.step.name}.log"
        extra = {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "LEVERFRAME_WAIT": "1"}
        spec = StepSpec(
            name=task.step.name,
            argv=(sys.executable, "-P", "-m", task.module, str(self._job)),
            cwd=folder,
            environment=clean_environment((), extra, 1),
            log=self._log,
            limits=Limits(SECONDS, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")),
            marker=context.marker,
            held=context.held,
            forked=context.workspace.root,
        )
        self._running = start_step(spec, lambda done, text: None)
        context.watch(self)

    def ask(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Give it its ``job`` and wait for the answer. Raises StepFailed when there is none."""
        self._job.write_text(json.dumps(dict(job), indent=1), encoding="utf-8")
        self._running.go()
        result = self._running.wait()
        self._record(replace(result, name=self._task.step.name))
        if result.exit_code == 1:
            raise StepFailed(f"{self._task.failed}: {step_log.last_words(self._log) or 'it left no word'}")
        if result.state != "succeeded":
            raise StepFailed(f"{result.why}.")
        answer: dict[str, Any] = json.loads(self._job.with_name(self._task.answer).read_bytes())
        return answer

    def cancel(self, why: str) -> None:
        """End the process; whoever waits for its answer is told ``why``."""
        self._running.cancel(why)

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._running.cancel("the run ended")
        self._running.wait()
