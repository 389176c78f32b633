"""A look whose meter is at work when somebody cancels it ends at once, as cancelled, and leaves nothing but its log."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.clock import now, pause
from engine.jobs import process
from engine.jobs.health import look as health
from engine.runs import leftovers, queue
from engine.runs.steps.sweep import sweep
from tests.builders.runs import queued
from tests.journeys.conftest import WEEK
from tests.ledger import reading, workspace_of
from tests.people import open_engine

pytestmark = pytest.mark.slow


def rows(engine: Engine) -> dict[str, int]:
    with reading(engine) as db:
        tables = ("health", "signals", "alerts", "measurements", "triggers")
        return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


def test_it_ends_as_cancelled_and_nothing_of_it_is_kept(
    history: Path, first: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "METER", replace(health.METER, module="tests.journeys.meter_that_waits"))
    engine = open_engine(history, "bob")
    run, before = queued(engine, now(), job="health", as_of=first + 2 * WEEK), rows(engine)
    folder = workspace_of(engine).run_folder(run)
    lock = str(queue.take_lock(workspace_of(engine), run))
    look = threading.Thread(target=process.main, args=(str(history), str(run), lock), daemon=True)
    look.start()
    until = time.monotonic() + 60
    while not (log := folder / "measure.log").exists() or "measuring" not in log.read_text():
        assert time.monotonic() < until, engine.run(run)
        pause(0.05)
    engine.cancel(run, "the wrong project")
    look.join(60)
    found = engine.run(run)
    assert (found.state, found.why, found.version) == ("cancelled", "cancelled by bob: the wrong project", None)
    assert {step.name: step.state for step in found.steps}["measure"] == "cancelled"
    assert rows(engine) == before
    assert leftovers.copies(folder) == []
    assert sweep(f"{workspace_of(engine).token}:{run}") == 0
    assert engine.health("tiny") is None
    assert engine.status("tiny", now()).active_run is None
    engine.close()
