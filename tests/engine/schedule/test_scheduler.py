"""One engine at a time, by lock and fence; what it does with schedules that change under its eyes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Conflict, Invalid, NotFound
from engine.projects import schedules
from engine.schedule import lease as leases
from engine.schedule.due_runs import note_downtime, settle_all
from engine.schedule.lease import Fenced, Lease, Patience, take
from engine.storage.ledger import Ledger
from engine.vocabulary.jobs import SCHEDULED
from tests import tiny
from tests.engine.schedule.engines import wait_until
from tests.forked_runs import forking
from tests.ledger import workspace_of, writing
from tests.people import open_engine

DAY = timedelta(days=1)


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Iterator[Engine]:
    opened = forking(open_engine(home, "ada", create=True))
    opened.add(tiny.make(tmp_path / "tiny"))
    assert [each.job for each in opened.schedules()] == ["rehearsal", "retrain"]
    with writing(opened) as db:  # It is due on a Sunday at two, which may be the minute in which these are run.
        db.execute("UPDATE schedules SET until = since WHERE job = 'rehearsal'")
    yield opened
    opened.close()


def now() -> datetime:
    return datetime.now(UTC)


def rule(engine: Engine, rule: str, **changes: object) -> None:
    with writing(engine) as db:
        row = schedules.in_force(db, "tiny", "retrain")
        assert row is not None
        schedules.replace(db, row, now(), rule=rule, timezone="UTC", **changes)


def taken(engine: Engine, ledger: Ledger) -> Lease:
    lease = take(workspace_of(engine), ledger, now())
    assert lease is not None
    return lease


def became(engine: Engine) -> list[tuple[str, str]]:
    return [(each.state, each.why) for each in reversed(engine.occurrences(limit=1000))]


# Who is the engine


def test_only_one_is_the_engine_and_others_are_told_which(engine: Engine) -> None:
    said: list[str] = []
    first = engine.start_scheduler(said.append, tick=0.05)
    wait_until(lambda: engine.engine_state().here)
    other = open_engine(engine.home, "ada")
    stood: list[str] = []
    second = other.start_scheduler(stood.append, tick=0.05)
    wait_until(lambda: bool(stood))
    assert stood[0].startswith("Standing by: the engine is process ")
    state = other.engine_state()
    assert (state.running, state.here, state.fence) == (True, False, 1) and state.pid and state.host
    first.stop()
    wait_until(lambda: other.engine_state().here)
    assert other.engine_state().fence == 2
    second.stop()
    assert not other.engine_state().running
    other.close()


def test_whoever_was_taken_over_from_writes_nothing(engine: Engine, ledger: Ledger) -> None:
    rule(engine, "* * * * *")
    old = taken(engine, ledger)
    (engine.home / "locks" / leases.LOCK).unlink()  # as one does who has lost patience
    new = taken(engine, ledger)
    later = now() + timedelta(minutes=2)
    with pytest.raises(Fenced):
        settle_all(ledger, old, later)
    with pytest.raises(Fenced):
        note_downtime(ledger, old, now() - DAY, now(), "nobody")
    assert became(engine) == []
    assert settle_all(ledger, new, later) != []
    old.release()
    new.release()


def test_patience_ends_when_the_sign_of_life_stands_still_and_only_then(engine: Engine, ledger: Ledger) -> None:
    steady = [0.0]
    lease = taken(engine, ledger)
    patience = Patience(workspace_of(engine), lambda: steady[0], 30)
    for second in range(0, 100, 10):
        steady[0] = second
        lease.beat(now())
        assert not patience.look()
    steady[0] += 31
    assert patience.look()
    assert take(workspace_of(engine), ledger, now()) is not None
    lease.release()


def test_a_dead_engine_is_not_waited_for(engine: Engine, ledger: Ledger) -> None:
    taken(engine, ledger).release()
    steady = [0.0]
    patience = Patience(workspace_of(engine), lambda: steady[0], 30)
    steady[0] = 1000
    assert not patience.look()


# What it does


def test_a_bell_rings_at_the_very_second_however_rarely_the_engine_looks(engine: Engine) -> None:
    engine.start_scheduler(tick=300)
    wait_until(lambda: engine.engine_state().here)
    rule(engine, "every 2s")
    wait_until(lambda: engine.count_occurrences() > 0)
    first = engine.occurrences()[-1]
    assert first.state == "ran" and first.why == "" and first.at - first.due < timedelta(seconds=60)
    run = engine.run(first.run or 0)
    assert (run.requested_by, run.as_of) == ("the schedule", first.due)


def test_a_bug_in_one_tick_is_kept_and_the_next_one_works(engine: Engine) -> None:
    fails = [True]

    def moment() -> datetime:
        if fails[0] and threading.current_thread().name != "engine":
            fails[0] = False
            raise ZeroDivisionError
        return clock.now()

    said: list[str] = []
    engine.start_scheduler(said.append, now=moment, tick=0.05)
    wait_until(lambda: (engine.home / "locks" / leases.SIGN).exists())
    assert any("ZeroDivisionError" in line for line in said)
    assert "ZeroDivisionError" in (engine.home / "logs" / "failures.log").read_text()


@pytest.mark.parametrize("what", ["INSERT ON runs", "INSERT ON audit", "INSERT ON occurrences", "UPDATE ON schedules"])
def test_row_run_and_how_far_it_is_settled_are_kept_together_or_not_at_all(
    engine: Engine, ledger: Ledger, what: str
) -> None:
    rule(engine, "* * * * *")
    lease, later = taken(engine, ledger), now() + timedelta(minutes=1)
    with ledger.write() as db:
        db.execute(f"CREATE TRIGGER fails BEFORE {what} BEGIN SELECT RAISE(ABORT, 'killed here'); END")
    with pytest.raises(Exception, match="killed here"):
        settle_all(ledger, lease, later)
    assert (engine.count_runs(), engine.count_occurrences()) == (0, 0)
    with ledger.write() as db:
        db.execute("DROP TRIGGER fails")
    settle_all(ledger, lease, later)
    assert (engine.count_runs(), engine.count_occurrences()) == (1, 1)
    assert settle_all(ledger, lease, later) == []
    lease.release()


def test_after_a_downtime_the_reason_names_it(engine: Engine, ledger: Ledger) -> None:
    rule(engine, "* * * * *")
    lease = taken(engine, ledger)
    later = now() + timedelta(minutes=5)
    note_downtime(ledger, lease, now(), later, "nobody ran the engine")
    settle_all(ledger, lease, later)
    ends = became(engine)
    assert [state for state, _ in ends] == ["missed"] * 4 + ["ran"]
    assert all("nobody ran the engine from" in why for _, why in ends[:-1])
    assert engine.since(now() - DAY) == engine.occurrences()[1:] and engine.since(later) == ()
    lease.release()


def test_with_too_little_disk_free_what_is_due_is_skipped_and_says_so(engine: Engine, ledger: Ledger) -> None:
    rule(engine, "* * * * *")
    engine.choose("keep_free", "1000000GiB", "a test")
    lease = taken(engine, ledger)
    settle_all(ledger, lease, now() + timedelta(minutes=1))
    (found,) = engine.occurrences()
    assert found.state == "skipped" and "of the disk are free" in found.why and engine.count_runs() == 0
    lease.release()


def test_a_rule_that_cannot_be_read_silences_no_other(engine: Engine, ledger: Ledger, tmp_path: Path) -> None:
    engine.add(tiny.make(tmp_path / "other", name="other"))
    rule(engine, "no rule at all")
    lease = taken(engine, ledger)
    with pytest.raises(Exception, match="Bad|field|Wrong"):
        settle_all(ledger, lease, now() + timedelta(days=8))
    assert {each.project for each in engine.occurrences() if each.job == "retrain"} == {"other"}
    lease.release()


def test_a_paused_schedule_skips_and_resumes_from_then(engine: Engine, ledger: Ledger) -> None:
    lease = taken(engine, ledger)
    rule(engine, "* * * * *")
    paused = engine.pause_schedule("tiny", "retrain", "holiday")
    assert not paused.enabled and paused.next_due == () and paused.note == "paused by ada: holiday"
    with pytest.raises(Conflict, match="paused already: paused by ada: holiday"):
        engine.pause_schedule("tiny", "retrain", "again")
    settle_all(ledger, lease, now() + timedelta(minutes=3))
    assert set(became(engine)) == {("skipped", "paused by ada: holiday")} and engine.count_occurrences() == 3
    assert engine.resume_schedule("tiny", "retrain", "back").enabled
    with pytest.raises(Conflict, match="is not paused"):
        engine.resume_schedule("tiny", "retrain", "again")
    lease.release()


def test_an_edit_acts_from_now_on_and_holds_until_another_entry_goes_live(engine: Engine) -> None:
    project = Path(engine.projects()[0].path)
    edited = engine.edit_schedule("tiny", "retrain", rule="every 6h", reason="more often")
    assert (edited.rule, edited.origin, edited.changed_by) == ("every 6h", "operator", "ada")
    assert edited.next_due[0] > now() + timedelta(hours=5)
    retrained(engine)
    assert rule_of(engine) == "every 6h"
    tiny.replace(project, "leverframe.toml", "0 3 * * mon", "0 4 * * tue")
    retrained(engine)
    assert rule_of(engine) == "every 6h"
    engine.move(engine.plan_release("tiny@2"), "tuesdays", lambda step: None)
    (found,) = (each for each in engine.schedules() if each.job == "retrain")
    assert (found.rule, found.origin) == ("0 4 * * tue", "manifest")


def rule_of(engine: Engine) -> str:
    return next(each.rule for each in engine.schedules() if each.job == "retrain")


def retrained(engine: Engine) -> None:
    assert engine.wait(engine.retrain("tiny").id, lambda run: None).state == "succeeded"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rule": "0 0 31 2 *"}, "it is never due"),
        ({"rule": "every day"}, "a number and one of s, m, h, d, w"),
        ({"rule": "every 5s"}, "from one minute"),
        ({"rule": "often"}, "five fields"),
        ({"timezone": "Europe/Berln"}, "did you mean 'Europe/Berlin'"),
        ({"catch_up": "some"}, "latest, all, skip"),
        ({"cool_down": "soon"}, "cool_down is 'soon'; it is a number and one of"),
        ({"give_up_after": "0s"}, "give_up_after is '0s'"),
        ({}, "Nothing was named"),
    ],
)
def test_an_impossible_edit_is_refused_in_words(engine: Engine, changes: dict[str, str], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        engine.edit_schedule("tiny", "retrain", reason="x", **changes)


def test_how_long_is_changed_and_taken_away_again(engine: Engine) -> None:
    edited = engine.edit_schedule("tiny", "retrain", give_up_after="6h", cool_down="1d", reason="calmer")
    assert (edited.give_up_after, edited.cool_down) == (6 * 3600, 86400) and edited.rule == "0 3 * * mon"
    edited = engine.edit_schedule("tiny", "retrain", cool_down="none", reason="as before")
    assert (edited.give_up_after, edited.cool_down) == (6 * 3600, None)


def test_jobs_that_nobody_does_have_no_schedule(engine: Engine) -> None:
    with pytest.raises(NotFound, match=f"{', '.join(SCHEDULED)} only"):
        engine.run_now("tiny", "polish")
    with pytest.raises(NotFound, match="no schedule for 'report'"):
        engine.run_now("tiny", "report")
    assert [each.job for each in engine.schedules()] == ["retrain"]


def test_the_schedule_of_a_removed_project_ends_and_begins_from_now_when_it_is_added_again(
    engine: Engine, ledger: Ledger
) -> None:
    path = Path(engine.projects()[0].path)
    rule(engine, "* * * * *")
    engine.remove("tiny", "no longer needed", "tiny")
    lease = taken(engine, ledger)
    settle_all(ledger, lease, now() + DAY)
    assert engine.schedules() == () and engine.count_occurrences() == 0
    engine.add(path)
    found = {each.job: each for each in engine.schedules()}
    assert list(found) == ["rehearsal", "retrain"]
    assert found["retrain"].rule == "0 3 * * mon"
    assert all(each.last is None and each.next_due[0] > now() for each in found.values())
    lease.release()


def test_a_clock_that_was_set_back_silences_nothing_and_repeats_nothing(engine: Engine, ledger: Ledger) -> None:
    rule(engine, "* * * * *")
    lease, start = taken(engine, ledger), now()
    settle_all(ledger, lease, start + timedelta(days=400))
    ran = [each.due for each in engine.occurrences(limit=1000) if each.run]
    with ledger.write() as db:
        db.execute("UPDATE runs SET state = 'succeeded'")
    settle_all(ledger, lease, start + timedelta(seconds=30))
    settle_all(ledger, lease, start + timedelta(minutes=2, seconds=30))
    assert engine.occurrences(limit=1)[0].state == "ran"
    again = [each.due for each in engine.occurrences(limit=1000) if each.run]
    assert len(ran) == 1 and len(again) == len(set(again)) == 2
    lease.release()
