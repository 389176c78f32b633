"""A whole retrain whose train and score ran on two real workers: its version is the one that is made here."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.records import Run
from tests import tiny
from tests.engine.runs.compute.cluster import Cluster
from tests.engine.runs.step_workshop import alive, outside, until
from tests.forked_runs import forking
from tests.people import open_engine

pytestmark = pytest.mark.slow
AS_OF = datetime(2026, 11, 3, tzinfo=UTC)
PARENT = '\nprint("child of", os.getppid(), os.path.realpath("."), flush=True)\n{"extract"'


def through(folder: Path, address: str, more: str = "") -> None:
    with (folder / "leverframe.toml").open("a") as file:
        file.write(f'\n[compute]\nscheduler = "{address}"\nsilence = "60s"\n{more}\n')
    tiny.commit(folder, "through a cluster")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return forking(open_engine(tmp_path / "a workspace", "ada", create=True))


def ended(engine: Engine, project: str) -> Run:
    return engine.wait(engine.retrain(project, as_of=AS_OF).id, lambda run: None)


def log(engine: Engine, run: Run, step: str) -> str:
    path = next(engine.home.glob(f"runs/*{run.id}/steps/{step}/step.log"), None)
    return path.read_text() if path else ""


def test_the_version_equals_the_one_that_is_made_here_and_goes_live_here(
    engine: Engine, tmp_path: Path, cluster: Cluster
) -> None:
    steps = tiny.STEPS.replace('\n{"extract"', PARENT)
    for name, folder in (("here", tmp_path / "here"), ("there", tmp_path / "it's there, très loin")):
        tiny.make(folder, name=name, steps=steps)
        if name == "there":
            through(folder, cluster.address)
        engine.add(folder)
    here, there = ended(engine, "here"), ended(engine, "there")
    assert (here.why, there.why, here.state, there.state) == (None, None, "succeeded", "succeeded")
    for step in ("train", "score"):
        assert re.match(r"\[leverframe: on tcp://127\.0\.0\.1:\d+ \(.+, process \d+\)\]\n", log(engine, there, step))
        assert str(cluster.scratch) in log(engine, there, step)
        assert str(cluster.scratch) not in log(engine, here, step)
    assert str(cluster.scratch) not in log(engine, there, "extract")
    one, other = engine.show("here@1"), engine.show("there@1")
    assert [file.digest for file in one.model.files] == [file.digest for file in other.model.files]
    assert one.golden.predictions == other.golden.predictions
    # Proof and rollback need no cluster.
    for worker in cluster.workers:
        worker.kill()
    cluster.scheduler.kill()
    assert engine.move(engine.plan_release("there@1"), "first", lambda step: None).deployment is not None


def test_a_run_that_is_cancelled_leaves_nothing_on_a_worker(engine: Engine, tmp_path: Path, lonely: Cluster) -> None:
    lonely.worker()
    steps = tiny.STEPS.replace(
        "def train():", 'def train():\n    print("pid", os.getpid(), flush=True)\n    time.sleep(600)'
    )
    folder = tiny.make(tmp_path / "tiny", steps=steps.replace("import csv,", "import time, csv,"))
    through(folder, lonely.address)
    engine.add(folder)
    run = engine.retrain("tiny", as_of=AS_OF)
    inside = until(lambda: re.findall(r"pid (\d+)\n", log(engine, run, "train")), 60)[0]
    (pid,) = outside("steps.py\0train", int(inside))
    engine.cancel(run.id, "changed my mind")
    assert engine.wait(run.id, lambda run: None).state == "cancelled"
    until(lambda: not alive(pid) and not lonely.guests(), 60)


def test_a_cluster_that_is_not_there_fails_the_run_with_one_sentence(engine: Engine, tmp_path: Path) -> None:
    folder = tiny.make(tmp_path / "tiny")
    through(folder, "tcp://127.0.0.1:1", 'connect = "1s"')
    engine.add(folder)
    run = ended(engine, "tiny")
    assert (run.state, run.why) == (
        "failed",
        "train failed: the Dask scheduler tcp://127.0.0.1:1 did not answer within 1.0 s; see that it runs and can be "
        "reached from here, or take [compute] out of leverframe.toml to train on this machine.",
    )
