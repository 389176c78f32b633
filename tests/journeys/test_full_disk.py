"""A disk that fills up: what needs it is refused in a clear sentence, and ledger, store and live version stay whole."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Refusal
from tests import tiny
from tests.builders.runs import left_behind
from tests.people import open_engine
from tests.wholeness import assert_whole

WEEKS = [datetime(2026, 11, day, tzinfo=UTC) for day in (3, 10, 17)]
FULL = "disk is full"
pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", place], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small file system")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(disk: Path, leave: int) -> None:
    """Write until ``leave`` bytes are free."""
    ballast = disk / "ballast"
    ballast.unlink(missing_ok=True)
    found = os.statvfs(disk)
    with ballast.open("wb") as file:
        file.write(bytes(found.f_bavail * found.f_frsize - leave))


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refused:
        act()
    return str(refused.value)


@pytest.fixture
def engine(disk: Path, tmp_path: Path) -> Engine:
    """A first version is live, a second waits for a decision."""
    engine = open_engine(disk / "home", "ada", create=True)
    engine.choose("keep_free", "0", "what happens without that net is what is tested here")
    engine.add(tiny.make(tmp_path / "tiny"))
    for week in WEEKS[:2]:
        run = engine.wait(engine.retrain("tiny", as_of=week).id, lambda r: None)
        assert run.state == "succeeded", run.why
        if engine.status("tiny", week).live is None:
            engine.move(engine.plan_release("tiny@1"), "first", lambda step: None)
    return engine


def test_a_run_that_fills_the_disk_fails_and_a_later_one_succeeds(engine: Engine, disk: Path) -> None:
    for leave in (300_000, 150_000):
        fill(disk, leave)
        run = engine.wait(engine.retrain("tiny", as_of=WEEKS[2]).id, lambda r: None)
        assert run.state == "failed"
        assert FULL in str(run.why) or "No space left" in str(run.why)
        assert engine.count_versions() == 2
    (disk / "ballast").unlink()
    assert_whole(engine, "disk")
    assert engine.wait(engine.retrain("tiny", as_of=WEEKS[2]).id, lambda r: None).state == "succeeded"


def test_on_a_full_disk_nothing_moves_and_all_can_still_be_looked_at(engine: Engine, disk: Path) -> None:
    plan = engine.plan_release("tiny@2")
    fill(disk, 0)
    assert refusal(lambda: engine.move(plan, "newer", lambda step: None)) == (
        "tiny@2 could not be rebuilt and nothing was changed: the disk is full; free some space and try again."
    )
    full = "The disk is full: the ledger took nothing in. Free some space and try again."
    assert refusal(lambda: engine.reject("tiny@2", "no")) == full
    assert refusal(lambda: engine.retrain("tiny", as_of=WEEKS[2])) == full
    again = open_engine(disk / "home", "ada")
    assert again.overview(WEEKS[1]).projects[0].live == "tiny@1"
    assert [v.label for v in again.candidates()] == ["tiny@2"]
    (disk / "ballast").unlink()
    assert_whole(engine, "disk")
    engine.move(engine.plan_release("tiny@2"), "newer", lambda step: None)
    assert engine.status("tiny", WEEKS[1]).live == "tiny@2"
    assert_whole(engine, "disk")


def test_a_workspace_can_be_opened_when_what_a_killed_run_left_cannot_be_settled(disk: Path, tmp_path: Path) -> None:
    engine = open_engine(disk / "home", "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    left_behind(engine, datetime(2026, 11, 3, tzinfo=UTC))
    (engine.home / "runs" / "0000001").mkdir()
    fill(disk, 0)
    again = open_engine(disk / "home", "ada")
    assert again.run(1).state == "running"
    (disk / "ballast").unlink()
    again.reconcile()
    assert again.run(1).state == "interrupted"
