"""An estimator that was fitted elsewhere is given the columns that it was fitted with, in its own order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from engine.runs.steps import onnx_model

RUNNER = Path(onnx_model.__file__).with_name("python_runner.py")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for folder in ("code", "input/model", "output"):
        (tmp_path / folder).mkdir(parents=True)
    draw = np.random.default_rng(1)
    rows = pd.DataFrame({"a": draw.random(300), "more": draw.random(300), "b": draw.random(300)})
    rows.to_csv(tmp_path / "input/data.csv", index=False)
    fitted = LogisticRegression(C=1e4).fit(rows[["b", "a"]], rows["a"] > rows["b"])
    joblib.dump(fitted, tmp_path / "input/model/model.joblib")
    return tmp_path


def scored(place: Path) -> subprocess.CompletedProcess[str]:
    given = {"LEVERFRAME_INPUT": str(place / "input"), "LEVERFRAME_OUTPUT": str(place / "output")}
    env = {**os.environ, **given, "LEVERFRAME_FORMAT": "csv"}
    command = [sys.executable, str(RUNNER), "score"]
    return subprocess.run(command, cwd=place / "code", env=env, capture_output=True, text=True)


def test_it_is_given_its_own_columns_in_its_own_order(place: Path) -> None:
    done = scored(place)
    assert (done.returncode, done.stderr) == (0, "")
    rows, found = pd.read_csv(place / "input/data.csv"), pd.read_csv(place / "output/predictions.csv")
    assert ((rows["a"] > rows["b"]) == found["prediction"]).mean() > 0.97
    assert list(found.columns) == ["prediction", "p_False", "p_True"]


def test_a_column_that_it_was_fitted_with_and_the_project_does_not_have_is_named(place: Path) -> None:
    rows = pd.read_csv(place / "input/data.csv")
    rows.drop(columns="b").to_csv(place / "input/data.csv", index=False)
    done = scored(place)
    assert done.returncode == 3 and "fitted with the column 'b', which is no feature of this project" in done.stderr
