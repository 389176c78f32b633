"""Whatever part of the machinery is killed, nothing of the step lives on and the result says what happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.runs.step_workshop import ROOT, RUNAWAYS, Workshop, none_alive, until, wardens, workshop

__all__ = ["workshop"]

PARENT = """
import sys
from pathlib import Path
from engine.runs.steps.running import start_step
from engine.runs.steps.step import Limits, StepSpec, clean_environment
folder = Path(sys.argv[1])
start_step(StepSpec("train", (sys.executable, "-c", sys.argv[2]), folder, clean_environment((), {}, 1),
                    folder / "step.log", Limits(60, 400 << 20), sys.argv[3]), lambda *_: None).wait()
"""


def test_when_the_watcher_is_killed_the_guard_ends_the_step_and_its_runaways(workshop: Workshop) -> None:
    step = workshop.start(RUNAWAYS + "time.sleep(60)")
    pids = workshop.pids(4)
    os.kill(wardens()[1], signal.SIGKILL)
    result = step.wait()
    assert result.state == "failed"
    assert result.why == "the process that watches over train came to an end, so train was stopped"
    assert none_alive(pids)


def test_when_the_guard_is_killed_the_watcher_ends_the_step_and_its_runaways(workshop: Workshop) -> None:
    step = workshop.start(RUNAWAYS + "time.sleep(60)")
    pids = workshop.pids(4)
    os.kill(wardens()[0], signal.SIGKILL)
    assert step.wait().why == "train was stopped because a process that watches over it was killed"
    assert none_alive(pids)


def test_when_both_are_killed_the_step_dies_and_marked_runaways_are_swept(workshop: Workshop) -> None:
    step = workshop.start(
        """
        import subprocess, time
        child = subprocess.Popen(["sleep", "60"], start_new_session=True)
        open("pids", "w").write(str(child.pid))
        time.sleep(60)
        """
    )
    pids = workshop.pids(1)
    guard, watcher = wardens()
    os.kill(guard, signal.SIGSTOP)
    os.kill(watcher, signal.SIGKILL)
    os.kill(guard, signal.SIGKILL)
    result = step.wait()
    assert result.why == (
        "the process that watches over train came to an end (was killed by signal 9 (SIGKILL)), so train was stopped"
    )
    assert none_alive(pids)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_process_of_the_run_is_killed_nothing_of_the_step_lives_on(workshop: Workshop, how: int) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(workshop.folder), RUNAWAYS + "time.sleep(60)", workshop.marker], cwd=ROOT
    )
    try:
        pids = workshop.pids(4) + wardens(parent.pid)
        assert len(pids) == 6
    finally:
        parent.send_signal(how)
        parent.wait()
    until(lambda: none_alive(pids))
    assert b"the process of the run is gone, so the step was stopped" in (workshop.folder / "step.log").read_bytes()


def test_a_log_that_cannot_be_written_stops_the_step_and_is_told(workshop: Workshop, tmp_path: Path) -> None:
    workshop.log = tmp_path / "a folder"
    workshop.log.mkdir()
    result = workshop.run("import time; time.sleep(60)")
    assert result.state == "failed"
    assert result.why is not None and "Is a directory" in result.why
