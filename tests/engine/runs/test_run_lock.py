"""Only its lock says whether a run is alive: it is free when its process and all that watch its steps have gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.runs import queue
from engine.runs.steps.running import start_step
from engine.runs.steps.sweep import sweep
from engine.storage import workspace as workspaces
from engine.storage.workspace import Workspace
from tests.engine.runs.step_workshop import ROOT, Workshop, until, wardens, workshop

__all__ = ["workshop"]

PARENT = """
import sys
from pathlib import Path
from engine.runs import queue
from engine.runs.steps.running import start_step
from engine.runs.steps.step import Limits, StepSpec, clean_environment
from engine.storage import workspace
folder = Path(sys.argv[1])
held = queue.take_lock(workspace.create(folder / "home"), 1)
code = "import os, time; open('pids', 'w').write(str(os.getpid())); time.sleep(60)"
start_step(StepSpec("train", (sys.executable, "-c", code), folder, clean_environment((), {}, 1), folder / "step.log",
                    Limits(60, 400 << 20), sys.argv[2], held), lambda *_: None).wait()
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspaces.create(tmp_path / "home")


def test_a_killed_run_holds_its_lock_until_nothing_of_its_steps_is_left(
    workshop: Workshop, workspace: Workspace
) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(workshop.folder), workshop.marker], cwd=ROOT)
    try:
        workshop.pids(1)
        watching = wardens(parent.pid)
        for pid in watching:  # As if the machine were too busy to let them see that the run was killed.
            os.kill(pid, signal.SIGSTOP)
    finally:
        parent.kill()
        parent.wait()
    assert queue.take_lock(workspace, 1) is None
    for pid in watching:
        os.kill(pid, signal.SIGCONT)
    until(lambda: queue.take_lock(workspace, 1))
    assert sweep(workshop.marker) == 0


def test_a_step_cannot_hold_the_lock_of_its_run(workshop: Workshop, workspace: Workspace) -> None:
    held = queue.take_lock(workspace, 1)
    code = "import os; print(sorted(os.listdir('/proc/self/fd')), flush=True)"
    spec = replace(workshop.spec(sys.executable, "-I", "-S", "-c", code), held=held)
    result = start_step(spec, lambda at, text: None).wait()
    assert result.state == "succeeded"
    assert result.last_lines == ("['0', '1', '2', '3']",)  # 3 is the folder that it lists
