"""What ends for good ends by a time that the ledger bears out, not by a clock that leapt."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from console.text.disk_lines import clean_lines
from engine import clock
from engine.access.entering import found_workspace
from engine.access.proof import of_process
from engine.api import Engine
from engine.audit import times, trail
from engine.clock import stamp
from engine.doctor import clock_agrees
from engine.housekeeping import history
from engine.housekeeping.background import Housekeeper
from engine.records import Metric
from engine.schedule import lease as leases
from engine.schedule.due_runs import STOOD_STILL, note_downtime
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.versions import catalog
from tests import tiny
from tests.callers import caller
from tests.ledger import ledger_of, reading, workspace_of, writing
from tests.people import open_engine

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ADA = caller()


def begun(home: Path, at: datetime) -> Ledger:
    """A ledger that somebody founded at ``at``, and nothing since."""
    workspace = workspaces.create(home)
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        found_workspace(db, "ada", of_process(), at)
    return ledger


def scanned(ledger: Ledger, at: datetime) -> None:
    with ledger.write() as db:
        db.execute("INSERT INTO scans (at, free, shares) VALUES (?, 1, '{}')", (stamp(at),))


def leapt(ledger: Ledger, since: datetime, until: datetime) -> None:
    with ledger.write() as db:
        db.execute("INSERT INTO downtimes (since, until, why) VALUES (?, ?, 'so')", (stamp(since), stamp(until)))


def certain(ledger: Ledger, now: datetime) -> datetime:
    with ledger.read() as db:
        return times.certain(db, now)


@pytest.fixture
def now() -> datetime:
    return clock.now()


def test_a_workspace_that_is_young_or_in_use_goes_by_its_clock(home: Path, now: datetime) -> None:
    ledger = begun(home, now)
    for later in (timedelta(0), HOUR, DAY, 4 * DAY):
        assert certain(ledger, now + later) == now + later
    ledger.close()


def test_a_clock_that_nothing_leads_up_to_is_not_gone_by(home: Path, now: datetime) -> None:
    ledger = begun(home, now)
    for later in (4 * DAY + HOUR, 730 * DAY):
        assert certain(ledger, now + later) == now
    # Nor when rows were written by it a moment ago, until they are a day old.
    false = now + 730 * DAY
    with ledger.write() as db:
        trail.append(db, at=false, actor=ADA, action="note", subject="x")
    scanned(ledger, false)
    assert certain(ledger, false + HOUR) == now
    assert certain(ledger, false + DAY) == false + DAY
    # And when it is right again, all goes on as it did.
    assert certain(ledger, now + HOUR) == now + HOUR
    ledger.close()


def test_a_second_leap_to_where_a_first_one_left_rows_is_known_by_where_the_engine_was(
    home: Path, now: datetime
) -> None:
    ledger = begun(home, now)
    scanned(ledger, now + 730 * DAY)
    two_days_on = now + 2 * DAY
    leapt(ledger, two_days_on, now + 732 * DAY)
    assert certain(ledger, now + 732 * DAY + HOUR) == two_days_on
    assert certain(ledger, two_days_on + HOUR) == two_days_on + HOUR
    leapt(ledger, now + 800 * DAY, now + 803 * DAY)  # a long weekend
    scanned(ledger, now + 801 * DAY)
    assert certain(ledger, now + 803 * DAY) == now + 803 * DAY
    ledger.close()


def test_an_engine_notes_a_leap_before_it_lets_anything_end(home: Path, now: datetime) -> None:
    ledger = begun(home, now)
    scanned(ledger, now + 730 * DAY)
    lease = leases.take(workspaces.find(home), ledger, now)
    assert lease is not None
    note_downtime(ledger, lease, now + HOUR, now + 732 * DAY, STOOD_STILL)
    assert certain(ledger, now + 732 * DAY) == now + HOUR
    lease.release()
    ledger.close()


@pytest.fixture
def engine_after_two_months(home: Path, tmp_path: Path, now: datetime) -> Iterator[Engine]:
    """Its clock says that nothing happened for two months; a candidate and the bin would have ended meanwhile."""
    ledger = begun(home, now - 60 * DAY)
    with ledger.write() as db:
        then = stamp(now - 60 * DAY)
        db.execute(
            "INSERT INTO projects (name, title, owner, path, manifest, added_at) VALUES ('tiny', 'T', '', ?, '{}', ?)",
            (str(tiny.make(tmp_path / "tiny")), then),
        )
        for run, job in ((1, "retrain"), (2, "health"), (3, "health")):
            db.execute(
                "INSERT INTO runs (id, project, job, state, as_of, queued_at, requested_by, options)"
                " VALUES (?, 'tiny', ?, 'succeeded', ?, ?, 'ada', '{}')", (run, job, then, then),
            )  # fmt: skip
        catalog.register(
            db, project="tiny", digest="1" * 64, made_at=now - 60 * DAY, as_of=now, run=1, verdict="pass",
            comparison="first", sentence="it is so", against=None, metric=Metric("roc_auc", 0.7, 0.6, 0.8, 10),
            data_until=now, expires_at=now - 46 * DAY,
        )  # fmt: skip
        db.execute(
            "INSERT INTO bin (item, kind, what, paths, bytes, state, binned_at, binned_by, reason, purge_at)"
            " VALUES ('run:7', 'run', 'folder of run 7', '[]', 9, 'binned', ?, 'ada', 'old', ?)",
            (then, stamp(now - 46 * DAY)),
        )
        for run in (2, 3):  # of one day, of which one stays whole
            db.execute(
                "INSERT INTO health (run, project, number, as_of, at, verdict, why, rows, labelled, document)"
                " VALUES (?, 'tiny', 1, ?, ?, 'ok', 'so', 1, 1, x'00')", (run, then, then),
            )  # fmt: skip
    ledger.close()
    engine = open_engine(home, "ada")
    yield engine
    engine.close()


def scanned_a_day_ago(engine: Engine, now: datetime) -> None:
    with ledger_of(engine) as ledger:
        scanned(ledger, now - 25 * HOUR)


def standing(engine: Engine) -> tuple[str, int, int]:
    with reading(engine) as db:
        whole = db.execute("SELECT count(document) FROM health").fetchone()[0]
    return engine.version("tiny@1").state, len(engine.bin_items()), int(whole)


def test_nothing_ends_while_only_the_clock_says_that_it_is_time(engine_after_two_months: Engine) -> None:
    engine = engine_after_two_months
    engine.pass_time()
    engine.keep_house()
    said = engine.empty_bin("no room", engine.home.name)
    assert standing(engine) == ("candidate", 1, 2)
    assert "Nothing was deleted." in said and "nothing else in the ledger says that it is so late" in said
    # Whoever wants it gone can say so.
    assert "freed for good" in engine.empty_bin("no room", engine.home.name, all=True)
    assert engine.bin_items() == ()


def test_nor_does_it_in_the_rounds_of_the_engine(engine_after_two_months: Engine, now: datetime) -> None:
    engine, told = engine_after_two_months, list[str]()
    with ledger_of(engine) as ledger:
        rounds = Housekeeper(workspace_of(engine), ledger, told.append, told.append, quiet=0)
        rounds.look(now)
        rounds.stop()
    assert (standing(engine), told) == (("candidate", 1, 2), [])


def test_all_goes_on_by_itself_when_the_clock_has_said_so_for_a_day(
    engine_after_two_months: Engine, now: datetime
) -> None:
    engine = engine_after_two_months
    scanned_a_day_ago(engine, now)
    engine.pass_time()
    engine.keep_house()
    assert standing(engine) == ("expired", 0, 1)
    assert engine.verify_audit().ok


def test_a_clean_up_judges_by_what_is_certain_when_it_is_planned_and_when_it_is_done(home: Path, now: datetime) -> None:
    begun(home, now - 600 * DAY).close()
    engine = open_engine(home, "ada")
    old = engine.home / "logs" / "failures-old.log"
    old.write_text("x" * 10_000)
    os.utime(old, times=((now - 500 * DAY).timestamp(),) * 2)
    plan = engine.plan_clean()
    assert plan.at == now - 600 * DAY and plan.going == ()
    assert plan.note.startswith("Judged as of ") and plan.note in "".join(
        span.text for line in clean_lines(plan, 999) for span in line
    )
    scanned_a_day_ago(engine, now)
    late = engine.plan_clean()
    assert late.note == "" and late.at >= now and [item.kind for item in late.going] == ["logs"]
    # What is planned for an earlier moment goes by that one, though the clock has been borne out meanwhile.
    assert engine.clean(replace(late, at=plan.at), "so", lambda step: None).items == 0 and old.exists()
    engine.clean(late, "so", lambda step: None)
    assert not old.exists() and len(engine.bin_items()) == 1
    engine.close()


def test_doctor_and_overview_tell_a_leap_for_a_day(engine_after_two_months: Engine) -> None:
    engine = engine_after_two_months
    with ledger_of(engine) as ledger:
        scanned(ledger, clock.now())  # An engine has begun to write by it.
        found = clock_agrees(ledger, clock.now())
    assert found.verdict == "watch" and "60 d later than anything in the ledger" in found.sentence
    assert "60 d later" in (engine.overview(clock.now()).clock or "")


def test_growth_keeps_its_history_through_a_clock_that_is_ahead_and_reads_nothing_of_later(
    home: Path, now: datetime
) -> None:
    engine = open_engine(home, "ada", create=True)
    with ledger_of(engine) as ledger:
        scanned(ledger, now - HOUR)
    report = engine.scan_disk()
    with writing(engine) as db:
        history.keep(db, replace(report, at=now + 730 * DAY))
        assert db.execute("SELECT count(*) FROM scans").fetchone()[0] == 3
        assert len(history.points(db, now)["free"]) == 2
    engine.close()
