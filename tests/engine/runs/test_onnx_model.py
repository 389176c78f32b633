"""Models in ONNX are scored by onnxruntime, row by row the same whatever rows are beside them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.runs.steps import onnx_model
from tests.onnx_models import MODELS

RUNNER = Path(onnx_model.__file__).with_name("python_runner.py")


class No(Exception):
    """What is refused."""


def scored(folder: Path, kind: str, features: pd.DataFrame) -> pd.DataFrame:
    (folder / "model.onnx").write_bytes(MODELS[kind])
    found: pd.DataFrame = onnx_model.predictions(onnx_model.opened(folder / "model.onnx", No), features, No)
    return found


@pytest.fixture
def rows() -> pd.DataFrame:
    draw = np.random.default_rng(1)
    return pd.DataFrame({"a": draw.random(1000), "b": draw.random(1000)})


@pytest.mark.parametrize(("kind", "classes"), [("table", ("0", "1")), ("maps", ("no", "yes")), ("columns", ("0", "1"))])
def test_a_classifier_gives_a_label_and_a_probability_by_class(
    tmp_path: Path, rows: pd.DataFrame, kind: str, classes: tuple[str, str]
) -> None:
    found = scored(tmp_path, kind, rows)
    assert list(found.columns) == ["prediction", f"p_{classes[0]}", f"p_{classes[1]}"]
    assert np.allclose(found[f"p_{classes[0]}"] + found[f"p_{classes[1]}"], 1, atol=1e-6)
    likelier = np.where(found[f"p_{classes[1]}"] > 0.5, classes[1], classes[0])
    assert (found["prediction"].astype(str) == likelier).all()
    assert ((rows["a"] > rows["b"]) == (found[f"p_{classes[1]}"] > 0.5)).mean() > 0.97, "it learnt which is larger"


def test_columns_go_by_their_names_whatever_their_order(tmp_path: Path, rows: pd.DataFrame) -> None:
    assert scored(tmp_path, "columns", rows[["b", "a"]]).equals(scored(tmp_path, "columns", rows))


def test_a_regression_gives_a_number(tmp_path: Path, rows: pd.DataFrame) -> None:
    found = scored(tmp_path, "number", rows)
    assert list(found.columns) == ["prediction"]
    assert np.allclose(found["prediction"], 2 * rows["a"] + rows["b"], atol=1e-5)


def test_a_row_is_scored_alike_alone_and_among_others(tmp_path: Path, rows: pd.DataFrame) -> None:
    among = scored(tmp_path, "table", rows)
    for chosen in ([0], [3, 999, 500], list(range(700, 1000))):
        alone = scored(tmp_path, "table", rows.iloc[chosen].reset_index(drop=True))
        assert alone.equals(among.iloc[chosen].reset_index(drop=True))
    assert len(scored(tmp_path, "table", rows[:0])) == 0


def test_a_model_that_takes_four_rows_at_once_is_given_four(tmp_path: Path, rows: pd.DataFrame) -> None:
    for number in (1, 4, 10):
        found = scored(tmp_path, "four", rows[:number])
        assert found.equals(scored(tmp_path, "table", rows)[:number])


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("table", {"a": [1.0]}, "takes 2 columns, and this project has 1 features"),
        ("table", {"a": ["x"], "b": ["y"]}, "takes numbers .*hold something else"),
        ("columns", {"a": [1.0], "c": [1.0]}, "input 'b' is no feature"),
        ("nameless", {"a": [1.0], "b": [2.0]}, "without the names of their classes; convert it with ZipMap"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_way_out(
    tmp_path: Path, kind: str, given: dict[str, list[object]], said: str
) -> None:
    with pytest.raises(No, match=said):
        scored(tmp_path, kind, pd.DataFrame(given))


def test_what_is_no_onnx_is_refused(tmp_path: Path, rows: pd.DataFrame) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(No, match="onnxruntime cannot load the model"):
        onnx_model.predictions(onnx_model.opened(tmp_path / "model.onnx", No), rows, No)


def test_the_runner_scores_with_it_and_says_what_an_environment_without_it_lacks(
    tmp_path: Path, rows: pd.DataFrame
) -> None:
    for place in ("code", "input/model", "output"):
        (tmp_path / place).mkdir(parents=True)
    rows.to_csv(tmp_path / "input/data.csv", index=False)
    (tmp_path / "input/model/model.onnx").write_bytes(MODELS["table"])
    given = {"LEVERFRAME_INPUT": tmp_path / "input", "LEVERFRAME_OUTPUT": tmp_path / "output"}
    env = {**os.environ, **{name: str(path) for name, path in given.items()}, "LEVERFRAME_FORMAT": "csv"}

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(RUNNER), "score"]
        return subprocess.run(command, cwd=tmp_path / "code", env=env, capture_output=True, text=True)

    assert (run().returncode, run().stderr) == (0, "")
    assert list(pd.read_csv(tmp_path / "output/predictions.csv").columns) == ["prediction", "p_0", "p_1"]
    (tmp_path / "code/onnxruntime.py").write_text("raise ModuleNotFoundError(name='onnxruntime')")
    refused = run()
    assert refused.returncode == 3 and "has no onnxruntime, which scores ONNX; add it" in refused.stderr
