"""The demo: a story that is really run, cut off at any moment and gone on with."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from console.demo import place, progress, repository
from console.demo.make import replay, what_there_is
from console.demo.replay import Stopped, moments
from console.demo.story import Edit, StoryCommit, Tale, tales
from console.queries.question import AskOverview
from engine.api import Engine
from engine.errors import Refusal
from engine.projects.source.code import inspect
from tests import tiny
from tests.forked_runs import forking
from tests.ledger import workspace_of
from tests.people import open_engine
from tests.terminal import Terminal
from tests.wholeness import assert_whole

UNTIL = datetime(2026, 11, 24, 12, tzinfo=UTC)
LESS = Edit("settings.json", '"skill": 1.0', '"skill": 0.9')
TRIED = (StoryCommit(2, "Use less of it", (LESS,), doubtful=True), StoryCommit(3, "Revert it", (LESS.undone(),)))
TALES = (Tale("restless", 4, commits=TRIED, waits=True), Tale("calm", 3, rehearsal=3))


class Listener:
    """Hears what is told; after ``patience`` words it has had enough."""

    def __init__(self, patience: int = 10**6) -> None:
        self.lines: list[str] = []
        self._patience = patience
        self._guard = threading.Lock()

    def doing(self, project: str, share: float, text: str) -> None:
        assert 0.0 <= share <= 1.0
        with self._guard:
            self._patience -= 1
            if self._patience < 0:
                raise Stopped

    def done(self, line: str) -> None:
        self.lines.append(line)


def begin(home: Path, weeks: int = 8) -> tuple[place.Plan, Engine]:
    plan = place.plan(home, weeks, UNTIL)
    person = open_engine(home, "ada", create=True)
    if "demo" not in [o.name for o in person.operators()]:
        person.add_operator("demo", "operator", "decides in the weeks that are replayed")
    return plan, forking(open_engine(home, "demo"))


def written(root: Path) -> Path:
    """The two projects as they are shipped."""
    for name in ("restless", "calm"):
        tiny.make(root / "originals" / name, name=name)
    return root / "originals"


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    return written(tmp_path)


def assert_ended_well(engine: Engine) -> None:
    states = {v.label: v.state for p in ("restless", "calm") for v in engine.versions(p)}
    assert states == {
        "restless@1": "retired", "restless@2": "rejected", "restless@3": "live", "restless@4": "candidate",
        "calm@1": "retired", "calm@2": "live", "calm@3": "barred",
    }  # fmt: skip
    assert engine.card("restless@4", UNTIL).blocked is None
    assert [v.label for v in engine.rollback_targets("restless")] == ["restless@1"]
    assert {d.actor for d in engine.at(datetime.now(UTC))} == {"demo"}
    assert_whole(engine)
    assert not any(inspect(Path(p.path)).dirty for p in engine.projects())


@dataclass(frozen=True)
class Replayed:
    """A demo that was replayed to its end in another process's name; what was told, and what was to be told of it."""

    plan: place.Plan
    engine: Engine
    before: tuple[str, bool] | None
    lines: list[str]
    seen: list[tuple[str, bool] | None]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    root = tmp_path_factory.mktemp("replayed")
    plan, engine = begin(root / "home")
    found = Replayed(plan, engine, progress.told(plan.home), [], [])

    class Watching(Listener):
        def done(self, line: str) -> None:
            found.lines.append(line)
            found.seen.append(progress.told(plan.home))

    with workspace_of(engine).lock(place.LOCK):
        replay(plan, TALES, written(root), engine, progress.WrittenDown(plan, Watching()))
    yield found
    engine.close()


@pytest.mark.slow
def test_the_weeks_are_replayed_and_a_candidate_waits(replayed: Replayed) -> None:
    engine = replayed.engine
    assert place.plan(replayed.plan.home, 8, UNTIL).finished
    assert len(replayed.lines) == 7 + 2
    assert [engine.health(name) is not None for name in ("calm", "restless")] == [True, True]
    said = "\n".join(what_there_is(engine, UNTIL))
    assert "restless: restless@3 is live, restless@1 is there to roll back to." in said
    assert "restless@4 waits for your decision." in said
    [change] = [c for c in engine.diff("restless@1", "restless@2") if c.what == "code"]
    assert "Use less of it" in " ".join(change.details)
    assert "Use less of it: not worth it" in str(engine.version("restless@2").reason)
    assert_ended_well(engine)


def test_a_demo_that_another_process_replays_is_told_in_one_line_and_its_end_ends_the_line(replayed: Replayed) -> None:
    home, seen = replayed.plan.home, replayed.seen
    assert replayed.before == (
        f"The replay came to a stop; 'leverframe --home {home} demo' goes on with it (demo-projects/replay.log"
        " says why).", False,
    )  # fmt: skip
    assert all(said is not None and said[1] and said[0].startswith("Replaying week ") for said in seen), seen
    assert len(seen) >= 7 and any(" of 8; keys work meanwhile · calm: " in said[0] for said in seen if said)
    assert progress.told(home) is None
    assert AskOverview().answer(replayed.engine, UNTIL).replay is None


KILLED = """
import sys
from pathlib import Path
from tests.journeys.test_demo import Listener, TALES, begin, replay
plan, engine = begin(Path(sys.argv[1]))
replay(plan, TALES, Path(sys.argv[2]), engine, Listener())
"""


def rows(home: Path) -> int:
    """How far the demo is, by the rows of its audit trail."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{home}/ledger.db?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM audit").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def stopped(home: Path, originals: Path, patience: int) -> place.Plan:
    """The demo goes on until its listener has had enough, or to its end."""
    plan, engine = begin(home)
    with contextlib.suppress(Stopped):
        replay(plan, TALES, originals, engine, Listener(patience))
    engine.close()
    return place.plan(home, 8, UNTIL)


def killed(home: Path, originals: Path, more: int) -> None:
    """The demo goes on in a process that is killed as soon as the trail has so many rows more."""
    root, enough = Path(__file__).resolve().parents[2], rows(home) + more
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(home), str(originals)], env={**os.environ, "PYTHONPATH": str(root)}
    )
    while process.poll() is None and rows(home) < enough:
        time.sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it was killed on its way"


@pytest.mark.slow
def test_a_demo_that_was_stopped_and_killed_again_and_again_ends_the_same(home: Path, originals: Path) -> None:
    for patience, more in ((3, 1), (33, 8)):
        killed(home, originals, more)
        assert not stopped(home, originals, patience).finished
    while not stopped(home, originals, patience).finished:
        patience += 15
    assert_ended_well(begin(home)[1])


@pytest.mark.parametrize("weeks", [3, 4, 5, 8, 26])
def test_the_stories_end_with_the_samples_as_they_are_shipped(weeks: int, tmp_path: Path) -> None:
    for tale in tales(weeks):
        path = repository.ensure(tale, tmp_path, repository.samples())
        for week in range(1, weeks + 1):
            repository.bring_up_to(week, tale, path)
        shipped = repository.samples() / tale.project
        for file in shipped.iterdir():
            if file.is_file():
                assert (path / file.name).read_bytes() == file.read_bytes()
        assert subjects(path)[0] == f"A first model for {tale.project}"
        assert len(subjects(path)) == 1 + len(tale.commits)


def subjects(path: Path) -> list[str]:
    command = ["git", "log", "--reverse", "--format=%s"]
    return subprocess.run(command, cwd=path, check=True, capture_output=True, text=True).stdout.splitlines()


def test_nobody_needs_a_git_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "person").mkdir()
    (tmp_path / "person" / ".gitconfig").write_text("[commit]\n gpgsign = true\n[user]\n useConfigOnly = true\n")
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    tale = tales(8)[0]
    path = repository.ensure(tale, tmp_path, repository.samples())
    repository.bring_up_to(8, tale, path)
    assert len(subjects(path)) == 1 + len(tale.commits)


def test_a_commit_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    tale = tales(8)[0]
    path = repository.ensure(tale, tmp_path, repository.samples())
    (path / "leverframe.toml").write_text("half a f")
    (path / ".git" / "index.lock").touch()
    repository.bring_up_to(8, tale, path)
    assert (path / "leverframe.toml").read_text() == (repository.samples() / "flights/leverframe.toml").read_text()


def test_the_weeks_are_those_of_the_projects_own_schedule(tmp_path: Path) -> None:
    found = moments(repository.samples() / "flights", 8, UNTIL)
    assert len(found) == 8
    assert found[-1] == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert found[0] == datetime(2026, 10, 5, 7, tzinfo=UTC)


def test_a_demo_is_never_mixed_into_a_workspace(home: Path, tmp_path: Path) -> None:
    open_engine(home, "ada", create=True).close()
    with pytest.raises(Refusal, match="the demo did not make"):
        place.plan(home, 8, UNTIL)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with pytest.raises(Refusal, match="holds other things"):
        place.plan(tmp_path / "photos", 8, UNTIL)


def test_a_demo_keeps_its_weeks_and_its_time(home: Path) -> None:
    first = place.plan(home, 5, UNTIL)
    assert place.plan(home, 8, datetime(2026, 12, 24, tzinfo=UTC)) == first
    (home / "demo-projects" / "demo.json").write_text(json.dumps({"weeks": "many"}))
    with pytest.raises(Refusal, match="cannot be read"):
        place.plan(home, 8, UNTIL)


def test_whoever_watches_a_demo_may_decide_too_and_the_story_goes_on_around_it(tmp_path: Path, originals: Path) -> None:
    plan, engine = begin(tmp_path / "home")
    person = open_engine(plan.home, "ada")

    class Meddling(Listener):
        def doing(self, project: str, share: float, text: str) -> None:
            # While it is proven, so that the demo comes too late.
            with self._guard:
                if "calm@1" in [each.label for each in person.candidates()]:
                    person.reject("calm@1", "I would like to see what happens")

    replay(plan, (Tale("calm", 2),), originals, engine, Meddling())
    states = {v.label: v.state for v in person.versions("calm")}
    assert (states["calm@1"], states["calm@2"]) == ("rejected", "live")
    assert place.plan(plan.home, 8, UNTIL).finished and person.verify_audit().ok
    person.close()
    engine.close()


def test_the_console_comes_at_once_and_a_replay_that_is_killed_is_said_to_have_stopped(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Terminal("--home", home, "--operator", "ada", "demo") as terminal:
        terminal.see("Replaying week 1 of 8; keys work meanwhile")
        (behind,) = (
            found for found in psutil.process_iter(["cmdline", "ppid"])
            # What that starts has its words too, for an instant.
            if found.info["ppid"] == terminal.process.pid and "--no-console" in (found.info["cmdline"] or [])
        )  # fmt: skip
        terminal.press("3")
        terminal.see("Runs")
        behind.kill()
        with contextlib.closing(open_engine(home, "ada")) as engine:
            for run in engine.runs():
                engine.cancel(run.id, "nobody watches it any more")
                engine.wait(run.id, lambda _: None)
        terminal.press("1")
        terminal.see("The replay came to a stop; 'leverframe --home ")
        assert place.plan(home, 8, datetime.now(UTC)).finished is False
        terminal.press("q")
        assert terminal.ended() == 0
