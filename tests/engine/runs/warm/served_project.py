"""A project whose steps are forked by a real step server, kept as an engine keeps it, without what makes one slow: its
environment is a folder with a Python and a stand-in for pandas, its train does what a file in its input says."""

from __future__ import annotations

import copy
import fcntl
import itertools
import json
import os
import platform
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy
import pytest

from engine import clock
from engine.environments.pictures import Pictures
from engine.environments.python.lock import parse_lock, this_platform
from engine.environments.records import Environment
from engine.errors import StepFailed
from engine.projects.manifest.reader import parse_manifest
from engine.runs.steps import containment
from engine.runs.steps.containment import listeners
from engine.runs.steps.launch import Launch, Stage
from engine.runs.steps.step import StepResult
from engine.runs.warm import step_request, step_servers
from engine.runs.warm.forked_warden import ForkedWarden
from engine.runs.warm.step_servers import Kept, StepServers
from engine.runs.warm.wanted_server import Wanted, folder_of, loaded_by
from tests.engine.runs.step_workshop import alive, until

needs_landlock = pytest.mark.skipif(containment.abi() < 6, reason="steps are forked where Landlock keeps signals apart")
MIB = 1 << 20
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
MANIFEST = """
[project]
name = "served"
title = "Served"
owner = "ops@example.org"
[environment]
warm = true
[data]
extract = "project:extract"
target = "late"
time = "at"
key = ["id"]
format = "csv"
[train]
run = "project:train"
[validation]
holdout = "7d"
metrics = ["roc_auc"]
"""
PROJECT = """
import json, os
from pathlib import Path
def train(features, target):
    model = Path(os.environ["LEVERFRAME_OUTPUT"]) / "model"
    model.mkdir()
    def tell(**facts):
        (model / "told").write_text(json.dumps(facts))
    tell()
    deed = Path(os.environ["LEVERFRAME_INPUT"], "deed.py").read_text()
    exec(compile(deed, "deed.py", "exec"), {"tell": tell, "__name__": "deed"})
"""
PANDAS = """
__version__ = "3.0"
class DataFrame:
    columns = ["x", "late"]
    def drop(self, columns): return self
    def __getitem__(self, name): return self
def read_csv(path, **_): return DataFrame()
"""


@dataclass
class Done:
    """What became of a step: ``told`` is what its deed told, ``forked`` whether a server forked it."""

    result: StepResult
    told: dict[str, Any]
    forked: bool
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "step.log").read_text()


class ServedStep:
    """One step of the project, begun; ``warden`` is that of a fork, None where it was started afresh."""

    def __init__(self, launch: Launch, folder: Path, warden: ForkedWarden | None) -> None:
        self.launch, self.folder, self.warden = launch, folder, warden
        self.forked = warden is not None

    def wait(self) -> Done:
        results: list[StepResult] = []
        with suppress(StepFailed):
            self.launch.conclude(results.append)
        told = self.folder / "output" / "model" / "told"
        return Done(results[0], json.loads(told.read_text()) if told.exists() else {}, self.forked, self.folder)


class Answers(threading.local):
    """What the last who asked for a step server in this thread was given."""

    warden: ForkedWarden | None = None
    ask = staticmethod(step_request.ask)

    def asked(self, *given: Any) -> ForkedWarden | None:
        self.warden = self.ask(*given)
        return self.warden


class Servers(StepServers):
    """As an engine keeps them; whether an environment differs from what was built is what a test says."""

    differs = False

    def _differs(self, wanted: Wanted, lock: Any) -> bool:
        return self.differs


class ServedProject:
    """A workspace, an environment, a project, and the step servers that an engine keeps there."""

    def __init__(self, folder: Path, modules: Mapping[str, str] | None = None, sandbox: str = "") -> None:
        self.folder, self.home = folder, folder / "home"
        for name in ("locks", "cache", "runs", "environments"):
            (self.home / name).mkdir(parents=True)
        self.lock = parse_lock("", platform.python_version(), this_platform())
        self.environment = self._environment({"pandas": PANDAS, **(modules or {})})
        read = f'[sandbox]\nread = ["{Path(numpy.__file__).parents[1]}"]\n'
        self.manifest = parse_manifest(MANIFEST + (sandbox or read))
        self.manifest = self.with_limits(timeout=timedelta(minutes=1), memory=400 * MIB)
        self.code = folder / "code"
        self.code.mkdir()
        (self.code / "project.py").write_text(PROJECT)
        self.moment: datetime | None = None  # What the clock of the engine says; None: what it is.
        self.engine = Servers(self.home, self.home / "environments", lambda: self.moment or clock.now())
        self.answers = Answers()
        self._numbers, self._loads = itertools.count(1), ""

    def _environment(self, modules: Mapping[str, str]) -> Environment:
        path = self.home / "environments" / "one"
        packages = path / "lib" / f"python{PYTHON}" / "site-packages"
        packages.mkdir(parents=True)
        (path / "bin").mkdir()
        python = os.path.realpath(sys.executable)
        (path / "bin" / "python").symlink_to(python)
        (path / "pyvenv.cfg").write_text(f"home = {os.path.dirname(python)}\ninclude-system-site-packages = false\n")
        for name, text in modules.items():
            (packages / f"{name}.py").write_text(text)
        (packages / "numpy").symlink_to(Path(numpy.__file__).parent)
        return Environment(path, path / "bin" / "python", self.lock.digest, Pictures(self.home))

    def another(self, name: str) -> ServedProject:
        """Another project in the same workspace, with the same environment and manifest: one server serves both."""
        found = copy.copy(self)
        found.code = self.folder / name
        found.code.mkdir()
        (found.code / "project.py").write_text(f"# {name}\n{PROJECT}")
        return found

    def with_limits(self, **limits: Any) -> Any:
        return replace(self.manifest, train=replace(self.manifest.train, **limits))

    def stage(self, *, served: bool = True, held: int | None = None, **limits: Any) -> Stage:
        marker, as_of = f"test-{os.getpid()}", datetime(2026, 3, 2, tzinfo=UTC)
        manifest = self.with_limits(**limits)
        return Stage(
            self.code, manifest, self.environment, self.lock, marker, as_of, self.home, held=held, served=served
        )

    def begin(
        self, deed: str, *, served: bool = True, heard: Any = None, early: bool = False, **limits: Any
    ) -> ServedStep:
        """A step that does ``deed``, with the lock of its folder in its hands."""
        folder = self.home / "runs" / f"{next(self._numbers):04d}"
        folder.mkdir(mode=0o700)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            stage = self.stage(served=served, held=lock, **limits)
            launch = Launch(stage, "train", folder, heard or (lambda at, text: None), warm=early)
            (launch.input / "deed.py").write_text(deed)
            self.answers.warden = None
            launch.begin()
        finally:
            os.close(lock)
        return ServedStep(launch, folder, self.answers.warden)

    def do(self, deed: str, **options: Any) -> Done:
        return self.begin(deed, **options).wait()

    def still_forked(self, deed: str = "") -> Done:
        """A step that the server forked which is there: it has outlived what was done to it."""
        done = self.do(deed)
        assert done.forked and done.result.state == "succeeded", done
        return done

    def forked(self, deed: str, **options: Any) -> Done:
        """A step that a server forked. One that ended, as at any doubt, has another take its place first."""
        for _ in range(3):
            done = self.do(deed, **options)
            if done.forked:
                return done
            self.engine.look()
            if self.engine.kept:
                break
            self.serve(self._loads)
        raise AssertionError("it was started afresh")

    def serve(self, deed: str = "") -> Kept:
        """A server for steps that load what ``deed`` loads; it may be asked."""
        self._loads = deed
        self.engine.look()
        while not self.engine.kept:
            done = self.do(deed)
            assert done.result.state == "succeeded" and not done.forked, done
            self.engine.look()
        return until(self._admitted)

    def _admitted(self) -> Kept | None:
        self.engine.look()
        assert self.engine.kept, [path.read_text() for path in folder_of(self.home).glob("*.log")]
        return next((one for one in self.engine.kept if one.admitted), None)

    @property
    def loaded(self) -> Path:
        """Where it is kept what its step loads."""
        return loaded_by(self.home, ("train", "project:train", "all"), self.lock.digest, self.code)

    def work(self) -> list[str]:
        """What lies where servers' steps work."""
        return sorted(str(each) for each in (self.home / "cache" / "steps").glob("*/work/*"))


def processes(one: Kept) -> dict[str, int]:
    """Guard, watcher, first of the namespace, and the interpreter that forks."""
    guard = one.process.pid
    watcher = below(guard)[0]
    first = below(watcher)[0]
    return {"guard": guard, "watcher": watcher, "first": first, "server": below(first)[0]}


def below(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in path.read_text().split()] if path.exists() else []


@contextmanager
def served_project(folder: Path, modules: Mapping[str, str] | None = None, **rest: Any) -> Iterator[ServedProject]:
    """The project; with the block its servers end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step_request, "PATIENCE_SECONDS", 60.0)  # A busy machine is not to decide who forks.
        patch.setattr(step_servers, "LEAST_FREE", 0)
        patch.setattr("engine.runs.steps.launch.check_environment", lambda stage, name: None)
        found = ServedProject(folder, modules, **rest)
        patch.setattr(step_request, "ask", found.answers.asked)
        # Nor is who else begins to listen on this machine meanwhile.
        patch.setattr(step_request, "listeners", lambda box: [each for each in listeners(box) if str(folder) in each])
        try:
            yield found
        finally:
            kept = list(found.engine.kept)
            found.engine.stop()
            for one in kept:
                until(lambda one=one: one.process.poll() is not None)  # type: ignore[misc]
                assert not alive(one.process.pid)
