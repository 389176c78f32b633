"""A model that was trained elsewhere goes the whole way: taken, judged, proven, released, replaced, taken back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Refusal
from tests import tiny
from tests.forked_runs import forking
from tests.journeys.test_two_releases_and_a_rollback import retrained
from tests.people import open_engine

NOVEMBER = [datetime(2026, 11, day, tzinfo=UTC) for day in (3, 10, 17)]
GOOD, BETTER = ([0.5 + skill * (place / 10 - 0.45) for place in range(10)] for skill in (0.5, 0.9))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One whose model lies in its folder; a command scores with it."""
    folder = tiny.make(tmp_path / "tiny")
    (folder / "made").mkdir()
    (folder / "made/table.json").write_text(json.dumps(GOOD))
    run = '{ command = ["python", "steps.py", "train"] }'
    text = (folder / "leverframe.toml").read_text()
    assert f"run = {run}" in text
    (folder / "leverframe.toml").write_text(text.replace(f"run = {run}", 'import = "made"'))
    tiny.commit(folder, "a model made elsewhere")
    return folder


@pytest.fixture
def engine(tmp_path: Path, project: Path) -> Engine:
    engine = forking(open_engine(tmp_path / "home", "ada", create=True))
    engine.add(project)
    return engine


def test_it_is_taken_judged_proven_and_released_and_the_one_before_comes_back(engine: Engine, project: Path) -> None:
    found = engine.check(project, lambda said: None)
    assert [each.verdict for each in found if each.what == "model"] == ["ok"]
    first = retrained(engine, NOVEMBER[0])
    assert "train" not in [step.name for step in engine.run(first.id).steps]
    (gate,) = (each for each in engine.card("tiny@1", NOVEMBER[0]).gates if each.kind == "imported")
    assert (gate.verdict, gate.name) == ("warn", "judged by unseen rows")
    engine.move(engine.plan_release("tiny@1"), "as it is", lambda step: None)

    same = engine.wait(engine.retrain("tiny", as_of=NOVEMBER[1]).id, lambda run: None)
    assert same.state == "nothing-new" and "the same model, which was trained elsewhere" in (same.why or "")
    with pytest.raises(Refusal, match="trained elsewhere .* no retraining to replay"):
        engine.backtest("tiny")

    (project / "made/table.json").write_text(json.dumps(BETTER))
    tiny.commit(project, "a better one")
    retrained(engine, NOVEMBER[1])
    assert {each.path for each in engine.show("tiny@2").model.files} == {"table.json"}
    engine.move(engine.plan_release("tiny@2"), "better", lambda step: None)
    engine.move(engine.plan_rollback("tiny"), "it was not", lambda step: None)
    assert engine.version("tiny@1").state == "live"
    live = json.loads((engine.home / "live/tiny/model/table.json").read_text())
    assert live == GOOD


def test_a_model_that_is_not_committed_is_named(engine: Engine, project: Path) -> None:
    tiny.replace(project, "leverframe.toml", 'import = "made"', 'import = "elsewhere"')
    run = engine.wait(engine.retrain("tiny", as_of=NOVEMBER[0]).id, lambda run: None)
    assert run.state == "failed" and "'elsewhere', which is not in the code of this run; commit it" in (run.why or "")
