"""A worker that does not answer with what is live is red with both values, one that says nothing is unknown, and both
are told to people until they are over."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engine import clock
from engine.api import Engine
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import SERVING
from engine.release import workers_agree
from engine.requests import alarm
from engine.scoring import crashes, reconcile
from engine.scoring.beats import Answering, Aside, Beat, Fallbacks
from engine.scoring.reconcile import STANDS_IN, Live, disagreements
from engine.storage.ledger import Ledger
from tests.builders import served
from tests.ledger import workspace_of

NOW = datetime.fromisoformat("2026-11-30T06:00:00+00:00")
LIVE = Live("numbers", "numbers@2", 7, NOW - timedelta(hours=1))
RIGHT, OLD = Answering("numbers@2", "b" * 64, 7), Answering("numbers@1", "a" * 64, 6)


def beat(said: Answering | None = RIGHT, age: float | None = 0.5, fallbacks: Fallbacks | None = None) -> Beat:
    return Beat(
        "17-x", 17, age, {"numbers": said} if said else {}, {"numbers": fallbacks} if fallbacks is not None else {}
    )


@pytest.mark.parametrize(
    ("worker", "verdict", "why"),
    [
        (beat(OLD), "failing", "worker 17 answers with numbers@1, and the ledger says numbers@2 is live"),
        (beat(None), "failing", "worker 17 answers nothing, and the ledger says numbers@2 is live"),
        (
            beat(Answering("", "", 0, "It is not ready.")), "failing",
            "worker 17 answers nothing (It is not ready), and the ledger says numbers@2 is live",
        ),
        (
            beat(age=5.1), "unknown",
            "worker 17 has said nothing for more than 5 s, so what it answers with is unknown",
        ),
        (
            beat(OLD, age=None), "unknown",
            "worker 17 has said nothing for more than 5 s, so what it answers with is unknown",
        ),
        (
            replace(beat(), unlogged={"numbers": "The disk is full."}), "watch",
            "in worker 17 requests are not logged: The disk is full",
        ),
        (
            replace(beat(), still=5.1), "failing",
            "worker 17 has answered nobody for more than 5 s: it hangs, and those whom it let in wait",
        ),
        (
            beat(fallbacks=Fallbacks(previous=3, ago=59.0, why="It was killed.")), "watch",
            "in worker 17 numbers@2 left requests to others within the last minute: It was killed",
        ),
        (
            beat(fallbacks=Fallbacks(failed=1, failed_ago=59.0, why="no room")), "failing",
            "in worker 17 numbers@2 left requests unanswered within the last minute: no room",
        ),
        (
            # Days ago one was left unanswered; that is no reason to say so of what others have answered now.
            beat(fallbacks=Fallbacks(previous=3, failed=1, ago=1.0, failed_ago=9e5, why="It was killed.")), "watch",
            "in worker 17 numbers@2 left requests to others within the last minute: It was killed",
        ),
    ],
)  # fmt: skip
def test_what_is_not_well_is_told_with_both_values(worker: Beat, verdict: str, why: str) -> None:
    [found] = disagreements(LIVE, [worker], False, NOW)
    assert (found.verdict, found.why) == (verdict, why)
    # By this the overview marks who was answered by somebody else; what nobody answered was answered by none.
    assert found.key.startswith(f"{STANDS_IN}:") == (" to others " in why)


@pytest.mark.parametrize(
    "worker",
    [
        beat(), beat(age=4.9), replace(beat(), still=4.9),
        beat(fallbacks=Fallbacks(previous=3, ago=60.1, failed=1, failed_ago=60.1)),
    ],
)  # fmt: skip
def test_where_all_agree_nothing_is_told(worker: Beat) -> None:
    assert disagreements(LIVE, [worker], False, NOW) == ()


@pytest.mark.parametrize(("age", "told"), [(0.0, 0), (2.9, 0), (3.0, 1), (-1.0, 1), (-1e7, 1)])
def test_what_went_live_this_moment_may_not_have_been_said_yet_but_a_clock_set_back_hides_nothing(
    age: float, told: int
) -> None:
    live = Live("numbers", "numbers@2", 7, NOW - timedelta(seconds=age))
    assert len(disagreements(live, [beat(OLD)], False, NOW)) == told


@pytest.mark.parametrize(("said", "lived", "told"), [(None, 19.9, 0), (None, 20.0, 1), (OLD, 19.9, 1)])
def test_a_worker_that_has_just_begun_has_time_to_get_ready_but_not_to_answer_with_another(
    said: Answering | None, lived: float, told: int
) -> None:
    assert len(disagreements(LIVE, [replace(beat(said), lived=lived)], False, NOW)) == told


def test_the_worst_comes_first() -> None:
    live = Live("numbers", "numbers@2", 7, LIVE.at, out="numbers@2 crashed 3 times")
    found = disagreements(live, [beat(age=60.0), beat(OLD)], True, NOW)
    assert [each.verdict for each in found] == ["failing", "failing", "failing", "unknown"]


def test_three_crashes_in_a_minute_are_too_many_and_moments_to_come_count_for_nothing() -> None:
    within = [NOW - timedelta(seconds=each) for each in (0, 30, 60)]
    assert crashes.too_many(within, NOW)
    assert not crashes.too_many(within[:2], NOW)
    assert not crashes.too_many([*within[:2], NOW - timedelta(seconds=61)], NOW)
    assert not crashes.too_many([*within[:2], NOW + timedelta(seconds=1)], NOW)


def test_one_that_hangs_each_time_is_taken_out_however_long_it_is_waited_for() -> None:
    hung = [NOW - timedelta(seconds=each) for each in (0, 90, 175)]  # given up after 60 s each time, and begun anew
    assert not crashes.too_many(hung, NOW)
    assert crashes.too_many(hung, NOW, waited=60.0)
    assert not crashes.too_many([*hung[:2], NOW - timedelta(seconds=181)], NOW, waited=60.0)


def serving_alerts(ledger: Ledger) -> list[tuple[str, str]]:
    with ledger.read() as db:
        return [(each.key, each.severity) for each in alert_book.open_alerts(db) if each.part == SERVING]


def test_a_worker_left_behind_is_red_everywhere_until_it_follows(
    engine: Engine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "JUST_NOW", timedelta(0))
    monkeypatch.setattr(reconcile, "BEGINS", 0.0)
    served.go(engine, ledger, 1)
    worker, locks = served.follower(engine), workspace_of(engine).root / "locks"
    later = clock.now()
    worker.beat()
    workers_agree.tell(ledger, locks, later)
    assert serving_alerts(ledger) == [(f"serving:differs:{worker.worker.name}", "failing")]
    marker = ledger.marker()
    workers_agree.tell(ledger, locks, later)
    assert ledger.marker() == marker, "nothing changed, and everybody was woken"
    with ledger.read() as db:
        found = workers_agree.compared(db, locks, later)
    assert "answers nothing, and the ledger says numbers@1 is live" in found["numbers"][0].why

    def told_of_it() -> list[str]:
        return [each.why for each in engine.status("numbers", clock.now()).reasons if "worker" in each.why]

    doctor = [each for each in engine.doctor(mend=False) if each.what == "serving numbers"]
    assert [each.sentence for each in doctor] == told_of_it() == [found["numbers"][0].why]
    assert engine.status("numbers", clock.now()).verdict == doctor[0].verdict == "failing"
    served.settled(worker)
    worker.beat()
    workers_agree.tell(ledger, locks, later)
    assert serving_alerts(ledger) == []
    assert told_of_it() == []


def test_a_log_that_stops_is_shown_by_the_worker_itself_until_the_ledger_takes_the_alert(
    engine: Engine, ledger: Ledger
) -> None:
    full = "The disk is full: the ledger took nothing in."
    done, locks = served.go(engine, ledger, 1), workspace_of(engine).root / "locks"
    worker = served.follower(engine, aside=lambda: Aside(None, {"numbers": full}))
    served.settled(worker)
    worker.beat()

    def shown() -> list[str]:
        return [each.why for each in engine.status("numbers", clock.now()).reasons if "logged" in each.why]

    assert shown() == [f"in worker {os.getpid()} requests are not logged: {full.rstrip('.')}"]
    assert [each.verdict for each in engine.doctor(mend=False) if each.what == "serving numbers"] == ["watch"]
    workers_agree.tell(ledger, locks, clock.now())
    assert serving_alerts(ledger) == [], "whoever cannot log raises it"
    alarm.sound(ledger, done.label, full, clock.now())
    assert len(engine.alerts()) == 1 and not any("in worker" in each for each in shown())


def test_when_the_last_worker_died_nobody_answers_and_when_it_left_nothing_is_wrong(
    engine: Engine, ledger: Ledger
) -> None:
    served.go(engine, ledger, 1)
    locks = workspace_of(engine).root / "locks"
    worker = served.follower(engine)
    worker.leave("it was told to end")
    with ledger.read() as db:
        assert not any(workers_agree.compared(db, locks, clock.now()).values())
    with ledger.write() as db:  # as one leaves it behind that is killed
        db.execute("UPDATE workers SET ended_at = NULL, why = NULL")
    with ledger.read() as db:
        [found] = workers_agree.compared(db, locks, clock.now())["numbers"]
    assert found.why == "no worker answers requests for numbers: the last one ended without a word"


@pytest.mark.parametrize("killed", [False, True])
def test_what_was_taken_out_is_asked_again_when_a_person_has_taken_notice(
    engine: Engine, ledger: Ledger, killed: bool
) -> None:
    done, worker = served.go(engine, ledger, 1), served.follower(engine)
    locks = workspace_of(engine).root / "locks"
    served.settled(worker)
    said = [crashes.record(ledger, ("numbers", 1), done.seq, "17-x", "killed", clock.now()) for _ in range(4)]
    assert [each is not None for each in said] == [False, False, True, False]
    worker.beat()
    workers_agree.tell(ledger, locks, clock.now())
    assert serving_alerts(ledger) == [("serving:taken-out", "failing")]
    assert worker.live("numbers").out is not None  # type: ignore[union-attr]
    [alert] = [each for each in engine.alerts() if each.part == SERVING]
    assert "acknowledge this (key a, leverframe alerts ack), which has it asked again" in alert.act
    if killed:  # between the two things that acknowledging it does
        alert_book.acknowledge(ledger, alert.id, "its memory was raised", engine.caller, clock.now())
        assert worker.live("numbers").out is not None  # type: ignore[union-attr]
        workers_agree.tell(ledger, locks, clock.now())
    else:
        done_with = engine.acknowledge(alert.id, "its memory was raised")
        assert (done_with.acknowledged_by, done_with.resolved_why) == ("ada", "ada has it asked again")
    assert serving_alerts(ledger) == []
    assert worker.live("numbers").out is None  # type: ignore[union-attr]
    actions = [(row.action, row.subject) for row in engine.audit(limit=10)]
    assert ("ask-again", "numbers@1") in actions and ("take-out", "numbers@1") in actions
    assert crashes.record(ledger, ("numbers", 1), done.seq, "17-x", "killed", clock.now()) is None, "it starts anew"
