"""Steps that take more than they may: each is judged like a fresh one, and its server is usable afterwards, or gone."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.runs.steps import launch
from engine.runs.steps.limits import Limits
from tests.engine.runs.step_workshop import alive, free, none_alive, until
from tests.engine.runs.warm.served_project import (
    MIB,
    ServedProject,
    below,
    needs_landlock,
    processes,
    served_project,
)

pytestmark = needs_landlock


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProject]:
    with served_project(tmp_path_factory.mktemp("limits") / "served") as found:
        yield found


FLOOD = "import sys\nfor _ in range(20_000): sys.stdout.write('x' * 99 + chr(10))"
FILL = """
import os, time
for number in range(100):
    with open(os.environ["LEVERFRAME_OUTPUT"] + f"/{number}", "wb") as file: file.write(bytes(1 << 20))
time.sleep(60)
"""
HUGE = "import os\nwith open(os.environ['LEVERFRAME_OUTPUT'] + '/one', 'wb') as f: f.truncate(1 << 40)"
TREE = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        held = bytearray(120 << 20)
        time.sleep(60)
time.sleep(60)
"""
# More than may be, each with a session of its own, which no signal to a group ends; bounded, should nothing end them.
BOMB = """
import os, time
for _ in range(1400):
    if os.fork() == 0:
        os.setsid()
        time.sleep(60)
        os._exit(0)
time.sleep(60)
"""
CASES = {
    "time": ("import time; time.sleep(60)", {"timeout": timedelta(seconds=1)}, "passed its time limit of 1 s"),
    "memory": ("x = bytearray(600 << 20); import time; time.sleep(60)", {}, "400 MiB of memory (one process)"),
    "memory of several": (TREE, {}, "used more than 400 MiB of memory (tree of "),
    "output": (FILL, {}, "wrote more than 20 MiB of output"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_stopped_and_told_like_a_fresh_one(
    project: ServedProject, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deed, limits, why = CASES[case]
    one = project.serve()
    before = processes(one)
    if case == "output":
        monkeypatch.setattr(launch, "Limits", functools.partial(Limits, output_bytes=20 * MIB))
    step = project.begin(deed, **limits)
    done = step.wait()
    assert done.forked and done.result.state == "failed" and why in str(done.result.why)
    assert free(done.folder / "lock") and project.work() == []
    assert processes(one) == before and below(before["server"]) == []
    project.still_forked()


def test_of_too_many_processes_none_is_left_as_their_namespace_ends_at_one_stroke(tmp_path: Path) -> None:
    with served_project(tmp_path / "served") as project:
        project.manifest = project.with_limits(memory=8 << 30)
        one = project.serve()
        before = processes(one)
        done = project.forked(BOMB)
        assert done.result.why == "train started more than 1,000 processes and was stopped"
        assert free(done.folder / "lock") and project.work() == []
        until(lambda: one.process.poll() is not None)
        assert none_alive(list(before.values()))
        project.serve()
        project.still_forked()


def test_a_flood_of_words_is_kept_short(project: ServedProject, monkeypatch: pytest.MonkeyPatch) -> None:
    project.serve()
    monkeypatch.setattr(launch, "Limits", functools.partial(Limits, log_bytes=100_000))
    done = project.forked(FLOOD)
    assert done.result.state == "succeeded" and "bytes were cut here" in done.log
    assert (done.folder / "step.log").stat().st_size <= 100_200


def test_one_huge_file_is_told_so(project: ServedProject) -> None:
    project.serve()
    fresh, forked = project.do(HUGE, served=False), project.forked(HUGE)
    assert forked.result.why == fresh.result.why and forked.result.exit_code == fresh.result.exit_code


RUNAWAYS = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 3)
            os.execve("/bin/sleep", ["sleep", "60"], {})
        os._exit(0)
print("::progress 0.5 here", flush=True)
"""


@pytest.mark.parametrize("how", ["it ends", "it is cancelled", "its run is gone"])
def test_nothing_of_it_outlives_it_and_its_lock_is_held_until_then(project: ServedProject, how: str) -> None:
    one = project.serve()
    before, heard = processes(one), []  # type: ignore[var-annotated]

    def said(at: float, text: str) -> None:
        heard.append(text)

    step = project.begin(RUNAWAYS + ("" if how == "it ends" else "time.sleep(60)"), heard=said)
    left: set[int] = set()
    if how != "it ends":
        until(lambda: heard and len(below(before["first"])) == 4)
        left = {*below(before["first"]), *below(before["server"])} - {before["server"]}
        assert len(left) == 4 and not free(step.folder / "lock")
    if how == "it is cancelled":
        step.launch.cancel("enough")
    elif how == "its run is gone":
        assert step.warden is not None
        step.warden.stdin.close()  # as the kernel does when the run's process ends
    done = step.wait()
    assert done.result.state == {"it ends": "succeeded", "it is cancelled": "cancelled"}.get(how, "failed")
    assert none_alive([*left]) and free(step.folder / "lock") and project.work() == []
    assert (step.folder / "code" / "project.py").exists() and (step.folder / "output").is_dir()
    assert processes(one) == before and alive(before["server"])
    project.still_forked()
