"""A gate that is always on stops a version; a waiver with a reason lets it be decided on, and everybody sees it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Refusal
from tests import tiny
from tests.forked_runs import forking
from tests.people import open_engine

AS_OF = datetime(2026, 11, 3, tzinfo=UTC)
WAIVER = '\n[[waivers]]\ngate = "better than guessing"\nreason = "it is turned round by whoever uses it"\n'


def made(engine: Engine) -> str:
    run = engine.wait(engine.retrain("tiny", as_of=AS_OF).id, lambda r: None)
    assert run.version is not None, run.why
    return run.version


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = forking(open_engine(tmp_path / "home", "ada", create=True))
    # A model that ranks the wrong way round, and a gate of its own that asks for nothing.
    engine.add(tiny.make(tmp_path / "tiny", skill=0.0, floor=0.0))
    return engine


def test_a_version_worse_than_guessing_goes_live_only_with_a_reason_that_stays(engine: Engine, tmp_path: Path) -> None:
    first = made(engine)
    assert engine.version(first).state == "failed"
    assert "is surely worse than guessing" in engine.version(first).sentence
    with pytest.raises(Refusal, match="did not pass its gates"):
        engine.move(engine.plan_release(first), "it will do", lambda step: None)

    manifest = tmp_path / "tiny" / "leverframe.toml"
    manifest.write_text(manifest.read_text() + WAIVER)
    tiny.commit(tmp_path / "tiny", "bear it")
    second = made(engine)
    card = engine.card(second, AS_OF)
    gate = next(each for each in card.gates if each.name == "better than guessing")
    assert (gate.verdict, card.version.state, card.version.verdict) == ("warn", "candidate", "warn")
    assert gate.evidence.startswith('Waived ("it is turned round by whoever uses it"): roc_auc 0.')
    assert gate.numbers["found"] == "fail"

    plan = engine.plan_release(second)
    told = 'better than guessing ("it is turned round by whoever uses it")'
    assert plan.waivers == (told,) and f"Waived by leverframe.toml: {told}." in plan.sentences
    engine.move(plan, "as agreed", lambda step: None)
    acts = [row for row in engine.audit(offset=0, limit=50) if row.subject == second and row.reason == "as agreed"]
    assert {row.action for row in acts} == {"approve", "release"}
    assert all(row.details["waivers"] == [told] for row in acts)
    assert engine.verify_audit().ok
