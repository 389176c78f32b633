"""A version that has just gone live is looked at once, at once, where looks are scheduled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.projects import schedules
from engine.schedule import lease as leases
from engine.schedule.after_swaps import look_after_swaps
from engine.schedule.lease import Lease
from engine.storage.ledger import Ledger
from tests.builders.generated import generated
from tests.builders.runs import done
from tests.ledger import workspace_of, writing

PROJECT = "project-0000"
HOUR = timedelta(hours=1)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """project-0000 and project-0001 have live versions, made by a generator."""
    engine = generated(tmp_path / "home", 2, 8)
    with writing(engine) as db:
        db.execute("UPDATE runs SET state = 'succeeded' WHERE state IN ('queued', 'running')")
    yield engine
    engine.close()


@pytest.fixture
def lease(engine: Engine, ledger: Ledger) -> Iterator[Lease]:
    lease = leases.take(workspace_of(engine), ledger, swapped(engine))
    assert lease is not None
    yield lease
    lease.release()


def swapped(engine: Engine) -> datetime:
    return engine.swaps(project=PROJECT)[-1].at


def scheduled(engine: Engine, at: datetime) -> None:
    with writing(engine) as db:
        schedules.sync(db, PROJECT, {"schedule": {"health": {"cron": "0 7 * * mon"}}}, at)


def test_it_is_looked_at_once(engine: Engine, ledger: Ledger, lease: Lease) -> None:
    at = swapped(engine)
    scheduled(engine, at)
    (run,) = look_after_swaps(ledger, lease, at + HOUR)
    found = engine.run(run)
    assert (found.project, found.job, found.state) == (PROJECT, "health", "queued")
    assert look_after_swaps(ledger, lease, at + 2 * HOUR) == []


def test_without_a_schedule_for_looks_nobody_looks(engine: Engine, ledger: Ledger, lease: Lease) -> None:
    assert look_after_swaps(ledger, lease, swapped(engine) + HOUR) == []


def test_a_swap_of_long_ago_waits_for_the_next_due_time(engine: Engine, ledger: Ledger, lease: Lease) -> None:
    at = swapped(engine)
    scheduled(engine, at)
    assert look_after_swaps(ledger, lease, at + 30 * HOUR) == []


def test_a_look_of_a_time_to_come_is_no_look_at_the_swap(engine: Engine, ledger: Ledger, lease: Lease) -> None:
    at = swapped(engine)
    scheduled(engine, at)
    done(engine, at + timedelta(days=730), project=PROJECT, job="health")
    assert len(look_after_swaps(ledger, lease, at + HOUR)) == 1
    assert look_after_swaps(ledger, lease, at + 2 * HOUR) == []


def test_a_swap_of_a_time_to_come_is_not_looked_at_over_and_over(engine: Engine, ledger: Ledger, lease: Lease) -> None:
    at = swapped(engine)
    scheduled(engine, at - 2 * HOUR)
    assert look_after_swaps(ledger, lease, at - HOUR) == []
