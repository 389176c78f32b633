"""XGBoost's and LightGBM's models, as they wrote them: recorded with their answers, for neither is installed here.

``boosters.json``: models of XGBoost 3.2.0 and LightGBM 4.7.0 of a few small trees, rows with gaps and at thresholds, in
64 bits and in 32, and what they answered.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from tests.compiled_models import both, compiled, why_not

RECORDED = json.loads(Path(__file__).with_name("boosters.json").read_text("utf-8"))
NAMES = [f"{each['name']} {each['objective']}" for each in RECORDED]


class _Booster:
    def __init__(self, model: Any) -> None:
        self._model = model

    def dump_model(self) -> Any:
        return self._model

    def save_raw(self, form: str) -> bytes:
        assert form == "json"
        return json.dumps(self._model).encode()

    def attr(self, name: str) -> None:
        return None


def estimator(recorded: Any) -> Any:
    """What stands in a pickle of such a model, as far as it is asked."""
    booster = _Booster(recorded["model"])
    said: dict[str, Any] = {"booster_": booster, "get_booster": lambda self: booster, "missing": float("nan")}
    said |= {"n_features_in_": 3, "__module__": f"{recorded['module']}.sklearn", "fit": lambda self, *_: self}
    said |= {"predict": lambda self, features: features}
    if recorded["classes"]:
        said["classes_"] = np.array(recorded["classes"])
    return type(recorded["name"], (), said)()


def frame(recorded: Any) -> pd.DataFrame:
    return pd.DataFrame(recorded["rows"], columns=["size", "wide", "code"], dtype=float)


@pytest.mark.parametrize("recorded", RECORDED, ids=NAMES)
def test_it_answers_as_it_was_recorded(recorded: Any, tmp_path: Path) -> None:
    rows = frame(recorded)
    codes = OrdinalEncoder(categories=[[float(code) for code in range(6)]]).fit(rows[["code"]])
    columns = ColumnTransformer([("plain", "passthrough", ["size", "wide"]), ("code", codes, ["code"])])
    pipeline = make_pipeline(columns.fit(rows), estimator(recorded))
    found = both(compiled(pipeline, rows, tmp_path / "compiled"), rows)
    exact = recorded["module"] == "xgboost" or recorded["objective"] == "regression"
    for ours, theirs in zip(found, recorded["answers"], strict=True):
        if exact:
            assert ours.tolist() == theirs
        else:  # An exponent of another library, and sums of three in another order.
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=0)


def test_the_recorded_models_split_by_categories_too() -> None:
    assert '"=="' in json.dumps(RECORDED)


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("XGBRegressor", {"name": "dart"}, "its XGBoost has the booster dart"),
        ("XGBRegressor", {"objective": "survival:cox"}, "its XGBoost has the objective survival:cox"),
        ("LGBMRegressor", {"average_output": True}, "a random forest of its own kind"),
        ("LGBMRegressor", {"objective": "regression sqrt"}, "its LightGBM has the objective regression sqrt"),
    ],
)
def test_what_is_not_known_of_them_is_refused(name: str, change: dict[str, Any], why: str) -> None:
    recorded = json.loads(json.dumps(next(each for each in RECORDED if each["name"] == name)))
    model = recorded["model"]
    if name == "LGBMRegressor":
        model.update(change)
    elif "name" in change:
        model["learner"]["gradient_booster"]["name"] = change["name"]
    else:
        model["learner"]["objective"]["name"] = change["objective"]
    rows = frame(recorded)
    codes = OrdinalEncoder(categories=[[float(code) for code in range(6)]]).fit(rows[["code"]])
    columns = ColumnTransformer([("plain", "passthrough", ["size", "wide"]), ("code", codes, ["code"])])
    assert why in why_not(make_pipeline(columns.fit(rows), estimator(recorded)), rows)


ZERO = float(np.float32(1e-35))


@pytest.mark.parametrize(
    ("threshold", "value", "answer"),
    [(-ZERO, -ZERO, 2.0), (-ZERO, -1.1e-35, 1.0), (0.0, 1e-35, 1.0), (0.0, 1.1e-35, 2.0), (ZERO, ZERO, 1.0)],
)
def test_what_lies_next_to_zero_is_zero_to_lightgbm(
    threshold: float, value: float, answer: float, tmp_path: Path
) -> None:
    recorded = json.loads(json.dumps(RECORDED[0]))
    split = {"split_feature": 0, "decision_type": "<=", "missing_type": "NaN", "default_left": False}
    leaves = {"left_child": {"leaf_value": 1.0}, "right_child": {"leaf_value": 2.0}}
    recorded["model"]["tree_info"] = [{"tree_structure": {**split, **leaves, "threshold": threshold}}]
    rows = frame(recorded).head(1).assign(size=value)
    assert both(compiled(estimator(recorded), rows, tmp_path / "compiled"), rows)[0].tolist() == [answer]
