"""A retrain that could only make the live version again says so and trains nothing, unless it is made to."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.records import Run
from tests import tiny
from tests.forked_runs import forked_runs
from tests.journeys.conftest import WEEK
from tests.people import open_engine

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(history: Path) -> Engine:
    """tiny@2 is live, made from what was there a week after the first."""
    forked_runs(history)
    return open_engine(history, "ada")


def retrain(engine: Engine, first: datetime, **options: bool) -> Run:
    return engine.wait(engine.retrain("tiny", as_of=first + WEEK, **options).id, lambda run: None)


def test_nothing_is_trained_where_nothing_is_new(engine: Engine, first: datetime) -> None:
    before = engine.count_versions()
    run = retrain(engine, first)
    assert (run.state, run.version) == ("nothing-new", None)
    assert run.why is not None and "since tiny@2" in run.why and "--force" in run.why
    assert [step.name for step in run.steps if step.name in ("extract", "train", "score")] == ["extract"]
    assert engine.count_versions() == before


def test_it_is_trained_all_the_same_when_forced(engine: Engine, first: datetime) -> None:
    run = retrain(engine, first, force=True)
    assert (run.state, run.version) == ("succeeded", "tiny@4")


@pytest.mark.parametrize("what", ["code", "settings", "packages"])
def test_a_change_of_anything_else_than_the_data_is_news(
    engine: Engine, first: datetime, history: Path, what: str
) -> None:
    project = Path(engine.projects()[0].path)
    saved = {name: (project / name).read_text() for name in ("leverframe.toml", "settings.json")}
    try:
        if what == "code":
            tiny.change(project, skill=0.9)
        elif what == "settings":
            tiny.replace(project, "leverframe.toml", "at_least = 0.6", "at_least = 0.61")
        else:
            (project / "leverframe.toml").write_text(saved["leverframe.toml"] + '[environment]\npython = "3.11"\n')
            tiny.commit(project, "a Python of its own")
        assert retrain(engine, first).state == "succeeded"
    finally:
        for name, text in saved.items():
            (project / name).write_text(text)
        tiny.commit(project, f"as before {json.dumps(what)}")
