"""A candidate on trial is held and proven by every worker before its trial begins, and let go of when it is over."""

from __future__ import annotations

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Refusal
from engine.scoring import trials
from engine.serving.held import Held
from engine.storage.ledger import Ledger
from tests.builders import served


def held(worker: object) -> Held:
    found: Held | None = worker.live(served.PROJECT)  # type: ignore[attr-defined]
    assert found is not None
    return found


def beside(worker: object) -> str | None:
    found = held(worker).beside
    return found.label if found is not None else None


def test_every_worker_holds_it_at_the_moment_in_which_the_trial_begins(engine: Engine, ledger: Ledger) -> None:
    workers = served.follower(engine), served.follower(engine)
    with served.working(*workers):
        served.go(engine, ledger, 1)
        began = served.on_trial(engine, ledger, 2, "canary", 0.25)
        assert [beside(worker) for worker in workers] == ["numbers@2", "numbers@2"]
        assert [held(worker).label for worker in workers] == ["numbers@1", "numbers@1"]
        assert held(workers[0]).trial == began
        candidate = held(workers[0]).beside
        assert candidate is not None and candidate.scorer.answer([(0.0,)]) == [(2,)]
    with ledger.read() as db:
        (row,) = db.execute("SELECT number, how, why FROM preparations WHERE number = 2").fetchall()
    assert tuple(row) == (2, "live", "it runs beside what is live")


def test_a_worker_in_which_it_predicts_otherwise_keeps_the_trial_from_beginning(
    engine: Engine, ledger: Ledger
) -> None:
    workers = served.follower(engine), served.follower(engine, served.Scorers(wrong={"numbers@2": 7}))
    with served.working(*workers):
        served.go(engine, ledger, 1)
        with pytest.raises(Refusal, match=r"worker \d+: numbers@2 does not reproduce its own predictions"):
            served.on_trial(engine, ledger, 2)
        assert [beside(worker) for worker in workers] == [None, None]
    with ledger.read() as db:
        assert trials.trial(db, served.PROJECT) is None


def test_without_a_worker_there_is_nothing_to_run_beside(engine: Engine, ledger: Ledger) -> None:
    served.go(engine, ledger, 1)
    with pytest.raises(Refusal, match="No worker answers requests for numbers now"):
        served.on_trial(engine, ledger, 2)
    with ledger.read() as db:
        assert trials.trial(db, served.PROJECT) is None


def test_a_worker_that_comes_later_lets_the_live_version_answer_until_it_has_it(
    engine: Engine, ledger: Ledger
) -> None:
    first = served.follower(engine)
    with served.working(first):
        served.go(engine, ledger, 1)
        served.on_trial(engine, ledger, 2)
        late = served.follower(engine)
        assert not late.is_ready(served.PROJECT)
        late.tick()
        assert (held(late).label, beside(late)) == ("numbers@1", None)
        assert held(late).trial is not None and not late.is_ready(served.PROJECT)
        served.settled(late)
        assert beside(late) == "numbers@2" and late.is_ready(served.PROJECT)


def test_a_shadow_keeps_no_client_waiting(engine: Engine, ledger: Ledger) -> None:
    with served.working(served.follower(engine)):
        served.go(engine, ledger, 1)
        served.on_trial(engine, ledger, 2, "shadow", 1.0)
    late = served.follower(engine)
    served.settled(late)
    assert held(late).trial is not None and late.is_ready(served.PROJECT)


def test_what_cannot_be_loaded_later_keeps_nobody_from_being_answered(engine: Engine, ledger: Ledger) -> None:
    first = served.follower(engine)
    with served.working(first):
        served.go(engine, ledger, 1)
        served.on_trial(engine, ledger, 2)
        late = served.follower(engine, served.Scorers(fails={"numbers@2": RuntimeError("no room")}))
        served.settled(late)
        assert (held(late).label, beside(late)) == ("numbers@1", None)
        assert late.is_ready(served.PROJECT)


def test_an_end_counts_for_the_first_request_after_it_and_the_candidate_is_let_go_of(
    engine: Engine, ledger: Ledger
) -> None:
    scorers, now = served.Scorers(), [0.0]
    with served.working(served.follower(engine)):
        served.go(engine, ledger, 1)
        served.on_trial(engine, ledger, 2)
    worker = served.follower(engine, scorers, monotonic=lambda: now[0], let_go_after=5.0)
    served.settled(worker)
    assert beside(worker) == "numbers@2"
    with ledger.write() as db:
        trials.end(db, served.PROJECT, "by hand", "seen enough", engine.caller, clock.now())
    assert (beside(worker), held(worker).trial) == (None, None)
    worker.tick()
    now[0] = 1e6
    worker.tick()
    assert [each.closed for each in scorers.opened["numbers@2"]] == [True]


def test_another_share_is_what_the_next_request_sees(engine: Engine, ledger: Ledger) -> None:
    worker = served.follower(engine)
    with served.working(worker):
        served.go(engine, ledger, 1)
        began = served.on_trial(engine, ledger, 2, "canary", 0.1)
        with ledger.write() as db:
            trials.change(db, began, 0.4, "more of it", engine.caller, clock.now())
        found = held(worker).trial
    assert found is not None
    assert (found.seq, found.share, found.since, found.reason) == (began.seq, 0.4, began.since, "try it")
    assert found.share_since >= began.since


def test_where_another_version_is_live_a_trial_that_nobody_ended_runs_beside_nothing(
    engine: Engine, ledger: Ledger
) -> None:
    worker = served.follower(engine)
    with served.working(worker):
        served.go(engine, ledger, 1)
        began = served.on_trial(engine, ledger, 2)
        with ledger.write() as db:
            db.execute(
                "INSERT INTO deployments (project, number, previous, kind, at, actor, reason, release, proof, audit)"
                " SELECT project, number, previous, kind, at, actor, reason, release, proof, audit FROM deployments"
                " WHERE seq = ?",
                (began.against,),
            )
        assert (held(worker).trial, beside(worker)) == (None, None)
