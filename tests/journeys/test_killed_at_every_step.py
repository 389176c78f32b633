"""Whatever instant a process is killed at: ledger, store and live version are whole, and the work can be done again."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import Engine
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

MOVE = """
from pathlib import Path
from engine.api import open_engine
engine = open_engine(Path({home!r}), "ada")
plan = engine.{plan}
"""


def prepared(tmp_path: Path) -> Engine:
    engine = forking(open_engine(tmp_path / "home", "ada", create=True))
    engine.add(tiny.make(tmp_path / "tiny"))
    return engine


def restore(saved: Path, home: Path) -> None:
    forget(home)
    shutil.copytree(saved, home, symlinks=True)
    forked_runs(home)


def test_a_swap_that_is_killed_leaves_the_old_version_live_or_the_new_one(tmp_path: Path) -> None:
    engine = prepared(tmp_path)
    engine.move(engine.plan_release(retrained(engine, AS_OF)), "first", lambda step: None)
    target = retrained(engine, datetime(2026, 11, 10, tzinfo=UTC))
    engine.close()
    home, saved = tmp_path / "home", tmp_path / "saved"
    shutil.copytree(let_go(home), saved, symlinks=True)
    outcomes = set()
    number = 0
    while True:
        number += 1
        restore(saved, home)
        killed = killed_at(
            number,
            MOVE.format(home=str(home), plan=f"plan_release({target!r})"),
            "engine.move(plan, 'newer', lambda step: None)",
        )
        engine = open_engine(home, "ada")
        live = engine.at(datetime.now(UTC))[0].label
        outcomes.add(live)
        assert_whole(engine)
        if live != target:
            engine.move(engine.plan_release(target), "again", lambda step: None)
            assert_whole(engine)
        assert engine.status("tiny", AS_OF).live == target
        engine.close()
        if not killed:
            break
    assert number > 20
    assert outcomes == {"tiny@1", "tiny@2"}


def test_a_run_that_is_killed_says_interrupted_and_the_next_one_succeeds(tmp_path: Path) -> None:
    engine = prepared(tmp_path)
    run = queued(engine, datetime(2026, 11, 3, tzinfo=UTC))
    engine.close()
    home, saved = tmp_path / "home", tmp_path / "saved"
    shutil.copytree(let_go(home), saved, symlinks=True)
    states = set()
    number = 1
    while True:
        restore(saved, home)
        killed = killed_at(number, RUN, driven(home, run))
        engine = open_engine(home, "ada")
        found = engine.wait(run, lambda r: None)
        states.add(found.state)
        assert sweep(f"{workspace_of(engine).token}:1") == 0, "a process of the killed run lived on"
        assert_whole(engine)
        if found.state == "interrupted":
            assert "killed" in str(found.why)
            assert engine.count_versions() == 0
        engine.close()
        if not killed:
            break
        # Every change of the beginning and of the end; the middle is copies of the same few files.
        number += 1 if number < 12 else 7
    assert states == {"interrupted", "succeeded"}
    assert number > 30
