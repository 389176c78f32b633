"""Who may put what on trial, when that is refused and why, and what ends a trial."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Conflict, Forbidden, Invalid, Refusal
from engine.release import swap
from engine.release.trial_rules import columns_missing, share_of, share_problem
from engine.release.trials import TrialPlan
from engine.scoring import trials
from engine.scoring.trials import Kind, Trial
from engine.storage.ledger import Ledger
from tests.builders import served
from tests.builders.served_engine import ledger as ledger
from tests.builders.versions import altered
from tests.ledger import ledger_of
from tests.people import open_engine


@pytest.fixture
def engine(tmp_path: Path, today: datetime) -> Iterator[Engine]:
    engine = served.made(tmp_path / "home", 3, today)
    with ledger_of(engine) as ledger, ledger.write() as db:
        db.execute("UPDATE projects SET manifest = json_set(manifest, '$.data.key', json('[\"id\"]'))")
    yield engine
    engine.close()


@contextmanager
def answering(engine: Engine, ledger: Ledger) -> Iterator[None]:
    """numbers@1 is live, @2 and @3 wait, and a worker answers requests."""
    with served.working(served.follower(engine)):
        served.go(engine, ledger, 1)
        keyed(ledger)
        for number in (2, 3):
            altered(engine, number, state="candidate", reason=None, against=1)
        yield


def keyed(ledger: Ledger) -> None:
    with ledger.write() as db:
        db.execute("UPDATE projects SET manifest = json_set(manifest, '$.data.key', json('[\"id\"]'))")


def tried(engine: Engine, number: int, kind: Kind = "canary", share: float = 0.05, why: str = "try it") -> Trial:
    return engine.put_on_trial(engine.plan_trial(f"numbers@{number}", kind, share), why, lambda step: None)


def refused(engine: Engine, number: int, kind: Kind = "canary", share: float = 0.05) -> str:
    found = engine.plan_trial(f"numbers@{number}", kind, share).refused
    assert found is not None
    with pytest.raises((Refusal, Conflict)):
        tried(engine, number, kind, share)
    return found


def on(ledger: Ledger) -> Trial | None:
    with ledger.read() as db:
        return trials.trial(db, served.PROJECT)


def ended(ledger: Ledger) -> tuple[str | None, str, str]:
    with ledger.read() as db:
        row = trials.rows(db, served.PROJECT, 1)[0]
    assert row.act == "end"
    return row.how, row.label, row.by


def test_a_canary_begins_is_raised_cut_and_ended_each_with_who_and_why(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        began = tried(engine, 2)
        raised = tried(engine, 2, share=0.2, why="it does well")
        cut = tried(engine, 2, share=0.1, why="less of it")
        assert (began.share, raised.share, cut.share) == (0.05, 0.2, 0.1)
        assert began.seq == raised.seq == cut.seq
        assert engine.trial(served.PROJECT) == cut
        engine.end_trial(served.PROJECT, "seen enough")
    assert on(ledger) is None
    rows = [(row.action, row.subject, row.reason, row.actor) for row in engine.audit(limit=4)]
    assert rows == [
        ("end-canary", "numbers@2", "seen enough", "ada"), ("change-share", "numbers@2", "less of it", "ada"),
        ("change-share", "numbers@2", "it does well", "ada"), ("canary", "numbers@2", "try it", "ada"),
    ]  # fmt: skip
    assert [(row.act, row.share) for row in engine.trial_history(served.PROJECT)] == [
        ("end", 0.1), ("change", 0.1), ("change", 0.2), ("start", 0.05),
    ]  # fmt: skip
    assert engine.version("numbers@2").state == "candidate"
    assert engine.verify_audit().ok


def test_a_shadow_goes_on_as_a_canary_of_the_same_candidate_and_not_the_other_way_round(
    engine: Engine, ledger: Ledger
) -> None:
    with answering(engine, ledger):
        tried(engine, 2, "shadow", 1.0)
        began = tried(engine, 2, "canary", 0.05)
        assert (began.kind, on(ledger)) == ("canary", began)
        assert "numbers@2 answers 5 % of the keys" in refused(engine, 2, "shadow", 1.0)
    with ledger.read() as db:
        assert [(row.kind, row.act, row.how) for row in trials.rows(db, served.PROJECT)] == [
            ("canary", "start", None), ("shadow", "end", "canary"), ("shadow", "start", None),
        ]  # fmt: skip


def test_there_is_one_trial_a_project_and_the_same_again_changes_nothing(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        tried(engine, 2)
        assert refused(engine, 3) == (
            "numbers@2 answers 5 % of the keys beside what is live already, and a project has one trial at a time; "
            "'leverframe end-trial numbers' ends that, then try again."
        )
        same = "numbers@2 answers 5 % of the keys beside what is live already; nothing was changed."
        assert refused(engine, 2) == same


def test_what_failed_its_gates_may_be_a_shadow_and_answers_nobody(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        altered(engine, 2, state="failed")
        assert "did not pass its gates, so it answers nobody: it is so." in refused(engine, 2)
        assert tried(engine, 2, "shadow", 1.0).kind == "shadow"


@pytest.mark.parametrize("state", ["live", "retired", "rejected", "expired", "barred"])
def test_nothing_else_is_tried(engine: Engine, ledger: Ledger, state: str) -> None:
    with answering(engine, ledger):
        number = 1 if state == "live" else 2
        if state != "live":
            altered(engine, 2, state=state)
        for kind, share in (("canary", 0.05), ("shadow", 1.0)):
            why = refused(engine, number, kind, share)  # type: ignore[arg-type]
            assert f"numbers@{number} is {state}; only " in why and why.endswith("; retrain makes one.")


def test_a_canary_is_what_could_be_approved_now(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        altered(engine, 2, against=None)
        assert "was judged against nothing, but numbers@1 is live now" in refused(engine, 2)
        assert engine.plan_trial("numbers@2", "shadow", 1.0).refused is None
        engine.set_policy("freeze", "00:00-24:00", "no changes")
        altered(engine, 2, against=1)
        assert "cannot go live" in refused(engine, 2)


def test_in_a_freeze_a_canary_is_cut_and_ended_and_not_raised(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        tried(engine, 2, share=0.2)
        engine.set_policy("freeze", "00:00-24:00", "no changes")
        assert "cannot go live" in refused(engine, 2, share=0.3)
        assert tried(engine, 2, share=0.1).share == 0.1
        engine.end_trial(served.PROJECT, "seen enough")
    assert on(ledger) is None


def test_who_may_not_approve_starts_no_canary(engine: Engine, ledger: Ledger) -> None:
    engine.add_operator("opal", "operator", "she helps")
    opal = open_engine(engine.home, "opal")
    try:
        with answering(engine, ledger):
            engine.set_policy("approvers", "ada", "she alone decides")
            found = opal.plan_trial("numbers@2", "canary", 0.05)
            assert found.refused is not None and "opal may not approve numbers@2" in found.refused
            assert tried(opal, 2, "shadow", 1.0).by == "opal"
    finally:
        opal.close()


def test_who_was_demoted_meanwhile_does_it_no_more(engine: Engine, ledger: Ledger) -> None:
    engine.add_operator("opal", "operator", "she helps")
    opal = open_engine(engine.home, "opal")
    try:
        with answering(engine, ledger):
            plan = opal.plan_trial("numbers@2", "canary", 0.05)
            engine.set_role("opal", "viewer", "she left the team")
            with pytest.raises(Forbidden):
                opal.put_on_trial(plan, "x", lambda step: None)
    finally:
        opal.close()
    assert on(ledger) is None


def test_nothing_live_and_nobody_there_are_said_as_what_they_are(engine: Engine, ledger: Ledger) -> None:
    nothing = "Nothing is live of numbers, so numbers@2 has nothing to run beside; approve it instead."
    assert refused(engine, 2) == nothing
    with answering(engine, ledger):
        pass
    with pytest.raises(Refusal, match="No worker answers requests for numbers now"):
        tried(engine, 2)
    with ledger.write() as db:
        db.execute("UPDATE projects SET manifest = json_set(manifest, '$.serve.realtime', json('false'))")
    said = refused(engine, 2)
    assert said.startswith("numbers answers no requests") and "write 'realtime = true' there" in said


def test_without_key_columns_there_is_no_share_of_keys(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        with ledger.write() as db:
            db.execute("UPDATE projects SET manifest = json_remove(manifest, '$.data.key')")
        assert "numbers names no key columns ([data] key)" in refused(engine, 2)
        assert engine.plan_trial("numbers@2", "shadow", 1.0).refused is None


def test_where_another_version_is_live_by_now_nothing_is_done(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        plan = engine.plan_trial("numbers@2", "canary", 0.05)
        served.go(engine, ledger, 3)
        with pytest.raises(Conflict, match="numbers@3 is live by now, and numbers@2 was to run beside numbers@1"):
            engine.put_on_trial(plan, "x", lambda step: None)
    assert on(ledger) is None


def test_a_share_that_somebody_else_changed_meanwhile_is_not_changed_again(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        tried(engine, 2)
        plan = engine.plan_trial("numbers@2", "canary", 0.5)
        tried(engine, 2, share=0.01, why="it errs")
        with pytest.raises(Conflict, match="was changed meanwhile"):
            engine.put_on_trial(plan, "x", lambda step: None)
        with pytest.raises(Conflict, match="numbers@2 is on trial by now, not numbers@3"):
            engine.end_trial(served.PROJECT, "x", "numbers@3")
        assert (found := on(ledger)) is not None and found.share == 0.01


def test_a_plan_names_what_it_is_for_and_no_other_version_goes_in_its_place(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        plan: TrialPlan = replace(engine.plan_trial("numbers@2", "canary", 0.05), project="other")
        with pytest.raises(Conflict, match="numbers@2 is no version of other; nothing was changed"):
            engine.put_on_trial(plan, "x", lambda step: None)
    assert on(ledger) is None


# What ends a trial


def test_released_it_is_live_and_runs_beside_nothing(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        tried(engine, 2)
        served.go(engine, ledger, 2)
    assert (on(ledger), ended(ledger)) == (None, ("released", "numbers@2", "ada"))


def test_another_version_that_goes_live_ends_it(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        tried(engine, 2)
        served.go(engine, ledger, 3)
    assert (on(ledger), ended(ledger)) == (None, ("another", "numbers@2", "ada"))


def test_a_rollback_ends_it(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        served.go(engine, ledger, 2)
        keyed(ledger)
        altered(engine, 3, state="candidate", reason=None, against=2)
        tried(engine, 3)
        served.go(engine, ledger, 1, kind="rollback")
    assert (on(ledger), ended(ledger)) == (None, ("another", "numbers@3", "ada"))


def test_rejected_it_ends_and_another_that_is_rejected_ends_nothing(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        tried(engine, 2)
        engine.reject("numbers@3", "not this one")
        assert on(ledger) is not None
        engine.reject("numbers@2", "it errs")
    assert (on(ledger), ended(ledger)) == (None, ("rejected", "numbers@2", "ada"))


def test_too_old_it_ends(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        tried(engine, 2)
        swap.expire(ledger, clock.now() + timedelta(days=365))
    assert (on(ledger), ended(ledger)) == (None, ("expired", "numbers@2", "the engine"))


def test_a_project_that_is_removed_ends_it_and_added_again_nothing_runs(engine: Engine, ledger: Ledger) -> None:
    with answering(engine, ledger):
        tried(engine, 2)
        engine.remove(served.PROJECT, "it is over", served.PROJECT)
    assert (on(ledger), ended(ledger)) == (None, ("removed", "numbers@2", "ada"))


def test_without_a_trial_there_is_none_to_end(engine: Engine) -> None:
    with pytest.raises(Refusal, match="there is no trial to end"):
        engine.end_trial(served.PROJECT, "x")


# Pure rules


@pytest.mark.parametrize(("words", "share"), [
    ("5%", 0.05), ("5 %", 0.05), ("0.05", 0.05), ("100%", 1.0), ("1", 1.0), ("0.5%", 0.005), (".5", 0.5),
])  # fmt: skip
def test_a_share_is_read_as_people_write_it(words: str, share: float) -> None:
    assert share_of(words) == pytest.approx(share)


@pytest.mark.parametrize("words", ["", "%", "5", "0", "0%", "-5%", "101%", "nan", "inf", "1e-3", "5%%", "٥%", "a"])
def test_what_is_no_share_is_refused(words: str) -> None:
    with pytest.raises(Invalid, match="is no share; write one such as 5% or 0.05"):
        share_of(words)


def test_a_canary_never_answers_all_keys_and_no_share_is_too_small_to_be_drawn() -> None:
    assert share_problem("canary", 1.0) is not None and share_problem("shadow", 1.0) is None
    assert share_problem("shadow", 0.00001) is not None and share_problem("canary", 0.0001) is None


@pytest.mark.parametrize(("wanted", "sent", "said"), [
    ({"x": "number"}, {"x": "number", "y": "text"}, None),
    ({"x": "number"}, {"x": "integer"}, None),
    ({"x": "integer"}, {"x": "number"}, "a@2 takes x (integer instead of number) than a@1 does"),
    ({"x": "number", "z": "text"}, {"x": "number"}, "a@2 asks for z, which requests for a@1 do not hold"),
])  # fmt: skip
def test_requests_must_hold_what_the_candidate_asks_for(
    wanted: dict[str, str], sent: dict[str, str], said: str | None
) -> None:
    found = columns_missing("a@2", "a@1", wanted, sent)
    assert found is None if said is None else found is not None and found.startswith(said)
