"""Workspaces that tests begin from: each is made once for all workers of a run, and each worker gets a copy.

A workspace says nowhere where it lies, so a copy is whole wherever it is put. Its ledger says where its projects lie:
they are copied with it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from engine.api import Engine
from tests.forked_runs import forking
from tests.killing import forget
from tests.people import open_engine


def copied(home: Path, to: Path) -> Path:
    """A copy of the workspace ``home`` at ``to``; installed packages, which nobody changes, get one more name there."""
    installed = tuple(f"{home}/{folder}/" for folder in ("environments", "cache"))

    def one(file: str, copy: str) -> None:
        if file.startswith(installed):
            os.link(file, copy, follow_symlinks=False)
        else:
            shutil.copy2(file, copy, follow_symlinks=False)

    shutil.copytree(home, to, symlinks=True, copy_function=one)
    return to


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> tuple[Path, Path]:
    """This worker's copy of the folder that ``make`` filled, and the folder itself, which stays as it was made.

    ``make`` leaves no ledger open.
    """
    mine, made = factory.mktemp(name), only_made(factory, name, make)
    shutil.copytree(made, mine, symlinks=True, dirs_exist_ok=True)
    for ledger in mine.glob("*/ledger.db"):
        _projects_lie_in(mine, ledger, made)
    return mine, made


def copied_with_projects(made: Path, to: Path, *, installed: bool = True) -> Path:
    """A copy of all that is in the folder ``made`` in the folder ``to``; its workspace ``home`` as ``copied`` does, or
    without what is ``installed``, which is ten thousands of names."""
    for each in made.iterdir():
        if each.name == "home" and not installed:
            without = shutil.ignore_patterns("environments", "uv")
            shutil.copytree(each, to / each.name, symlinks=True, ignore=without)
        elif each.name == "home":
            copied(each, to / each.name)
        else:
            shutil.copytree(each, to / each.name, symlinks=True)
    _projects_lie_in(to, to / "home" / "ledger.db", made)
    return to


def _projects_lie_in(folder: Path, ledger: Path, made: Path) -> None:
    with closing(sqlite3.connect(ledger)) as db, db:
        db.execute("UPDATE projects SET path = replace(path, ?, ?)", (f"{made}/", f"{folder}/"))


def only_made(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder that ``make`` filled, which is every worker's: whoever changes what is in it has copied it."""
    base = factory.getbasetemp()
    every = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made, done = every / f"made-{name}", every / f"made-{name}.done"
    with (every / f"made-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(made, ignore_errors=True)  # of a worker that did not come to its end
            made.mkdir()
            make(made)
            done.touch()
    return made


@contextmanager
def opened_copy(folder: Path) -> Iterator[Engine]:
    """ada's engine on a copy of ``folder``/saved at ``folder``/home, where it was made; after the block it is gone."""
    home = folder / "home"
    shutil.copytree(folder / "saved", home, symlinks=True)
    engine = forking(open_engine(home, "ada"))
    yield engine
    engine.close()
    forget(home)
