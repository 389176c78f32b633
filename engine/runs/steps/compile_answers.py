"""What a fitted model answers, for compile_model.py: its scores, and how they become what is told. Stand-alone."""
# The syntax and names of Python 3.9:
# ruff: noqa: UP006, UP035

from __future__ import annotations

import inspect
import sys
from typing import Any, Dict, List

import numpy

common: Any = sys.modules["leverframe_compile_model"]
Refused = common.Refused
steps: Any = common.beside("compile_columns")
trees: Any = common.beside("compile_trees")
first: Any = common.beside("first_steps")

_LINEAR = (
    "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "BayesianRidge",
    "ARDRegression", "HuberRegressor", "SGDRegressor", "LinearSVR", "Lars", "LassoLars", "TheilSenRegressor",
    "QuantileRegressor", "PoissonRegressor", "GammaRegressor", "TweedieRegressor",
)  # fmt: skip
_LINEAR_CLASSES = (
    "LogisticRegression", "LogisticRegressionCV", "SGDClassifier", "RidgeClassifier", "RidgeClassifierCV", "LinearSVC",
    "Perceptron", "PassiveAggressiveClassifier",
)  # fmt: skip


def compiled(program: Any, estimator: Any, columns: List[Any]) -> Dict[str, Any]:
    """What stands in model.json of the model itself. Raises Refused."""
    name = type(estimator).__name__
    own = type(estimator).__module__.partition(".")[0]
    if own not in ("sklearn", "xgboost", "lightgbm"):
        raise Refused(f"a {name} of {own} is none of those that tables can stand for")
    if name in first.SEARCHES:
        return compiled(program, estimator.best_estimator_, columns)
    if name == "Pipeline":
        for _, step in estimator.steps[:-1]:
            columns = steps.through(program, step, columns)
        return compiled(program, estimator.steps[-1][1], columns)
    if name == "TransformedTargetRegressor":
        said = compiled(program, estimator.regressor_, columns)
        if said["trees"] and said["trees"]["narrow"]:
            raise Refused("it turns back a target of 32 bits, and tables do it with 64")
        return {**said, "after": said["after"] + _inverse(estimator.transformer_, len(said["after"]))}
    if name in _LINEAR:
        return _linear(program, estimator, columns)
    if name in _LINEAR_CLASSES:
        return _linear_classes(program, estimator, columns)
    return dict(trees.compiled(program, estimator, columns))


def told(estimator: Any, chances: str, decision: str) -> Dict[str, Any]:
    """How a classifier's scores are told: its labels, and the names of the columns."""
    found = estimator.classes_
    if isinstance(found, list) or getattr(found, "ndim", 1) != 1:
        raise Refused("it predicts several targets at once")
    kind = str(found.dtype)
    labels = [each.item() if hasattr(each, "item") else each for each in found]
    if all(isinstance(each, str) for each in labels):
        kind = "text"
    elif kind not in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"):
        raise Refused(f"its classes are of the type {kind}; text, whole numbers and truth values can be told")
    if chances in ("score", "none"):
        outputs = ["prediction", *([f"score_{found[1]}"] if chances == "score" else [])]
    else:
        outputs = ["prediction", *(f"p_{label}" for label in found)]
    return {"labels": labels, "label_type": kind, "outputs": outputs, "chances": chances, "decision": decision,
            "after": []}  # fmt: skip


def number(after: Any = ()) -> Dict[str, Any]:
    """How a regression's score is told: it is the prediction."""
    return {"labels": [], "label_type": None, "outputs": ["prediction"], "chances": "none", "decision": "number",
            "after": list(after)}  # fmt: skip


def applied(function: str, of: int = 0) -> Dict[str, Any]:
    """An operation on a prediction."""
    return {"do": "apply", "of": of, "function": function, "by": []}


def link(loss: Any) -> List[Any]:
    """What a loss of scikit-learn's makes of a score. Raises Refused."""
    name = type(loss.link).__name__
    if name == "IdentityLink":
        return []
    if name == "LogLink":
        return [applied("exp")]
    if name == "LogitLink":
        return [applied("expit")]
    raise Refused(f"its loss has a {name}")


def checked(program: Any, column: Any, gaps: bool, limit: Any) -> int:
    """The slot of an input of a model, where that stops at a gap, or at a number of more than ``limit`` (None: at
    none)."""
    if gaps and limit is None:
        return int(program.slot(column))
    refuses = [] if gaps else ["gap"]
    held = program.apply(column, "check", [float("inf") if limit is None else limit], refuses=refuses)
    return int(program.slot(held))


def takes(estimator: Any, value: float) -> bool:
    """Whether it predicts a row that holds ``value`` everywhere."""
    try:
        estimator.predict(numpy.full((1, estimator.n_features_in_), value))
    except ValueError:
        return False
    return True


def chances_of(scores: Any, found: Any) -> str:
    """Which way probabilities were made of scores, by what they are. Raises Refused."""
    scores, found = numpy.asarray(scores, dtype=float), numpy.asarray(found)
    one = 1 / (1 + numpy.exp(-scores))
    ways = {}
    if scores.ndim == 1:
        both = numpy.stack([-scores, scores], axis=1)
        ways = {"sigmoid": numpy.stack([1 - one, one], axis=1), "pair": _softmax(both)}
    else:
        ways = {"softmax": _softmax(scores), "one_each": one / one.sum(axis=1, keepdims=True)}
    for way, made in ways.items():
        if made.shape == found.shape and numpy.allclose(made, found, rtol=1e-12, atol=1e-300):
            return way
    raise Refused("its probabilities are made of its scores in a way that is not known")


def _softmax(scores: Any) -> Any:
    made = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return made / made.sum(axis=1, keepdims=True)


def _inverse(transformer: Any, first: int) -> List[Any]:
    """What a transformed target's predictions are turned back with."""
    name = type(transformer).__name__
    if name == "FunctionTransformer":
        if transformer.inverse_func is None:
            return []
        function = steps.function_name(transformer.inverse_func)
        if function is None or transformer.inv_kw_args:
            raise Refused("it turns its target back with a function of the project's; NumPy's own alone can be told")
        return [applied(function, first)]
    if name == "StandardScaler":
        how = [("multiply", transformer.scale_ if transformer.with_std else None),
               ("add", transformer.mean_ if transformer.with_mean else None)]  # fmt: skip
    elif name == "MinMaxScaler":
        how = [("subtract", transformer.min_), ("divide", transformer.scale_)]
    elif name == "RobustScaler":
        how = [("multiply", transformer.scale_ if transformer.with_scaling else None),
               ("add", transformer.center_ if transformer.with_centering else None)]  # fmt: skip
    else:
        raise Refused(f"it turns its target back with a {name}")
    made: List[Any] = []
    for do, by in how:
        if by is not None:
            made.append({"do": do, "of": first + len(made), "by": [float(by[0])]})
    return made


def _weights(program: Any, estimator: Any, columns: List[Any]) -> Dict[str, Any]:
    weights = numpy.atleast_2d(numpy.asarray(estimator.coef_.toarray() if hasattr(estimator.coef_, "toarray")
                                             else estimator.coef_, dtype=float))  # fmt: skip
    if weights.shape[1] != len(columns):
        raise Refused("its weights are not one for each column")
    narrow = [column.name for column in columns if column.kind == "narrow"]
    if narrow:
        raise Refused(f"the column {narrow[0]!r} of 32-bit numbers is computed with, and tables do it with 64")
    start = numpy.broadcast_to(numpy.asarray(estimator.intercept_, dtype=float).ravel(), len(weights))
    if not (numpy.isfinite(weights).all() and numpy.isfinite(start).all()):
        raise Refused("its weights are not all numbers")
    return {
        "inputs": [checked(program, column, False, steps.LARGEST) for column in columns],
        "targets": len(weights),
        "start": program.number_span(start),
        "divide": 1,
        "linear": {"weights": program.number_span(weights.ravel())},
        "trees": None,
    }


def _linear(program: Any, estimator: Any, columns: List[Any]) -> Dict[str, Any]:
    if numpy.ndim(estimator.coef_) != 1 and len(estimator.coef_) != 1:
        raise Refused("it predicts several targets at once")
    loss = getattr(estimator, "_base_loss", None)
    return {**_weights(program, estimator, columns), **number(link(loss) if loss is not None else ())}


def _linear_classes(program: Any, estimator: Any, columns: List[Any]) -> Dict[str, Any]:
    said = _weights(program, estimator, columns)
    drawn = numpy.random.RandomState(0).normal(size=(64, len(columns)))
    scores = estimator.decision_function(drawn)
    if hasattr(estimator, "predict_proba"):
        chances = chances_of(scores, estimator.predict_proba(drawn))
    else:
        chances = "score" if scores.ndim == 1 else "none"
    return {**said, **told(estimator, chances, "positive" if scores.ndim == 1 else "largest_score")}


def decided_by(estimator: Any, binary: bool) -> str:
    """How a boosted classifier's label comes about: that changed from one scikit-learn to the next."""
    source = inspect.getsource(type(estimator).predict)
    if "argmax(self.predict_proba" in source.replace("np.", "").replace(" ", ""):
        return "largest_chance"
    if not binary:
        return "largest_score"
    if ">= 0)" in source:
        return "not_negative"
    if "> 0)" in source:
        return "positive"
    return "largest_chance"
