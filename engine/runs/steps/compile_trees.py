"""Trees and ensembles of them as arrays, for compile_model.py. Stand-alone, as that is.

scikit-learn's own trees see 32 bits of a number. A table compares 64: with each threshold goes the largest number that,
rounded to 32 bits, is still at most the threshold.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: UP006, UP035

from __future__ import annotations

import sys
from typing import Any, Dict, List

import numpy

common: Any = sys.modules["leverframe_compile_model"]
Refused = common.Refused

_FORESTS = ("RandomForest", "ExtraTrees")
_SINGLE = ("DecisionTree", "ExtraTree")


class Nodes:
    """The nodes of all trees, tree by tree."""

    def __init__(self) -> None:
        self.parts: Dict[str, List[Any]] = {}
        self.roots: List[int] = []
        self.targets: List[int] = []
        self.nodes = self.leaves = 0
        self._sets: Dict[bytes, int] = {}
        self._flags: List[int] = []

    def add(self, tree: Dict[str, Any], target: int = 0) -> None:
        """A tree: ``leaf`` (truth values), ``feature``, ``left``, ``right``, ``threshold``, ``gap``, ``place`` for each
        node, and ``values``, rows for the leaves alone."""
        leaf, count = tree["leaf"], len(tree["leaf"])
        inner = numpy.flatnonzero(~leaf)
        if (tree["left"][inner] <= inner).any() or (tree["right"][inner] <= inner).any():
            raise Refused("a tree has a node before its parent")
        left, right = tree["left"] + self.nodes, tree["right"] + self.nodes
        left = numpy.where(leaf, numpy.cumsum(leaf) - 1 + self.leaves, left)
        said = {
            "feature": numpy.where(leaf, -1, tree["feature"]), "left": left, "right": numpy.where(leaf, -1, right),
            "threshold": numpy.where(leaf, 0.0, tree["threshold"]),
            "gap": numpy.where(leaf, 0, tree["gap"]), "place": numpy.where(leaf, -1, tree["place"]),
            "values": numpy.asarray(tree["values"], dtype=float).reshape(-1),
        }  # fmt: skip
        if not numpy.isfinite(said["values"]).all() or numpy.isnan(said["threshold"]).any():
            raise Refused("a tree holds what is no number")
        for name, values in said.items():
            self.parts.setdefault(name, []).append(values)
        self.roots.append(self.nodes)
        self.targets.append(target)
        self.nodes, self.leaves = self.nodes + count, self.leaves + int(leaf.sum())

    def flags(self, left: List[bool]) -> int:
        """The place of a set: whether each code, and then a gap, goes left."""
        key = bytes(left)
        if key not in self._sets:
            self._sets[key] = len(self._flags)
            self._flags += [int(each) for each in left]
        return self._sets[key]

    def said(self, program: Any, shared: bool, narrow: bool = False) -> Dict[str, Any]:
        """As model.json has them. ``shared``: each leaf has a number for every target."""
        whole = {name: numpy.concatenate(values) for name, values in self.parts.items()}
        floats = ("threshold", "values")
        return {
            **{name: program.number_span(whole[name]) for name in floats},
            **{name: program.place_span(values) for name, values in whole.items() if name not in floats},
            "roots": program.place_span(self.roots),
            "targets": None if shared else program.place_span(self.targets),
            "sets": program.place_span(self._flags),
            "narrow": narrow,
        }


def compiled(program: Any, estimator: Any, columns: List[Any]) -> Dict[str, Any]:
    """What stands in model.json of a tree or an ensemble. Raises Refused."""
    name = type(estimator).__name__
    kind = name.replace("Classifier", "").replace("Regressor", "")
    if type(estimator).__module__.startswith("sklearn."):
        if kind in _FORESTS or kind in _SINGLE:
            return _forest(program, estimator, columns, kind in _FORESTS)
        if kind == "GradientBoosting":
            return _boosted(program, estimator, columns)
        if kind == "HistGradientBoosting":
            return _hist(program, estimator, columns)
    elif type(estimator).__module__.partition(".")[0] in ("xgboost", "lightgbm"):
        return dict(common.beside("compile_boosters").compiled(program, estimator, columns))
    raise Refused(f"a {name} is none of those that tables can stand for")


def below_after_rounding(thresholds: Any) -> Any:
    """For each threshold the largest number that, rounded to 32 bits, is at most that."""
    thresholds = numpy.asarray(thresholds, dtype=numpy.float64)
    with numpy.errstate(over="ignore"):
        low = thresholds.astype(numpy.float32)
        low = numpy.where(low.astype(numpy.float64) > thresholds, numpy.nextafter(low, numpy.float32(-numpy.inf)), low)
        above = numpy.nextafter(low, numpy.float32(numpy.inf))
        middle = low.astype(numpy.float64) / 2 + above.astype(numpy.float64) / 2
        # Half way goes to the even one of the two.
        stays = middle.astype(numpy.float32) <= low
        found = numpy.where(stays, middle, numpy.nextafter(middle, -numpy.inf))
    return numpy.where(numpy.isfinite(above), found, numpy.where(low == -numpy.inf, -numpy.inf, numpy.inf))


# The largest number that 32 bits hold when it is rounded to them.
LARGEST_NARROW = float(numpy.nextafter(numpy.float64(2.0**128 - 2.0**103), 0))


def _answers() -> Any:
    return common.beside("compile_answers")


def _inputs(program: Any, estimator: Any, columns: List[Any], narrow: bool) -> List[int]:
    """The slots of the inputs, held to what the model itself takes."""
    if estimator.n_features_in_ != len(columns):
        raise Refused("it was fitted with another number of columns")
    answers = _answers()
    gaps = answers.takes(estimator, float("nan"))
    limit = LARGEST_NARROW if narrow else None if answers.takes(estimator, float("inf")) else sys.float_info.max
    return [answers.checked(program, column, gaps, limit) for column in columns]


def _plain(tree: Any, values: Any) -> Dict[str, Any]:
    """A tree of scikit-learn's own, with ``values`` for all its nodes."""
    leaf = tree.children_left == tree.children_right
    return {
        "leaf": leaf, "feature": tree.feature, "left": tree.children_left, "right": tree.children_right,
        "threshold": below_after_rounding(tree.threshold),
        "gap": numpy.asarray(getattr(tree, "missing_go_to_left", numpy.zeros(len(leaf))), dtype=int),
        "place": numpy.full(len(leaf), -1), "values": values[leaf],
    }  # fmt: skip


def _forest(program: Any, estimator: Any, columns: List[Any], several: bool) -> Dict[str, Any]:
    if estimator.n_outputs_ != 1:
        raise Refused("it predicts several targets at once")
    classes = hasattr(estimator, "classes_")
    nodes = Nodes()
    members = estimator.estimators_ if several else [estimator]
    for member in members:
        values = member.tree_.value[:, 0, :]
        if classes:
            total = values.sum(axis=1, keepdims=True)
            # Before scikit-learn 1.3 leaves had counts.
            values = values if numpy.allclose(total, 1.0, rtol=1e-9) else values / numpy.where(total == 0, 1.0, total)
        nodes.add(_plain(member.tree_, values))
    targets = len(estimator.classes_) if classes else 1
    answers = _answers()
    return {
        "inputs": _inputs(program, estimator, columns, narrow=True),
        "targets": targets,
        "start": program.number_span([0.0] * targets),
        "divide": len(members) if several else 1,
        "linear": None,
        "trees": nodes.said(program, shared=True),
        **(answers.told(estimator, "shares", "largest_chance") if classes else answers.number()),
    }


def _boosted(program: Any, estimator: Any, columns: List[Any]) -> Dict[str, Any]:
    first = estimator.init_
    if not (isinstance(first, str) or type(first).__name__ in ("DummyClassifier", "DummyRegressor")):
        raise Refused(f"its boosting begins with a {type(first).__name__}")
    start = estimator._raw_predict_init(numpy.zeros((1, estimator.n_features_in_), dtype=numpy.float32)).ravel()
    nodes = Nodes()
    for stage in estimator.estimators_:
        for target, member in enumerate(stage):
            nodes.add(_plain(member.tree_, estimator.learning_rate * member.tree_.value[:, 0, 0]), target)
    answers = _answers()
    said: Dict[str, Any] = answers.number()
    if hasattr(estimator, "classes_"):
        drawn = numpy.random.RandomState(0).normal(size=(64, estimator.n_features_in_))
        scores = estimator.decision_function(drawn)
        said = answers.told(
            estimator, answers.chances_of(scores, estimator.predict_proba(drawn)),
            answers.decided_by(estimator, scores.ndim == 1),
        )  # fmt: skip
    return {
        "inputs": _inputs(program, estimator, columns, narrow=True),
        "targets": len(start),
        "start": program.number_span(start),
        "divide": 1,
        "linear": None,
        "trees": nodes.said(program, shared=False),
        **said,
    }


def _hist(program: Any, estimator: Any, columns: List[Any]) -> Dict[str, Any]:
    before = getattr(estimator, "_preprocessor", None)
    if before is not None:
        columns = common.beside("compile_columns").through(program, before, columns)
    elif getattr(estimator, "is_categorical_", None) is not None:
        raise Refused("it keeps its categories as scikit-learn before 1.4 did")
    infinite = before is not None or _answers().takes(estimator, float("inf"))
    limit = None if infinite else sys.float_info.max
    inputs = [_answers().checked(program, column, True, limit) for column in columns]
    codes = [program.codes(slot) for slot in inputs]
    nodes = Nodes()
    for iteration in estimator._predictors:
        for target, predictor in enumerate(iteration):
            nodes.add(_hist_tree(nodes, predictor, codes), target)
    start = numpy.asarray(estimator._baseline_prediction, dtype=float).ravel()
    answers = _answers()
    loss = estimator._loss
    if hasattr(estimator, "classes_"):
        drawn = numpy.random.RandomState(0).normal(size=(64, len(start)))
        found = loss.predict_proba(numpy.asfortranarray(drawn))
        said = answers.told(
            estimator, answers.chances_of(drawn[:, 0] if len(start) == 1 else drawn, found),
            answers.decided_by(estimator, len(start) == 1),
        )  # fmt: skip
    else:
        said = answers.number(answers.link(loss))
    return {
        "inputs": inputs,
        "targets": len(start),
        "start": program.number_span(start),
        "divide": 1,
        "linear": None,
        "trees": nodes.said(program, shared=False),
        **said,
    }


def _hist_tree(nodes: Nodes, predictor: Any, codes: List[int]) -> Dict[str, Any]:
    found = predictor.nodes
    leaf = found["is_leaf"].astype(bool)
    place = numpy.full(len(found), -1)
    for number in numpy.flatnonzero(found["is_categorical"].astype(bool) & ~leaf):
        node = found[number]
        bits = predictor.raw_left_cat_bitsets[int(node["bitset_idx"])]
        known = codes[int(node["feature_idx"])]
        if not known:
            raise Refused("it splits by categories that no encoder gives")
        left = [bool(int(bits[code // 32]) >> (code % 32) & 1) if code < 256 else False for code in range(known)]
        place[number] = nodes.flags([*left, bool(node["missing_go_to_left"])])
    return {
        "leaf": leaf, "feature": found["feature_idx"].astype(int), "left": found["left"].astype(int),
        "right": found["right"].astype(int), "threshold": found["num_threshold"],
        "gap": found["missing_go_to_left"].astype(int), "place": place, "values": found["value"][leaf],
    }  # fmt: skip
