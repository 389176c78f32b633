"""A candidate brings its schedule and its policy along; both wait for approval, and go back too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Refusal
from engine.schedule.records import Schedule
from tests import tiny
from tests.forked_runs import forking
from tests.people import open_engine

MONDAYS = ("0 3 * * mon", "America/New_York", "manifest")
STRICT = "approvals = 2\nfour_eyes = true"


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Iterator[Engine]:
    opened = forking(open_engine(home, "ada", create=True))
    opened.add_operator("bob", "operator", "a colleague")
    opened.add_operator("cem", "operator", "another")
    opened.add_address("ada", "ada@example.org", "who commits")
    yield opened
    opened.close()


def as_person(engine: Engine, name: str) -> Engine:
    return open_engine(engine.home, name)


def project(engine: Engine, tmp_path: Path, approval: str = "") -> Path:
    folder = tiny.make(tmp_path / "tiny", approval=approval)
    engine.add(folder)
    return folder


def retrained(engine: Engine) -> str:
    run = engine.wait(engine.retrain("tiny", as_of=clock.now(), force=True).id, lambda run: None)
    assert run.version is not None, run.why
    return run.version


def approved(engine: Engine, label: str) -> bool:
    return engine.move(engine.plan_release(label), "newer data", lambda step: None).deployment is not None


def schedule(engine: Engine) -> Schedule:
    (found,) = (each for each in engine.schedules("tiny") if each.job == "retrain")
    return found


def rule(engine: Engine) -> tuple[str, str, str]:
    found = schedule(engine)
    return found.rule, found.timezone, found.origin


def test_a_retrain_changes_no_schedule_an_approval_does_and_a_rollback_takes_it_back(
    engine: Engine, tmp_path: Path
) -> None:
    folder = project(engine, tmp_path)
    assert approved(engine, retrained(engine)) and rule(engine) == MONDAYS
    tiny.replace(folder, "leverframe.toml", "0 3 * * mon", "0 4 * * tue")
    tiny.replace(folder, "leverframe.toml", "A tiny project", "Another title")
    label = retrained(engine)
    assert rule(engine) == MONDAYS and engine.projects()[0].title == "A tiny project"
    said = (
        "schedule of the retrain: 0 4 * * tue (America/New_York), catching up the latest "
        "instead of 0 3 * * mon (America/New_York), catching up the latest"
    )
    card = engine.card(label, clock.now())
    assert [change.details for change in card.changes if change.what == "in force"] == [(said,)]
    assert f"In force with it: {said}." in engine.plan_release(label).sentences
    engine.reject(label, "not now")
    assert rule(engine) == MONDAYS
    assert approved(engine, retrained(engine))
    assert rule(engine) == ("0 4 * * tue", "America/New_York", "manifest")
    assert engine.projects()[0].title == "Another title"
    plan = engine.plan_rollback("tiny")
    assert any("0 3 * * mon (America/New_York), catching up the latest instead of" in each for each in plan.sentences)
    engine.move(plan, "tuesdays are no good", lambda step: None)
    assert rule(engine) == MONDAYS and engine.projects()[0].title == "A tiny project"
    assert "instead of 0 4 * * tue" in str(engine.audit(limit=1)[0])


def test_an_operators_edit_belongs_to_the_entry_that_it_was_made_on(engine: Engine, tmp_path: Path) -> None:
    folder = project(engine, tmp_path)
    assert approved(engine, retrained(engine))
    engine.edit_schedule("tiny", "retrain", rule="every 6h", reason="more often")
    edited = ("every 6h", "America/New_York", "operator")
    assert approved(engine, retrained(engine)) and rule(engine) == edited
    tiny.replace(folder, "leverframe.toml", "0 3 * * mon", "0 4 * * tue")
    label = retrained(engine)
    assert rule(engine) == edited
    assert any("as ada edited it" in each for each in engine.plan_release(label).sentences)
    assert approved(engine, label) and rule(engine)[0] == "0 4 * * tue"
    engine.move(engine.plan_rollback("tiny"), "tuesdays are no good", lambda step: None)
    assert rule(engine) == edited and schedule(engine).changed_by == "ada"


def test_a_pause_outlasts_what_is_released_and_rolled_back(engine: Engine, tmp_path: Path) -> None:
    folder = project(engine, tmp_path)
    assert approved(engine, retrained(engine))
    engine.pause_schedule("tiny", "retrain", "the source is being moved")
    tiny.replace(folder, "leverframe.toml", "0 3 * * mon", "0 4 * * tue")
    assert approved(engine, retrained(engine))
    assert rule(engine)[0] == "0 4 * * tue" and not schedule(engine).enabled
    engine.resume_schedule("tiny", "retrain", "it has moved")
    engine.move(engine.plan_rollback("tiny"), "tuesdays are no good", lambda step: None)
    assert rule(engine) == MONDAYS and schedule(engine).enabled


def test_nobody_approves_alone_because_the_candidate_says_so(engine: Engine, tmp_path: Path) -> None:
    folder = project(engine, tmp_path, STRICT)
    bob, cem = as_person(engine, "bob"), as_person(engine, "cem")
    label = retrained(engine)
    assert not approved(bob, label) and approved(cem, label)
    tiny.replace(folder, "leverframe.toml", STRICT, "approvals = 1")
    label = retrained(engine)
    plan = engine.plan_release(label)
    assert "1 more approval will be needed after yours." in plan.sentences
    assert "In force with it: approval: approvals 1 instead of 2." in plan.sentences
    assert "In force with it: approval: four_eyes no instead of yes." in plan.sentences
    assert not approved(engine, label)
    with pytest.raises(Refusal, match="it waits for another person"):
        approved(engine, label)
    assert engine.version(label).state == "candidate"
    assert approved(cem, label)
    # From now on one is enough, for two have said so.
    assert approved(engine, retrained(engine))
    engine.move(engine.plan_rollback("tiny"), "two are better", lambda step: None)
    engine.move(engine.plan_rollback("tiny"), "two are better", lambda step: None)
    assert not approved(engine, retrained(engine))
    for other in (bob, cem):
        other.close()


def test_removing_and_adding_a_project_loosens_nothing(engine: Engine, tmp_path: Path) -> None:
    folder = project(engine, tmp_path, STRICT)
    for name in ("bob", "cem"):
        other = as_person(engine, name)
        approved(other, "tiny@1" if name == "cem" else retrained(engine))
        other.close()
    engine.edit_schedule("tiny", "retrain", rule="every 6h", reason="more often")
    tiny.replace(folder, "leverframe.toml", STRICT, "approvals = 1")
    engine.remove("tiny", "start afresh", "tiny")
    engine.add(folder)
    assert rule(engine)[0] == "every 6h"
    assert not approved(engine, retrained(engine))


def test_the_workspace_may_ask_for_more_than_a_project_does(engine: Engine, tmp_path: Path) -> None:
    project(engine, tmp_path)
    label = retrained(engine)
    assert engine.plan_release(label).refused is None
    engine.set_policy("four_eyes", "yes", "the auditor wants it")
    assert "a second person" in str(engine.plan_release(label).refused)
    engine.set_policy("approvals", "2", "the auditor wants it")
    bob, cem = as_person(engine, "bob"), as_person(engine, "cem")
    assert not approved(engine, label), "one of two may be who committed it"
    assert approved(cem, label)
    for other in (bob, cem):
        other.close()


def test_a_candidate_does_not_set_its_own_expiry(engine: Engine, tmp_path: Path) -> None:
    folder = project(engine, tmp_path, 'expires = "2d"')
    assert approved(engine, retrained(engine))
    tiny.replace(folder, "leverframe.toml", 'expires = "2d"', 'expires = "300d"')
    card = engine.card(retrained(engine), clock.now())
    assert card.expires_at is not None and card.expires_at - clock.now() < timedelta(days=2)


def test_what_was_in_force_at_an_earlier_moment_is_shown_as_it_was(engine: Engine, tmp_path: Path) -> None:
    folder = project(engine, tmp_path)
    assert approved(engine, retrained(engine))
    tiny.replace(folder, "leverframe.toml", "A tiny project", "Another title")
    label = retrained(engine)
    before = clock.now()
    assert approved(engine, label)
    then = engine.as_of(before)
    assert then.projects()[0].title == "A tiny project" and rule(then) == MONDAYS
    then.close()
    assert engine.projects()[0].title == "Another title"
