"""compile_model.py as a run starts it: what it leaves, and how it ends."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

from engine.scoring.compiled.scorer import CompiledScorer
from tests.compiled_models import NUMBERS, held_to, target, training

ROOT = Path(__file__).resolve().parents[4]
SCRIPT = ROOT / "engine" / "runs" / "steps" / "compile_model.py"


def run(folder: Path, model: bytes, frame: pd.DataFrame, where: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The process, with the model and rows in ``folder / "input"``."""
    (folder / "input" / "model").mkdir(parents=True)
    (folder / "output").mkdir()
    (folder / "input" / "model" / "model.pickle").write_bytes(model)
    frame.to_parquet(folder / "input" / "data.parquet", index=False)
    given = {"LEVERFRAME_INPUT": str(folder / "input"), "LEVERFRAME_OUTPUT": str(folder / "output")}
    return subprocess.run(
        [sys.executable, str(SCRIPT)], cwd=where or folder, env={**os.environ, **given, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_it_leaves_tables_that_answer(tmp_path: Path) -> None:
    frame = training(False)[NUMBERS]
    estimator = Ridge().fit(frame, target(training(False)))
    ended = run(tmp_path, pickle.dumps(estimator), frame.head(0))
    assert (ended.returncode, ended.stderr) == (0, "")
    held_to(estimator, CompiledScorer.read(tmp_path / "output" / "compiled"), frame, exact=False)


def test_it_says_in_its_last_line_why_it_cannot(tmp_path: Path) -> None:
    frame = training(False)[NUMBERS]
    ended = run(tmp_path, pickle.dumps(KNeighborsRegressor().fit(frame, target(training(False)))), frame)
    assert ended.returncode == 3
    assert ended.stderr.splitlines()[-1] == "a KNeighborsRegressor is none of those that tables can stand for"
    assert not (tmp_path / "output" / "compiled").exists()


def test_a_model_that_cannot_be_loaded_ends_it_with_its_traceback(tmp_path: Path) -> None:
    ended = run(tmp_path, b"no pickle", training(False)[NUMBERS])
    assert ended.returncode == 1 and "UnpicklingError" in ended.stderr


def sample(name: str, rows: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, pd.DataFrame]:
    """A sample project's model, as its own code trains it, and rows of its features."""
    import importlib
    import tomllib

    folder = ROOT / "sample_projects" / name
    monkeypatch.syspath_prepend(str(folder))
    manifest = tomllib.loads((folder / "leverframe.toml").read_text("utf-8"))
    data = manifest["data"]
    frame = importlib.import_module(name).extract(datetime(2026, 3, 2, tzinfo=UTC)).tail(rows)
    features = frame.drop(columns=[data["target"], data["time"], *data["key"], *data.get("exclude", [])])
    module, _, function = manifest["train"]["run"].partition(":")
    train = getattr(importlib.import_module(module), function)
    return train(features.head(rows // 2), frame[data["target"]].head(rows // 2)), features.reset_index(drop=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flights", "diamonds"])
def test_the_sample_projects_compile_to_the_last_bit(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimator, features = sample(name, 8_000, monkeypatch)
    ended = run(tmp_path, pickle.dumps(estimator), features.head(5), ROOT / "sample_projects" / name)
    assert (ended.returncode, ended.stderr) == (0, "")
    tried = features.tail(2_000).copy()
    text = [column for column in tried if not pd.api.types.is_numeric_dtype(tried[column])]
    for place, column in enumerate(text):
        tried.iloc[place :: 50, tried.columns.get_loc(column)] = "never seen"
    numbers = [column for column in tried if tried[column].dtype == np.float64]
    for place, column in enumerate(numbers):
        tried.iloc[place :: 40, tried.columns.get_loc(column)] = np.nan
    held_to(estimator, CompiledScorer.read(tmp_path / "output" / "compiled"), tried, exact=True)
