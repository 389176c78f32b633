"""A project from a model that exists: a file of one, or the folder that MLflow keeps it in, read as text and bytes."""

from __future__ import annotations

import csv
import json
import os
import pickle
import random
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Refusal
from engine.projects.manifest.reader import load_manifest
from engine.projects.source.code import inspect
from engine.scaffold.write import make
from tests.onnx_models import MODELS

REQUIREMENTS = "mlflow==3.17.2\ncloudpickle==3.1.3\nnumpy==2.4.6\npandas==3.1.1\nscikit-learn==1.9.1\n"
# As MLflow 3.17 wrote it, but for what only it reads.
MLMODEL = """\
flavors:
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: model.pkl
    predict_fn: predict
    python_version: 3.12.4
  sklearn:
    code: null
    pickled_model: model.pkl
    serialization_format: cloudpickle
    sklearn_version: 1.9.1
mlflow_version: 3.17.2
saved_input_example_info:
  artifact_path: input_example.json
  pandas_orient: split
  type: dataframe
signature:
  inputs: '[{"type": "double", "name": "spend", "required": true}, {"type": "double",
    "name": "age", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: null
utc_time_created: '2026-11-29 23:06:51.579928'
"""
ONNX = MLMODEL.replace("  sklearn:\n    code: null\n    pickled_model: model.pkl", "  onnx:\n    data: model.onnx")
STRANGE = "flavors:\n  prophet:\n    data: model.pr\n"
_OWN = "    code: null\n    data: {file}\n    {key}: 4.7.0\n"
LIGHTGBM, XGBOOST = (
    MLMODEL[: MLMODEL.index("  sklearn:")] + f"  {name}:\n{_OWN.format(file=file, key=key)}"
    + MLMODEL[MLMODEL.index("mlflow_version") :]
    for name, file, key in (("lightgbm", "model.lgb", "lgb_version"), ("xgboost", "model.ubj", "xgb_version"))
)
PYFUNC = MLMODEL[: MLMODEL.index("  sklearn:")] + MLMODEL[MLMODEL.index("mlflow_version") :]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    draw = random.Random(3)
    path = tmp_path / "customers.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["customer", "age", "spend", "visits", "churned"])
        for number in range(300):
            spend = draw.random()
            rows.writerow([number, draw.randint(18, 80), round(spend, 4), draw.randint(0, 9), int(spend > 0.5)])
    return path


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """An MLflow folder, whose model does something where it is loaded."""

    class Trap:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "unpickled"),)

    folder = tmp_path / "mlflow"
    folder.mkdir()
    (folder / "MLmodel").write_text(MLMODEL)
    (folder / "requirements.txt").write_text(REQUIREMENTS)
    (folder / "model.pkl").write_bytes(pickle.dumps(Trap()))
    return folder


def test_an_mlflow_model_becomes_a_project_with_its_columns_packages_and_python(
    tmp_path: Path, data: Path, kept: Path
) -> None:
    made = make(tmp_path / "churn", data, "churned", key=("customer",), mlflow=kept)
    manifest = load_manifest(made.folder)
    assert manifest.train.imported == "model.pkl"
    assert manifest.data.features == ("spend", "age"), "in the order of its signature"
    assert manifest.environment.python == "3.12"
    asked = (made.folder / "requirements.txt").read_text().splitlines()
    assert {"cloudpickle==3.1.3", "numpy==2.4.6", "pandas==3.1.1", "scikit-learn==1.9.1", "pyarrow"} <= set(asked)
    assert not any("mlflow" in each for each in asked) and made.left_out == ("mlflow==3.17.2",)
    assert (made.folder / "model.pkl").read_bytes() == (kept / "model.pkl").read_bytes()
    assert not inspect(made.folder).dirty and not (tmp_path / "unpickled").exists()


def test_an_onnx_model_of_mlflow_and_one_of_its_own_are_scored_by_onnxruntime(
    tmp_path: Path, data: Path, kept: Path
) -> None:
    (kept / "MLmodel").write_text(ONNX)
    (kept / "model.onnx").write_bytes(MODELS["table"])
    (kept / "requirements.txt").unlink()
    one = make(tmp_path / "one", data, "churned", mlflow=kept)
    two = make(tmp_path / "two", data, "churned", key=("customer",), model=kept / "model.onnx")
    for made in (one, two):
        assert load_manifest(made.folder).train.imported == "model.onnx"
        assert "onnxruntime" in (made.folder / "requirements.txt").read_text().splitlines()
    assert load_manifest(two.folder).data.features == ("age", "spend", "visits")


@pytest.mark.parametrize(("text", "library", "file"), [(LIGHTGBM, "lightgbm", "lgb"), (XGBOOST, "xgboost", "ubj")])
def test_a_model_in_its_librarys_own_file_is_asked_by_that_library(
    tmp_path: Path, data: Path, kept: Path, text: str, library: str, file: str
) -> None:
    (kept / "MLmodel").write_text(text)
    (kept / f"model.{file}").write_bytes(b"trees")
    made = make(tmp_path / "churn", data, "churned", mlflow=kept)
    train = load_manifest(made.folder).train
    assert train.imported == f"model.{file}" and train.score is not None and train.score.callable == "scoring:score"
    asked = (made.folder / "requirements.txt").read_text().splitlines()
    assert f"{library}==4.7.0" in asked and not any("mlflow" in each for each in asked)
    code = (made.folder / "scoring.py").read_text()
    compile(code, "scoring.py", "exec")
    assert f"import {library}" in code and f'MODEL = "model.{file}"' in code and "p_{name}" in code
    assert (made.folder / f"model.{file}").read_bytes() == b"trees"


def test_one_that_is_pickled_is_an_estimator_whatever_its_flavour(tmp_path: Path, data: Path, kept: Path) -> None:
    (kept / "MLmodel").write_text(LIGHTGBM.replace("data: model.lgb", "data: model.pkl"))
    made = make(tmp_path / "churn", data, "churned", mlflow=kept)
    assert load_manifest(made.folder).train.imported == "model.pkl" and not (made.folder / "scoring.py").exists()


@pytest.mark.parametrize(
    ("outputs", "metrics"),
    [("int64", ("accuracy", "balanced_accuracy")), ("float64", ("roc_auc", "log_loss", "brier"))],
)
def test_any_other_is_taken_whole_and_asked_by_mlflows_own_loader(
    tmp_path: Path, data: Path, kept: Path, outputs: str, metrics: tuple[str, ...]
) -> None:
    (kept / "MLmodel").write_text(PYFUNC.replace("int64", outputs))
    (kept / "code").mkdir()
    (kept / "code/loader.py").write_text("x = 1")
    made = make(tmp_path / "churn", data, "churned", mlflow=kept)
    manifest = load_manifest(made.folder)
    assert manifest.train.imported == "mlflow-model" and manifest.validation.metrics == metrics
    assert manifest.data.features == ("spend", "age")
    asked = (made.folder / "requirements.txt").read_text().splitlines()
    assert "mlflow==3.17.2" in asked and made.left_out == ()
    code = (made.folder / "scoring.py").read_text()
    compile(code, "scoring.py", "exec")
    assert "mlflow.pyfunc.load_model" in code and ("p_{name}" in code) is (outputs == "float64")
    assert (made.folder / "mlflow-model/code/loader.py").read_text() == "x = 1"
    assert not inspect(made.folder).dirty and not (tmp_path / "unpickled").exists()


def test_mlflow_is_asked_for_where_no_requirement_names_it(tmp_path: Path, data: Path, kept: Path) -> None:
    (kept / "MLmodel").write_text(PYFUNC)
    (kept / "requirements.txt").write_text("pandas==3.1.1\n")
    made = make(tmp_path / "churn", data, "churned", mlflow=kept)
    assert "mlflow==3.17.2" in (made.folder / "requirements.txt").read_text().splitlines()


@pytest.mark.parametrize("what", ["a link", "a repository", "too many"])
def test_a_folder_that_cannot_be_committed_as_it_is_is_refused(
    tmp_path: Path, data: Path, kept: Path, what: str
) -> None:
    (kept / "MLmodel").write_text(PYFUNC)
    if what == "a link":
        (kept / "out").symlink_to("/etc/passwd")
    elif what == "a repository":
        (kept / "code/.GIT").mkdir(parents=True)
    else:
        for number in range(2001):
            (kept / str(number)).touch()
    with pytest.raises(Refusal, match=r"is no plain file|is a Git repository|holds more than 2,000 files"):
        make(tmp_path / "churn", data, "churned", mlflow=kept)
    assert not (tmp_path / "churn").exists()


def test_without_a_signature_the_example_of_an_input_names_the_columns(tmp_path: Path, data: Path, kept: Path) -> None:
    (kept / "MLmodel").write_text(MLMODEL[: MLMODEL.index("signature:")])
    (kept / "input_example.json").write_text(json.dumps({"columns": ["visits", "age"], "data": [[1, 2]]}))
    make(tmp_path / "churn", data, "churned", mlflow=kept)
    assert load_manifest(tmp_path / "churn").data.features == ("visits", "age")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (STRANGE, "has the flavour prophet; sklearn, onnx, xgboost, lightgbm and python_function are taken"),
        (LIGHTGBM.replace("data: model.lgb", "data: ../customers.csv"), "which is not in its folder"),
        (LIGHTGBM.replace("data: model.lgb", "data: model.ubj"), "which is not in its folder"),
        ("flavors: 1", "has the flavour none"),
        ("[]", "says nothing of a model"),
        ("a: [", "no YAML that can be read"),
        ("!!python/object/apply:os.system ['touch x']", "says nothing of a model"),
        ("flavors: 1" + ":0" * 1000 + ".5", "has the flavour none"),
        ("flavors: 2001-99-99", "has the flavour none"),
        ("flavors: " + "[" * 63 + "]" * 63, "has the flavour none"),
        ("flavors: " + "[" * 64 + "]" * 64, "no YAML that can be read"),
        ("a: &a [1]\nb: [*a, *a]", "no YAML that can be read"),
        ("[" * 100_000, "no YAML that can be read"),
        (MLMODEL + "#" * 1_000_001, "larger than a file of its kind can be"),
        (MLMODEL.replace("pickled_model: model.pkl", "pickled_model: ../customers.csv"), "which is not in its folder"),
        (MLMODEL.replace("pickled_model: model.pkl", "pickled_model: /etc/passwd"), "which is not in its folder"),
        (MLMODEL.replace("pickled_model: model.pkl", "pickled_model: [1]"), "which is not in its folder"),
        (MLMODEL.replace("pickled_model: model.pkl", "pickled_model: MLmodel"), "is no model that can be taken"),
        (MLMODEL.replace('"spend"', '"spent"'), "names 'spent', and the data has no such column; did you mean 'spend'"),
        (MLMODEL.replace('"spend"', '"churned"'), "takes 'churned', which is the target, time or key here"),
    ],
)
def test_what_is_no_model_of_mlflow_that_can_be_taken_is_refused_and_nothing_is_made(
    tmp_path: Path, data: Path, kept: Path, text: str, said: str
) -> None:
    (kept / "MLmodel").write_text(text)
    with pytest.raises(Refusal) as refused:
        make(tmp_path / "churn", data, "churned", mlflow=kept)
    assert said in str(refused.value)
    assert sorted(os.listdir(tmp_path)) == ["customers.csv", "mlflow"]


@pytest.mark.parametrize(
    "line", ["-r other.txt", "--index-url https://x", "x @ file:///etc", "git+https://x/y", "a; b", "a ==1 --hash=x"]
)
def test_a_requirement_that_a_project_cannot_have_is_left_out_and_told(
    tmp_path: Path, data: Path, kept: Path, line: str
) -> None:
    (kept / "requirements.txt").write_text(f"{REQUIREMENTS}{line}\n")
    made = make(tmp_path / "churn", data, "churned", mlflow=kept)
    assert made.left_out == ("mlflow==3.17.2", line)
    assert line not in (made.folder / "requirements.txt").read_text()


def test_a_file_that_is_no_model_and_two_models_at_once_are_refused(tmp_path: Path, data: Path, kept: Path) -> None:
    with pytest.raises(Refusal, match=r"customers\.csv is no model that can be taken; its name ends with one of"):
        make(tmp_path / "churn", data, "churned", model=data)
    with pytest.raises(Refusal, match="a project takes one"):
        make(tmp_path / "churn", data, "churned", model=kept / "model.pkl", mlflow=kept)
    with pytest.raises(Refusal, match="holds no file MLmodel"):
        make(tmp_path / "churn", data, "churned", mlflow=tmp_path)


def test_a_model_that_is_too_large_for_git_is_refused(tmp_path: Path, data: Path) -> None:
    with (tmp_path / "big.joblib").open("wb") as file:
        file.truncate(100_000_001)
    with pytest.raises(Refusal, match="is larger than 100 MB, too much for Git"):
        make(tmp_path / "churn", data, "churned", model=tmp_path / "big.joblib")


@pytest.mark.parametrize("name", ["age\\u001b[2J", "age\\u202e", "a\\nb", ""])
def test_columns_that_no_manifest_could_name_are_none(name: str, tmp_path: Path, data: Path, kept: Path) -> None:
    """Then it takes every column, as where nothing says which."""
    (kept / "MLmodel").write_text(MLMODEL[: MLMODEL.index("signature:")])
    (kept / "input_example.json").write_text(f'{{"columns": ["spend", "{name}"]}}')
    make(tmp_path / "churn", data, "churned", key=("customer",), mlflow=kept)
    assert load_manifest(tmp_path / "churn").data.features == ("age", "spend", "visits")
