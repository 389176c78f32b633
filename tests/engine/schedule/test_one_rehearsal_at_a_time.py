"""Of one project one rehearsal is under way at a time: a second is refused who asks, and skipped where it was due."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Conflict
from engine.projects import schedules
from engine.runs import history, queue
from engine.schedule.due_runs import settle_all
from engine.schedule.lease import take
from engine.storage.ledger import Ledger
from tests import tiny
from tests.builders.runs import left_behind, queued
from tests.builders.versions import candidate, release
from tests.engine.schedule.engines import wait_until
from tests.forked_runs import forking
from tests.ledger import ledger_of, workspace_of, writing
from tests.people import open_engine


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Iterator[Engine]:
    """tiny@1 is live, and of another project nothing is."""
    engine = forking(open_engine(home, "ada", create=True))
    engine.add(tiny.make(tmp_path / "tiny"))
    release(engine, candidate(engine, clock.now()), None, 0, clock.now())
    yield engine
    engine.close()


@contextmanager
def under_way(engine: Engine) -> Iterator[int]:
    """A rehearsal whose process lives."""
    run = left_behind(engine, clock.now(), job="rehearsal")
    held = queue.take_lock(workspace_of(engine), run)
    assert held is not None
    try:
        yield run
    finally:
        os.close(held)


def test_whoever_asks_for_a_second_is_told_of_the_first(engine: Engine) -> None:
    with under_way(engine) as first:
        runs = engine.count_runs()
        said = rf"^Run {first} is a rehearsal of tiny that has not ended; .*'leverframe cancel {first} --reason"
        with pytest.raises(Conflict, match=said):
            engine.run_now("tiny", "rehearsal")
        assert engine.count_runs() == runs
        with ledger_of(engine) as ledger:
            assert queue.enqueue(ledger, "tiny", engine.caller, clock.now(), clock.now(), {}, job="health") > first


def test_one_whose_process_was_killed_is_in_nobodys_way(engine: Engine) -> None:
    dead = left_behind(engine, clock.now(), job="rehearsal")
    run = engine.run_now("tiny", "rehearsal")
    assert engine.run(dead).state == "interrupted" and run.id > dead
    assert engine.wait(run.id, lambda found: None).state == "failed", "this version is but a row"


def test_one_that_waits_for_its_turn_is_set_going_by_whoever_is_refused_for_it(engine: Engine) -> None:
    waiting = queued(engine, clock.now(), job="rehearsal")
    with pytest.raises(Conflict, match=f"^Run {waiting} is a rehearsal of tiny"):
        engine.run_now("tiny", "rehearsal")
    with ledger_of(engine) as ledger:
        wait_until(lambda: history.find(ledger, waiting).state != "queued")
    assert engine.wait(waiting, lambda found: None).state == "failed", "this version is but a row"


def test_of_two_who_ask_at_once_one_is_refused(engine: Engine) -> None:
    begun, outcomes = threading.Barrier(2), list[str]()

    def ask() -> None:
        with ledger_of(engine) as ledger:
            begun.wait()
            try:
                queue.enqueue(ledger, "tiny", engine.caller, clock.now(), clock.now(), {}, job="rehearsal")
                outcomes.append("queued")
            except Conflict:
                outcomes.append("refused")

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert sorted(outcomes) == ["queued", "refused"]


def test_one_that_is_due_meanwhile_is_skipped_and_its_row_says_why(engine: Engine, ledger: Ledger) -> None:
    now = datetime.now(UTC)
    with writing(engine) as db:
        row = schedules.in_force(db, "tiny", "rehearsal")
        assert row is not None
        schedules.replace(db, row, now, rule="* * * * *", timezone="UTC")
    lease = take(workspace_of(engine), ledger, now)
    assert lease is not None
    with under_way(engine) as first:
        settle_all(ledger, lease, now + timedelta(minutes=1))
        found = [(each.job, each.state, each.why) for each in engine.occurrences() if each.job == "rehearsal"]
        assert found == [("rehearsal", "skipped", f"run {first}, the one before, had not ended")]
    lease.release()
