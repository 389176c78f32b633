"""The stand-alone runner, as its own process: what it gives a project's callables, what it refuses.

Where what it loads is not what is tested, the process is a fork that has its libraries already.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path

import pandas
import pytest

from engine.runs.steps.step import clean_environment, python_step_argv
from tests.forks import Forks

PROJECT = """
import os, sys
import pandas as pd

def extract(as_of):
    assert as_of.utcoffset() is not None
    return pd.DataFrame({"x": [1.5, 2.5, 3.5], "y": ["a", "b", "a"]}, index=[7, 8, 9])

def indexed(as_of): return extract(as_of).set_index("y")
def nothing(as_of): return None
def a_list(as_of): return [1]
def no_rows(as_of): return extract(as_of).head(0)
def twice(as_of): return pd.DataFrame([[1, 2]], columns=["x", "x"])
def numbered(as_of): return pd.DataFrame([[1, 2]])
def mixed(as_of): return pd.DataFrame({"x": [1, "a", b"b"]})
def leaves(as_of): sys.exit(0)
def breaks(as_of): raise ValueError("no such\\x1b[31m table")
def no_argument(): return None
number = 3

class Guesser:
    classes_ = ["a", "b"]
    def predict(self, features): return ["a"] * len(features)
    def predict_proba(self, features):
        import numpy
        return numpy.array([[0.75, 0.25]] * len(features))

class Mean:
    def predict(self, features): return features["x"]

class Sorted:
    def predict(self, features): return features["x"].sort_values(ascending=False)

class SortedChances(Guesser):
    def predict_proba(self, features): return pd.DataFrame({0: features["x"], 1: 1 - features["x"]}).iloc[::-1]

class Short:
    def predict(self, features): return [1]

def train(features, target):
    assert list(features.columns) == ["x"] and target.name == "y"
    return Guesser()

def mean(features, target): return Mean()
def short(features, target): return Short()
def sorts(features, target): return Sorted()
def sorts_chances(features, target): return SortedChances()
def a_lambda(features, target): return lambda: None
def a_dict(features, target): return {}
def own_files(features, target):
    os.mkdir(os.path.join(os.environ["LEVERFRAME_OUTPUT"], "model"))
    open(os.path.join(os.environ["LEVERFRAME_OUTPUT"], "model", "weights"), "w").write("2")

def own_score(model_dir, features):
    return features["x"].to_numpy() * float((model_dir / "weights").read_text())
def sorted_frame(model_dir, features): return shuffled(features).to_frame("prediction")
def sorted_series(model_dir, features): return shuffled(features)
def put_back(model_dir, features): return shuffled(features).loc[features.index]
def without_index(model_dir, features): return shuffled(features).reset_index(drop=True)
def of_its_own(model_dir, features): return shuffled(features).set_axis([7, 8, 9])
def shuffled(features): return features["x"].sort_values(ascending=False)
def news(as_of, since=None): return pd.DataFrame({"x": [0.0]} if since is None else {"since": [since.isoformat()]})
def no_news(as_of, since): return pd.DataFrame({"x": []})
def own_score_without_prediction(model_dir, features): return pd.DataFrame({"guess": [1]})
"""


# What the runner does when it is started, in a process that has loaded pandas.
STARTED = """
import os, runpy, sys
os.chdir({cwd!r})
sys.argv = {argv!r}
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@cache
def forks() -> Forks:
    return Forks("pandas", "pyarrow.parquet", "sklearn.linear_model", environment=clean_environment((), {}, 1))


class Bench:
    """A project's folder and a way to run its steps one after the other; ``afresh``: each is a start of Python."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.afresh = folder, False
        self.form = "parquet"
        (folder / "code").mkdir()
        (folder / "code" / "flights.py").write_text(PROJECT)
        (folder / "code" / "broken.py").write_text("import module_of_nobody\n")

    def run(
        self, step: str, name: str | None = None, *, given: str = "", **extra: str
    ) -> subprocess.CompletedProcess[str]:
        for part in ("input", "output"):
            (self.folder / part).mkdir(exist_ok=True)
        environment = clean_environment(
            (),
            {
                "LEVERFRAME_STEP": step,
                "LEVERFRAME_AS_OF": "2026-01-05T03:00:00Z",
                "LEVERFRAME_INPUT": str(self.folder / "input"),
                "LEVERFRAME_OUTPUT": str(self.folder / "output"),
                "LEVERFRAME_FORMAT": self.form,
                "LEVERFRAME_TARGET": "y",
                **extra,
            },
            1,
        )
        argv = python_step_argv(Path(sys.executable), step, name)
        if not (self.afresh or given):
            started = STARTED.format(cwd=str(self.folder / "code"), argv=list(argv[1:]))
            code, said = forks().run(started, environment)
            return subprocess.CompletedProcess(argv, code, "", said)
        return subprocess.run(
            argv,
            cwd=self.folder / "code",
            env=environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def well(self, step: str, name: str | None = None) -> None:
        ended = self.run(step, name)
        assert ended.returncode == 0, ended.stderr

    def refused(self, step: str, name: str | None = None, **extra: str) -> str:
        """The sentence on the last line."""
        ended = self.run(step, name, **extra)
        assert ended.returncode == 3, ended.stderr
        return ended.stderr.splitlines()[-1]

    def forward(self) -> None:
        """What one step left becomes the input of the next."""
        (self.folder / "input").mkdir(exist_ok=True)
        for path in (self.folder / "output").iterdir():
            path.rename(self.folder / "input" / path.name)

    def table(self, stem: str) -> pandas.DataFrame:
        path = self.folder / "output" / f"{stem}.{self.form}"
        return pandas.read_csv(path) if self.form == "csv" else pandas.read_parquet(path)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_extract_train_and_score_pass_rows_on_in_order(bench: Bench, form: str) -> None:
    bench.form, bench.afresh = form, True
    bench.well("extract", "flights:extract")
    assert bench.table("data").to_dict("list") == {"x": [1.5, 2.5, 3.5], "y": ["a", "b", "a"]}
    bench.forward()
    bench.well("train", "flights:train")
    bench.forward()
    bench.well("score")
    assert bench.table("predictions").to_dict("list") == {
        "prediction": ["a", "a", "a"],
        "p_a": [0.75] * 3,
        "p_b": [0.25] * 3,
    }
    assert sorted(os.listdir(bench.folder / "output")) == [f"predictions.{form}"]


def test_labels_are_asked_for_like_the_data_and_may_be_none_yet(bench: Bench) -> None:
    bench.well("labels", "flights:extract")
    assert bench.table("labels").to_dict("list") == {"x": [1.5, 2.5, 3.5], "y": ["a", "b", "a"]}
    bench.well("labels", "flights:no_rows")
    assert len(bench.table("labels")) == 0
    assert "flights:nothing returned nothing" in bench.refused("labels", "flights:nothing")


def prepared(bench: Bench, train: str) -> None:
    bench.well("extract", "flights:extract")
    bench.forward()
    bench.well("train", train)
    bench.forward()


def test_a_regressor_gives_predictions_only(bench: Bench) -> None:
    prepared(bench, "flights:mean")
    bench.well("score")
    assert bench.table("predictions").to_dict("list") == {"prediction": [1.5, 2.5, 3.5]}


def test_a_project_may_keep_its_model_in_files_of_its_own_and_score_itself(bench: Bench) -> None:
    prepared(bench, "flights:own_files")
    bench.well("score", "flights:own_score")
    assert bench.table("predictions")["prediction"].tolist() == [3.0, 5.0, 7.0]
    assert "without a column 'prediction' (it has: guess)" in bench.refused(
        "score", "flights:own_score_without_prediction"
    )
    assert "There is no model/model.pickle" in bench.refused("score")


def test_what_scores_badly_is_refused_in_one_sentence(bench: Bench) -> None:
    prepared(bench, "flights:short")
    assert "score gave 1 predictions for 3 rows" in bench.refused("score")
    bench.well("train", "flights:a_dict")
    (bench.folder / "output" / "model" / "model.pickle").replace(bench.folder / "input" / "model" / "model.pickle")
    assert "a dict, has no predict" in bench.refused("score")


def test_predictions_that_come_back_in_another_order_are_refused_and_the_way_out_can_be_gone(bench: Bench) -> None:
    prepared(bench, "flights:own_files")
    for name in ("sorted_frame", "sorted_series"):
        said = bench.refused("score", f"flights:{name}")
        assert "predictions in another order than the rows" in said and ".loc[features.index]" in said
    bench.well("score", "flights:put_back")
    assert bench.table("predictions")["prediction"].tolist() == [1.5, 2.5, 3.5]
    bench.well("score", "flights:without_index")
    assert bench.table("predictions")["prediction"].tolist() == [3.5, 2.5, 1.5]
    bench.well("score", "flights:of_its_own")  # an index of its own says nothing of the rows
    assert bench.table("predictions")["prediction"].tolist() == [3.5, 2.5, 1.5]


@pytest.mark.parametrize(("train", "kind"), [("sorts", "Sorted"), ("sorts_chances", "SortedChances")])
def test_an_estimator_that_sorts_its_predictions_is_refused_too(bench: Bench, train: str, kind: str) -> None:
    prepared(bench, f"flights:{train}")
    assert f"{kind} gave its predictions in another order" in bench.refused("score")


def test_a_named_index_becomes_a_column(bench: Bench) -> None:
    bench.well("extract", "flights:indexed")
    assert list(bench.table("data").columns) == ["y", "x"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("flights:nothing", "flights:nothing returned nothing; it must return a DataFrame."),
        ("flights:a_list", "flights:a_list returned a list; it must return a pandas DataFrame."),
        ("flights:no_rows", "returned no rows as of 2026-01-05T03:00:00+00:00"),
        ("flights:twice", "returned the column 'x' more than once"),
        ("flights:numbered", "returned a column named 0 (int); names must be text."),
        ("flights:mixed", "returned a column 'x' that holds values of several types (bytes, int, str), which"),
        ("flights:leaves", "ended the process itself (sys.exit(0)); it must return."),
        ("flights:no_argument", "is called with (as_of), but is defined as ()."),
        ("flights:number", "flights:number is a int, not a function."),
        ("flights:extrct", "flights has no 'extrct'; did you mean 'extract'?"),
        ("flihgts:extract", "There is no module 'flihgts' in the project; did you mean 'flights'?"),
        ("broken:extract", "broken imports 'module_of_nobody', which this environment does not have"),
        ("flights", "'flights' is not a callable's name; write it as module:function."),
    ],
)  # fmt: skip
def test_an_extract_that_does_not_fit_is_refused_in_one_sentence(bench: Bench, name: str, sentence: str) -> None:
    assert sentence in bench.refused("extract", name)
    assert not list((bench.folder / "output").glob("data.parquet"))


def test_a_train_that_does_not_fit_is_refused_in_one_sentence(bench: Bench) -> None:
    bench.well("extract", "flights:extract")
    bench.forward()
    assert "that cannot be pickled" in bench.refused("train", "flights:a_lambda")
    assert "no column 'z'" in bench.refused("train", "flights:train", LEVERFRAME_TARGET="z")
    assert not list((bench.folder / "output" / "model").iterdir())


def test_an_error_of_the_projects_own_is_a_traceback_that_ends_with_it(bench: Bench) -> None:
    ended = bench.run("extract", "flights:breaks")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("ValueError: no such")
    assert "python_runner.py" not in ended.stderr


def test_a_warm_step_loads_in_silence_and_reads_only_when_it_is_let_go(bench: Bench) -> None:
    ended = bench.run("extract", "flights:extract", given="\n", LEVERFRAME_WAIT="1")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert "told to wait and then never to begin" in bench.refused("extract", "flights:extract", LEVERFRAME_WAIT="1")


def test_the_library_is_not_shadowed_by_the_engines_own_files(bench: Bench) -> None:
    bench.afresh = True
    (bench.folder / "code" / "shadows.py").write_text(
        textwrap.dedent("""
        import queue, sys
        def extract(as_of):
            import pandas
            return pandas.DataFrame({"queue": [queue.__file__], "path": [sys.path[0]]})
        """)
    )
    bench.well("extract", "shadows:extract")
    row = bench.table("data").iloc[0]
    assert "engine" not in Path(row["queue"]).parts
    assert row["path"] == str(bench.folder / "code")


def test_a_classifier_of_scikit_learn_scores_with_its_own_classes(bench: Bench) -> None:
    (bench.folder / "code" / "learned.py").write_text(
        "from sklearn.linear_model import LogisticRegression, RidgeClassifier\n"
        "def train(features, target): return LogisticRegression().fit(features, target)\n"
        "def ridge(features, target): return RidgeClassifier().fit(features, target)\n"
    )
    prepared(bench, "learned:train")
    data = bench.folder / "input" / "data.parquet"
    whole = pandas.read_parquet(data)
    whole[["x"]].to_parquet(data)
    bench.well("score")
    assert list(bench.table("predictions").columns) == ["prediction", "p_a", "p_b"]
    whole.to_parquet(data)
    bench.well("train", "learned:ridge")
    whole[["x"]].to_parquet(data)
    (bench.folder / "output" / "model" / "model.pickle").replace(bench.folder / "input" / "model" / "model.pickle")
    bench.well("score")
    assert list(bench.table("predictions").columns) == ["prediction", "score_b"]


def test_extract_is_asked_for_what_is_new_where_it_can_be(bench: Bench) -> None:
    since = {"LEVERFRAME_SINCE": "2026-01-04T03:00:00Z"}
    assert bench.run("extract", "flights:news", **since).returncode == 0
    assert bench.table("data")["since"].tolist() == ["2026-01-04T03:00:00+00:00"]
    bench.well("extract", "flights:news")
    assert bench.table("data")["x"].tolist() == [0.0]
    assert bench.run("extract", "flights:no_news", **since).returncode == 0, "nothing new is no mistake"
    assert bench.table("data").empty
    assert "returned no rows" in bench.refused("extract", "flights:no_news")
    assert "has no parameter since" in bench.refused("extract", "flights:extract", **since)
