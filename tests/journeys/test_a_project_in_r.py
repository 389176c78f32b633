"""The sample in R goes the whole way: checked, retrained, approved, looked at, rolled back with its own library."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Refusal
from engine.records import Run
from tests import tiny
from tests.forked_runs import forking
from tests.people import open_engine
from tests.programs import Programs
from tests.wholeness import assert_whole

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("Rscript") is None, reason="wants R (make system-packages)"),
]
SAMPLE = Path(__file__).resolve().parents[2] / "sample_projects" / "penguins"


@pytest.fixture
def project(tmp_path: Path, quiet_day: str) -> Path:
    folder = tmp_path / "penguins"
    shutil.copytree(SAMPLE, folder)
    toml = (folder / "leverframe.toml").read_text()  # Nothing is to fall due beside the test.
    quiet = toml.replace("* * mon", f"* * {quiet_day}").replace("6 * * *", f"6 * * {quiet_day}")
    (folder / "leverframe.toml").write_text(quiet)
    tiny.git(folder, "init", "-q", "-b", "main")
    tiny.commit(folder, "penguins")
    return folder


@pytest.fixture
def engine(tmp_path: Path, project: Path) -> Engine:
    engine = forking(open_engine(tmp_path / "home", "ada", create=True))
    engine.add(project)
    return engine


def retrained(engine: Engine) -> Run:
    run = engine.wait(engine.retrain("penguins").id, lambda _: None)
    assert run.state == "succeeded", run.why
    return run


def test_it_goes_live_is_looked_at_and_is_rolled_back_with_its_library(engine: Engine, project: Path) -> None:
    found = engine.check(project, lambda said: None)
    assert {each.verdict for each in found} <= {"ok"}, found

    assert retrained(engine).version == "penguins@1"
    engine.move(engine.plan_release("penguins@1"), "first", lambda step: None)
    tiny.replace(project, "train.R", 'method = "class")', 'method = "class", cp = 0.02)')
    tiny.replace(project, "leverframe.toml", '"rpart"]', '"rpart", "lattice"]')
    assert retrained(engine).version == "penguins@2"
    card = engine.card("penguins@2", engine.version("penguins@2").made_at)
    packages = next(change for change in card.changes if change.what == "packages")
    assert any(line.startswith("lattice added") for line in packages.details), packages
    engine.move(engine.plan_release("penguins@2"), "smaller", lambda step: None)

    look = engine.wait(engine.run_now("penguins", "health").id, lambda _: None)
    assert look.state == "succeeded", look.why

    plan = engine.plan_rollback("penguins")
    assert any("for R 4." in line for line in plan.restores), plan.restores
    left = plan.does_not_restore
    assert any(line.startswith("R, which is the machine's: 4.") for line in left), left
    for built in (engine.home / "environments").glob("[!.]*"):
        shutil.rmtree(built)  # What comes back comes from the store, whatever stands here.
    engine.move(plan, "the small tree is too small", lambda step: None)
    assert engine.version("penguins@1").state == "live"

    engine.set_packages("r:Rpart<4\nrpart>=99", "one stack")
    lines = {line.package: line for line in engine.packages().lines}
    (rpart,) = (each for each in lines["r:rpart"].cells if each.live)
    assert (rpart.label, rpart.standing) == ("penguins@1", "violates") and rpart.why.endswith(" is not r:rpart<4")
    assert lines["rpart"].cells == (), "a package of Python's that nobody has"
    assert lines["program:r"].cells[0].version.startswith("4.") and engine.packages().left_out == {}
    found = engine.check(project, lambda said: None)
    assert [each.sentence.split(" is not ")[1] for each in found if each.what == "common packages"] == ["r:rpart<4."]
    assert_whole(engine)


def test_r_that_is_missing_or_of_another_version_is_found_before_any_step(
    engine: Engine, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Programs(tmp_path / "bin", monkeypatch).says("R", "R version 3.6.3")
    (failed,) = [each for each in engine.check(project, lambda said: None) if each.verdict == "failing"]
    assert "R is 3.6.3 on this machine, and the project asks for 4" in failed.sentence
    told = [each for each in engine.doctor(False) if each.what == "environment of penguins"]
    assert [each.verdict for each in told] == ["failing"]
    run = engine.wait(engine.retrain("penguins").id, lambda _: None)
    assert (run.state, run.steps and run.steps[-1].name) == ("failed", "queue")
    with pytest.raises(Refusal):
        engine.plan_release("penguins@1")


@pytest.mark.parametrize(("file", "old", "new", "said"), [
    ("extract.R", "row.names = FALSE", "row.names = TRUE", "whose column 1 has no name"),
    ("extract.R", ", row.names = FALSE)", ', row.names = FALSE, fileEncoding = "UTF-16")', "cannot be read"),
    ("extract.R", "data.csv\"), row", "data.csv\"), fileEncoding = \"latin1\", row", None),
    ("score.R", "row.names = FALSE", "row.names = TRUE", "whose column 1 has no name"),
    ("score.R", "write.csv(said,", "write.csv(said[-1, ],", "gave 98 predictions for 99 rows"),
    ("train.R", "library(rpart)", 'library(rpart); cat("{not json")', None),
    ("train.R", "library(rpart)", "library(nobody.has.this)", "there is no package called"),
])  # fmt: skip
def test_what_r_writes_its_own_way_is_read_or_refused_in_words(
    engine: Engine, project: Path, file: str, old: str, new: str, said: str | None
) -> None:
    tiny.replace(project, file, old, new)
    failed = [each.sentence for each in engine.check(project, lambda _: None) if each.verdict == "failing"]
    if said is None:
        assert failed == []
    else:
        assert len(failed) == 1 and said in failed[0]
