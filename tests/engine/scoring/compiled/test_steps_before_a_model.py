"""What encoders, imputers and scalers make of a row, seen through a model that takes anything."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.feature_selection import SelectKBest
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from engine.scoring.compiled.reading import read_tables
from tests.compiled_models import NUMBERS, compiled, encoded, held_to, target, training, why_not

CODES = {"handle_unknown": "use_encoded_value", "unknown_value": -2}


def trees(**said: Any) -> Any:
    return HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=5, random_state=0, **said)


def before(text: Any, numbers: Any = "passthrough", rest: str = "drop") -> Any:
    columns = ColumnTransformer([("t", text, ["kind", "shop"]), ("n", numbers, NUMBERS)], remainder=rest)
    return make_pipeline(columns, trees())


def hot(**said: Any) -> Any:
    return OneHotEncoder(**{"sparse_output": False, "handle_unknown": "ignore", **said})


STEPS = {
    "one-hot": lambda: before(hot()),
    "one-hot without the first": lambda: before(hot(drop="first")),
    "one-hot without one of two": lambda: before(hot(drop="if_binary")),
    "one-hot of few": lambda: before(hot(max_categories=3, handle_unknown="infrequent_if_exist")),
    "codes": lambda: before(OrdinalEncoder(**CODES)),
    "codes of gaps": lambda: before(OrdinalEncoder(**CODES, encoded_missing_value=-1)),
    "codes of the frequent": lambda: before(OrdinalEncoder(**CODES, min_frequency=50)),
    "codes in an order": lambda: before(
        OrdinalEncoder(**CODES, categories=[["yew", "fir", "ash", "elm", "oak"], ["shop 3", "shop 1"]])
    ),
    "means of the target": lambda: before(TargetEncoder(random_state=0)),
    "text in place of gaps": lambda: before(
        make_pipeline(SimpleImputer(strategy="constant", fill_value="none"), hot())
    ),
    "the most frequent in place of gaps": lambda: before(
        make_pipeline(SimpleImputer(strategy="most_frequent"), hot())
    ),
    "scaled to a range": lambda: before("drop", MinMaxScaler(clip=True)),
    "scaled by quartiles": lambda: before("drop", RobustScaler()),
    "scaled by the largest": lambda: before("drop", MaxAbsScaler()),
    "scaled codes": lambda: before(make_pipeline(OrdinalEncoder(**CODES), StandardScaler())),
    "a function": lambda: before("drop", FunctionTransformer(np.cbrt)),
    "gaps marked": lambda: before(
        "drop", FeatureUnion([("a", SimpleImputer()), ("b", MissingIndicator(error_on_new=False))])
    ),
    "gaps filled and marked": lambda: before("drop", SimpleImputer(strategy="mean", add_indicator=True)),
    "columns selected": lambda: make_pipeline(
        ColumnTransformer([("n", SimpleImputer(), NUMBERS)]), SelectKBest(k=2), trees()
    ),
    "numbers as categories": lambda: make_pipeline(
        ColumnTransformer([("c", hot(), ["count", "flag"])]), trees()
    ),
    "numbers as the trees' categories": lambda: make_pipeline(
        ColumnTransformer([("p", "passthrough", ["count", "flag", "size"])]), trees(categorical_features=[0, 1])
    ),
    "the rest passed on": lambda: before(OrdinalEncoder(**CODES), SimpleImputer(), "passthrough"),
    "frames between steps": lambda: make_pipeline(encoded().set_output(transform="pandas"), trees()),
    "the best of a search": lambda: GridSearchCV(
        make_pipeline(encoded(), trees()), {"histgradientboostingregressor__max_depth": [2]}, cv=2
    ),
}


def tried() -> pd.DataFrame:
    frame = training().copy()
    frame.loc[::7, "kind"] = "never seen"
    frame.loc[::11, "shop"] = "never seen either"
    frame.loc[::13, "count"] = 77
    frame.loc[::17, "size"] = 1e6
    return frame


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", STEPS)
def test_it_makes_of_a_row_what_scikit_learn_does(name: str, tmp_path: Path) -> None:
    frame = training()
    estimator = STEPS[name]().fit(frame, target(frame))
    held_to(estimator, compiled(estimator, frame, tmp_path / "compiled"), tried(), exact=True)


@pytest.mark.parametrize(
    "types",
    [
        {"kind": "category", "shop": "category"},
        {"kind": object, "shop": object},
        {"size": "float32", "count": "int16"},
        {"count": "Int64"},
        {"count": "category"},
    ],
    ids=str,
)
def test_columns_of_other_types_are_read_as_training_had_them(types: dict[str, Any], tmp_path: Path) -> None:
    frame = training().astype(types)
    estimator = make_pipeline(encoded(), trees()).fit(frame, target(training()))
    held_to(estimator, compiled(estimator, frame, tmp_path / "compiled"), frame, exact=True)


def test_trees_take_their_categories_from_the_frame(tmp_path: Path) -> None:
    frame = training().astype({"kind": "category", "shop": "category"})
    estimator = trees(categorical_features="from_dtype").fit(frame, target(training()))
    held_to(estimator, compiled(estimator, frame, tmp_path / "compiled"), frame, exact=True)


def test_a_column_of_32_bits_is_rounded_in_a_request_too(tmp_path: Path) -> None:
    """A number of a request has 64 bits, and may lie on the other side of a threshold than the column's 32."""
    frame = training()[["size"]].astype("float32")
    estimator = trees().fit(frame, target(training()))
    scorer = compiled(estimator, frame, tmp_path / "compiled")
    tables = read_tables(tmp_path / "compiled")
    assert tables.model.trees is not None
    thresholds = tables.floats(tables.model.trees.threshold)
    near = np.concatenate([np.nextafter(thresholds, -np.inf), np.nextafter(thresholds, np.inf)])
    wanted = estimator.predict(pd.DataFrame({"size": near.astype("float32")}))
    assert [answer for (answer,) in scorer.answer([(value,) for value in near.tolist()])] == wanted.tolist()
    assert scorer.score(pa.table({"size": near})).column("prediction").to_pylist() == wanted.tolist()


class OwnStep(TransformerMixin, BaseEstimator):
    """A step of the project's."""

    def fit(self, features: Any, target: Any = None) -> OwnStep:
        return self

    def transform(self, features: Any) -> Any:
        return features


def own(features: Any) -> Any:
    return features * 2


REFUSED = {
    "a step of the project's": (lambda: before("drop", OwnStep()), "its step OwnStep is not scikit-learn's own"),
    "a function of the project's": (lambda: before("drop", FunctionTransformer(own)), "only NumPy's can be told"),
    "a step that looks at other rows": (lambda: before("drop", KNNImputer()), "its step KNNImputer is none of those"),
    "neighbours": (
        lambda: make_pipeline(ColumnTransformer([("n", SimpleImputer(), NUMBERS)]), KNeighborsRegressor()),
        "a KNeighborsRegressor is none of those",
    ),
    "something else than a gap": (
        lambda: before("drop", SimpleImputer(missing_values=-1)),
        "takes something else than a gap for one",
    ),
    "weights": (
        lambda: make_pipeline(
            ColumnTransformer([("n", "passthrough", NUMBERS)], transformer_weights={"n": 2.0}), trees()
        ),
        "its ColumnTransformer has weights",
    ),
    "a function of the project's on the target": (
        lambda: TransformedTargetRegressor(trees_of_numbers(), func=own, inverse_func=own, check_inverse=False),
        "turns its target back with a function of the project's",
    ),
}


def trees_of_numbers() -> Any:
    return make_pipeline(ColumnTransformer([("n", "passthrough", NUMBERS)]), trees())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", REFUSED)
def test_what_no_table_can_stand_for_is_refused_with_why(name: str) -> None:
    make, why = REFUSED[name]
    frame = training()
    if "neighbours" not in name and "gap" in name:
        frame = frame.fillna({"size": 0.0})
    assert why in why_not(make().fit(frame, target(frame)), frame)


@pytest.mark.parametrize(
    ("types", "model", "why"),
    [
        ({"size": "float32"}, make_pipeline(StandardScaler(), trees()), "of 32-bit numbers is computed with"),
        ({"size": "float32"}, LinearRegression(), "of 32-bit numbers is computed with"),
        ({"count": "int8"}, make_pipeline(FunctionTransformer(np.cbrt), Ridge()), "of the type int8"),
        ({"count": "int64"}, make_pipeline(FunctionTransformer(np.square), Ridge()), "calls square of 'count'"),
    ],
    ids=["a scaler", "weights", "a root", "a square"],
)
def test_types_that_scikit_learn_computes_with_otherwise_are_refused(
    types: dict[str, Any], model: Any, why: str
) -> None:
    frame = training(False)[NUMBERS].astype(types)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(frame, target(training(False)))
    assert why in why_not(model, frame)


def test_moments_that_reach_a_model_are_refused_and_those_that_do_not_are_none_of_its_business(tmp_path: Path) -> None:
    frame = training().assign(day=pd.Timestamp("2026-01-05", tz="UTC"))
    estimator = make_pipeline(encoded().set_params(remainder="drop"), trees()).fit(frame, target(frame))
    held_to(estimator, compiled(estimator, frame, tmp_path / "compiled"), frame, exact=True)
    numbers = trees().fit(frame[NUMBERS], target(frame))
    assert "other columns than the features" in why_not(numbers, frame)
