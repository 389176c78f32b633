"""Whatever is killed or falls silent: the step ends with a sentence, and nothing of it lives on at the other side."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import StepFailed
from engine.runs.steps.launch import Launch
from tests.engine.runs.compute.away import Away, gone
from tests.engine.runs.compute.cluster import Cluster
from tests.engine.runs.step_workshop import outside, until

pytestmark = pytest.mark.slow
ENDLESS = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True, env={})
print("pids", os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def away(tmp_path: Path, lonely: Cluster) -> Away:
    made = Away(tmp_path, lonely.address)
    made.compute = replace(made.compute, silence=timedelta(seconds=8))
    return made


def why(step: Launch) -> str:
    with pytest.raises(StepFailed) as caught:
        step.conclude()
    return str(caught.value)


def begun(away: Away, **more: timedelta) -> tuple[Launch, list[int]]:
    """An endless step, and its processes on the worker."""
    step = away.start(ENDLESS, **more)
    pids = outside(away.word, *(int(pid) for pid in away.said("pids").split()))
    assert len(pids) == 2
    return step, pids


def driver() -> int:
    """The process that brings the step to its worker."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"engine.runs.compute.driver" in words and str(os.getpid()) in _ancestors(int(path.parent.name)):
            return int(path.parent.name)
    raise AssertionError("there is no driver")


def _ancestors(pid: int) -> list[str]:
    found = []
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        found.append(str(pid))
    return found


def test_nobody_at_the_address(away: Away) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        step = away.start("pass", scheduler=address, connect=timedelta(seconds=1))
        assert why(step) == (
            f"train failed: the Dask scheduler {address} did not answer within 1.0 s; see that it runs and can be "
            "reached from here, or take [compute] out of leverframe.toml to train on this machine."
        )


def test_somebody_who_never_answers_at_the_address(away: Away) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        step = away.start("pass", scheduler=address, connect=timedelta(seconds=1))
        assert f"the Dask scheduler {address} did not answer within 1.0 s" in why(step)


def test_an_encrypted_scheduler_without_certificates(away: Away) -> None:
    said = why(away.start("pass", scheduler="tls://127.0.0.1:8786"))
    assert said.startswith("train failed: tls://127.0.0.1:8786 needs certificates: set DASK_DISTRIBUTED__COMM__TLS__CA")


def test_a_scheduler_without_workers(away: Away) -> None:
    said = why(away.start("pass", wait=timedelta(seconds=1)))
    assert "has 0 of the 1 workers that [compute] asks for after 1.0 s; start some with 'dask worker tcp://" in said


def test_workers_that_are_all_too_small(away: Away, lonely: Cluster) -> None:
    lonely.worker(memory="100MiB")
    said = why(away.start("pass"))
    assert "none of the 1 workers of" in said and "may use 200 MiB of memory (at most 100 MiB)" in said


def test_the_worker_is_killed_and_the_step_ends_on_both_sides(away: Away, lonely: Cluster) -> None:
    worker = lonely.worker()
    step, pids = begun(away)
    worker.kill()
    said = why(step)
    assert "left the cluster, or was not heard of for 8.0 s, in the middle of it" in said
    until(lambda: gone(*pids), 60)


def test_the_worker_falls_silent_and_is_given_up(away: Away, lonely: Cluster) -> None:
    worker = lonely.worker()
    step, pids = begun(away)
    worker.send_signal(signal.SIGSTOP)
    assert "was not heard of for 8.0 s" in why(step)
    worker.send_signal(signal.SIGCONT)
    until(lambda: gone(*pids) and not lonely.guests(), 60)


def test_the_scheduler_is_killed_and_the_step_ends_on_both_sides(away: Away, lonely: Cluster) -> None:
    lonely.worker()
    step, pids = begun(away)
    lonely.scheduler.kill()
    assert "was not heard of for 8.0 s" in why(step)
    until(lambda: gone(*pids) and not lonely.guests(), 60)


def test_the_driver_is_killed_and_the_worker_ends_its_guest(away: Away, lonely: Cluster) -> None:
    lonely.worker()
    step, pids = begun(away, silence=timedelta(hours=1))
    os.kill(driver(), signal.SIGKILL)
    assert why(step).startswith("train was killed by signal 9")
    until(lambda: gone(*pids) and not lonely.guests(), 60)
    away.start("pass").conclude()


def test_the_driver_falls_silent_and_the_worker_ends_its_guest(away: Away, lonely: Cluster) -> None:
    lonely.worker()
    step, pids = begun(away)
    stopped = driver()
    os.kill(stopped, signal.SIGSTOP)
    until(lambda: gone(*pids) and not lonely.guests(), 60)
    os.kill(stopped, signal.SIGCONT)
    assert "in the middle of it" in why(step)
