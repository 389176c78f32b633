"""Every kind of estimator answers as scikit-learn does, row by row and as a table, at its thresholds too."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    SGDClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from engine.scoring.compiled.reading import read_tables
from engine.scoring.compiled.scorer import CompiledScorer
from tests.compiled_models import (
    KINDS,
    NAN,
    SHOPS,
    classes,
    compiled,
    encoded,
    held_to,
    table_of,
    target,
    training,
)


def hist(**said: Any) -> Any:
    return HistGradientBoostingRegressor(**{"max_iter": 8, "random_state": 0, **said})


def hist_classes(**said: Any) -> Any:
    return HistGradientBoostingClassifier(**{"max_iter": 8, "random_state": 0, **said})


def linear(model: Any) -> Any:
    return make_pipeline(encoded(gaps=False, onehot=True, scale=True), model)


SUMMED = {
    # Leaves are added up tree by tree, so the bits are the same.
    "hist, categories": lambda: make_pipeline(encoded(), hist(categorical_features=[0, 1])),
    "hist, 64 leaves": lambda: make_pipeline(
        encoded(), hist(categorical_features=[0, 1], max_leaf_nodes=64, min_samples_leaf=2)
    ),
    "hist, 200 leaves": lambda: make_pipeline(
        encoded(), hist(categorical_features=[0, 1], max_leaf_nodes=200, min_samples_leaf=1)
    ),
    "hist, poisson": lambda: make_pipeline(encoded(), hist(loss="poisson")),
    "hist, gamma": lambda: make_pipeline(encoded(), hist(loss="gamma")),
    "hist, absolute": lambda: make_pipeline(encoded(), hist(loss="absolute_error")),
    "hist, quantile": lambda: make_pipeline(encoded(), hist(loss="quantile", quantile=0.3)),
    "hist, two classes": lambda: make_pipeline(encoded(), hist_classes(categorical_features=[0, 1])),
    "hist, logarithm": lambda: TransformedTargetRegressor(
        make_pipeline(encoded(), hist()), func=np.log, inverse_func=np.exp
    ),
    "hist, log1p": lambda: TransformedTargetRegressor(
        make_pipeline(encoded(), hist()), func=np.log1p, inverse_func=np.expm1
    ),
    "hist, root": lambda: TransformedTargetRegressor(
        make_pipeline(encoded(), hist()), func=np.sqrt, inverse_func=np.square
    ),
    "hist, scaled target": lambda: TransformedTargetRegressor(
        make_pipeline(encoded(), hist()), transformer=StandardScaler()
    ),
    "tree": lambda: make_pipeline(encoded(gaps=False), DecisionTreeRegressor(random_state=0)),
    "tree, gaps, classes": lambda: make_pipeline(encoded(), DecisionTreeClassifier(max_depth=5, random_state=0)),
    "forest, gaps": lambda: make_pipeline(encoded(), RandomForestRegressor(9, random_state=0)),
    "forest, gaps, classes": lambda: make_pipeline(encoded(), RandomForestClassifier(9, random_state=0)),
    "forest, shallow, 3 classes": lambda: make_pipeline(
        encoded(gaps=False, onehot=True), RandomForestClassifier(9, max_depth=5, random_state=0)
    ),
    "extra trees": lambda: make_pipeline(
        encoded(gaps=False), ExtraTreesRegressor(9, max_leaf_nodes=30, random_state=0)
    ),
    "extra trees, classes": lambda: make_pipeline(
        encoded(gaps=False, onehot=True), ExtraTreesClassifier(9, random_state=0)
    ),
    "boosting": lambda: make_pipeline(encoded(gaps=False), GradientBoostingRegressor(n_estimators=12)),
    "boosting, huber": lambda: make_pipeline(
        encoded(gaps=False), GradientBoostingRegressor(n_estimators=12, loss="huber")
    ),
    "boosting, two classes": lambda: make_pipeline(
        encoded(gaps=False), GradientBoostingClassifier(n_estimators=12, init="zero")
    ),
}
NEAR = {
    # A sum of products, or of probabilities, is added up in another order by the library that scikit-learn asks.
    "hist, 3 classes": lambda: make_pipeline(encoded(), hist_classes(categorical_features=[0])),
    "hist, 9 classes": lambda: make_pipeline(encoded(), hist_classes(max_iter=3)),
    "boosting, 3 classes": lambda: make_pipeline(encoded(gaps=False), GradientBoostingClassifier(n_estimators=6)),
    "least squares": lambda: linear(LinearRegression()),
    "ridge": lambda: linear(Ridge()),
    "lasso": lambda: linear(Lasso(alpha=0.01)),
    "elastic net": lambda: linear(ElasticNet(alpha=0.01)),
    "poisson": lambda: linear(PoissonRegressor()),
    "logistic": lambda: linear(LogisticRegression()),
    "logistic, 3 classes": lambda: linear(LogisticRegression()),
    "logistic, liblinear": lambda: linear(LogisticRegression(solver="liblinear")),
    "descent": lambda: linear(SGDClassifier(loss="log_loss", random_state=0)),
    "descent, 3 classes": lambda: linear(SGDClassifier(loss="log_loss", random_state=0)),
    "support vectors": lambda: linear(LinearSVC()),
    "support vectors, 3 classes": lambda: linear(LinearSVC()),
}
ALL = SUMMED | NEAR
_FOLDERS: list[TemporaryDirectory[str]] = []


@cache
def made(name: str) -> tuple[Any, CompiledScorer, Path]:
    """The estimator, fitted once, its tables, and where they are."""
    warnings.simplefilter("ignore")
    estimator, frame = ALL[name](), training()
    count = 9 if "9 classes" in name else 3 if "3 classes" in name else 2
    with threadpool_limits(1):  # More of them wait for each other on a busy machine.
        estimator.fit(frame, classes(frame, count) if is_classifier(estimator) else target(frame))
    _FOLDERS.append(TemporaryDirectory())
    folder = Path(_FOLDERS[-1].name) / "compiled"
    return estimator, compiled(estimator, frame, folder), folder


@pytest.fixture(scope="module", autouse=True)
def folders() -> Iterator[None]:
    yield
    for folder in _FOLDERS:
        folder.cleanup()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ALL)
def test_it_answers_as_scikit_learn_does(name: str) -> None:
    estimator, scorer, _ = made(name)
    frame = training().copy()
    frame.loc[::7, "kind"] = "never seen"
    frame.loc[::11, "shop"] = "never seen either"
    held_to(estimator, scorer, frame, exact=name in SUMMED)


def edges(folder: Path, feature: str) -> list[float]:
    """The thresholds that a column is compared with, and what lies next to them, in 64 bits and in 32."""
    tables = read_tables(folder)
    trees, model = tables.model.trees, tables.model
    assert trees is not None
    place = [each.name for each in model.features].index(feature)
    slots = {at for at, each in enumerate(model.operations) if each.do == "number" and each.of == place}
    slots |= {at for at, each in enumerate(model.operations) if each.do in ("check", "fill") and each.of in slots}
    asked = [at for at, slot in enumerate(model.inputs) if slot in slots]
    mine = np.isin(tables.whole(trees.feature), asked) & (tables.whole(trees.place) < 0)
    found: set[float] = set()
    for threshold in tables.floats(trees.threshold)[mine]:
        rounded = np.float32(threshold)
        near = [np.nextafter(rounded, np.float32(-np.inf)), rounded, np.nextafter(rounded, np.float32(np.inf))]
        halves = [(float(near[0]) + float(near[1])) / 2, (float(near[1]) + float(near[2])) / 2]
        for value in (float(threshold), *map(float, near), *halves):
            found |= {value, float(np.nextafter(value, -np.inf)), float(np.nextafter(value, np.inf))}
    return sorted(each for each in found if np.isfinite(each)) or [0.0]


TREES = [name for name in SUMMED if "target" not in name]


@cache
def values(name: str) -> dict[str, list[Any]]:
    """What the columns are tried with."""
    folder = made(name)[2]
    numbers = {
        column: [*edges(folder, column), NAN, 0.0, -0.0, 1e30, -1e-300] for column in ("size", "wide")
    }
    return {
        "kind": [*KINDS, None, "never seen"],
        "size": numbers["size"],
        "count": [*range(-6, 24), 10**9],
        "shop": [*SHOPS, None, "", "shop"],
        "wide": numbers["wide"],
        "flag": [True, False],
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["hist, categories", "hist, 200 leaves", "hist, two classes", "forest, gaps",
                                  "forest, gaps, classes", "extra trees", "boosting"])  # fmt: skip
@given(drawn=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_values_at_the_thresholds_go_the_same_way(name: str, drawn: st.DataObject) -> None:
    estimator, scorer, _ = made(name)
    row = st.tuples(*(st.sampled_from(found) for found in values(name).values()))
    rows = drawn.draw(st.lists(row, min_size=20, max_size=60))
    frame = pd.DataFrame(rows, columns=list(values(name)))
    frame = frame.astype({"kind": "str", "shop": "str", "size": float, "wide": float, "count": "int64", "flag": bool})
    held_to(estimator, scorer, frame, exact=True)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["hist, categories", "hist, 3 classes", "hist, 200 leaves", "forest, gaps, classes"])
def test_how_many_rows_come_at_once_changes_no_bit(name: str) -> None:
    """Not one row, not a few, not a chunk and one more."""
    _, scorer, _ = made(name)
    whole = table_of(pd.concat([training()] * 11, ignore_index=True))
    wanted = scorer.score(whole)
    for count in (1, 2, 3, 7, 8, 9, 33, 4096, 4097, 4103):
        assert scorer.score(whole.slice(5, count)).equals(wanted.slice(5, count)), count
