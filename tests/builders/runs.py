"""Runs: a whole retrain, and those without a process of theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine.api import Engine
from engine.records import RunState
from engine.runs import queue
from engine.runs.capacity import Machine
from tests.ledger import ledger_of, writing

ROOMY = Machine(1000, 1 << 50, 1 << 50)


def retrained(engine: Engine, as_of: datetime, project: str = "tiny") -> str:
    """Retrain it, and return the label of the version that came of it."""
    run = engine.wait(engine.retrain(project, as_of=as_of).id, lambda run: None)
    assert run.version is not None, run.why
    return run.version


def queued(
    engine: Engine, at: datetime, *, project: str = "tiny", job: str = "retrain", as_of: datetime | None = None,
    **options: Any,
) -> int:  # fmt: skip
    """A run in the queue that no process was started for yet."""
    with writing(engine) as db:
        return queue.insert(db, project, engine.caller, as_of or at, at, options, job=job)


def left_behind(
    engine: Engine, began: datetime, *, project: str = "tiny", job: str = "retrain", as_of: datetime | None = None
) -> int:
    """A run that began and whose process is dead, which nobody has noticed yet."""
    run = queued(engine, began, project=project, job=job, as_of=as_of)
    with ledger_of(engine) as ledger:
        assert queue.claim(ledger, run, began, ROOMY)
    return run


def done(
    engine: Engine, began: datetime, *, project: str = "tiny", job: str = "retrain", as_of: datetime | None = None,
    until: datetime | None = None, state: RunState = "succeeded", why: str | None = None,
) -> int:  # fmt: skip
    """A run that began then and ended at ``until``, or at once."""
    run = left_behind(engine, began, project=project, job=job, as_of=as_of)
    with writing(engine) as db:
        queue.finish(db, run, state, until or began, why=why)
    return run
