"""Whatever instant a rehearsal is killed at: what was rehearsed by then is kept, and nothing half."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.runs.steps.sweep import sweep
from tests import tiny
from tests.builders.runs import queued, retrained
from tests.forked_runs import forked_runs, forking
from tests.killing import RUN, driven, forget, killed_at, let_go
from tests.ledger import workspace_of
from tests.people import open_engine
from tests.wholeness import assert_whole

AS_OF = datetime(2026, 11, 3, tzinfo=UTC)
pytestmark = pytest.mark.slow


def test_what_was_rehearsed_is_kept_whenever_its_run_is_killed(tmp_path: Path) -> None:
    engine = forking(open_engine(tmp_path / "home", "ada", create=True))
    engine.add(tiny.make(tmp_path / "tiny"))
    for day in (3, 10):
        label = retrained(engine, AS_OF.replace(day=day))
        engine.move(engine.plan_release(label), "newer data", lambda step: None)
    run = queued(engine, AS_OF, job="rehearsal")
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
        found = engine.wait(run, lambda run: None)
        outcomes = [each.rehearsed.outcome if each.rehearsed else None for each in engine.versions("tiny")]
        seen.add((found.state, *outcomes))
        assert sweep(f"{workspace_of(engine).token}:{run}") == 0, "a process of the killed run lived on"
        assert_whole(engine, "ada")
        assert engine.status("tiny", AS_OF).live == "tiny@2" and engine.alerts("tiny") == ()
        engine.close()
        if not killed:
            break
        change += 3  # Every third instant: each takes a second.
    assert seen == {
        ("interrupted", None, None), ("interrupted", "rebuilt", None), ("interrupted", "rebuilt", "rebuilt"),
        ("succeeded", "rebuilt", "rebuilt"),
    }  # fmt: skip
