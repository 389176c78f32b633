"""The engine ends a canary that surely does worse, with an alert, and leaves alone what it cannot tell about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from engine.api import Engine
from engine.canary import judge, watch
from engine.canary.records import CanaryHealth
from engine.clock import stamp
from engine.feedback import book as feedback
from engine.feedback.records import FeedbackRow
from engine.monitoring.alerts import alert_book
from engine.monitoring.alerts.changes import to_escalate
from engine.requests import book
from engine.requests.answered import Answered
from engine.requests.counting import Count, CountKey, bucket
from engine.requests.log import RequestLog
from engine.requests.records import LogRules
from engine.scoring import trials
from engine.storage.ledger import Ledger
from tests.builders import served
from tests.ledger import store_of, workspace_of


def begun(engine: Engine, ledger: Ledger, share: float = 0.1) -> trials.Trial:
    with served.working(served.follower(engine)):
        served.go(engine, ledger, 1)
        return served.on_trial(engine, ledger, 2, "canary", share)


def counted(
    ledger: Ledger, at: datetime, label: str, requests: int, *, fallback: str = "", seconds: float = 0.01
) -> None:
    key = CountKey(served.PROJECT, int(at.timestamp()) // 60, label, "d", fallback, 200)
    with ledger.write() as db:
        book.add(db, "w1", {key: Count(requests, requests, histogram={bucket(seconds): requests})})


def looked(engine: Engine, ledger: Ledger, at: datetime) -> tuple[trials.Trial, ...]:
    return watch.watch(workspace_of(engine), ledger, store_of(engine), at)


def on(ledger: Ledger) -> trials.Trial | None:
    with ledger.read() as db:
        return trials.trial(db, served.PROJECT)


MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Ended:
    why: str
    waited: float = 0.0


def test_one_that_errs_is_ended_with_an_alert_and_a_row_by_the_policy(engine: Engine, ledger: Ledger) -> None:
    began = begun(engine, ledger)
    at = began.since + MINUTE
    counted(ledger, at, "numbers@1", 3_000)
    counted(ledger, at, "numbers@1", 60, fallback="live")
    counted(ledger, at, "numbers@2", 240)
    assert looked(engine, ledger, at + MINUTE) == (began,)
    assert on(ledger) is None
    row = engine.audit(limit=1)[0]
    assert (row.action, row.actor, row.subject) == ("end-canary", "the canary policy", "numbers@2")
    assert "could not answer 20 % of 300 requests, the live version 0 % of 3,000" in row.reason
    (measure,) = row.details["measures"]
    assert (measure["name"], measure["live"], measure["canary"], measure["bound"]) == ("errors", 0.0, 0.2, 0.01)
    assert measure["bound"] < measure["low"] < 0.2 < measure["high"]
    (alert,) = engine.alerts(served.PROJECT)
    assert (alert.part, alert.severity, alert.version) == ("canary", "failing", "numbers@1")
    assert alert.why == row.reason
    with ledger.read() as db:
        assert db.execute("SELECT count(*) FROM news WHERE kind = 'red'").fetchone()[0] == 1
        (ended, _) = trials.rows(db, served.PROJECT)
    assert (ended.how, ended.by) == ("policy", "the canary policy")
    assert looked(engine, ledger, at + 2 * MINUTE) == ()
    reasons = engine.status(served.PROJECT, at + 2 * MINUTE).reasons
    assert alert.why not in [each.why for each in reasons], "what is live is as it was"
    assert not to_escalate(alert, at + timedelta(days=1)), "it is told once"
    engine.acknowledge(alert.id, "seen")
    assert engine.alerts(served.PROJECT) == ()


def test_one_that_is_slow_is_ended(engine: Engine, ledger: Ledger) -> None:
    began = begun(engine, ledger)
    at = began.since + MINUTE
    counted(ledger, at, "numbers@1", 3_000)
    counted(ledger, at, "numbers@2", 100, seconds=0.9)
    counted(ledger, at, "numbers@2", 100)
    assert looked(engine, ledger, at + MINUTE) == (began,)
    assert "took longer than 0.5 s for 50 % of 200" in engine.audit(limit=1)[0].reason


@pytest.mark.parametrize("failed", [0, 1, 3])
def test_what_nobody_can_tell_ends_nothing(engine: Engine, ledger: Ledger, failed: int) -> None:
    at = begun(engine, ledger).since + MINUTE
    counted(ledger, at, "numbers@1", 3_000)
    if failed:
        counted(ledger, at, "numbers@1", failed, fallback="live")
    counted(ledger, at, "numbers@2", 100)
    assert looked(engine, ledger, at + MINUTE) == ()
    assert on(ledger) is not None


def test_what_came_before_the_share_was_raised_is_not_held_against_it(engine: Engine, ledger: Ledger) -> None:
    began = begun(engine, ledger)
    counted(ledger, began.since - 2 * MINUTE, "numbers@1", 500, fallback="live")
    counted(ledger, began.since + MINUTE, "numbers@1", 3_000)
    counted(ledger, began.since + MINUTE, "numbers@2", 300)
    assert looked(engine, ledger, began.since + 2 * MINUTE) == ()


def test_a_manifest_that_ends_none_is_heeded(engine: Engine, ledger: Ledger) -> None:
    began = begun(engine, ledger)
    with ledger.write() as db:
        db.execute(
            "UPDATE projects SET manifest = json_set(manifest, '$.serve.canary', json('{\"end\": false}'))"
        )
    at = began.since + MINUTE
    counted(ledger, at, "numbers@1", 3_000)
    counted(ledger, at, "numbers@1", 300, fallback="live")
    assert looked(engine, ledger, at + MINUTE) == ()
    found = engine.canary_health(served.PROJECT, at + MINUTE)
    assert found is not None and [each.name for each in found.worse] == ["errors"] and not found.ends


def test_a_shadow_is_never_ended_by_it(engine: Engine, ledger: Ledger) -> None:
    with served.working(served.follower(engine)):
        served.go(engine, ledger, 1)
        began = served.on_trial(engine, ledger, 2, "shadow", 1.0)
    counted(ledger, began.since + MINUTE, "numbers@1", 3_000)
    counted(ledger, began.since + MINUTE, "numbers@1", 300, fallback="live")
    assert looked(engine, ledger, began.since + 2 * MINUTE) == ()
    assert on(ledger) is not None


def test_one_that_was_ended_while_it_was_judged_is_not_ended_again(
    engine: Engine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = begun(engine, ledger)
    at = began.since + MINUTE
    counted(ledger, at, "numbers@1", 3_000)
    counted(ledger, at, "numbers@1", 300, fallback="live")
    real = judge.ended_because

    def ended_meanwhile(*given: object) -> str:
        engine.end_trial(served.PROJECT, "seen enough")
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("engine.canary.watch.ended_because", ended_meanwhile)
    assert looked(engine, ledger, at + MINUTE) == ()
    assert engine.audit(limit=1)[0].actor == "ada"
    with ledger.read() as db:
        assert not alert_book.any_open(db)


def answer(version: int, number: int, at: datetime, said: int | None = None, fallback: str | None = None) -> Answered:
    """What a side answered to the key ``number``: its own number, or what it ``said``."""
    return Answered(
        served.PROJECT, f"numbers@{version}", "d", fallback, at, 0.001, 200, f"r{number}", ("x",), ("prediction",),
        ((0.5,),), ((said or version,),), {"id": (number,)}, "canary" if version == 2 else "live",
    )  # fmt: skip


def labelled(
    engine: Engine, ledger: Ledger, at: datetime, wrong: int, rows: int = 1_000, times: int = 1,
    besides: Sequence[Answered] = (),
) -> CanaryHealth | None:  # fmt: skip
    """Rows of both sides in the log, each asked for so many ``times``, and their labels: the live version is right, the
    canary ``wrong`` of ten times. ``besides``: what else is in the log."""
    log = RequestLog(workspace_of(engine), ledger, "w1", lambda project: LogRules())
    for each in besides:
        log.note(each)
    labels = []
    for number in range(2 * rows):
        version, truth = 1 + number % 2, 1 if number % 2 == 0 or number // 2 % 10 < wrong else 2
        for _ in range(times):
            log.note(answer(version, number, at))
        labels.append(FeedbackRow((number,), truth, at))
    log.close()
    feedback.take(ledger, store_of(engine), served.PROJECT, labels, engine.caller, at)
    with ledger.write() as db:  # What is quarantined is let in: this is about what counts.
        for row in db.execute("SELECT id FROM feedback_batches WHERE held IS NOT NULL").fetchall():
            db.execute(
                "INSERT INTO feedback_decisions (batch, at, by, verdict, reason) VALUES (?, ?, 'ada', 'let in', 'x')",
                (row["id"], stamp(at)),
            )
    with ledger.write() as db:
        db.execute("UPDATE projects SET manifest = json_set(manifest, '$.data.key', json('[\"id\"]'))")
    return engine.canary_health(served.PROJECT, at + MINUTE)


def test_labels_that_come_later_end_one_that_is_wrong_more_often(engine: Engine, ledger: Ledger) -> None:
    began = begun(engine, ledger)
    at = began.since + MINUTE
    found = labelled(engine, ledger, at, wrong=4)
    assert found is not None and found.loss == "mean absolute error"
    assert (found.live.losses.keys, found.live.losses.mean) == (1_000, 0.0)
    assert (found.canary.losses.keys, found.canary.losses.mean) == (1_000, 0.4)
    assert found.canary.predictions.shares == (("2", 1.0),) and found.live.predictions.shares == (("1", 1.0),)
    assert [each.name for each in found.worse] == ["loss"]
    assert looked(engine, ledger, at + MINUTE) == (began,)
    assert "its mean absolute error is 0.4 on 1,000 labelled keys" in engine.audit(limit=1)[0].reason


def test_labels_of_one_that_is_as_good_end_nothing(engine: Engine, ledger: Ledger) -> None:
    began = begun(engine, ledger)
    found = labelled(engine, ledger, began.since + MINUTE, wrong=0)
    assert found is not None and found.worse == ()
    assert looked(engine, ledger, began.since + 2 * MINUTE) == ()


def test_what_others_answered_and_what_was_answered_before_is_no_evidence(engine: Engine, ledger: Ledger) -> None:
    began = begun(engine, ledger)
    before, at = began.since - MINUTE, began.since + MINUTE
    besides = [answer(2, number, before, said=9) for number in range(1, 400, 2)]
    besides += [answer(1, number, at, said=9, fallback="live") for number in range(1, 400, 2)]
    found = labelled(engine, ledger, at, wrong=0, besides=besides)
    assert found is not None
    assert [(side.predictions.rows, side.losses.mean) for side in (found.live, found.canary)] == [(1_000, 0.0)] * 2


def test_a_key_that_is_asked_for_again_and_again_is_no_further_evidence(engine: Engine, ledger: Ledger) -> None:
    """A client that asks each minute for the same hundred keys has a hundred labels, and not thousands."""
    began = begun(engine, ledger)
    found = labelled(engine, ledger, began.since + MINUTE, wrong=4, rows=100, times=30)
    assert found is not None and found.canary.predictions.rows == 3_000
    assert (found.canary.losses.keys, found.canary.losses.mean) == (100, 0.4)
    assert found.worse == () and looked(engine, ledger, began.since + 2 * MINUTE) == ()


def test_one_whose_process_crashes_again_and_again_is_asked_no_more_and_ended(
    engine: Engine, ledger: Ledger
) -> None:
    began = begun(engine, ledger, 0.5)
    scorers = served.Scorers()
    worker = served.follower(engine, scorers, now=lambda: began.since + MINUTE)
    served.settled(worker)
    live = worker.live(served.PROJECT)
    assert live is not None and live.beside is not None
    for number in range(3):
        scorers.opened["numbers@2"][-1].ends.append(Ended(f"it was killed {number}"))
        worker.tick()
    live = worker.live(served.PROJECT)
    assert live is not None and live.out is None and (live.trial, live.beside) == (None, None)
    assert looked(engine, ledger, began.since + MINUTE) == (began,)
    (alert,) = engine.alerts(served.PROJECT)
    assert "numbers@2 crashed 3 times within 60 s and is asked no more" in alert.why
    assert on(ledger) is None
