"""A copy of the tree, and one fault at a time tried on it by the tests that run its line.

Each trial is a fork of one process that has imported the heavy libraries, and nothing of ours: what it imports then is
the copy with the fault in it. The checkout is never touched.
"""

from __future__ import annotations

import compileall
import contextlib
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any, Literal, NoReturn

import psutil

from benchmarks.mutation.sites import Site

Outcome = Literal["killed", "killed by time", "survived", "not covered"]

_COPIED = ("engine", "console", "tests", "benchmarks", "sample_projects", "docs")
_OURS = ("engine", "console", "tests", "benchmarks")
_HEAVY = (
    "cloudpickle", "cronsim", "hypothesis", "hypothesis.strategies", "numpy", "pandas", "pyarrow.compute",
    "pyarrow.csv", "pyarrow.parquet", "pytest", "scipy.stats", "sklearn.ensemble", "sklearn.linear_model",
    "sklearn.metrics", "sqlite_utils", "zstandard",
)  # fmt: skip
_MARK = "LEVERFRAME_TRIAL"
# Tests of a line are tried until they would have taken this long without a fault, the shortest of the room first; where
# the room has some, those of others only as far as they are quick.
_MOST_SECONDS, _OF_OTHERS = 25.0, 5.0
# What survives them is tried by so many more.
_LEFT = 60
_MEMORY = 8 << 30


def copied(root: Path, into: Path) -> Path:
    """The tree below ``into``, compiled so that a changed file is seen by its content."""
    into.parent.chmod(0o755)  # Tests of what another account may see become one, and it has to get as far as the tree.
    for name in _COPIED:
        shutil.copytree(root / name, into / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*root.glob("*.toml"), *root.glob("*.md"), root / "Makefile"):
        shutil.copy2(file, into)
    for name in ("engine", "console"):
        compileall.compile_dir(into / name, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    return into


def import_heavy() -> None:
    """What every trial would import again."""
    for name in _HEAVY:
        importlib.import_module(name)


def run_pytest(tree: Path, words: Sequence[str], log: Path, limit: float, plugins: Sequence[Any] = ()) -> int | None:
    """The exit code of pytest in a fork that works on ``tree``; None when it took longer than ``limit`` seconds."""
    child = os.fork()
    if child == 0:
        _in_the_fork(tree, words, log, plugins)
    until = time.monotonic() + limit
    try:
        while time.monotonic() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        return None
    finally:
        _end_all(child)


def _in_the_fork(tree: Path, words: Sequence[str], log: Path, plugins: Sequence[Any]) -> NoReturn:
    code = 99
    try:
        os.setsid()
        with log.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        os.chdir(tree)
        sys.path[:] = [str(tree), *(place for place in sys.path if not (Path(place) / "engine").is_dir())]
        for name in [name for name in sys.modules if name.split(".")[0] in _OURS]:
            del sys.modules[name]
        os.environ |= {"PYTHONPATH": str(tree), _MARK: str(os.getppid())}
        os.environ["TMPDIR"] = str(tree.parent)
        tempfile.tempdir = None
        os.environ["LEVERFRAME_KEPT_RELEASES"] = str(tree.parent / "releases")
        import pytest

        code = int(pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", str(tree), *words], plugins=[*plugins]))
    except BaseException:  # noqa: BLE001 - a fork of ours ends here, whatever happens in it
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
        os._exit(code)


def _end_all(child: int) -> None:
    """End the fork if it still runs, and whatever it left: those are known by a mark in their environment."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(_MARK) == str(os.getpid()):
                process.kill()


@dataclass
class Covered:
    """Which tests run which lines, as ``lines.py`` wrote it down."""

    tests: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, file: Path) -> Covered:
        told = json.loads(file.read_text())
        return cls({name: test for name, test in told.items() if not test.get("failed")})

    def of(self, site: Site, lines: set[int], home: str) -> tuple[list[str], list[str]]:
        """The tests of any of ``lines`` in the site's file: those of ``home`` first, then the shortest; and those that
        are left, for what survives these.

        What no test was seen to run may run in another process, or as its module is imported: then those that are named
        after the file as well, or all of ``home``.
        """
        found = {name for name, test in self.tests.items() if lines.intersection(test["lines"].get(site.file, ()))}
        if site.line not in lines or not found:
            named = f"{home}/test_{Path(site.file).stem}"
            found |= {name for name in self.tests if name.startswith(named)}
            found = found or {name for name in self.tests if name.startswith(home)}
        chosen: list[str] = []
        for ours in (True, False):
            most = _OF_OTHERS if chosen else _MOST_SECONDS
            spent = 0.0
            for name in sorted(found, key=lambda name: float(self.tests[name]["seconds"])):
                if name.startswith(home) == ours and (spent := spent + self.tests[name]["seconds"]) <= most:
                    chosen.append(name)
        left = sorted(found.difference(chosen), key=lambda name: float(self.tests[name]["seconds"]))
        return chosen, [name for name in left if self.tests[name]["seconds"] <= _MOST_SECONDS][:_LEFT]

    def seconds(self, names: Sequence[str]) -> float:
        return float(sum(self.tests[name]["seconds"] for name in names))


def tried(tree: Path, site: Site, tests: Sequence[str], seconds: float, log: Path) -> Outcome:
    """What the tests say to the fault at ``site``. The copy is whole again afterwards."""
    if not tests:
        return "not covered"
    file = tree / site.file
    whole = file.read_bytes()
    try:
        file.write_bytes(site.applied(whole))
        code = run_pytest(tree, ["-x", "--no-header", "--hypothesis-profile=trial", *tests], log, 120 + 10 * seconds)
    finally:
        file.write_bytes(whole)
    if code is None:
        return "killed by time"
    return "survived" if code == 0 else "killed"
