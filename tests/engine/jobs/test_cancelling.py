"""A request to end comes before a run has recorded what it came to, or after: the run and whoever asked agree on it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine import clock
from engine.errors import Conflict
from engine.jobs.health.health_record import register
from engine.jobs.health.look import LookResult
from engine.jobs.report import make
from engine.monitoring.look_document import LookDocument, LookFinding, LookPart
from engine.records import Run
from engine.runs import queue
from tests.engine.reports.worlds import NOW, WEEK, World, lived_in

ANSWER = LookDocument(
    verdict="failing",
    why="a column is gone",
    rows=40,
    findings=(LookFinding("lost:x", "quality", "failing", "gone", "look", clock.stamp(NOW)),),
    measured=("quality",),
    parts={"performance": LookPart("cannot tell", "no labels")},
    signals=(("rows", 40.0, None, None, 40),),
)


@pytest.fixture
def world(home: Path) -> World:
    return lived_in(home)


def room(world: World, run: int) -> Any:
    about = SimpleNamespace(id=run, project="flights", as_of=NOW)
    return SimpleNamespace(run=about, store=world.store, workspace=world.workspace, record=lambda result: None)


def running(world: World, job: str) -> int:
    return world.run(NOW, job=job, state="running")


def seen(world: World) -> LookResult:
    live = world.engine.status("flights", NOW).live
    assert live is not None
    return LookResult(live, False, ANSWER, 0)


def count(world: World, table: str) -> int:
    with world.ledger.read() as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def ended(world: World, run: int, state: Any, why: str) -> Run:
    with world.ledger.write() as db:
        queue.finish(db, run, state, NOW, why=why, again=True)
    return world.engine.run(run)


KEPT_OF_A_LOOK = ("health", "signals", "alerts", "incidents", "measurements", "triggers", "news")


def test_a_look_that_was_cancelled_before_it_records_keeps_nothing_of_what_it_saw(world: World) -> None:
    run = running(world, "health")
    before = {table: count(world, table) for table in KEPT_OF_A_LOOK}
    world.engine.cancel(run, "not now")
    with pytest.raises(Conflict, match="cancelled by ada: not now"):
        register(world.ledger, room(world, run), seen(world), NOW)
    assert {table: count(world, table) for table in KEPT_OF_A_LOOK} == before


def test_whoever_cancels_a_look_that_has_recorded_is_told_so_and_it_succeeds(world: World) -> None:
    run = running(world, "health")
    register(world.ledger, room(world, run), seen(world), NOW)
    with pytest.raises(Conflict, match=f"Run {run} has recorded what it came to already"):
        world.engine.cancel(run, "too late")
    assert ended(world, run, "succeeded", "").state == "succeeded"
    with pytest.raises(Conflict, match="has ended already: succeeded"):
        world.engine.cancel(run, "far too late")
    assert "cancel" not in [row.action for row in world.engine.audit()]


def test_a_report_that_was_cancelled_before_it_is_kept_is_neither_kept_nor_mailed(world: World) -> None:
    run = running(world, "report")
    world.engine.cancel(run, "the week is not over")
    with pytest.raises(Conflict, match="cancelled by ada: the week is not over"):
        make(world.ledger, room(world, run))
    assert world.engine.reports("flights") == ()
    assert world.engine.count_outbox() == 0


@pytest.mark.parametrize("state", ["failed", "interrupted", "nothing-new", "cancelled"])
def test_whatever_else_a_cancelled_run_comes_to_it_ends_as_cancelled_by_whom_and_is_not_tried_again(
    world: World, state: str
) -> None:
    run = running(world, "retrain")
    world.engine.cancel(run, "not now")
    found = ended(world, run, state, "train was stopped")
    assert (found.state, found.why) == ("cancelled", "cancelled by ada: not now")
    assert queue.retry(world.ledger, NOW + 9 * WEEK) == []


def test_a_run_whose_process_was_killed_after_it_was_cancelled_is_not_called_interrupted(world: World) -> None:
    run = running(world, "health")
    world.engine.cancel(run, "not now")
    world.engine.reconcile()  # Nobody holds its lock.
    assert world.engine.run(run).state == "cancelled"


def test_the_first_who_asked_is_who_cancelled(world: World) -> None:
    run = running(world, "report")
    world.engine.cancel(run, "first")
    world.engine.cancel(run, "second")
    assert ended(world, run, "failed", "x").why == "cancelled by ada: first"
    assert [row.reason for row in world.engine.audit() if row.action == "cancel"] == ["second", "first"]
