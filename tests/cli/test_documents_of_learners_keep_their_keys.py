"""The JSON of learners: its keys, which scripts rely on; who is frozen says so, and learns nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.api import Engine
from tests import tiny
from tests.cli.calling import Told, call
from tests.people import open_engine


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    yield engine
    engine.close()


def said(engine: Engine, *words: str) -> Told:
    return call("--home", engine.home, "--operator", "ada", *words)


def test_a_learner_and_its_freeze_have_the_keys_that_scripts_rely_on(engine: Engine) -> None:
    frozen = said(engine, "freeze", "tiny", "--reason", "a broken sensor", "--json").json
    assert set(frozen) == {"project", "at", "by", "frozen", "reason"} and frozen["frozen"] is True
    found = said(engine, "learn", "tiny", "--last", "--json").json
    assert set(found) == {
        "project", "live", "rule", "frozen", "batches", "quarantined", "run", "begins", "resets", "lessons",
    }  # fmt: skip
    assert found["frozen"] == frozen and found["lessons"] == [] and found["rule"] is None
    assert said(engine, "unfreeze", "tiny", "--reason", "mended", "--json").json["frozen"] is False
    acts = [(row.action, row.reason) for row in engine.audit(limit=2)]
    assert acts == [("unfreeze", "mended"), ("freeze", "a broken sensor")]


def test_a_freeze_is_told_once_and_what_is_not_live_cannot_learn(engine: Engine) -> None:
    assert said(engine, "learn", "tiny").err == "Nothing of tiny is live yet; retrain, then approve a candidate.\n"
    assert said(engine, "unfreeze", "tiny", "--reason", "x").err == "The learner of tiny is not frozen.\n"
    assert said(engine, "freeze", "tiny", "--reason", "why").out.startswith("The learner of tiny is frozen;")
    again = said(engine, "freeze", "tiny", "--reason", "x")
    assert again.err == "The learner of tiny is frozen already, by ada: why.\n"
    assert "frozen by ada" in said(engine, "learn", "tiny", "--last").out
