"""A run that went wrong is tried again where the manifest asks, and where trying again may help."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Conflict, Damage, Invalid, Refusal, StepFailed
from engine.records import Run
from engine.runs import history, queue
from engine.runs.capacity import Machine
from engine.runs.retries import Policy, Retry, helps, next_retry
from engine.storage.ledger import Ledger
from tests import tiny
from tests.builders import runs as builders
from tests.builders.runs import ROOMY
from tests.forked_runs import forking
from tests.ledger import reading
from tests.people import open_engine

ENDED = datetime(2026, 11, 24, 3, tzinfo=UTC)
MINUTES = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("policy", "tried", "wanted"),
    [
        (Policy(0, MINUTES), 0, None),
        (Policy(2, MINUTES), 0, Retry(ENDED + MINUTES, 1, 2)),
        (Policy(2, MINUTES), 1, Retry(ENDED + 2 * MINUTES, 2, 2)),
        (Policy(2, MINUTES), 2, None),
        (Policy(20, timedelta(hours=6)), 19, Retry(ENDED + timedelta(days=1), 20, 20)),  # at most a day
    ],
)
def test_each_retry_waits_twice_as_long(policy: Policy, tried: int, wanted: Retry | None) -> None:
    assert next_retry(policy, tried, ENDED) == wanted


@pytest.mark.parametrize(
    ("problem", "wanted"),
    [
        (StepFailed("extract ended with exit code 1"), True),
        (OSError(5, "Input/output error"), True),
        (Refusal("the folder has uncommitted changes"), False),
        (Invalid("leverframe.toml has a mistake"), False),
        (Conflict("somebody else was first"), False),
        (Damage("a digest is wrong"), False),
        (ZeroDivisionError(), False),
    ],
)
def test_only_what_may_go_better_by_itself_is_tried_again(problem: BaseException, wanted: bool) -> None:
    assert helps(problem) is wanted


def options(engine: Engine, run: int) -> dict[str, Any]:
    with reading(engine) as db:
        return history.options(db, run)


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Engine:
    """With the project tiny, whose manifest asks for two retries after an hour each; its extract fails for want of a
    file that a test may make."""
    wanted = tmp_path / "source" / "source.csv"
    wanted.parent.mkdir()
    steps = tiny.STEPS.replace("def extract():", f"def extract():\n    open({str(wanted)!r})")
    folder = tiny.make(tmp_path / "tiny", steps=steps)
    tiny.replace(folder, "leverframe.toml", 'timeout = "60s"', 'timeout = "60s"\nretries = 2\nretry_after = "1h"')
    tiny.allow(folder, wanted.parent)
    engine = forking(open_engine(home, "zoe", create=True))
    engine.add(folder)
    return engine


def ended(engine: Engine, run: int) -> Run:
    return engine.wait(run, lambda _: None)


def test_a_failed_run_is_queued_again_as_a_new_run_that_names_it_until_it_goes_well(
    engine: Engine, ledger: Ledger, tmp_path: Path
) -> None:
    first = ended(engine, engine.retrain("tiny", as_of=clock.moment("2026-11-03")).id)
    assert first.state == "failed" and first.ended_at is not None
    at = first.ended_at + timedelta(hours=1)
    assert first.why is not None
    assert first.why.endswith(f"It is tried again at {at:%H:%M} UTC (1 of 2).")
    assert queue.retry(ledger, at - timedelta(seconds=1)) == []
    (second,) = queue.retry(ledger, at)
    assert queue.retry(ledger, at) == []
    assert options(engine, second) == {**options(engine, 1), "retry_of": 1, "retry": 1}
    found = engine.run(second)
    assert (found.as_of, found.requested_by) == (first.as_of, "zoe")
    (tmp_path / "source" / "source.csv").touch()
    engine.reconcile()
    assert ended(engine, second).state == "succeeded"
    assert [step.name for step in engine.run(second).steps] == [
        "queue", "extract", "train", "score", "validate", "package",
    ]  # fmt: skip
    assert all(step.peak_memory for step in engine.run(second).steps[1:])


def test_the_tries_come_to_an_end(engine: Engine, ledger: Ledger) -> None:
    run, at = engine.retrain("tiny").id, clock.now()
    for number in (1, 2):
        assert ended(engine, run).state == "failed"
        at += timedelta(days=number)
        (run,) = queue.retry(ledger, at)
        engine.reconcile()
    last = ended(engine, run)
    assert last.state == "failed" and last.why is not None and "tried again" not in last.why
    assert queue.retry(ledger, at + timedelta(days=9)) == []
    assert options(engine, run)["retry"] == 2


def test_a_run_that_ended_while_the_clock_was_ahead_is_not_tried_again_only_then(
    engine: Engine, ledger: Ledger
) -> None:
    run = queued(engine)
    with ledger.write() as db:
        queue.finish(db, run, "failed", clock.now() + timedelta(days=730), again=True)
    assert len(queue.retry(ledger, clock.now())) == 1


def queued(engine: Engine) -> int:
    return builders.queued(engine, clock.now())


def running(engine: Engine) -> int:
    return builders.left_behind(engine, clock.now())


def test_an_interrupted_run_is_tried_again_and_an_unwanted_retry_is_called_off(engine: Engine, ledger: Ledger) -> None:
    run = running(engine)
    engine.reconcile()  # no process holds its lock
    found = engine.run(run)
    assert found.state == "interrupted" and found.why is not None and "It is tried again at " in found.why
    engine.cancel(run, "not needed")
    why = engine.run(run).why
    assert why is not None and why.endswith("(1 of 2). No: zoe called that off.")
    assert queue.retry(ledger, clock.now() + timedelta(days=9)) == []
    with pytest.raises(Conflict, match="has ended already"):
        engine.cancel(run, "again")


def test_a_newer_run_takes_the_place_of_the_retry(engine: Engine, ledger: Ledger) -> None:
    run = running(engine)
    engine.reconcile()
    newer = queued(engine)
    assert queue.retry(ledger, clock.now() + timedelta(days=1)) == []
    assert engine.count_runs("tiny") == 2
    assert newer == run + 1


def test_what_a_person_must_mend_is_not_tried_again(engine: Engine, tmp_path: Path) -> None:
    tiny.replace(tmp_path / "tiny", "leverframe.toml", 'target = "late"', "target = 7")
    found = ended(engine, engine.retrain("tiny").id)
    assert found.state == "failed" and found.why is not None
    assert "target" in found.why and "tried again" not in found.why
    (tmp_path / "tiny" / "settings.json").write_text("{}")
    dirty = ended(engine, queued(engine))
    assert dirty.state == "failed" and dirty.why is not None and "tried again" not in dirty.why


def test_runs_start_in_order_and_within_their_memory(engine: Engine, ledger: Ledger) -> None:
    first, second, third = queued(engine), queued(engine), queued(engine)
    at = queue.claim
    small = Machine(8, 1 << 30, 1 << 50)  # the manifest allows 512 MiB: two at once
    assert not at(ledger, third, clock.now(), small)  # not before those that came earlier
    assert at(ledger, first, clock.now(), small)
    assert at(ledger, second, clock.now(), small)
    assert not at(ledger, third, clock.now(), small)
    assert not at(ledger, third, clock.now(), Machine(2, 1 << 50, 1 << 50))
    waited = engine.run(first).steps[0]
    assert (waited.name, waited.state) == ("queue", "succeeded")
    assert waited.seconds is not None and waited.seconds >= 0
    assert at(ledger, third, clock.now(), ROOMY)
