"""A candidate's steps run before anybody approved it: what they may reach is what somebody allowed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.records import Run
from tests import tiny
from tests.forked_runs import forking
from tests.people import open_engine

AS_OF = datetime(2026, 11, 3, tzinfo=UTC)
WANTED = "to be held by nothing"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose extract leaves a mark outside where nothing holds it."""
    mark = str(tmp_path / "mark")
    leaves = f"def extract():\n    try: open({mark!r}, 'w').close()\n    except OSError: pass"
    return tiny.make(tmp_path / "tiny", steps=tiny.STEPS.replace("def extract():", leaves))


@pytest.fixture
def engine(tmp_path: Path, folder: Path) -> Engine:
    engine = forking(open_engine(tmp_path / "home", "ada", create=True))
    engine.add(folder)
    return engine


def ended(engine: Engine) -> Run:
    return engine.wait(engine.retrain("tiny", as_of=AS_OF, force=True).id, lambda run: None)


def test_steps_that_ask_for_more_do_not_run_until_an_admin_allows_it(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    tiny.unhold(folder)
    (told,) = (each for each in engine.check(folder, lambda said: None) if "until an admin" in each.sentence)
    assert told.verdict == "watch" and WANTED in told.sentence
    (tmp_path / "mark").unlink()  # A check is somebody's own doing, who named the folder.

    run = ended(engine)
    assert run.state == "failed" and run.version is None and {step.name for step in run.steps} <= {"queue"}
    assert run.why is not None and WANTED in run.why and f"'leverframe allow {run.id} --reason" in run.why
    assert not (tmp_path / "mark").exists()
    assert engine.asks(run.id) == ('to be held by nothing ("a test")',)

    given = engine.allow(run.id, "looked at by hand")
    assert (given.project, given.run, given.by, given.what) == ("tiny", run.id, "ada", engine.allowances()[0].what)
    assert engine.asks(run.id) == ()
    row = engine.audit()[0]
    assert (row.action, row.subject, row.reason) == ("allow", "tiny", "looked at by hand")
    assert row.details["allows"] == ['to be held by nothing ("a test")'] and row.details["run"] == run.id
    assert ended(engine).state == "succeeded"
    assert (tmp_path / "mark").exists()

    engine.withdraw("tiny", "it is over")
    assert engine.allowances() == () and engine.audit()[0].action == "withdraw"
    again = ended(engine)
    assert again.state == "failed" and engine.asks(again.id)


def test_what_is_in_force_needs_no_allowance_and_goes_with_a_rollback(engine: Engine, folder: Path) -> None:
    first = ended(engine)
    engine.move(engine.plan_release(str(first.version)), "first", lambda step: None)
    tiny.unhold(folder)
    engine.allow(ended(engine).id, "looked at by hand")
    second = ended(engine)
    engine.move(engine.plan_release(str(second.version)), "second", lambda step: None)
    engine.withdraw("tiny", "the live version carries it")
    assert engine.reach("tiny") and ended(engine).state == "succeeded"
    engine.move(engine.plan_rollback("tiny"), "back", lambda step: None)
    assert engine.reach("tiny") == () and ended(engine).state == "failed"


def test_whoever_adds_a_project_vouches_for_what_it_asks(tmp_path: Path) -> None:
    folder = tiny.make(tmp_path / "tiny")
    tiny.unhold(folder)
    engine = forking(open_engine(tmp_path / "home", "ada", create=True))
    engine.add(folder)
    assert engine.audit()[0].details["allows"] == ['to be held by nothing ("a test")']
    assert engine.reach("tiny") == ('to be held by nothing ("a test")',)
    assert ended(engine).state == "succeeded"


def test_only_what_a_run_was_stopped_for_can_be_allowed(engine: Engine, folder: Path) -> None:
    well = ended(engine)
    assert engine.asks(well.id) == ()
    with pytest.raises(Conflict, match="nothing to allow"):
        engine.allow(well.id, "why not")
    with pytest.raises(NotFound, match="nothing beyond"):
        engine.withdraw("tiny", "why not")
    tiny.unhold(folder)
    stopped = ended(engine)
    with pytest.raises(Invalid, match="reason"):
        engine.allow(stopped.id, " ")
    engine.allow(stopped.id, "looked at by hand")
    with pytest.raises(Conflict, match="allowed by now"):
        engine.allow(stopped.id, "once more")


def test_an_operator_may_not_allow_it_nor_where_four_eyes_are_asked_for_who_asked_for_the_run(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    engine.add_operator("opal", "operator", "a colleague")
    engine.add_operator("alan", "admin", "the other one")
    tiny.unhold(folder)
    stopped = ended(engine)
    opal = open_engine(tmp_path / "home", "opal")
    with pytest.raises(Forbidden, match="admin"):
        opal.allow(stopped.id, "mine")
    engine.set_policy("four_eyes", "yes", "two of us")
    with pytest.raises(Forbidden, match="second person"):
        engine.allow(stopped.id, "mine")
    assert engine.allowances() == ()
    alan = open_engine(tmp_path / "home", "alan")
    alan.allow(stopped.id, "looked at by hand")
    with pytest.raises(Forbidden, match="admin"):
        opal.withdraw("tiny", "mine")
    assert ended(engine).state == "succeeded"
