"""A version that has just gone live is looked at once, at once, where looks are scheduled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.ledger_generator import fill
from engine.api import Engine, open_engine
from engine.clock import moment, stamp
from engine.projects import schedules
from engine.schedule import lease as leases
from engine.schedule.after_swaps import look_after_swaps
from engine.schedule.lease import Lease

PROJECT = "project-0000"
HOUR = timedelta(hours=1)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """project-0000 and project-0001 have live versions, made by a generator."""
    engine = open_engine(tmp_path / "home", "zoe", create=True)
    with engine._ledger.write() as db:
        db.execute("DROP TRIGGER audit_no_delete")
        db.execute("DELETE FROM audit")
        fill(db, 2, 8, 12)
        db.execute("UPDATE runs SET state = 'succeeded' WHERE state IN ('queued', 'running')")
    yield engine
    engine.close()


@pytest.fixture
def lease(engine: Engine) -> Iterator[Lease]:
    lease = leases.take(engine._workspace, engine._ledger, swapped(engine))
    assert lease is not None
    yield lease
    lease.release()


def swapped(engine: Engine) -> datetime:
    with engine._ledger.read() as db:
        return moment(db.execute("SELECT max(at) FROM deployments WHERE project = ?", (PROJECT,)).fetchone()[0])


def scheduled(engine: Engine, at: datetime) -> None:
    with engine._ledger.write() as db:
        schedules.sync(db, PROJECT, {"schedule": {"health": {"cron": "0 7 * * mon"}}}, at)


def test_it_is_looked_at_once(engine: Engine, lease: Lease) -> None:
    at = swapped(engine)
    scheduled(engine, at)
    (run,) = look_after_swaps(engine._ledger, lease, at + HOUR)
    found = engine.run(run)
    assert (found.project, found.job, found.state) == (PROJECT, "health", "queued")
    assert look_after_swaps(engine._ledger, lease, at + 2 * HOUR) == []


def test_without_a_schedule_for_looks_nobody_looks(engine: Engine, lease: Lease) -> None:
    assert look_after_swaps(engine._ledger, lease, swapped(engine) + HOUR) == []


def test_a_swap_of_long_ago_waits_for_the_next_due_time(engine: Engine, lease: Lease) -> None:
    at = swapped(engine)
    scheduled(engine, at)
    assert look_after_swaps(engine._ledger, lease, at + 30 * HOUR) == []


def test_a_look_of_a_time_to_come_is_no_look_at_the_swap(engine: Engine, lease: Lease) -> None:
    at = swapped(engine)
    scheduled(engine, at)
    later = stamp(at + timedelta(days=730))
    with engine._ledger.write() as db:
        db.execute(
            "INSERT INTO runs (project, job, state, as_of, queued_at, requested_by, options)"
            " VALUES (?, 'health', 'succeeded', ?, ?, 'ada', '{}')", (PROJECT, later, later),
        )  # fmt: skip
    assert len(look_after_swaps(engine._ledger, lease, at + HOUR)) == 1
    assert look_after_swaps(engine._ledger, lease, at + 2 * HOUR) == []


def test_a_swap_of_a_time_to_come_is_not_looked_at_over_and_over(engine: Engine, lease: Lease) -> None:
    at = swapped(engine)
    scheduled(engine, at - 2 * HOUR)
    assert look_after_swaps(engine._ledger, lease, at - HOUR) == []
