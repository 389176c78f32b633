"""One step of a small project, sent to a cluster: what the tests of its ends share."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.environments.python.build import ensure
from engine.environments.python.lock import resolve
from engine.projects.manifest.reader import ComputeSpec, load_manifest
from engine.runs.compute import order
from engine.runs.steps.launch import Launch, Stage
from tests.engine.runs.step_workshop import alive, until
from tests.people import open_engine

AS_OF = datetime(2026, 11, 3, tzinfo=UTC)
MANIFEST = """
[project]
name = "away"
[environment]
pass = ["SECRET_OF_OURS"]
[data]
extract = "steps:extract"
target = "y"
[train]
run = { command = ["python", "train.py", "WORD"] }
score = { command = ["python", "train.py"] }
timeout = "60s"
memory = "200MiB"
[validation]
holdout = 0.2
metrics = ["roc_auc"]
"""


class Away:
    """Launches ``code`` as a train step on a cluster, from a folder whose name is no easy one."""

    def __init__(self, folder: Path, scheduler: str) -> None:
        self.folder = folder = folder / "site"  # The cluster's own files lie beside it.
        open_engine(folder, "ada", create=True).close()
        self.lock = resolve(None, None, folder)
        self.environment = ensure(self.lock, folder / "environ ments ü")
        # What never comes ends a test; whoever waits for a silence says how long it is.
        self.compute = ComputeSpec(scheduler, silence=timedelta(seconds=60), wait=timedelta(seconds=60))
        self.word = ""
        self.progress = list[tuple[float, str]]()
        self._count = 0

    def start(
        self,
        code: str,
        *,
        timeout: str = "60s",
        memory: str = "200MiB",
        changed: dict[str, Any] | None = None,
        **more: Any,
    ) -> Launch:
        """A step that has begun. ``more`` changes [compute], ``changed`` what no manifest can say: the order itself.

        Its command has ``word`` in it, which is another for each.
        """
        self._count += 1
        self.word = f"step-{secrets.token_hex(8)}"
        project = self.folder / f'it\'s a "project" ‮ {self._count}'
        project.mkdir()
        text = MANIFEST.replace('"60s"', f'"{timeout}"').replace('"200MiB"', f'"{memory}"').replace("WORD", self.word)
        (project / "leverframe.toml").write_text(text)
        (project / "train.py").write_text(code)
        stage = Stage(
            project, load_manifest(project), self.environment, self.lock, f"test:{self._count}", AS_OF, self.folder
        )
        compute = replace(self.compute, **more)
        step = Launch(
            stage,
            "train",
            self.folder / f"step '{self._count}",
            lambda *said: self.progress.append(said),
            warm=True,
            compute=compute,
        )
        (step.input / "data.csv").write_bytes(b"x,y\n" * 3_000_000)
        written = step.output.parent / order.ORDER
        written.write_text(json.dumps(json.loads(written.read_text()) | (changed or {})))
        step.begin()
        return step

    @property
    def log(self) -> str:
        """What the newest step printed so far."""
        path = self.folder / f"step '{self._count}" / "step.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def said(self, word: str) -> str:
        """The rest of the line of the log that begins with ``word``, as soon as it is there whole."""

        def look() -> str:
            lines = self.log.split("\n")[:-1]
            return next((line[len(word) :].strip() for line in lines if line.startswith(word)), "")

        return until(look, 60)


def gone(*pids: int) -> bool:
    return not any(alive(pid) for pid in pids)
