"""XGBoost's and LightGBM's trees as arrays, for compile_model.py: read off their own model files. Stand-alone.

XGBoost sees 32 bits of a number, goes left where it is below the threshold, and adds up in 32 bits: so do the tables.
LightGBM sees 64 bits, and goes left up to the threshold.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: B905, UP006, UP035

from __future__ import annotations

import json
import math
import sys
from typing import Any, Dict, List, Tuple

import numpy

common: Any = sys.modules["leverframe_compile_model"]
Refused = common.Refused
trees: Any = common.beside("compile_trees")
answers: Any = common.beside("compile_answers")

# What XGBoost makes of its base score, and of the sum of the trees, by the objective.
_IDENTITY = ("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror", "multi:softprob",
             "multi:softmax")  # fmt: skip
_LOGISTIC = ("binary:logistic", "reg:logistic")
_ZERO = float(numpy.float32(1e-35))  # of LightGBM: nothing smaller is told from zero
_EXPONENT = ("count:poisson", "reg:gamma", "reg:tweedie")


def compiled(program: Any, estimator: Any, columns: List[Any]) -> Dict[str, Any]:
    """What stands in model.json of an ensemble of theirs. Raises Refused."""
    name = type(estimator).__name__
    if estimator.n_features_in_ != len(columns):
        raise Refused("it was fitted with another number of columns")
    if name in ("XGBRegressor", "XGBClassifier", "XGBRFRegressor", "XGBRFClassifier"):
        return _xgboost(program, estimator, columns)
    if name in ("LGBMRegressor", "LGBMClassifier"):
        return _lightgbm(program, estimator, columns)
    raise Refused(f"a {name} is none of those that tables can stand for")


def _told(estimator: Any, targets: int) -> Dict[str, Any]:
    return dict(answers.told(estimator, "sigmoid" if targets == 1 else "softmax", "largest_chance"))


def _xgboost(program: Any, estimator: Any, columns: List[Any]) -> Dict[str, Any]:
    missing = estimator.missing
    if missing is not None and missing == missing:
        raise Refused("its XGBoost takes something else than a gap for one")
    booster = estimator.get_booster()
    learner = json.loads(booster.save_raw("json"))["learner"]
    model = learner["gradient_booster"]
    if model["name"] != "gbtree":
        raise Refused(f"its XGBoost has the booster {model['name']}; trees alone can be told")
    model, objective = model["model"], str(learner["objective"]["name"])
    count = len(model["trees"])
    best = getattr(booster, "best_iteration", None) if booster.attr("best_iteration") is not None else None
    if best is not None:
        count = int(model["iteration_indptr"][int(best) + 1])
    nodes = trees.Nodes()
    for tree, target in zip(model["trees"][:count], model["tree_info"][:count]):
        nodes.add(_xgboost_tree(tree), int(target))
    start = _base(str(learner["learner_model_param"]["base_score"]), objective)
    targets = max(1, int(learner["learner_model_param"]["num_class"]))
    if hasattr(estimator, "classes_"):
        said = _told(estimator, targets)
    else:
        said = answers.number([answers.applied("exp")] if objective in _EXPONENT else
                              [answers.applied("expit")] if objective in _LOGISTIC else [])  # fmt: skip
    return {
        "inputs": [answers.checked(program, each, True, trees.LARGEST_NARROW) for each in columns],
        "targets": targets,
        "start": program.number_span(start if len(start) == targets else start * targets),
        "divide": 1,
        "linear": None,
        "trees": nodes.said(program, shared=False, narrow=True),
        **said,
    }


def _base(said: str, objective: str) -> List[float]:
    """What XGBoost starts from, in 32 bits. Raises Refused for an objective that is not known."""
    found = [numpy.float32(each) for each in said.strip("[]").split(",")]
    one = numpy.float32(1)
    if objective in _LOGISTIC:
        found = [-numpy.log(one / each - one) for each in found]
    elif objective in _EXPONENT:
        found = [numpy.log(each) for each in found]
    elif objective not in _IDENTITY:
        raise Refused(f"its XGBoost has the objective {objective}")
    return [float(each) for each in found]


def _xgboost_tree(tree: Dict[str, Any]) -> Dict[str, Any]:
    left = numpy.array(tree["left_children"], dtype=numpy.int64)
    if any(tree["split_type"]) or str(tree["tree_param"]["size_leaf_vector"]) not in ("0", "1"):
        raise Refused("its XGBoost splits by categories, or has several targets")
    if int(tree["tree_param"]["num_deleted"]):
        raise Refused("its XGBoost has trees that were pruned, and keeps what was cut off")
    said = numpy.array(tree["split_conditions"], dtype=numpy.float32)
    leaf = left < 0
    below = numpy.nextafter(said, numpy.float32(-numpy.inf))
    return {
        "leaf": leaf, "feature": numpy.array(tree["split_indices"]), "left": left,
        "right": numpy.array(tree["right_children"], dtype=numpy.int64),
        "threshold": trees.below_after_rounding(below), "gap": numpy.array(tree["default_left"], dtype=int),
        "place": numpy.full(len(left), -1), "values": said[leaf].astype(float),
    }  # fmt: skip


def _lightgbm(program: Any, estimator: Any, columns: List[Any]) -> Dict[str, Any]:
    booster = estimator.booster_
    model = booster.dump_model()
    if getattr(booster, "pandas_categorical", None):
        raise Refused("its LightGBM takes categories from the frame; encode them in a step before")
    if model.get("average_output"):
        raise Refused("its LightGBM is a random forest of its own kind")
    inputs = [program.slot(column) for column in columns]
    codes = [program.codes(slot) for slot in inputs]
    nodes, each = trees.Nodes(), int(model["num_tree_per_iteration"])
    for number, tree in enumerate(model["tree_info"]):
        nodes.add(_lightgbm_tree(nodes, tree["tree_structure"], codes), number % each)
    return {
        "inputs": inputs,
        "targets": each,
        "start": program.number_span([0.0] * each),
        "divide": 1,
        "linear": None,
        "trees": nodes.said(program, shared=False),
        **_lightgbm_told(estimator, str(model.get("objective", "")).split(), each),
    }


def _lightgbm_told(estimator: Any, objective: List[str], targets: int) -> Dict[str, Any]:
    kind, rest = (objective or [""])[0], objective[1:]
    if hasattr(estimator, "classes_"):
        if (kind, rest) == ("binary", ["sigmoid:1"]) or (kind == "multiclass" and len(rest) == 1):
            return _told(estimator, targets)
    elif not rest or kind in ("quantile", "huber", "fair"):
        if kind in ("regression", "regression_l1", "huber", "fair", "quantile", "mape"):
            return dict(answers.number())
        if kind in ("poisson", "gamma", "tweedie"):
            return dict(answers.number([answers.applied("exp")]))
    elif kind == "tweedie":
        return dict(answers.number([answers.applied("exp")]))
    raise Refused(f"its LightGBM has the objective {' '.join(objective)}")


def _lightgbm_tree(nodes: Any, root: Dict[str, Any], codes: List[int]) -> Dict[str, Any]:
    """A tree of dictionaries as arrays, each node before its children."""
    rows: List[Dict[str, Any]] = []
    waiting: List[Tuple[Dict[str, Any], int, str]] = [(root, -1, "")]
    while waiting:
        node, parent, side = waiting.pop()
        if parent >= 0:
            rows[parent][side] = len(rows)
        row: Dict[str, Any] = {"leaf": "leaf_value" in node, "left": -1, "right": -1, "feature": 0, "threshold": 0.0,
                               "gap": 0, "place": -1, "value": 0.0}  # fmt: skip
        if row["leaf"]:
            if "leaf_const" in node or "leaf_coeff" in node:
                raise Refused("its LightGBM has lines in its leaves")
            row["value"] = float(node["leaf_value"])
        else:
            row.update(_lightgbm_split(nodes, node, codes))
            waiting += [(node["right_child"], len(rows), "right"), (node["left_child"], len(rows), "left")]
        rows.append(row)
    found = {name: numpy.array([row[name] for row in rows]) for name in rows[0]}
    return {**found, "leaf": found["leaf"].astype(bool), "values": found["value"][found["leaf"].astype(bool)]}


def _lightgbm_split(nodes: Any, node: Dict[str, Any], codes: List[int]) -> Dict[str, Any]:
    feature, missing = int(node["split_feature"]), str(node["missing_type"])
    if missing == "Zero":
        raise Refused("its LightGBM takes zero for a gap")
    if node["decision_type"] == "==":
        known = codes[feature]
        if not known:
            raise Refused("its LightGBM splits by categories that no encoder gives")
        left = {int(each) for each in str(node["threshold"]).split("||")}
        return {"feature": feature, "place": nodes.flags([*(code in left for code in range(known)), False])}
    threshold = float(node["threshold"])
    # Where training had no gap, one is a zero. So is what lies as near to zero as this.
    gap = bool(node["default_left"]) if missing == "NaN" else threshold >= 0
    if 0 <= threshold < _ZERO:
        threshold = _ZERO
    elif -_ZERO <= threshold < 0:
        threshold = float(numpy.nextafter(-_ZERO, -numpy.inf))
    return {"feature": feature, "threshold": math.inf if threshold > 1e300 else threshold, "gap": int(gap)}
