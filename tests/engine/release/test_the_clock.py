"""Looking changes nothing, whatever the clock says; no act is recorded at a time before the one that it follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.api import Engine
from engine.audit import times, trail
from engine.clock import stamp
from engine.release import swap
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from tests import tiny
from tests.builders.runs import queued
from tests.builders.versions import candidate, release
from tests.ledger import ledger_at, reading, writing
from tests.people import open_engine

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Engine:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    return engine


def test_whoever_looks_lets_nothing_expire_however_late_the_clock_says_it_is(engine: Engine) -> None:
    late = clock.now() - 800 * DAY
    label = candidate(engine, late)
    other = open_engine(engine.home, "ada")
    other.reconcile()
    other.overview(clock.now())
    other.status("tiny", clock.now())
    assert other.version(label).state == "candidate"
    # It cannot be approved all the same.
    with reading(other) as db:
        from engine.release.plan import refusal_to_release

        assert "expired on" in str(refusal_to_release(db, label, other.caller, clock.now()))
    other.close()


def test_the_engine_lets_a_candidate_expire_and_the_trail_says_so(engine: Engine, ledger: Ledger) -> None:
    label = candidate(engine, NOW)
    rows = engine.count_audit()
    swap.expire(ledger, NOW + 14 * DAY - HOUR)
    assert (engine.version(label).state, engine.count_audit()) == ("candidate", rows)
    swap.expire(ledger, NOW + 14 * DAY)
    swap.expire(ledger, NOW + 15 * DAY)
    assert engine.version(label).state == "expired" and engine.count_audit() == rows + 1
    (row,) = engine.audit(limit=1)
    assert (row.actor, row.action, row.subject, row.reason) == ("the engine", "expire", label, "nobody decided in time")
    assert engine.verify_audit().ok


def test_passing_time_is_what_the_scheduler_does(engine: Engine) -> None:
    label = candidate(engine, clock.now() - 800 * DAY)
    engine.pass_time()
    assert engine.version(label).state == "expired"


def test_an_act_by_a_clock_that_is_behind_is_of_the_time_of_the_one_before(engine: Engine, ledger: Ledger) -> None:
    ahead = clock.now() + HOUR
    lately = ahead - DAY  # so that none has expired, whenever this runs
    first = candidate(engine, lately)
    release(engine, first, None, 0, ahead)
    second = candidate(engine, lately, against=1)
    release(engine, second, first, 1, ahead - HOUR)
    swap.reject(ledger, candidate(engine, lately, against=2), "no", engine.caller, ahead - HOUR)
    rows = engine.audit(limit=100)[::-1]
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert all(row.at == ahead for row in rows[-6:])
    told = [row.details.get("clock") for row in rows[-6:]]
    # The approval tells it; the release of the same commit is of the same time.
    assert told == [None, stamp(lately), stamp(ahead - HOUR), None, stamp(lately), stamp(ahead - HOUR)]
    assert engine.verify_audit().ok, engine.verify_audit()
    live = engine.version(second)
    assert live.live_from == ahead and engine.version(first).live_until == ahead
    assert [each.label for each in engine.at(ahead)] == [second]


def test_one_who_waited_for_the_ledger_is_not_told_that_a_clock_is_wrong(engine: Engine) -> None:
    with writing(engine) as db:
        trail.append(db, at=NOW + 2000 * DAY, actor=engine.caller, action="note", subject="x")
        trail.append(db, at=NOW + 2000 * DAY - timedelta(seconds=20), actor=engine.caller, action="note", subject="y")
    (row,) = engine.audit(limit=1)
    assert row.at == NOW + 2000 * DAY and "clock" not in row.details


@pytest.mark.parametrize(
    ("off", "verdict", "says"),
    [
        (timedelta(0), "ok", "agrees"),
        (timedelta(seconds=-60), "ok", "agrees"),
        (timedelta(seconds=-61), "failing", "behind the newest row of the ledger"),
        (-HOUR, "failing", "behind the newest row of the ledger"),
        (30 * DAY, "ok", "agrees"),
        (30 * DAY + timedelta(seconds=1), "watch", "later than anything in the ledger"),
        (731 * DAY, "watch", "later than anything in the ledger"),
    ],
)
def test_doctor_tells_a_clock_that_is_behind_or_far_ahead(
    engine: Engine, ledger: Ledger, off: timedelta, verdict: str, says: str
) -> None:
    from engine.doctor import clock_agrees

    with ledger.write() as db:
        for days in (1998, 2000):  # The first of them vouches for the second.
            trail.append(db, at=NOW + days * DAY, actor=engine.caller, action="note", subject="x")
    found = clock_agrees(ledger, NOW + 2000 * DAY + off)
    assert found.verdict == verdict and says in found.sentence, found


def test_the_newest_thing_in_the_ledger_is_its_newest_act_run_or_due_time(engine: Engine, ledger: Ledger) -> None:
    far = NOW + 2000 * DAY
    for days in (1, 2):
        queued(engine, far + days * DAY, job="health")  # of which the trail says nothing
    with ledger.write() as db:
        assert times.seen(db, far + 9 * DAY).newest == far + 2 * DAY, "a run"
        for day in (4, 3):
            db.execute(
                "INSERT INTO occurrences (schedule, project, job, due, state, why, at, fence)"
                " VALUES ((SELECT min(id) FROM schedules), 'tiny', 'retrain', ?, 'missed', 'off', ?, 1)",
                (stamp(NOW + day * DAY), stamp(far + day * DAY)),
            )
        assert times.seen(db, far + 9 * DAY).newest == far + 4 * DAY, "a due time"
        trail.append(db, at=far + 5 * DAY, actor=engine.caller, action="note", subject="x")
        assert times.seen(db, far + 9 * DAY).newest == far + 5 * DAY, "an act"


def test_in_a_ledger_without_anything_there_is_no_newest(tmp_path: Path) -> None:
    with ledger_at(workspaces.create(tmp_path / "begun").root) as ledger, ledger.read() as db:
        assert times.seen(db, NOW).newest is None
