"""A look while others act: two at once, a swap, a full disk, damage. It says what it could not do; nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Conflict
from engine.runs import leftovers
from engine.versions.document import folders
from tests import tiny
from tests.forked_runs import forked_runs
from tests.journeys.conftest import WEEK
from tests.journeys.test_full_disk import disk, fill
from tests.ledger import store_of, workspace_of
from tests.people import open_engine
from tests.wholeness import assert_whole

pytestmark = pytest.mark.slow
__all__ = ["disk"]


@pytest.fixture
def engine(history: Path) -> Iterator[Engine]:
    """tiny@1 was live, tiny@2 is, tiny@3 waits."""
    engine = open_engine(history, "ada")
    forked_runs(history)
    yield engine
    engine.close()


@pytest.fixture
def newest(first: datetime) -> datetime:
    """What tiny@3 was made from."""
    return first + 2 * WEEK


def look(engine: Engine, as_of: datetime) -> str:
    run = engine.wait(engine.look("tiny", as_of=as_of).id, lambda r: None)
    return f"{run.state}: {run.why}"


def test_of_two_looks_at_once_both_are_kept_and_each_alert_is_one(engine: Engine, newest: datetime) -> None:
    later = newest + timedelta(hours=1)
    first, second = engine.look("tiny", as_of=newest), engine.look("tiny", as_of=later)
    states = [engine.wait(run.id, lambda r: None).state for run in (first, second)]
    assert states == ["succeeded", "succeeded"]
    keys = [alert.key for alert in engine.alerts("tiny")]
    assert len(keys) == len(set(keys))
    found = engine.health("tiny")
    assert found is not None and found.as_of == later, "the newest data counts, whoever ends last"


def test_a_project_is_not_removed_under_a_look(engine: Engine, newest: datetime) -> None:
    run = engine.look("tiny", as_of=newest)
    with pytest.raises(Conflict, match=f"Run {run.id} of tiny has not ended"):
        engine.remove("tiny", "over", "tiny")
    assert engine.wait(run.id, lambda r: None).state == "succeeded"


def test_a_swap_during_a_look_leaves_the_new_version_without_alerts_of_the_old(
    engine: Engine, newest: datetime
) -> None:
    run = engine.look("tiny", as_of=newest)
    engine.move(engine.plan_release("tiny@3"), "newer", lambda step: None)
    assert engine.wait(run.id, lambda r: None).state in ("succeeded", "failed")
    assert {alert.version for alert in engine.alerts("tiny")} <= {"tiny@3"}
    assert look(engine, newest + timedelta(days=1)).startswith("succeeded")
    assert_whole(engine, "disk")


def test_the_environment_of_the_live_version_is_built_anew_where_it_is_gone(engine: Engine, newest: datetime) -> None:
    shutil.rmtree(next(path for path in workspace_of(engine).environments.iterdir() if path.is_dir()))
    assert look(engine, newest).startswith("succeeded")


@pytest.mark.parametrize("part", ["model", "data"])
def test_a_live_version_that_is_damaged_is_said_in_words_and_is_no_green_light(
    engine: Engine, newest: datetime, part: str
) -> None:
    damaged = folders(engine.show("tiny@2"))[part][0]
    for digest in [damaged.digest, *damaged.chunks]:
        path = store_of(engine).path(digest)
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(b"rubbish")
    said = look(engine, newest)
    assert said.startswith("failed: ") and "tiny@2" in said, said
    found = engine.status("tiny", clock.now())
    assert found.verdict in ("watch", "unknown", "failing"), found.why


def test_a_disk_that_fills_up_in_the_middle_of_a_look_fails_it_and_the_next_one_works(
    disk: Path, tmp_path: Path, first: datetime, newest: datetime, begins: datetime
) -> None:
    engine = open_engine(disk / "home", "ada", create=True)
    engine.choose("keep_free", "0", "what happens without that net is what is tested here")
    engine.add(tiny.make(tmp_path / "tiny", begins=begins))
    run = engine.wait(engine.retrain("tiny", as_of=first).id, lambda r: None)
    assert run.state == "succeeded", run.why
    engine.move(engine.plan_release("tiny@1"), "first", lambda step: None)
    said = []
    for leave in (400_000, 200_000, 100_000):
        fill(disk, leave)
        run = engine.wait(engine.look("tiny", as_of=newest).id, lambda r: None)
        said.append(run.state)
        if run.state != "succeeded":
            assert "disk" in str(run.why) or "No space" in str(run.why), run.why
        assert leftovers.copies(workspace_of(engine).run_folder(run.id)) == []
    assert "failed" in said
    (disk / "ballast").unlink()
    assert_whole(engine, "disk")
    assert look(engine, newest).startswith("succeeded")
    engine.close()
