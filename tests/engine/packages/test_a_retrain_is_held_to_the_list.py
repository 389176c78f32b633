"""A new version that breaks the common list is warned of or fails, as the list says; an exception lets it pass."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.api import Engine
from engine.records import Gate
from tests import tiny
from tests.builders.runs import retrained
from tests.engine.environments.conftest import make
from tests.forked_runs import forking
from tests.people import open_engine

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    place = make(tmp_path / "home")
    for name in ("UV_NO_INDEX", "UV_FIND_LINKS"):
        monkeypatch.setenv(name, place.uv.environ[name])
    folder = tiny.make(tmp_path / "tiny")
    (folder / "requirements.txt").write_text("fruit-salad\n")
    tiny.replace(folder, "leverframe.toml", "[train]", '[environment]\nrequirements = "requirements.txt"\n\n[train]')
    engine = forking(open_engine(place.root, "ada"))
    engine.add(folder)
    yield engine
    engine.close()


def gate_of(engine: Engine, label: str) -> Gate | None:
    return next((each for each in engine.show(label).gates if each.name == "common packages"), None)


def test_it_warns_then_fails_then_is_excepted(engine: Engine, today: datetime) -> None:
    first = retrained(engine, today - timedelta(days=9))
    assert gate_of(engine, first) is None, "nothing is on the list"
    engine.move(engine.plan_release(first), "first", lambda step: None)
    engine.set_packages("apple<2", "one fruit")
    (line,) = [each for each in engine.packages().lines if each.versions]
    assert (line.package, line.cells[0].standing) == ("apple", "violates")

    warned = retrained(engine, today - timedelta(days=6))
    found = gate_of(engine, warned)
    assert found is not None and (found.verdict, found.evidence) == ("warn", "apple 2.0 is not apple<2")
    version = engine.version(warned)
    assert version.state == "candidate" and version.verdict == "warn"
    assert "Common packages: apple 2.0 is not apple<2." in version.sentence

    engine.enforce_packages(True, "now it matters")
    failed = engine.version(retrained(engine, today - timedelta(days=3)))
    assert failed.state == "failed"
    assert failed.sentence.startswith("NOT FIT TO GO LIVE. Common packages: apple 2.0 is not apple<2.")
    said = engine.check(Path(engine.projects()[0].path), lambda step: None)
    assert ("failing", "apple 2.0 is not apple<2.") in [(each.verdict, each.sentence) for each in said]

    engine.except_package("tiny", "apple", clock.now() + timedelta(days=9), "it moves later")
    passed = retrained(engine, today)
    found = gate_of(engine, passed)
    assert found is not None and found.verdict == "pass" and "excepted until" in found.evidence
    assert engine.version(passed).state == "candidate"
    (tried,) = engine.what_if("pear>=99")
    assert tried.resolves is False and tried.label == passed
    (tried,) = engine.what_if("apple>=1")
    assert tried.resolves and tried.changes == ()
