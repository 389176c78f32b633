"""A project that Subversion holds goes the whole way as one in Git does; and one that nothing holds, with a warning."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Refusal
from engine.vocabulary.systems import UNHELD
from tests import tiny
from tests.engine.projects.subversion import checkout, commit, repository, update
from tests.forked_runs import forking
from tests.journeys.test_two_releases_and_a_rollback import retrained
from tests.people import open_engine

NOVEMBER = [datetime(2026, 11, day, tzinfo=UTC) for day in (3, 10, 17)]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return forking(open_engine(tmp_path / "home", "ada", create=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project without a repository."""
    shutil.rmtree(tiny.make(tmp_path / "made") / ".git")
    return tmp_path / "made"


def test_what_is_committed_to_subversion_is_retrained_judged_released_and_taken_back(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    url = repository(tmp_path)
    project = checkout(tmp_path, f"{url}/trunk", "tiny")
    shutil.copytree(folder, project, dirs_exist_ok=True)
    commit(project, "first", who="ada")
    engine.add(project)
    retrained(engine, NOVEMBER[0])
    engine.move(engine.plan_release("tiny@1"), "first release", lambda step: None)
    code = engine.show("tiny@1").code
    assert (code.system, code.revision, code.branch, code.remote) == ("svn", "r2", "trunk", f"{url}/trunk")

    (project / "settings.json").write_text(json.dumps({"skill": 1.2}))
    with pytest.raises(Refusal, match=r"uncommitted changes \(settings\.json\)"):
        engine.retrain("tiny", as_of=NOVEMBER[1])
    commit(project, "more skill", who="bob")
    (project / "notes.txt").write_text("n")
    commit(project, "a note", who="cyd")
    update(project)
    retrained(engine, NOVEMBER[1])
    (told,) = (each for each in engine.diff("tiny@1", "tiny@2") if each.what == "code")
    assert told.summary == "2 files changed in 2 commits by cyd, bob, r2 → r4"
    assert told.details == (
        "r4 cyd: a note", "r3 bob: more skill", "notes.txt added (by cyd)", "settings.json changed (by bob)",
    )  # fmt: skip
    assert told in engine.card("tiny@2", NOVEMBER[1]).changes

    engine.set_policy("four_eyes", "yes", "two pairs")
    (eyes,) = (each for each in engine.card("tiny@2", NOVEMBER[1]).takes if "bob@localhost" in each)
    assert "bob <bob@localhost>, cyd <cyd@localhost>" in eyes
    for account in ("bob", "cyd"):
        engine.add_address("ada", f"{account}@localhost", "hers on that server")
    takes = engine.card("tiny@2", NOVEMBER[1]).takes
    assert any("ada (asked for this retrain and committed code of it)" in each for each in takes)
    assert not any("localhost" in each for each in takes), "they are known now"
    engine.set_policy("four_eyes", "default", "alone again")
    engine.move(engine.plan_release("tiny@2"), "better", lambda step: None)
    engine.move(engine.plan_rollback("tiny"), "it was not", lambda step: None)
    assert engine.version("tiny@1").state == "live"


def test_a_folder_that_nothing_holds_is_taken_and_says_so_wherever_its_code_is_shown(
    engine: Engine, folder: Path
) -> None:
    engine.add(folder)
    assert any(each.what == "code" and UNHELD in each.sentence for each in engine.check(folder, lambda said: None))
    retrained(engine, NOVEMBER[0])
    code = engine.show("tiny@1").code
    assert code.system == "folder" and code.revision is not None and not code.dirty
    card = engine.card("tiny@1", NOVEMBER[0])
    assert card.code.verdict == "watch" and UNHELD in card.code.sentence
    (found,) = (each for each in engine.doctor(mend=False) if each.what == "tiny" and UNHELD in each.sentence)
    assert found.verdict == "watch"
    engine.set_policy("four_eyes", "yes", "two pairs")
    assert any("code that no commit holds" in each for each in engine.card("tiny@1", NOVEMBER[0]).takes)
    engine.set_policy("four_eyes", "default", "alone again")
    engine.move(engine.plan_release("tiny@1"), "first release", lambda step: None)
    (folder / "settings.json").write_text(json.dumps({"skill": 1.2}))
    retrained(engine, NOVEMBER[1])
    (told,) = (each for each in engine.diff("tiny@1", "tiny@2") if each.what == "code")
    assert told.details == ("settings.json changed",)
    assert engine.show("tiny@2").code.revision != code.revision
