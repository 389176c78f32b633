"""With the files of its packages a version is rebuilt where no registry can be reached, at its import and after."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import LeverframeError, Refusal
from tests import tiny
from tests.builders.runs import retrained
from tests.engine.bundles.forging import contents
from tests.engine.environments.conftest import make
from tests.people import open_engine

STEPS = tiny.STEPS.replace("import csv,", "import apple, csv,", 1)


@pytest.fixture
def engine(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    registry = make(tmp_path / "registry")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(registry.wheels))
    project = tiny.make(tmp_path / "tiny", steps=STEPS)
    (project / "requirements.txt").write_text("apple==1.0\n")
    tiny.replace(
        project, "leverframe.toml", "[data]", '[environment]\nrequirements = "requirements.txt"\n\n[data]'
    )
    engine = open_engine(home, "mia", create=True)
    engine.add(project)
    retrained(engine, tiny.BEGINS + timedelta(days=30))
    return engine


def test_a_version_with_its_packages_needs_no_registry(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.bundle("tiny@1", tmp_path / "without.zip")
    made = engine.bundle("tiny@1", tmp_path / "with.zip", wheels=True)
    assert made.absent == ()
    wheels = [name for name in contents(tmp_path / "with.zip") if name.startswith("wheels/")]
    assert wheels == ["wheels/apple-1.0-py3-none-any.whl"]
    assert not any(name.startswith("wheels/") for name in contents(tmp_path / "without.zip"))
    monkeypatch.delenv("UV_FIND_LINKS")
    other = open_engine(tmp_path / "other", "ada", create=True)
    other.trust("development", engine.bundle_key()[1], "known")
    with pytest.raises(LeverframeError):
        other.take_in(tmp_path / "without.zip")
    assert other.projects() == ()
    assert other.take_in(tmp_path / "with.zip").label == "tiny@1"
    other.move(other.plan_release("tiny@1"), "still without a registry", lambda step: None)
    assert other.version("tiny@1").state == "live"


def test_packages_that_are_not_kept_are_not_promised(engine: Engine, tmp_path: Path) -> None:
    from tests.ledger import writing

    with writing(engine) as db:
        db.execute("UPDATE kept_files SET why = 'apple 1.0 was withdrawn'")
    with pytest.raises(Refusal, match=r"cannot travel: apple 1\.0 was withdrawn\. Leave --wheels away"):
        engine.bundle("tiny@1", tmp_path / "x.zip", wheels=True)
    assert list(tmp_path.glob("*.zip")) == []
