"""Whatever instant the run of a planned swap is killed at: it is live once, and else it is tried again."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.api import Engine
from engine.release import at_its_time
from engine.runs.steps.sweep import sweep
from tests import tiny
from tests.builders.runs import retrained
from tests.forked_runs import forked_runs, forking
from tests.killing import RUN, driven, forget, killed_at, let_go
from tests.ledger import ledger_of, workspace_of
from tests.people import open_engine
from tests.wholeness import assert_whole

pytestmark = pytest.mark.slow


def looked(engine: Engine, due: datetime) -> list[int]:
    with ledger_of(engine) as ledger:
        return at_its_time.look(ledger, due)


def test_it_goes_live_once_whenever_its_run_is_killed(tmp_path: Path) -> None:
    engine = forking(open_engine(tmp_path / "home", "ada", create=True))
    engine.add(tiny.make(tmp_path / "tiny"))
    engine.move(engine.plan_release(retrained(engine, datetime(2026, 11, 3, tzinfo=UTC))), "first", lambda step: None)
    target, due = retrained(engine, datetime(2026, 11, 10, tzinfo=UTC)), clock.now() + timedelta(minutes=30)
    engine.move(engine.plan_release(target, due), "tonight", lambda step: None)
    (run,) = looked(engine, due)
    engine.close()
    home, saved = tmp_path / "home", tmp_path / "saved"
    shutil.copytree(let_go(home), saved, symlinks=True)
    seen, change = set(), 1
    while True:
        forget(home)
        shutil.copytree(saved, home, symlinks=True)
        forked_runs(home)
        killed = killed_at(change, RUN, driven(home, run))
        engine = open_engine(home, "ada")
        found, live = engine.wait(run, lambda run: None), engine.status("tiny", clock.now()).live
        seen.add((found.state, live))
        assert sweep(f"{workspace_of(engine).token}:{run}") == 0, "a process of the killed run lived on"
        assert_whole(engine, "clock")
        again = looked(engine, due + timedelta(minutes=1))
        assert bool(again) == (live != target)
        engine.reconcile()
        assert [engine.wait(each, lambda run: None).state for each in again] == ["succeeded"] * len(again)
        assert engine.status("tiny", clock.now()).live == target
        assert [row.subject for row in engine.audit() if row.action == "release"] == [target, "tiny@1"]
        assert engine.verify_audit().ok
        engine.close()
        if not killed:
            break
        change += 1
    assert seen == {("interrupted", "tiny@1"), ("interrupted", target), ("succeeded", target)}
    assert change > 20
