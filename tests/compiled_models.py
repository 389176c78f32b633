"""Small fitted models of every kind that compiles, the rows to try them with, and what scikit-learn says of those."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

import engine.runs.steps
from engine.scoring.compiled.scorer import CompiledScorer

KINDS = ["oak", "elm", "ash", "fir", "yew"]
SHOPS = [f"shop {number}" for number in range(9)]
NUMBERS = ["size", "count", "wide"]
NAN = float("nan")


def compiler() -> Any:
    """The module ``compile_model``, as its process has it."""
    name = "leverframe_compile_model"
    if name not in sys.modules:
        path = Path(next(iter(engine.runs.steps.__path__))) / "compile_model.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def compiled(estimator: Any, frame: pd.DataFrame, folder: Path) -> CompiledScorer:
    """``estimator`` as tables in ``folder``, read again."""
    write(estimator, frame, folder)
    return CompiledScorer.read(folder)


def write(estimator: Any, frame: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """Fill ``folder``; what stands in model.json."""
    program, said = compiler().document(estimator, frame.head(3), False)
    compiler().write(program, said, folder)
    document: dict[str, Any] = said
    return document


def why_not(estimator: Any, frame: pd.DataFrame) -> str:
    """The sentence that refuses it."""
    try:
        compiler().document(estimator, frame.head(3), False)
    except compiler().Refused as refused:
        return str(refused)
    raise AssertionError("it compiled")


@cache
def training(gaps: bool = True, rows: int = 400) -> pd.DataFrame:
    """Rows to learn from: text with and without gaps, numbers whole and not, a truth value."""
    drawn = np.random.RandomState(5)
    frame = pd.DataFrame(
        {
            "kind": drawn.choice(KINDS, rows),
            "size": drawn.normal(3, 2, rows),
            "count": drawn.randint(-4, 20, rows),
            "shop": drawn.choice(SHOPS, rows),
            "wide": np.exp(drawn.normal(0, 6, rows)),
            "flag": drawn.rand(rows) < 0.4,
        }
    )
    if gaps:
        frame.loc[drawn.rand(rows) < 0.1, "size"] = np.nan
        frame.loc[drawn.rand(rows) < 0.1, "shop"] = None
    return frame


def target(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A number above 0 that depends on all columns."""
    noise = np.random.RandomState(6).normal(0, 0.3, len(frame))
    size = frame["size"].fillna(1.0).to_numpy()
    codes = frame["kind"].map({kind: place for place, kind in enumerate(KINDS)}).to_numpy()
    shops = frame["shop"].map({shop: place for place, shop in enumerate(SHOPS)}).fillna(4.5).to_numpy()
    wide = np.log(frame["wide"].to_numpy()) / 6
    found = np.exp(0.3 * size + 0.2 * codes - 0.1 * shops + wide * frame["flag"] + 0.02 * frame["count"] + noise)
    return np.asarray(found, dtype=float)


def classes(frame: pd.DataFrame, count: int) -> np.ndarray[Any, Any]:
    """``count`` classes of like size: whole numbers where there are two, else text."""
    ranks = pd.Series(target(frame)).rank().to_numpy()
    places = np.minimum((ranks - 1) * count // len(frame), count - 1).astype(int)
    return places if count == 2 else np.array([f"class {chr(97 + place)}" for place in range(count)])[places]


def said(estimator: Any, frame: pd.DataFrame) -> list[np.ndarray[Any, Any]]:
    """What scikit-learn answers: the predictions, then the numbers beside them."""
    found = [np.asarray(estimator.predict(frame))]
    if hasattr(estimator, "predict_proba"):
        found += list(np.asarray(estimator.predict_proba(frame)).T)
    elif hasattr(estimator, "classes_") and len(estimator.classes_) == 2:
        found.append(np.asarray(estimator.decision_function(frame)))
    return found


def rows_of(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """The rows as a request has them: None for a gap."""
    return [tuple(None if pd.isna(value) else _plain(value) for value in row) for row in frame.itertuples(index=False)]


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def table_of(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def both(scorer: CompiledScorer, frame: pd.DataFrame) -> list[np.ndarray[Any, Any]]:
    """The answers, column by column; row by row and as a table they are the same bits."""
    table = scorer.score(table_of(frame))
    answers = scorer.answer(rows_of(frame))
    assert tuple(table.column_names) == scorer.outputs
    columns = [table.column(name).to_pylist() for name in scorer.outputs]
    alike(list(zip(*columns, strict=True)), answers)
    return [np.array(column) for column in columns]


def alike(ours: Sequence[tuple[Any, ...]], theirs: Sequence[tuple[Any, ...]]) -> None:
    """The same answers, to the last bit; NaN is NaN."""
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert len(one) == len(other)
        same = [
            type(a) is type(b) and (a == b or (isinstance(a, float) and a != a and b != b))
            for a, b in zip(one, other, strict=True)
        ]
        assert all(same), (one, other)


def held_to(estimator: Any, scorer: CompiledScorer, frame: pd.DataFrame, *, exact: bool) -> None:
    """The compiled model says what the estimator says: the same bits, or within 1e-12 of it."""
    found, wanted = both(scorer, frame), said(estimator, frame)
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        if theirs.dtype.kind in "fc":
            if exact:
                np.testing.assert_array_equal(ours, theirs)
            else:
                np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
        else:
            assert ours.tolist() == theirs.tolist()


Factory = Callable[[], Any]


def encoded(*, gaps: bool = True, onehot: bool = False, scale: bool = False, **said: Any) -> Any:
    """The steps before a model that the sample projects have, and some more."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    text = (
        OneHotEncoder(handle_unknown="ignore", **said)
        if onehot
        else OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan if gaps else -1, **said)
    )
    numbers: list[Any] = [] if gaps else [SimpleImputer(strategy="median", add_indicator=True)]
    numbers += [StandardScaler()] if scale else []
    words: list[Any] = [text] if gaps else [SimpleImputer(strategy="most_frequent"), text]
    steps = [("text", make_pipeline(*words), ["kind", "shop"])]
    if numbers:
        steps.append(("numbers", make_pipeline(*numbers), NUMBERS))
    return ColumnTransformer(steps, remainder="passthrough")
