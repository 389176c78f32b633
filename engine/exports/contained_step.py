"""One process of an export: a stand-alone script of ``scripts/``, held as a step is, without the network.

<folder>/input/    request.json, and what the script reads
         output/   answer.json, and what it leaves
         code/     a copy of the version's code, in which it runs: a model may need modules of it
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.environments.records import Environment
from engine.errors import StepFailed
from engine.exports import answers
from engine.exports.targets import MEMORY
from engine.projects.manifest.records import SandboxSpec
from engine.runs.steps.limits import Limits
from engine.runs.steps.running import start_step
from engine.runs.steps.sandbox import box, variables
from engine.runs.steps.step import StepSpec, clean_environment, within
from engine.text import plain

SCRIPTS = Path(__file__).resolve().with_name("scripts")
_REFUSED = 3


class CannotConvert(StepFailed):
    """The script says itself why it cannot be done; ``why`` is the end of a sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Bench:
    """Where the processes of one export run: the version's ``code``, the export environment, the workspace that stays
    shut to them, and the mark by which what they leave behind is found."""

    code: Path
    environment: Environment
    workspace: Path
    marker: str
    folder: Path

    def prepare(self, name: str) -> Path:
        """The folder of the process ``name``, with its parts; its input may be filled."""
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        for part in ("input", "output", "tmp"):
            (folder / part).mkdir()
        shutil.copytree(self.code, folder / "code", copy_function=shutil.copyfile)
        for script in SCRIPTS.glob("*.py"):
            if script.name != "__init__.py":
                shutil.copyfile(script, _tools(folder) / script.name)
        return folder

    def run(
        self,
        name: str,
        script: str,
        request: dict[str, Any],
        seconds: float,
        *,
        doing: str,
        python: Path | None = None,
    ) -> dict[str, Any]:
        """Run ``script`` in the folder that ``prepare`` made; what it answers.

        ``python``: another interpreter than the export environment's, for a script that reads nothing of the version's
        and cannot be held; a warden ends all that it started even so. Raises CannotConvert where it refuses, and
        StepFailed for whatever else stops it.
        """
        folder = self.folder / name
        (folder / "input" / "request.json").write_text(json.dumps(request, sort_keys=True), "utf-8")
        result = start_step(self._spec(folder, script, seconds, doing, python), lambda done, text: None).wait()
        if result.exit_code == _REFUSED and result.last_lines:
            raise CannotConvert(plain(result.last_lines[-1], 400).rstrip("."))
        if result.state != "succeeded":
            raise StepFailed(f"{plain(result.why or f'{doing} failed', 400).rstrip('.')}.")
        return answers.document(folder / "output" / "answer.json", doing)

    def _spec(self, folder: Path, script: str, seconds: float, doing: str, python: Path | None) -> StepSpec:
        held = SandboxSpec(network=False, read=_limits_of_memory())
        own = variables(held, folder, None)
        extra = {"LEVERFRAME_INPUT": str(folder / "input"), "LEVERFRAME_OUTPUT": str(folder / "output"), **own}
        return StepSpec(
            name=doing,
            argv=(str(python or self.environment.python), str(_tools(folder) / script)),
            cwd=folder / "code",
            environment=within(self.environment.path, clean_environment((), extra, 1)),
            log=folder / "step.log",
            limits=Limits(seconds, MEMORY),
            marker=self.marker,
            containment=None if python else box(held, folder, self.environment.path, self.workspace),
        )


def _limits_of_memory() -> tuple[str, ...]:
    """The files that say how much memory this process may have. DuckDB does not start where it may not read its own."""
    found = []
    for line in Path("/proc/self/cgroup").read_text("ascii").splitlines():
        _, controllers, group = line.split(":", 2)
        if "memory" in controllers.split(","):
            found.append(Path(f"/sys/fs/cgroup/memory{group}/memory.limit_in_bytes"))
        elif not controllers:
            found.append(Path(f"/sys/fs/cgroup{group}/memory.max"))
    return tuple(str(path) for path in found if path.is_file())


def _tools(folder: Path) -> Path:
    """The scripts lie among what it may read: the engine's own folder stays shut to it."""
    tools = folder / "input" / "tools"
    tools.mkdir(exist_ok=True)
    return tools
