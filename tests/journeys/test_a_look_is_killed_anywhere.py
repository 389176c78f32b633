"""Whatever instant a look is killed at: nothing is lost, no alert comes twice, the next look works, no copy stays."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.api import Engine
from engine.clock import now
from engine.runs import leftovers
from engine.runs.steps.sweep import sweep
from tests.builders.runs import queued
from tests.forked_runs import forked_runs
from tests.journeys.conftest import WEEK
from tests.journeys.test_health_of_a_live_version import FIRST, Site, row
from tests.killing import RUN, driven, forget, killed_at, let_go
from tests.ledger import workspace_of
from tests.people import open_engine
from tests.wholeness import assert_whole

pytestmark = pytest.mark.slow
LOOK = FIRST + 2 * WEEK


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """tiny is live, x has moved since, and one look has told so."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.change(shift=0.6, **{"from": row(LOOK - WEEK)})
    site.look(LOOK)
    assert "drift:x" in site.open_keys()
    return site


def copies(engine: Engine, run: int) -> list[Path]:
    return leftovers.copies(workspace_of(engine).run_folder(run))


def assert_looked_once(engine: Engine, run: int) -> None:
    assert_whole(engine)
    keys = [alert.key for alert in engine.past_alerts("tiny")]
    assert len(keys) == len(set(keys)), "an alert was raised twice"
    assert sweep(f"{workspace_of(engine).token}:{run}") == 0, "a process of the killed run lived on"
    assert copies(engine, run) == []


def test_looks_that_fail_leave_their_logs_and_no_copy_of_the_training_data(site: Site) -> None:
    site.world.write_text("no JSON")
    run = site.run(LOOK.replace(hour=3))
    site.change(shift=0.6, **{"from": row(LOOK - WEEK)})
    assert run.state == "failed" and "extract" in str(run.why)
    assert copies(site.engine, run.id) == []
    assert leftovers.logs(workspace_of(site.engine).run_folder(run.id))


def test_a_look_that_is_killed_says_interrupted_and_the_next_one_succeeds(site: Site, tmp_path: Path) -> None:
    number = queued(site.engine, now(), job="health", as_of=LOOK.replace(hour=1))
    site.engine.close()
    home, saved = site.engine.home, tmp_path / "saved"
    shutil.copytree(let_go(home), saved, symlinks=True)
    states, change = set(), 1
    while True:
        forget(home)
        shutil.copytree(saved, home, symlinks=True)
        forked_runs(home)
        killed = killed_at(change, RUN, driven(home, number))
        engine = open_engine(home, "ada")
        run = engine.wait(number, lambda r: None)
        states.add(run.state)
        assert_looked_once(engine, number)
        again = engine.wait(engine.look("tiny", as_of=LOOK.replace(hour=2)).id, lambda r: None)
        assert again.state == "succeeded", again.why
        assert_looked_once(engine, again.id)
        engine.close()
        if not killed:
            break
        # Every change of the beginning and the end; the middle is copies of the same few files.
        change += 1 if change < 5 else 16
    assert states == {"interrupted", "succeeded"}
    assert change > 30
