"""Run times as the ledger remembers them, and a run that takes too long while it still runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import clock
from engine.api import Engine
from engine.clock import stamp
from engine.errors import NotFound
from engine.jobs import overdue
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import HealthFinding
from engine.release import live_folder as projection
from engine.runs import queue
from engine.storage.ledger import Ledger
from tests.builders.projects import listed
from tests.cli.calling import call
from tests.engine.test_overview import NOW, put_measurement, put_version
from tests.ledger import workspace_of, writing
from tests.people import open_engine

OLD, NEW = "a" * 40, "b" * 40
SECONDS = {"queue": 1.0, "extract": 10.0, "train": 20.0, "score live": 4.0, "score": 4.0, "validate": 3.0, "package": 2}


@pytest.fixture
def engine(home: Path) -> Engine:
    engine = open_engine(home, "zoe", create=True)
    with writing(engine) as db:
        listed(db, "flights", {"train": {"memory": "1GiB"}, "validation": {"metrics": ["roc_auc"]}}, NOW)
    return engine


def put_run(engine: Engine, state: str, begun: datetime, seconds: float | None, phase: str = "") -> int:
    with writing(engine) as db:
        cursor = db.execute(
            "INSERT INTO runs (project, job, state, as_of, queued_at, started_at, ended_at, requested_by, options,"
            " phase) VALUES ('flights', 'retrain', ?, ?, ?, ?, ?, 'zoe', '{}', ?)",
            (
                state, stamp(begun), stamp(begun), None if state == "queued" else stamp(begun),
                stamp(begun + timedelta(seconds=seconds)) if seconds is not None else None, phase,
            ),
        )  # fmt: skip
        return int(cursor.lastrowid or 0)


def put_past(engine: Engine, count: int, factor: float = 1.0, revision: str = OLD, rows: int = 1000) -> list[int]:
    """Runs that went well, each a little longer than the one before."""
    runs = []
    for number in range(count):
        each = factor * (1 + number / 100)
        run = put_run(engine, "succeeded", NOW - timedelta(days=1), 40 * each)
        with writing(engine) as db:
            for seq, (name, seconds) in enumerate(SECONDS.items(), 1):
                cpu: tuple[Any, ...] = (None, None) if name == "queue" else (each * seconds / 2, 100_000_000 + number)
                db.execute(
                    "INSERT INTO steps (run, seq, name, state, seconds, cpu_seconds, peak_memory)"
                    " VALUES (?, ?, ?, 'succeeded', ?, ?, ?)",
                    (run, seq, name, each * seconds, *cpu),
                )
            db.execute(
                "INSERT INTO run_facts (run, revision, lock, rows, train_rows, holdout_rows)"
                " VALUES (?, ?, 'lock', ?, ?, ?)",
                (run, revision, rows, rows * 4 // 5, rows // 5),
            )
        runs.append(run)
    return runs


def test_the_times_of_each_step_are_told_in_their_order_with_the_costliest(engine: Engine) -> None:
    put_past(engine, 5)
    put_run(engine, "failed", NOW, 900.0)
    found = engine.run_times("flights")
    assert (found.n, found.costliest) == (5, "train")
    assert found.p50 == pytest.approx(40.8)
    assert found.bound is not None and found.bound >= 1.5 * found.p95
    assert [step.name for step in found.steps] == list(SECONDS)
    queue, extract, train, *_ = found.steps
    assert (queue.rows_per_second, queue.peak_memory_p95, queue.cpu_p50) == (None, None, None)
    assert extract.rows_per_second == pytest.approx(1000 / 10.2)
    assert (train.p50, train.last, train.share) == pytest.approx((20.4, 20.8, 0.5))
    assert train.p95 == pytest.approx(20.76)
    assert train.peak_memory_p95 == 100_000_004
    assert train.cpu_p50 == pytest.approx(10.2)
    assert (train.trend, train.since_run, train.why) == ("cannot tell", None, "")


def test_a_project_without_runs_has_no_times_and_one_that_is_not_there_is_not_found(engine: Engine) -> None:
    found = engine.run_times("flights")
    assert (found.n, found.bound, found.steps, found.costliest) == (0, None, (), None)
    with pytest.raises(NotFound, match="flihgts"):
        engine.run_times("flihgts")


def test_a_step_that_got_slower_says_since_when_and_what_changed(engine: Engine) -> None:
    put_past(engine, 10)
    since = put_past(engine, 4, factor=2.0, revision=NEW, rows=1350)[0]
    train = next(step for step in engine.run_times("flights").steps if step.name == "train")
    assert (train.trend, train.since_run) == ("slower", since)
    assert train.why == "code revision aaaaaaa to bbbbbbb, rows +35 %"


def test_a_run_that_passes_its_bound_is_to_be_watched_while_it_still_runs(engine: Engine) -> None:
    put_version(engine, "flights", 4, "live", put_past(engine, 6)[-1])
    put_measurement(engine, 1, 4, 12, 0.7, "roc_auc")
    projection.point(workspace_of(engine), "flights", "4-release")
    run = put_run(engine, "running", NOW - timedelta(minutes=3), None, "train fitting")
    bound = engine.run_times("flights").bound
    assert bound is not None and bound < 180
    before = NOW - timedelta(minutes=3) + timedelta(seconds=bound - 1)
    assert (engine.overdue(before), "takes" in engine.status("flights", before).why) == ((), False)
    (late,) = engine.overdue(NOW)
    assert (late.run.id, late.bound) == (run, bound)
    assert engine.status("flights", before).verdict == "ok"
    for status in (engine.status("flights", NOW), *engine.overview(NOW).projects):
        assert (status.verdict, status.since) == ("watch", NOW - timedelta(minutes=3) + timedelta(seconds=bound))
        assert status.why == f"run {run} takes 3 min by now, usually at most 42 s, now at train fitting"


def test_the_look_of_the_day_that_asks_for_everything_is_not_overdue_among_those_that_do_not(engine: Engine) -> None:
    for step, count, seconds in (("extract", 1, 40), ("extract new", 60, 2)):
        for _ in range(count):
            run = put_run(engine, "succeeded", NOW - timedelta(days=1), seconds)
            with writing(engine) as db:
                db.execute("INSERT INTO steps (run, seq, name, state) VALUES (?, 1, ?, 'succeeded')", (run, step))
    put_run(engine, "running", NOW - timedelta(seconds=58), None)
    assert engine.overdue(NOW) == ()
    assert [late.bound for late in engine.overdue(NOW + timedelta(seconds=5))] == [60.0]


def test_a_run_that_waits_for_long_is_overdue_too(engine: Engine) -> None:
    run = put_run(engine, "queued", NOW - timedelta(minutes=11), None)
    assert [late.run.id for late in engine.overdue(NOW)] == [run]  # nothing is known: ten minutes
    assert engine.overdue(NOW - timedelta(minutes=2)) == ()
    put_past(engine, 6)
    assert engine.overdue(NOW - timedelta(minutes=9, seconds=40))[0].bound == 60.0  # they waited a second each


def test_an_overdue_run_is_told_in_runs_status_alerts_and_log_beside_any_other_watch(
    engine: Engine, ledger: Ledger
) -> None:
    put_version(engine, "flights", 4, "live", put_past(engine, 6)[-1])
    put_measurement(engine, 1, 4, 12, 0.7, "roc_auc")
    projection.point(workspace_of(engine), "flights", "4-release")
    put_run(engine, "failed", NOW - timedelta(hours=2), 60.0)
    moved = HealthFinding("drift:x", "drift", "watch", "x moved", "look", NOW)
    with ledger.write() as db:
        alert_book.record(db, "flights", 4, [moved], {"drift"}, 1, NOW)
    run = put_run(engine, "running", clock.now() - timedelta(minutes=30), None, "train fitting")
    assert queue.take_lock(workspace_of(engine), run) is not None  # as its process would, so that it is alive
    said = f"run {run} takes 30 min by now, usually at most 42 s, now at train fitting"
    overdue.tell(ledger, clock.now())
    overdue.tell(ledger, clock.now())
    assert [reason.why for reason in engine.status("flights", clock.now()).reasons].count(said) == 1
    assert engine.runs()[0].overdue == said == engine.run(run).overdue
    alerts = [alert for alert in engine.alerts() if alert.part == "run time"]
    assert [alert.why for alert in alerts] == [said] and f"leverframe cancel {run}" in alerts[0].act
    for words in ("status", "status flights", "runs", "alerts", f"log {run}"):
        told = call("--home", engine.home, "--operator", engine.operator.name, *words.split())
        assert said.split(" ", 1)[1].split(",")[0] in " ".join(f"{told.out} {told.err}".split()), words
    with ledger.write() as db:
        queue.finish(db, run, "succeeded", clock.now())
    overdue.tell(ledger, clock.now())
    assert [alert.part for alert in engine.alerts()] == ["drift"] and engine.run(run).overdue is None


def test_an_overdue_run_where_nothing_is_live_is_no_alert_and_takes_no_lock(
    engine: Engine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_past(engine, 6)
    put_run(engine, "running", NOW - timedelta(minutes=30), None, "train fitting")
    assert "takes 30 min by now" in " ".join(reason.why for reason in engine.status("flights", NOW).reasons)
    monkeypatch.setattr(ledger, "write", None)  # every five seconds it would hold up whoever decides
    overdue.tell(ledger, NOW)
    assert engine.alerts() == ()
