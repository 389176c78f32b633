"""A workspace with much that may go, and a clean-up of it at any moment."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.api import Engine
from engine.housekeeping import clean as cleaning
from engine.housekeeping.records import Cleaned, CleanPlan
from engine.housekeeping.survey import survey
from tests import tiny
from tests.builders.runs import retrained
from tests.forked_runs import forking
from tests.ledger import ledger_of, store_of, workspace_of
from tests.people import open_engine
from tests.wholeness import assert_whole

WEEK = timedelta(days=7)
FIRST = datetime(2026, 9, 1, tzinfo=UTC)


def bloated(folder: Path) -> Path:
    """tiny@1 to tiny@4 were live, tiny@4 is; tiny@2 is the oldest that may be gone back to, tiny@5 failed its gates."""
    engine = forking(open_engine(folder / "home", "ada", create=True))
    engine.add(tiny.make(folder / "tiny"))
    for number in range(4):
        tiny.change(folder / "tiny", skill=0.99 - 0.01 * number)
        engine.move(engine.plan_release(retrained(engine, FIRST + number * WEEK)), "newer data", lambda step: None)
    tiny.change(folder / "tiny", skill=0.1)
    retrained(engine, FIRST + 4 * WEEK)
    tiny.replace(folder / "tiny", "steps.py", "def train():", "def train():\n    raise SystemExit('no')")
    run = engine.wait(engine.retrain("tiny", as_of=FIRST + 5 * WEEK).id, lambda r: None)
    assert run.state == "failed"
    for name, value in {"rollback_points": "2", "rollback_days": "0", "failed_days": "1"}.items():
        engine.choose(name, value, "a small disk")
    engine.close()
    for lock in (folder / "home" / "runs").glob("*/lock"):
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # The run's process has ended, and nobody writes here any more.
    return folder / "home"


def later(days: float = 3) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def planned(engine: Engine, at: datetime) -> CleanPlan:
    with ledger_of(engine) as ledger:
        return survey(workspace_of(engine), ledger, store_of(engine), at).plan(at)


def cleaned(
    engine: Engine, at: datetime, plan: CleanPlan | None = None, on_step: Callable[[str], object] = lambda step: None
) -> Cleaned:
    with ledger_of(engine) as ledger:
        return cleaning.clean(
            workspace_of(engine), ledger, store_of(engine), plan or planned(engine, at), "a small disk", engine.caller,
            at, on_step,
        )  # fmt: skip


def goes(plan: CleanPlan) -> set[str]:
    return {item.id for item in plan.going}


def assert_all_kept(engine: Engine) -> None:
    """The ledger, the trail, what is live, candidates and rollback points, each object of them."""
    assert_whole(engine, "clock")  # What was done at a later time makes the clock of this machine look behind.
    from engine.versions.document import damaged

    for version in engine.versions("tiny"):
        if version.cleaned_at is None:
            assert damaged(store_of(engine), version.digest) == [], version.label
