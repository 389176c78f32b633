"""What a run works with: its folder, the store, the live version, and whom it tells what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.environments.records import Environment, Lock
from engine.projects.manifest.reader import ComputeSpec, Manifest
from engine.projects.reach import Reach
from engine.records import Run
from engine.runs.steps.launch import Launch, Stage
from engine.runs.steps.step import StepResult
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.vocabulary.steps import StepKind

if TYPE_CHECKING:
    from engine.versions.records import VersionDocument


_SCRIPTS = Path(__file__).resolve().with_name("steps")


class Ends(Protocol):
    """A process of a run that can be ended before its time."""

    def cancel(self, why: str) -> None: ...


@dataclass(frozen=True)
class RunContext:
    """What a run works with. ``tell`` reports progress, ``record`` keeps a step's result, ``note`` what the run works
    on, ``watch`` can cancel it.

    ``allowed``: what its steps may reach; see ``allowances.more_than``.
    ``held`` is the descriptor of the run's lock, which everything that the run starts holds too.
    """

    workspace: Workspace
    store: ObjectStore
    run: Run
    folder: Path
    marker: str
    held: int
    project_path: Path
    allow_dirty: bool
    fresh_lock: bool
    force: bool
    live: tuple[str, VersionDocument] | None
    allowed: tuple[Reach, ...]
    tell: Callable[[float, str], None]
    record: Callable[[StepResult], None]
    note: Callable[..., None]
    watch: Callable[[Ends], None]

    def stage(self, code: Path, manifest: Manifest, environment: Environment, lock: Lock) -> Stage:
        """What the steps of the version with ``code`` have in common in this run."""
        as_of, root, served = self.run.as_of, self.workspace.root, manifest.environment.warm
        return Stage(code, manifest, environment, lock, self.marker, as_of, root, self.held, served=served)

    def launch(
        self,
        stage: Stage,
        kind: StepKind,
        span: tuple[float, float],
        compute: ComputeSpec | None = None,
        *,
        warm: bool = True,
        scripts: Path = _SCRIPTS,
    ) -> Launch:
        """A step of the project's code, whose progress is the run's progress between the two ends of ``span``.
        ``warm``: its input is still to come, and it may load its libraries meanwhile; ``scripts``: where its own lies,
        if it is one of the engine's."""
        start, end = span

        def on_progress(done: float, text: str) -> None:
            self.tell(start + (end - start) * done, f"{kind.name} {text}".strip())

        name = kind.contract.name if kind.contract is not None else kind.name
        script = scripts / kind.script if kind.script else None
        folder = self.folder / "steps" / kind.name.replace(" ", "-")
        step = Launch(stage, name, folder, on_progress, title=kind.name, warm=warm, compute=compute, script=script)
        self.watch(step)
        return step
