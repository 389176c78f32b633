"""The main job from end to end: retrain, approve, retrain, approve, roll back; and what refuses to move."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Conflict, Refusal
from engine.records import Run
from tests import tiny
from tests.forked_runs import forking
from tests.people import open_engine
from tests.wholeness import assert_whole

NOVEMBER = [datetime(2026, 11, day, tzinfo=UTC) for day in (3, 10, 17)]


def retrained(engine: Engine, as_of: datetime, project: str = "tiny") -> Run:
    run = engine.wait(engine.retrain(project, as_of=as_of).id, lambda r: None)
    assert run.state == "succeeded", run.why
    return run


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = forking(open_engine(tmp_path / "home", "ada", create=True))
    engine.add(tiny.make(tmp_path / "tiny"))
    return engine


def live_document(engine: Engine) -> dict[str, object]:
    content: dict[str, object] = json.loads((engine.home / "live" / "tiny" / "version.json").read_text())
    return content


def test_a_version_goes_live_by_a_persons_decision_and_the_one_before_comes_back(engine: Engine) -> None:
    first = retrained(engine, NOVEMBER[0]).version
    assert first == "tiny@1"
    assert engine.status("tiny", NOVEMBER[0]).verdict == "unknown"

    moved = engine.move(engine.plan_release("tiny@1"), "first release", lambda step: None)
    assert moved.deployment is not None
    assert live_document(engine)["digest"] == engine.version("tiny@1").digest

    retrained(engine, NOVEMBER[1])
    card = engine.card("tiny@2", NOVEMBER[1])
    assert card.live == "tiny@1"
    assert card.blocked is None
    assert {g.verdict for g in card.gates} <= {"pass", "warn"}
    engine.move(engine.plan_release("tiny@2"), "newer data", lambda step: None)
    assert engine.version("tiny@1").state == "retired"

    plan = engine.plan_rollback("tiny")
    assert (plan.source, plan.target, plan.refused) == ("tiny@2", "tiny@1", None)
    engine.move(plan, "the page is on fire", lambda step: None)
    assert live_document(engine)["digest"] == engine.version("tiny@1").digest
    assert engine.version("tiny@2").state == "barred"
    assert [d.label for d in engine.at(datetime.now(UTC))] == ["tiny@1"]
    assert_whole(engine)

    with pytest.raises(Refusal, match="no earlier live version"):
        engine.plan_rollback("tiny")
    assert "lift the bar" in str(engine.plan_rollback("tiny", "tiny@2").refused)
    undo = engine.plan_rollback("tiny", "tiny@2", lift=True)
    assert (undo.refused, undo.lifts) == (None, True)
    assert "its bar is lifted, with your reason" in " ".join(undo.sentences)
    engine.move(undo, "the page was not the model's fault", lambda step: None)
    assert engine.version("tiny@2").state == "live"
    assert [r.action for r in engine.audit(limit=2)] == ["rollback", "lift"]
    assert engine.verify_audit().ok
    engine.lift("tiny@1", "it was not that one either")
    engine.move(engine.plan_rollback("tiny"), "it was", lambda step: None)
    engine.lift("tiny@2", "it was not the model")
    engine.move(engine.plan_rollback("tiny", "tiny@2"), "back again", lambda step: None)
    assert live_document(engine)["digest"] == engine.version("tiny@2").digest


def test_the_second_of_two_operators_is_told_what_happened(engine: Engine) -> None:
    retrained(engine, NOVEMBER[0])
    engine.add_operator("bob", "operator", "new colleague")
    bob = open_engine(engine.home, "bob")
    plan, same = engine.plan_release("tiny@1"), bob.plan_release("tiny@1")
    engine.move(plan, "ada was first", lambda step: None)
    with pytest.raises(Conflict, match="ada made tiny@1 live"):
        bob.move(same, "bob was second", lambda step: None)
    assert len([r for r in engine.audit() if r.action == "release"]) == 1


def test_a_candidate_that_was_not_judged_against_the_live_version_expires(engine: Engine) -> None:
    retrained(engine, NOVEMBER[0])
    retrained(engine, NOVEMBER[1])
    engine.move(engine.plan_release("tiny@1"), "first", lambda step: None)
    assert engine.version("tiny@2").state == "expired"
    assert "retrain" in str(engine.plan_release("tiny@2").refused)


def test_a_poor_model_does_not_become_a_candidate(engine: Engine, tmp_path: Path) -> None:
    tiny.change(tmp_path / "tiny", skill=0.0)
    label = str(retrained(engine, NOVEMBER[0]).version)
    assert engine.version(label).state == "failed"
    plan = engine.plan_release(label)
    assert plan.refused is not None
    with pytest.raises(Conflict):
        engine.move(plan, "anyway", lambda step: None)
    assert engine.at(datetime.now(UTC)) == ()


def test_a_model_that_was_changed_in_the_store_cannot_go_live(engine: Engine) -> None:
    label = str(retrained(engine, NOVEMBER[0]).version)
    chunk = engine.show(label).model.files[0].chunks[0]
    path = engine.home / "objects" / chunk[:2] / chunk[2:]
    os.chmod(path, 0o644)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(Exception, match="damaged"):
        engine.move(engine.plan_release(label), "fine", lambda step: None)
    assert engine.at(datetime.now(UTC)) == ()
    assert not (engine.home / "live" / "tiny").exists()


def test_a_damaged_live_folder_is_found_and_rebuilt(engine: Engine) -> None:
    label = str(retrained(engine, NOVEMBER[0]).version)
    engine.move(engine.plan_release(label), "fine", lambda step: None)
    live = (engine.home / "live" / "tiny").resolve()
    os.chmod(live / "model" / "table.json", 0o644)
    (live / "model" / "table.json").write_text("[]")
    (live / "code" / "steps.py").unlink()
    found = {f.what: f for f in engine.doctor(mend=False)}["live tiny"]
    assert found.verdict == "failing"
    assert "model/table.json was changed" in found.sentence
    mended = {f.what: f for f in engine.doctor(mend=True)}["live tiny"]
    assert (mended.verdict, mended.mended) == ("ok", True)
    assert all(f.verdict == "ok" for f in engine.doctor(mend=False))


def test_an_uncommitted_change_is_refused_unless_it_is_wanted(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "tiny" / "settings.json").write_text('{"skill": 0.9}')
    with pytest.raises(Refusal, match="--allow-dirty"):
        engine.retrain("tiny", as_of=NOVEMBER[0])
    run = engine.wait(engine.retrain("tiny", as_of=NOVEMBER[0], allow_dirty=True).id, lambda r: None)
    code = engine.show(str(run.version)).code
    assert code.dirty and code.patch is not None and code.patch.size > 0
