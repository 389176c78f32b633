"""mode = "joblib": train runs here, in the project's own interpreter; what scikit-learn does at once, there."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pandas
import pytest

from engine.environments.python.lock import parse_lock
from engine.errors import StepFailed
from engine.projects.manifest.reader import ComputeSpec
from engine.runs.compute import order
from engine.runs.steps.step import clean_environment, python_step_argv
from tests.engine.runs.compute.cluster import Cluster
from tests.engine.runs.step_workshop import until

pytestmark = pytest.mark.slow
PROJECT = """
import os
import joblib
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

def train(features, target):
    there = set(joblib.Parallel()(joblib.delayed(os.getpid)() for _ in range(20)))
    print("local", os.getpid(), "remote", *there, flush=True)
    return GridSearchCV(LogisticRegression(), {"C": [0.1, 1, 10]}, cv=2).fit(features, target)

def endless(features, target):
    import time
    print("begun", flush=True)
    joblib.Parallel()(joblib.delayed(time.sleep)(600) for _ in range(4))
"""
HASH = f"--hash=sha256:{'0' * 64}"


def start(folder: Path, name: str, compute: ComputeSpec) -> subprocess.Popen[str]:
    (folder / "project.py").write_text(PROJECT)
    data = pandas.DataFrame({"x": [float(n) for n in range(40)], "y": [n % 3 == 0 for n in range(40)]})
    data.to_parquet(folder / "data.parquet")
    extra = {
        "LEVERFRAME_INPUT": str(folder),
        "LEVERFRAME_OUTPUT": str(folder),
        "LEVERFRAME_FORMAT": "parquet",
        "LEVERFRAME_TARGET": "y",
        **order.for_joblib(compute),
    }
    return subprocess.Popen(
        python_step_argv(Path(sys.executable), "train", f"project:{name}"), cwd=folder, text=True,
        env=clean_environment((), extra, 1), stdout=(folder / "out").open("w"), stderr=(folder / "err").open("w"),
    )  # fmt: skip


def test_what_runs_at_once_runs_on_the_workers_and_the_model_is_written_here(tmp_path: Path, cluster: Cluster) -> None:
    step = start(tmp_path, "train", ComputeSpec(cluster.address, "joblib", workers=2))
    assert step.wait(120) == 0, (tmp_path / "err").read_text()
    said = (tmp_path / "out").read_text()
    here, there = said.split("local ")[1].split(" remote ")
    assert {int(pid) for pid in there.split()} <= {worker.pid for worker in cluster.workers}
    assert int(here) == step.pid
    assert (tmp_path / "model" / "model.pickle").stat().st_size > 0


def test_a_scheduler_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    step = start(tmp_path, "train", ComputeSpec("tcp://127.0.0.1:1", "joblib", connect=timedelta(seconds=1)))
    assert step.wait(120) == 3
    assert "The Dask scheduler tcp://127.0.0.1:1 did not answer within 1 s" in (tmp_path / "err").read_text()


def test_a_cluster_that_dies_ends_the_step(tmp_path: Path, lonely: Cluster) -> None:
    lonely.worker()
    step = start(tmp_path, "endless", ComputeSpec(lonely.address, "joblib", silence=timedelta(seconds=3)))
    until(lambda: "begun" in (tmp_path / "out").read_text(), 60)
    os.kill(lonely.workers[0].pid, 9)
    assert step.wait(120) == 3
    assert (tmp_path / "err").read_text().endswith("for 3 s; look at its logs, then retrain.\n")


def test_an_environment_that_cannot_speak_with_dask_is_refused_before_anything_runs() -> None:
    with pytest.raises(StepFailed, match="needs distributed in the project's own environment"):
        order.check_joblib(parse_lock(f"joblib==1.5.0 {HASH}", "3.11.7"))
    order.check_joblib(parse_lock(f"distributed==2026.8.0 {HASH}\njoblib==1.5.0 {HASH}", "3.11.7"))


def test_an_engine_without_the_extra_says_how_to_install_it() -> None:
    with pytest.raises(StepFailed, match=r"it is not installed; run pip install 'leverframe\[dask\]'"):
        order.check_installed(lambda name: None)
    order.check_installed()
