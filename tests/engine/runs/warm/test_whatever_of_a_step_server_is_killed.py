"""Whatever of a step server is killed, and whenever: a step ends honestly or is started afresh, and nothing is left."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.runs.warm.step_servers import IN_USE
from engine.runs.warm.wanted_server import folder_of
from tests.engine.runs.step_workshop import alive, free, none_alive, until
from tests.engine.runs.warm.served_project import (
    Kept,
    ServedProject,
    ServedStep,
    Servers,
    below,
    needs_landlock,
    processes,
    served_project,
)

pytestmark = needs_landlock
PARTS = ("guard", "watcher", "first", "server")
WORKS = """
import os, time
open("begun", "w").write("x")
print("::progress 0.5 here", flush=True)
while not os.path.exists("go"): time.sleep(0.005)
tell(here=1)
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ServedProject]:
    with served_project(tmp_path / "served") as found:
        yield found


def begun(project: ServedProject, deed: str = WORKS) -> ServedStep:
    """A forked step that has begun its deed and goes on until it is told to."""
    heard: list[str] = []
    step = project.begin(deed, heard=lambda at, text: heard.append(text))
    assert step.forked
    until(lambda: heard)
    return step


def let_go(project: ServedProject) -> None:
    (place,) = project.work()
    (Path(place) / "code" / "go").touch()


def gone(project: ServedProject, one: Kept, pids: list[int]) -> None:
    """Nothing of it lives, and nothing is left of it once its engine has looked."""
    until(lambda: one.process.poll() is not None)
    until(lambda: none_alive(pids))
    until(lambda: project.engine.look() or one not in [*project.engine.kept, *project.engine.leaving])  # type: ignore[func-returns-value]
    left = [path.name for path in folder_of(project.home).iterdir()]
    assert not [name for name in left if name.startswith(one.name)], left


@pytest.mark.parametrize("part", PARTS)
def test_before_a_step_the_next_is_started_afresh(project: ServedProject, part: str) -> None:
    one = project.serve()
    pids = processes(one)
    os.kill(pids[part], signal.SIGKILL)
    until(lambda: not alive(pids[part]))
    done = project.do("tell(here=1)")
    assert not done.forked and done.told == {"here": 1}
    gone(project, one, list(pids.values()))
    project.serve()
    assert project.forked("").result.state == "succeeded"


@pytest.mark.parametrize("part", PARTS)
def test_while_a_step_runs_it_fails_and_says_so_and_no_process_of_it_is_left(project: ServedProject, part: str) -> None:
    one = project.serve()
    pids = processes(one)
    leaves = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)\n"
    step = begun(project, leaves + WORKS)
    its = [pid for pid in (*below(pids["server"]), *below(pids["first"])) if pid != pids["server"]]
    its += [child for pid in its for child in below(pid)]
    os.kill(pids[part], signal.SIGKILL)
    done = step.wait()
    assert done.result.state == "failed" and done.told == {}
    said = "came to an end" if part == "watcher" else "was stopped because a process that watches over it was killed"
    assert said in str(done.result.why)
    until(lambda: none_alive(its) and free(step.folder / "lock"))
    gone(project, one, [*pids.values(), *its])
    # What it worked on is back where it was, or gone with what killed its watcher could not do any more.
    assert (step.folder / "code" / "begun").exists() == (part != "watcher")
    assert project.work() == []
    assert not project.do("").forked


@pytest.mark.parametrize("how", ["ends", "is killed"])
def test_a_step_goes_on_when_the_engine_ends_and_then_the_server_goes(project: ServedProject, how: str) -> None:
    one = project.serve()
    pids = processes(one)
    step = begun(project)
    if how == "ends":
        project.engine.stop()
    else:
        stdin = one.process.stdin
        assert stdin is not None
        stdin.close()  # as the kernel does
    let_go(project)
    done = step.wait()
    assert done.result.state == "succeeded" and done.told == {"here": 1}
    assert (done.folder / "code" / "begun").exists() and free(done.folder / "lock")
    gone(project, one, list(pids.values()))


def test_an_engine_that_begins_meanwhile_leaves_what_is_in_use_and_clears_the_rest(project: ServedProject) -> None:
    one = project.serve()
    step = begun(project)
    cache = project.home / "cache" / "steps"
    (cache / "left.0" / "work" / "token" / "code").mkdir(parents=True)
    (cache / "left.1").mkdir()
    (cache / "left.1" / IN_USE).touch()
    stdin = one.process.stdin
    assert stdin is not None
    stdin.close()
    later = Servers(project.home, project.home / "environments")
    assert sorted(path.name for path in cache.iterdir()) == sorted([one.name, "loaded"])
    assert [path.name for path in folder_of(project.home).iterdir()] == ["secret"]
    assert not project.do("").forked  # With the new secret none is to be had yet.
    let_go(project)
    done = step.wait()
    assert done.told == {"here": 1} and (done.folder / "code" / "begun").exists() and project.work() == []
    until(lambda: one.process.poll() is not None)
    Servers(project.home, project.home / "environments")
    assert [path.name for path in cache.iterdir()] == ["loaded"]
    assert later.kept == []


def test_a_run_that_is_killed_takes_its_step_along_and_its_files_are_back(project: ServedProject) -> None:
    one = project.serve()
    pids = processes(one)
    step = begun(project)
    its = below(pids["server"])
    with open(os.devnull, "r+b") as nothing:
        assert step.warden is not None
        for stream in (step.warden.stdin, step.warden.stdout):
            os.dup2(nothing.fileno(), stream.fileno())
    until(lambda: none_alive(its) and free(step.folder / "lock"))
    assert (step.folder / "code" / "begun").exists() and project.work() == []
    until(lambda: project.do("").forked)
    assert processes(one) == pids


def test_a_server_that_is_no_more_what_was_built_is_not_asked(project: ServedProject) -> None:
    for _ in range(3):
        project.do("")
    project.engine.look()
    (one,) = project.engine.kept
    project.engine.differs = True
    until(lambda: project.engine.look() or one not in project.engine.kept)  # type: ignore[func-returns-value]
    assert not one.admitted and not project.do("").forked
    gone(project, one, [])
    for _ in range(2):
        project.do("")
    project.engine.look()
    assert project.engine.kept == []  # Before it loads anything it is compared as well.
    project.engine.differs = False
    project.serve()
    assert project.forked("").result.state == "succeeded"
