"""A workspace with a history, made once; each journey gets its own copy at the same place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests import tiny
from tests.builders.runs import retrained
from tests.forked_runs import forked_runs, forking
from tests.journeys.cleaning import bloated
from tests.journeys.readme import begun
from tests.killing import forget, let_go
from tests.people import open_engine
from tests.workspaces import made_once, only_made

WEEK = timedelta(days=7)


@pytest.fixture(scope="session")
def first(today: datetime) -> datetime:
    """What the first version of the history is made from; two weeks later is yesterday, so that nothing is stale."""
    return today - 2 * WEEK - timedelta(days=1)


@pytest.fixture(scope="session")
def begins(first: datetime) -> datetime:
    """When the world of the history began: as long before it whatever the date, so that the rows are the same."""
    return first - timedelta(days=306)


@pytest.fixture(scope="session")
def saved_history(tmp_path_factory: pytest.TempPathFactory, first: datetime, begins: datetime, quiet_day: str) -> Path:
    """tiny@1 was live, tiny@2 is, tiny@3 waits; ada is admin, bob an operator, eve a viewer."""

    def make(root: Path) -> None:
        engine = forking(open_engine(root / "home", "ada", create=True))
        engine.add(tiny.make(root / "tiny", begins=begins, day=quiet_day))
        engine.add_operator("bob", "operator", "a colleague")
        engine.add_operator("eve", "viewer", "the business")
        for week in range(2):
            engine.move(engine.plan_release(retrained(engine, first + week * WEEK)), "newer data", lambda step: None)
        retrained(engine, first + 2 * WEEK)
        engine.close()
        let_go(root / "home").rename(root / "saved")

    return made_once(tmp_path_factory, "history", make)[0]


@pytest.fixture(scope="session")
def first_minutes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the README's commands up to ``check`` made: ``home`` and ``churn``. Installing the packages takes 14 s."""
    return only_made(tmp_path_factory, "first-minutes", begun)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace in which much may go, see ``cleaning.bloated``; each file has its own."""
    mine, _ = made_once(tmp_path_factory, "bloat", lambda root: let_go(bloated(root)).rename(root / "saved"))
    return mine


@pytest.fixture
def history(saved_history: Path) -> Iterator[Path]:
    """The workspace, as the history left it."""
    home = saved_history / "home"
    shutil.copytree(saved_history / "saved", home, symlinks=True)
    forked_runs(home)
    yield home
    forget(home)
