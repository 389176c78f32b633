"""A model that was trained elsewhere, in the manifest: what it may be called, and what goes with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.environments.records import Lock
from engine.errors import Invalid, Refusal, StepFailed
from engine.jobs.retrain.imported import laid_out, refuse_unscorable
from engine.projects.manifest.reader import parse_manifest
from engine.projects.manifest.records import UNREADABLE, Program, TrainSpec

MANIFEST = """
[project]
name = "churn"

[environment]
{environment}

[data]
extract = {extract}
target = "late"
{data}

[train]
{train}

[validation]
holdout = 0.2
metrics = ["roc_auc"]
"""
SYSTEM = 'kind = "system"\nprograms = { R = "4" }'
PYTHON = 'python = "3.11"\nrequirements = "requirements.txt"'


def read(train: str, environment: str = PYTHON, extract: str = '"steps:extract"', more: str = "") -> TrainSpec:
    text = MANIFEST.format(train=train, environment=environment, extract=extract, data="") + more
    return parse_manifest(text).train


@pytest.mark.parametrize("name", ["model.onnx", "models/model.joblib", "m.pkl", "m.pickle", "m.skops"])
def test_a_model_that_says_what_it_is_needs_no_program(name: str) -> None:
    found = read(f'import = "{name}"')
    assert (found.imported, found.run, found.score) == (name, UNREADABLE, None)


def test_any_other_model_has_a_program_that_scores_with_it() -> None:
    assert read('import = "model/"\nscore = "steps:score"').imported == "model"
    scored = 'import = "m.rds"\nscore = { command = ["Rscript", "s.R"] }'
    command = read(scored, SYSTEM, '{ command = ["a"] }')
    assert command.score == Program(None, ("Rscript", "s.R"))


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ('import = "model"', "score.*is missing; a model that is scored without one is a file that ends with .joblib"),
        ('import = "m.onnx"\nrun = "steps:train"', "run.*has no meaning beside import"),
        ('import = "m.onnx"\nwindow = "7d"', "window.*has no meaning beside import"),
        ('import = "../m.onnx"', "import.*name a file or a folder in the project"),
        ('import = "/m.onnx"', "import.*name a file or a folder in the project"),
        ('import = "a//m.onnx"', "import.*name a file or a folder in the project"),
        ('import = ""', "import"),
        ("import = 1", "import"),
        ("timeout = '1m'", "run.*is missing"),
    ],
)
def test_what_is_wrong_is_said_at_its_key(train: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(train)
    assert re.search(said, str(refused.value) + str(refused.value.mistakes), re.DOTALL)


def test_what_only_python_can_and_what_a_cluster_cannot_is_said() -> None:
    with pytest.raises(Invalid, match="only Python scores a model by itself"):
        read('import = "m.onnx"', SYSTEM, '{ command = ["a"] }')
    with pytest.raises(Invalid, match="a model that is trained already"):
        read('import = "m.onnx"', more='[compute]\nscheduler = "tcp://host:8786"\nmode = "step"\n')


class _Locked:
    """A lock with packages of these names."""

    def __init__(self, *names: str) -> None:
        self.packages = tuple(type("Package", (), {"name": name, "version": "1"})() for name in names)


@pytest.mark.parametrize(("name", "needed"), [("m.onnx", "onnxruntime"), ("m.pkl", "joblib"), ("m.skops", "skops")])
def test_an_environment_that_cannot_score_it_is_told_before_it_is_built(name: str, needed: str) -> None:
    lock: Lock = _Locked("numpy", needed)  # type: ignore[assignment]
    refuse_unscorable(TrainSpec(UNREADABLE, imported=name), lock)
    lacking: Lock = _Locked("numpy")  # type: ignore[assignment]
    with pytest.raises(Refusal, match=f"{name} is scored by {needed}, .* add {needed} to the requirements"):
        refuse_unscorable(TrainSpec(UNREADABLE, imported=name), lacking)
    refuse_unscorable(TrainSpec(UNREADABLE, score=UNREADABLE, imported=name), lacking)
    refuse_unscorable(TrainSpec(UNREADABLE), lacking)


def test_a_model_lies_in_its_folder_as_what_scores_it_finds_it(tmp_path: Path) -> None:
    code = tmp_path / "code"
    (code / "deep/in").mkdir(parents=True)
    (code / "m.pkl").write_text("pickle")
    (code / "deep/in/weights").write_text("w")
    laid_out(TrainSpec(UNREADABLE, imported="m.pkl"), code, tmp_path / "a")
    laid_out(TrainSpec(UNREADABLE, score=UNREADABLE, imported="m.pkl"), code, tmp_path / "b")
    laid_out(TrainSpec(UNREADABLE, score=UNREADABLE, imported="deep"), code, tmp_path / "c")
    assert (tmp_path / "a/model.joblib").read_text() == (tmp_path / "b/m.pkl").read_text() == "pickle"
    assert (tmp_path / "c/in/weights").read_text() == "w"
    with pytest.raises(StepFailed, match="'gone', which is not in the code of this run"):
        laid_out(TrainSpec(UNREADABLE, imported="gone"), code, tmp_path / "d")
