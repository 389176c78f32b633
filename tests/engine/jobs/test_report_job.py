"""The job ``report``: made by its schedule, kept, queued; also for projects with nothing live and nobody to tell."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.api import Engine
from engine.housekeeping.survey import survey
from engine.jobs.report import make
from engine.projects import schedules
from engine.records import Run
from engine.runs import capacity
from tests import tiny
from tests.engine.reports.worlds import NOW, World, empty, lived_in
from tests.forked_runs import forking
from tests.people import open_engine

MONDAY = {"cron": "0 7 * * mon"}


def made(world: World, at: datetime = NOW) -> Run:
    """Carry the job out in this process, as the process of a run does."""
    run = world.run(at, job="report", state="running")
    room: Any = SimpleNamespace(
        run=SimpleNamespace(id=run, project="flights", as_of=at), store=world.store, record=lambda result: None
    )
    make(world.ledger, room)
    return world.engine.run(run)


def test_the_report_of_the_week_that_ended_is_kept_and_queued(home: Path) -> None:
    world = lived_in(home)
    assert made(world).state == "succeeded"
    (kept,) = world.engine.reports("flights")
    assert kept.period == "Week of 16 to 22 November 2026"
    assert kept.until == datetime(2026, 11, 23, 5, tzinfo=UTC)  # midnight in New York
    ((mail),) = world.engine.outbox()
    assert (mail.recipient, mail.report, mail.state) == ("business@example.org", kept.id, "queued")
    assert mail.subject == "Late arrivals: worth watching (Week of 16 to 22 November 2026)"
    assert world.engine.kept_report("flights", kept.id, "html").startswith("<!DOCTYPE html>")
    assert world.engine.kept_report("flights", kept.id, "text").startswith("Late arrivals\n")


def test_a_report_that_is_made_again_is_kept_again_and_mailed_once(home: Path) -> None:
    world = lived_in(home)
    made(world)
    made(world)
    first, second = world.engine.reports("flights")
    assert first.page == second.page
    assert world.engine.count_outbox() == 1


@pytest.mark.parametrize("report", [{}, {"to": ["business@example.org"], "period": "month"}])
def test_a_project_with_nothing_live_and_one_that_tells_nobody_have_reports(home: Path, report: dict[str, Any]) -> None:
    world = empty(home).project(report=report)
    assert made(world).state == "succeeded"
    (kept,) = world.engine.reports("flights")
    assert kept.verdict == "unknown"
    assert kept.period == ("October 2026" if report else "Week of 16 to 22 November 2026")
    assert world.engine.count_outbox() == len(report.get("to", ()))


def test_what_was_sent_survives_every_clean_up(home: Path) -> None:
    world = empty(home).project()
    made(world)
    later = datetime.now(UTC) + timedelta(days=400)
    plan = survey(world.workspace, world.ledger, world.store, later).plan(later)
    assert not [item for item in plan.going if item.kind == "objects"]
    (kept,) = world.engine.reports("flights")
    assert world.store.has(kept.page) and world.store.has(kept.text)


def test_a_report_takes_no_memory_to_speak_of(home: Path) -> None:
    world = lived_in(home)
    world.run(NOW, job="report", state="queued")
    with world.ledger.read() as db:
        (want,), _ = capacity.wants(db)
    assert want.memory == 256 * 2**20


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"schedule": {"report": MONDAY}}, ("0 7 * * mon", "UTC")),
        ({"report": {"to": ["a@b.org"]}}, ("0 7 * * mon", "UTC")),
        (
            {"report": {"to": ["a@b.org"]}, "schedule": {"retrain": {"cron": "0 3 * * mon", "timezone": "Asia/Tokyo"}}},
            ("0 7 * * mon", "Asia/Tokyo"),
        ),
        ({"report": {"to": ["a@b.org"]}, "schedule": {"report": {"cron": "0 8 1 * *"}}}, ("0 8 1 * *", "UTC")),
        ({"report": {"to": []}}, None),
        ({}, None),
    ],
)
def test_whoever_names_recipients_and_no_time_gets_a_report_each_week(
    home: Path, document: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    world = empty(home).project()
    with world.ledger.write() as db:
        schedules.sync(db, "flights", document, NOW)
        schedules.sync(db, "flights", document, NOW + timedelta(minutes=1))
        row = schedules.in_force(db, "flights", "report")
        assert (row and (row["rule"], row["timezone"])) == expected
        assert row is None or json.loads(row["entry"])["cron"] == row["rule"]
        schedules.sync(db, "flights", {}, NOW + timedelta(minutes=2))
        assert schedules.in_force(db, "flights", "report") is None


def engine_with_tiny(home: Path, folder: Path) -> Engine:
    engine = forking(open_engine(home, "ada", create=True))
    project = tiny.make(folder)
    text = (project / "leverframe.toml").read_text()
    (project / "leverframe.toml").write_text(f'{text}\n[report]\nto = ["business@example.org"]\n')
    engine.add(project)
    return engine


def test_a_real_run_makes_the_report_when_it_is_asked_for(home: Path, tmp_path: Path) -> None:
    engine = engine_with_tiny(home, tmp_path / "tiny")
    run = engine.wait(engine.run_now("tiny", "report").id, lambda found: None)
    assert (run.state, run.job, [step.name for step in run.steps]) == ("succeeded", "report", ["queue", "report"])
    (kept,) = engine.reports("tiny")
    assert (kept.run, kept.verdict) == (run.id, "unknown")
    assert engine.outbox()[0].subject.startswith("A tiny project: cannot be told (Week of")
    engine.close()
