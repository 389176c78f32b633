"""Whole projects from extract to the judge, each with the value that is right: a retrain without its ledger."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine.jobs.retrain.data import Prepared, prepare
from engine.jobs.retrain.judging import JudgedRows, job_of
from engine.projects.manifest.reader import Manifest, load_manifest
from engine.runs.steps.step import clean_environment, python_step_argv
from engine.runs.steps.tables import read_output, write_input
from engine.validation.judge import judge
from tests.engine.jobs.test_data import NOW
from tests.forks import Forks

MANIFEST = """
[project]
name = "case"
[data]
extract = "case:extract"
target = "y"
key = ["id"]
time = "at"
format = "{form}"
[train]
run = "case:train"
{score}
[validation]
{rules}
"""
DEBTS = """
import numpy as np, pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import RidgeClassifier, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

def extract(as_of):
    rng = np.random.default_rng(4); n = 1200; x = rng.normal(size=n)
    age = rng.normal(size=n)
    bad = x + .5 * rng.normal(size=n) > 0
    at = as_of - pd.to_timedelta(n - np.arange(n), unit="h")
    return pd.DataFrame({{"id": np.arange(n), "at": at, "debt": x, "age": age, "y": np.where(bad, {bad}, {good})}})

def train(features, target):
    return {model}.fit(features, target)
"""
CODES = """
import numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression

CODES = np.array({codes})

def extract(as_of):
    rng = np.random.default_rng(1); n = 800
    k = rng.integers(0, len(CODES), n)
    age, bmi = 30 + 12 * k + rng.normal(0, 6, n), 22 + 2 * k + rng.normal(0, 2, n)
    at = as_of - pd.to_timedelta(n - np.arange(n), unit="h")
    return pd.DataFrame({{"id": np.arange(n), "at": at, "age": age, "bmi": bmi, "y": CODES[k]}})

def train(features, target):
    assert set(target) == set(CODES), set(target)
    return LogisticRegression(max_iter=2000).fit(features, target)
"""
SHOPS = """
import numpy as np, pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

def extract(as_of):
    rng = np.random.default_rng(6); n = 3000; shop = rng.integers(1, 40, n)
    worth = rng.permutation(40) * 10.0
    noise = rng.normal(size=n) * 60
    at = as_of - pd.to_timedelta(n - np.arange(n), unit="h")
    return pd.DataFrame({"id": np.arange(n), "at": at, "shop": pd.Categorical(shop), "y": worth[shop] + noise})

def train(features, target):
    assert isinstance(features["shop"].dtype, pd.CategoricalDtype), features["shop"].dtype
    return HistGradientBoostingRegressor(categorical_features="from_dtype").fit(features, target)
"""
SINGLE = """
import numpy as np, pandas as pd
from sklearn.tree import DecisionTreeClassifier

def extract(as_of):
    rng = np.random.default_rng(4); n = 900; x = rng.normal(size=n)
    late = x + .3 * rng.normal(size=n) > 0
    at = as_of - pd.to_timedelta(n - np.arange(n), unit="h")
    return pd.DataFrame({"id": np.arange(n), "at": at, "x": x, "y": np.where(late, 0.7, 0.1).astype("float32")})

class Levels:
    def fit(self, features, target):
        self.classes_ = np.unique(target)
        self.tree = DecisionTreeClassifier(max_depth=2).fit(features, np.searchsorted(self.classes_, target))
        return self
    def predict(self, features): return np.array([0.1, 0.7])[self.tree.predict(features)]
    def predict_proba(self, features): return self.tree.predict_proba(features)

def train(features, target):
    assert str(target.dtype) == "float32"
    return Levels().fit(features, target)
"""
WORDS = """
import pickle
import numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression

def extract(as_of):
    rng = np.random.default_rng(4); n = 900; x = rng.normal(size=n)
    at = as_of - pd.to_timedelta(n - np.arange(n), unit="h")
    return pd.DataFrame({"id": np.arange(n), "at": at, "x": x, "y": x + .3 * rng.normal(size=n) > 0})

def train(features, target):
    assert target.dtype == bool
    return LogisticRegression().fit(features, target)

def score(folder, features):
    model = pickle.loads((folder / "model.pickle").read_bytes())
    return pd.DataFrame({"prediction": model.predict(features).astype(str), "score": model.decision_function(features)})
"""


@cache
def interpreter() -> Forks:
    """The project's, with what all of these projects and the runner import."""
    modules = ("pandas", "pyarrow.parquet", "sklearn.ensemble", "sklearn.linear_model", "sklearn.model_selection")
    return Forks(*modules, environment=clean_environment((), {}, 1))


class Case:
    """One project in a folder; its steps run one after the other, by the runner."""

    def __init__(self, folder: Path, code: str, rules: str, form: str, score: str) -> None:
        self.folder, self.form, self.own_score = folder, form, score
        (folder / "code").mkdir()
        (folder / "code" / "case.py").write_text(code)
        rules = rules if "holdout" in rules else f"holdout = 0.3\n{rules}"
        said = f'score = "{score}"' if score else ""
        (folder / "code" / "leverframe.toml").write_text(MANIFEST.format(form=form, rules=rules, score=said))

    @property
    def manifest(self) -> Manifest:
        return load_manifest(self.folder / "code")

    def step(self, name: str, callable: str | None, given: pa.Table | None = None) -> None:
        """Run it on ``given``; the model that train left is there for score."""
        for part in ("input", "output"):
            (self.folder / part).mkdir(exist_ok=True)
        if name == "score":
            (self.folder / "output" / "model").rename(self.folder / "input" / "model")
        if given is not None:
            write_input(given, self.folder / "input", self.form)
        extra = {
            "LEVERFRAME_AS_OF": "2026-01-05T03:00:00Z",
            "LEVERFRAME_INPUT": str(self.folder / "input"),
            "LEVERFRAME_OUTPUT": str(self.folder / "output"),
            "LEVERFRAME_FORMAT": self.form,
            "LEVERFRAME_TARGET": "y",
            "LEVERFRAME_TYPES": "1",
        }
        runner, *words = python_step_argv(Path(sys.executable), name, callable)[1:]
        started = f"sys.argv, sys.path[0] = {[runner, *words]}, {str(Path(runner).parent)!r}"
        code = f"import os, runpy, sys; os.chdir({str(self.folder / 'code')!r}); {started}"
        code += f"; runpy.run_path({runner!r}, run_name='__main__')"
        ended, said = interpreter().run(code, clean_environment((), extra, 1))
        assert ended == 0, said

    def prepared(self) -> Prepared:
        self.step("extract", "case:extract")
        return prepare(read_output(self.folder / "output", "data", self.form, "extract"), self.manifest, NOW)

    def judged(self) -> tuple[pa.Table, dict[str, Any]]:
        data = self.prepared()
        self.step("train", "case:train", data.train)
        self.step("score", self.own_score or None, data.holdout_inputs)
        said = read_output(self.folder / "output", "predictions", self.form, "score")
        os.mkdir(self.folder / "judge")
        both, model = JudgedRows(data.holdout, said, None), self.folder / "output" / "model"
        return said, judge(job_of(self.manifest, data, self.folder / "judge", both, (1.0, 1.0), model))


def judged(
    folder: Path, code: str, rules: str, form: str = "parquet", score: str = ""
) -> tuple[pa.Table, dict[str, Any]]:
    return Case(folder, code, rules, form, score).judged()


ACCURACY = 0.76  # of what is drawn, whatever the classes are called
RIDGE = DEBTS.format(bad="'default'", good="'paid'", model="RidgeClassifier()")


@pytest.mark.parametrize(("positive", "columns"), [("default", ["score_paid"]), ("paid", ["score_paid"])])
def test_a_decision_function_is_judged_for_the_class_that_is_looked_for(
    tmp_path: Path, positive: str, columns: list[str]
) -> None:
    said, found = judged(tmp_path, RIDGE, f'metrics = ["roc_auc", "accuracy"]\npositive = "{positive}"')
    assert said.column_names == ["prediction", *columns]
    assert found["metrics"]["roc_auc"]["value"] == pytest.approx(0.953, abs=0.001)
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(0.872, abs=0.001)
    assert found["classes"][1] == positive


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "column"),
    [
        ("SVC()", "score_10"),
        ("make_pipeline(StandardScaler(), SGDClassifier(random_state=0))", "score_10"),
        ("GridSearchCV(make_pipeline(LinearSVC()), {'linearsvc__C': [0.1, 1]}, cv=3)", "score_10"),
        ("OneVsRestClassifier(LinearSVC())", "score_10"),
        ("CalibratedClassifierCV(LinearSVC(), cv=3)", "p_9"),
    ],
)
def test_whatever_wraps_a_classifier_its_score_names_its_class(tmp_path: Path, model: str, column: str) -> None:
    """Of 9 and 10 the positive one is 9: neither the second of scikit-learn's nor the larger."""
    said, found = judged(tmp_path, DEBTS.format(bad=9, good=10, model=model), 'metrics = ["roc_auc"]\npositive = "9"')
    assert said.column_names[1] == column
    assert found["metrics"]["roc_auc"]["value"] > 0.93


@pytest.mark.slow
@pytest.mark.parametrize(
    ("codes", "form"),
    [
        (["250.00", "401.9", "428.0", "V45.81"], "parquet"),
        (["250.00", "401.9", "428.0", "411.1"], "csv"),
        (["3.10", "3.9", "3.1", "3"], "parquet"),
        (["01", "1", "NA", ""], "csv"),
    ],
)
def test_classes_of_text_that_look_like_numbers_are_judged_as_text(
    tmp_path: Path, codes: list[str], form: str
) -> None:
    rules = 'holdout = 0.25\nmetrics = ["accuracy", "log_loss"]'
    said, found = judged(tmp_path, CODES.format(codes=codes), rules, form)
    assert {*said.column_names} == {"prediction", *(f"p_{code}" for code in codes)}
    assert {*said.column("prediction").to_pylist()} == {*codes}
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(ACCURACY, abs=0.001)
    assert {*found["classes"]} == {*codes}


@pytest.mark.slow
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_category_of_integers_is_one_in_train_and_in_score(tmp_path: Path, form: str) -> None:
    _, found = judged(tmp_path, SHOPS, 'metrics = ["mae"]', form)
    assert found["metrics"]["mae"]["value"] == pytest.approx(47.78, abs=0.01)  # the noise is 47.9


@pytest.mark.slow
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_levels_of_32_bits_are_the_levels_that_are_predicted_in_64(tmp_path: Path, form: str) -> None:
    _, found = judged(tmp_path, SINGLE, 'metrics = ["accuracy", "roc_auc"]', form)
    assert found["classes"] == ["0.1", "0.7"]
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(0.9259, abs=0.001)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_yes_and_no_may_be_predicted_in_words(tmp_path: Path, form: str) -> None:
    _, found = judged(tmp_path, WORDS, 'metrics = ["accuracy", "roc_auc"]', form, "case:score")
    assert found["classes"] == ["False", "True"]
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(0.9296, abs=0.001)
    assert found["metrics"]["roc_auc"]["value"] == pytest.approx(0.9829, abs=0.001)
