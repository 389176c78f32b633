"""A pipeline that begins with steps of the project's own is cut at the earliest place from which all the rest compiles;
what cannot be cut is refused as before, with the reason."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from engine.errors import Damage, StepFailed
from engine.scoring.compiled.scorer import CompiledScorer
from engine.scoring.split_program import TablesBehind
from tests.compiled_models import compiler

drawn = np.random.RandomState(3)
X = pd.DataFrame({"x": drawn.normal(size=200), "count": drawn.randint(0, 9, 200)})
X["kind"] = drawn.choice(["a", "b"], 200)
Y = X["x"] + (X["kind"] == "a")


class Own(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Does as it is told."""

    def __init__(self, does: Any) -> None:
        self.does = does

    def fit(self, rows: Any, target: Any = None) -> Own:
        self.fitted_ = True
        return self

    def transform(self, rows: Any) -> Any:
        return self.does(rows)


def more(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(both=rows["x"] * rows["count"])


def numbers(rows: pd.DataFrame) -> Any:
    return rows[["x", "count"]].to_numpy(dtype=float)


def kinds(*others: str) -> ColumnTransformer:
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return ColumnTransformer([("kind", codes, ["kind"]), ("rest", "passthrough", list(others))])


def behind(model: Any, frame: pd.DataFrame = X, form: str = "parquet") -> dict[str, Any]:
    """What model.json says of the first steps; empty where the whole model compiles."""
    _, said = compiler().whole_or_behind(model, frame.head(20), False, form)
    found: dict[str, Any] = said.get("behind", {})
    return found


def why(model: Any, frame: pd.DataFrame = X, form: str = "parquet") -> str:
    with pytest.raises(compiler().Refused) as refused:
        compiler().whole_or_behind(model, frame.head(20), False, form)
    return str(refused.value)


def fitted(*steps: Any) -> Pipeline:
    return make_pipeline(*steps).fit(X, Y)


CUTS = [
    (fitted(FunctionTransformer(more), kinds("x", "both"), Ridge()), ["FunctionTransformer(more)"], False),
    (fitted(Own(more), kinds("x", "both"), HistGradientBoostingRegressor(max_iter=3)), ["Own"], False),
    (fitted(Own(numbers), StandardScaler(), Ridge()), ["Own"], True),
    (fitted(FunctionTransformer(), Own(numbers), Ridge()), ["FunctionTransformer", "Own"], True),
    (fitted("passthrough", Own(numbers), Ridge()), ["passthrough", "Own"], True),
    (fitted(Own(numbers), PCA(1), Ridge()), ["Own", "PCA"], True),
    (fitted(kinds("x"), Own(abs), Own(abs), Ridge()), ["ColumnTransformer", "Own", "Own"], True),
    (fitted(make_pipeline(Own(numbers), StandardScaler()), Ridge()), ["Pipeline"], True),
    (fitted(FeatureUnion([("own", Own(numbers)), ("again", Own(numbers))]), Ridge()), ["FeatureUnion"], True),
    (fitted(ColumnTransformer([("own", Own(np.asarray), ["x"])]), Ridge()), ["ColumnTransformer"], True),
    (GridSearchCV(make_pipeline(Own(numbers), Ridge()), {"ridge__alpha": [1, 2]}).fit(X, Y), ["Own"], True),
]


@pytest.mark.parametrize(("model", "steps", "array"), CUTS)
def test_it_is_cut_at_the_earliest_place(model: Any, steps: list[str], array: bool) -> None:
    found = behind(model)
    assert (found["steps"], found["array"]) == (steps, array)
    assert "the project's" in found["why"] or "not scikit-learn's own" in found["why"]


def test_what_compiles_whole_is_not_cut_and_what_does_not_for_another_reason_neither() -> None:
    assert behind(fitted(kinds("x"), Ridge())) == {}
    assert why(fitted(kinds("x"), PCA(1), Ridge())) == "its step PCA is none of those that tables can stand for"
    assert why(Own(more)).startswith("a Own of test")


def text(rows: pd.DataFrame) -> Any:
    """An array of it."""
    return rows[["kind"]].to_numpy(dtype=object)


def gaps(rows: pd.DataFrame) -> pd.DataFrame:
    """Text with gaps of two kinds."""
    return pd.DataFrame({"k": pd.Series(["a", None, float("nan"), "b"] * (len(rows) // 4), dtype=object)})


@pytest.mark.parametrize("own", [text, gaps])
def test_where_what_stands_between_cannot_be_held_it_is_cut_further_behind(own: Any) -> None:
    found = behind(fitted(Own(own), OneHotEncoder(sparse_output=False), Ridge()))
    assert found["steps"] == ["Own", "OneHotEncoder"] and {each["type"] for each in found["columns"]} == {"float64"}


REFUSED = [
    (fitted(Own(numbers), KNeighborsRegressor()), "a KNeighborsRegressor .*none of those that tables can stand for"),
    (fitted(Own(lambda rows: sparse.csr_matrix(numbers(rows))), Ridge()), "it is a csr_matrix, neither"),
    (fitted(Own(lambda rows: numbers(rows).astype("float32")), Ridge()), "32-bit numbers is computed with"),
    (fitted(Own(lambda rows: rows[["x"]].assign(n=pd.array([1] * len(rows), "Int64"))), Ridge()), "of the type Int64"),
]


@pytest.mark.parametrize(("model", "said"), REFUSED)
def test_what_cannot_be_cut_says_why_the_rest_is_not_compiled(model: Any, said: str) -> None:
    whole, _, rest = why(model).partition("; behind that, ")
    assert whole == "its step Own is not scikit-learn's own, so that nobody can say what it does"
    assert re.search(said, rest), rest


def test_a_step_that_stops_at_the_rows_that_show_it_leaves_it_as_it_was() -> None:
    model = fitted(Own(numbers), Ridge())
    model.steps[0][1].does = lambda rows: 1 / 0
    assert why(model).endswith("; behind that, its first steps stop at rows that were to show it (ZeroDivisionError)")
    assert why(model, X.head(0)).endswith("; behind that, no rows were there to see what they make of them")


def test_a_project_whose_rows_are_csv_has_none() -> None:
    assert why(fitted(Own(numbers), Ridge()), form="csv").endswith("so that nobody can say what it does")


def written(folder: Path) -> Path:
    program, said = compiler().whole_or_behind(CUTS[0][0], X.head(20), False, "parquet")
    compiler().write(program, said, folder)
    return folder


def test_tables_behind_others_are_never_taken_for_a_whole_model_nor_the_other_way_round(tmp_path: Path) -> None:
    with pytest.raises(Damage, match="it is of another part of the model than its version says"):
        CompiledScorer.read(written(tmp_path / "behind"))
    program, said = compiler().whole_or_behind(fitted(kinds("x"), Ridge()), X.head(20), False, "parquet")
    compiler().write(program, said, tmp_path / "whole")
    with pytest.raises(Damage, match="it is of another part of the model than its version says"):
        CompiledScorer.read(tmp_path / "whole", behind=True)


@pytest.mark.parametrize("labels", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_what_the_whole_pipeline_answers_is_of_the_types_that_its_tables_have(tmp_path: Path, labels: Any) -> None:
    model = make_pipeline(Own(numbers), LogisticRegression()).fit(X, np.where(Y > 0.5, "yes", "no"))
    program, said = compiler().whole_or_behind(model, X.head(20), False, "parquet")
    compiler().write(program, said, tmp_path / "behind")
    tables = TablesBehind(CompiledScorer.read(tmp_path / "behind", behind=True))
    found = tables.predictions(pa.table({"0": X["x"].head(4), "1": X["count"].head(4).astype(float)}))
    whole = {"p_no": [0.5], "prediction": pa.array(["yes"]).cast(labels), "p_yes": [0.5]}
    alike = tables.alike(pa.table(whole))
    assert alike.schema == found.schema and alike.column("prediction").to_pylist() == ["yes"]
    with pytest.raises(StepFailed, match="predictions of other types than its tables"):
        tables.alike(pa.table({**whole, "p_yes": ["half"]}))


@pytest.mark.parametrize(
    "lie",
    [
        {"steps": []},
        {"columns": []},
        {"columns": "reversed"},
        {"type": "float16"},
        {"type": "timestamp"},
        {"type": "category of bool"},
        {"gap": "maybe"},
        {"steps": ["\ud800"]},
    ],
)
def test_what_it_says_of_the_columns_between_is_looked_at(tmp_path: Path, lie: dict[str, Any]) -> None:
    folder = written(tmp_path / "behind")
    said = json.loads((folder / "model.json").read_text())
    columns = said["behind"]["columns"]
    if lie.get("columns") == "reversed":
        columns.reverse()
    elif "steps" in lie or "columns" in lie:
        said["behind"] |= lie
    else:
        for each in columns:
            each |= lie
    (folder / "model.json").write_text(json.dumps(said))
    with pytest.raises(Damage, match=r"^The compiled model cannot be used: "):
        TablesBehind(CompiledScorer.read(folder, behind=True))
