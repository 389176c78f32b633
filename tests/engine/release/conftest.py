"""A workspace with a history, made once; each test gets a copy of its own at the same place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.storage.ledger import Ledger
from tests import tiny
from tests.builders.runs import retrained
from tests.builders.versions import altered
from tests.forked_runs import forking
from tests.killing import forget, let_go
from tests.ledger import ledger_of
from tests.people import open_engine
from tests.workspaces import made_once, opened_copy

WEEK = timedelta(days=7)


@pytest.fixture(scope="session")
def first(today: datetime) -> datetime:
    """What the first version is made from: four weekly retrains and one more lie in the past, and none is stale."""
    return today - timedelta(days=25)


@pytest.fixture(scope="session")
def saved_releases(tmp_path_factory: pytest.TempPathFactory, first: datetime) -> Path:
    """tiny@1 is barred, tiny@2 was live, tiny@3 is, tiny@4 waits; ada is admin, bob an operator, eve a viewer.

    Whoever runs these tests hundreds of times, as benchmarks/mutants.py does, names a folder in which it is kept.
    """
    kept = os.environ.get("LEVERFRAME_KEPT_RELEASES")
    if not kept:
        return made_once(tmp_path_factory, "releases", lambda root: _make(root, first))[0]
    root = Path(kept)
    root.mkdir(exist_ok=True)
    if (root / "saved").exists():
        forget(root / "home")
        return root
    for left in ("home", "tiny"):  # of one that did not come to its end
        shutil.rmtree(root / left, ignore_errors=True)
    _make(root, first)
    return root


def _make(root: Path, first: datetime) -> None:
    engine = forking(open_engine(root / "home", "ada", create=True))
    engine.add(tiny.make(root / "tiny"))
    engine.add_operator("bob", "operator", "a colleague")
    engine.add_operator("eve", "viewer", "the business")
    for week in range(3):
        engine.move(engine.plan_release(retrained(engine, first + week * WEEK)), "newer data", lambda step: None)
    altered(engine, 1, state="barred", reason="it was wrong")
    retrained(engine, first + 3 * WEEK)
    engine.close()
    let_go(root / "home").rename(root / "saved")


@pytest.fixture
def releases(saved_releases: Path) -> Iterator[Engine]:
    """The workspace as the history left it, opened by ada."""
    with opened_copy(saved_releases) as engine:
        yield engine


@pytest.fixture
def releases_ledger(releases: Engine) -> Iterator[Ledger]:
    with ledger_of(releases) as ledger:
        yield ledger
