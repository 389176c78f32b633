"""Trees and ensembles of them as ONNX, to the last bit of their thresholds, in place of skl2onnx's own converters.

skl2onnx 1.20 fails for histogram gradient boosting, rounds thresholds of forests to 32 bits (the rows in between go the
other way), leaves out which way a gap goes, and never ends where a split is by gaps alone. Here each threshold stays a
64-bit number, as ONNX Runtime compares it; a split by categories is a chain of comparisons, which it takes for a set.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: B905, UP006, UP035

from __future__ import annotations

from typing import Any, Dict, List

_KINDS = {
    "forest": ("DecisionTree", "ExtraTree", "RandomForest", "ExtraTrees"),
    "boosted": ("GradientBoosting",),
    "hist": ("HistGradientBoosting",),
}
# Of which version of ONNX's operators for trees they are made: 3 adds up in 32 bits and is known to callers' runtimes
# of some years, 5 adds up in 64.
_version = [3]
_MODES = {"BRANCH_LEQ": 0, "BRANCH_EQ": 4}


class Nodes:
    """The attributes of ONNX's TreeEnsembleRegressor, node by node. Leaves give a number to each target."""

    def __init__(self, targets: int) -> None:
        self.targets = targets
        self.tree = -1
        self._next = 0
        self._lists: Dict[str, List[Any]] = {}

    def begin(self) -> None:
        """Another tree."""
        self.tree, self._next = self.tree + 1, 0

    def place(self) -> int:
        """A number for the next node of this tree."""
        self._next += 1
        return self._next - 1

    def _add(self, **values: Any) -> None:
        for name, value in values.items():
            self._lists.setdefault(name, []).append(value)

    def _node(self, number: int, mode: str, feature: int, value: float, yes: int, no: int, gaps: bool) -> None:
        self._add(
            nodes_treeids=self.tree, nodes_nodeids=number, nodes_modes=mode, nodes_featureids=feature,
            nodes_values=value, nodes_truenodeids=yes, nodes_falsenodeids=no,
            nodes_missing_value_tracks_true=int(gaps),
        )  # fmt: skip

    def leaf(self, number: int, values: Dict[int, float]) -> None:
        self._node(number, "LEAF", 0, 0.0, 0, 0, False)
        for target, weight in values.items():
            self._add(target_treeids=self.tree, target_nodeids=number, target_ids=target, target_weights=weight)

    def below(self, number: int, feature: int, threshold: float, left: int, right: int, gaps_left: bool) -> None:
        """Left where the value is at most ``threshold``."""
        self._node(number, "BRANCH_LEQ", feature, threshold, left, right, gaps_left)

    def among(self, number: int, feature: int, values: List[float], inside: int, outside: int) -> None:
        """``inside`` where the value is one of ``values``; a gap is none of them."""
        for value in values[:-1]:
            following = self.place()
            self._node(number, "BRANCH_EQ", feature, value, inside, following, False)
            number = following
        self._node(number, "BRANCH_EQ", feature, values[-1], inside, outside, False)

    def attributes(self, base: List[float]) -> Dict[str, Any]:
        from onnx import TensorProto, helper

        found = dict(self._lists)
        for name in ("nodes_values", "target_weights"):
            numbers = [float(each) for each in found.pop(name)]
            found[f"{name}_as_tensor"] = helper.make_tensor(name, TensorProto.DOUBLE, [len(numbers)], numbers)
        start = [float(each) for each in base]
        found["base_values_as_tensor"] = helper.make_tensor("base_values", TensorProto.DOUBLE, [len(start)], start)
        return {**found, "n_targets": self.targets, "aggregate_function": "SUM", "post_transform": "NONE"}


    def apart(self) -> Dict[str, Any]:
        """The same as version 5 has it: nodes and leaves apart, and a leaf of one target, so a tree for each."""
        from onnx import TensorProto, helper

        rows: Dict[int, Dict[int, Any]] = {}
        names = ("modes", "featureids", "values", "truenodeids", "falsenodeids", "missing_value_tracks_true")
        for place, (tree, node) in enumerate(zip(self._lists["nodes_treeids"], self._lists["nodes_nodeids"])):
            rows.setdefault(tree, {})[node] = [self._lists[f"nodes_{name}"][place] for name in names]
        weights: Dict[Any, Dict[int, float]] = {}
        leaves = zip(*(self._lists[f"target_{name}"] for name in ("treeids", "ids", "nodeids", "weights")))
        for tree, target, node, weight in leaves:
            weights.setdefault((tree, target), {})[node] = weight
        said: Dict[str, List[Any]] = {}
        roots: List[int] = []
        for (tree, target), found in sorted(weights.items()):
            roots.append(len(said.get("nodes_modes", [])))
            self._tree(rows[tree], found, target, said)
        floats = {name: said.pop(name) for name in ("nodes_splits", "leaf_weights")}
        tensors = {
            name: helper.make_tensor(name, TensorProto.DOUBLE, [len(values)], values) for name, values in floats.items()
        }
        modes = said.pop("nodes_modes")
        tensors["nodes_modes"] = helper.make_tensor("nodes_modes", TensorProto.UINT8, [len(modes)], modes)
        return {**said, **tensors, "tree_roots": roots, "n_targets": self.targets, "aggregate_function": 1,
                "post_transform": 0}  # fmt: skip

    @staticmethod
    def _tree(rows: Dict[int, Any], weights: Dict[int, float], target: int, said: Dict[str, List[Any]]) -> None:
        def add(**values: Any) -> None:
            for name, value in values.items():
                said.setdefault(name, []).append(value)

        first, leaves = len(said.get("nodes_modes", [])), len(said.get("leaf_weights", []))
        inner = [node for node, row in rows.items() if row[0] != "LEAF"]
        ends = [node for node, row in rows.items() if row[0] == "LEAF"]
        places = {node: first + place for place, node in enumerate(inner)}
        places.update({node: leaves + place for place, node in enumerate(ends)})
        for node in ends:
            add(leaf_weights=weights.get(node, 0.0), leaf_targetids=target)
        for mode, feature, value, yes, no, gaps in [rows[node] for node in inner]:
            add(
                nodes_modes=_MODES[mode], nodes_featureids=feature, nodes_splits=value, nodes_truenodeids=places[yes],
                nodes_falsenodeids=places[no], nodes_trueleafs=int(rows[yes][0] == "LEAF"),
                nodes_falseleafs=int(rows[no][0] == "LEAF"), nodes_missing_value_tracks_true=gaps,
            )  # fmt: skip
        if not inner:  # A tree of one leaf: a node with it on both sides, for a tree begins with one.
            add(
                nodes_modes=0, nodes_featureids=0, nodes_splits=0.0, nodes_truenodeids=leaves,
                nodes_falsenodeids=leaves, nodes_trueleafs=1, nodes_falseleafs=1, nodes_missing_value_tracks_true=0,
            )  # fmt: skip


def _boosted(model: Any) -> Any:
    """The trees of a gradient boosting: one for each stage and class, each leaf by the rate of learning."""
    import numpy

    if not (isinstance(model.init_, str) or type(model.init_).__name__ in ("DummyClassifier", "DummyRegressor")):
        raise NotImplementedError(f"boosting that begins with a {type(model.init_).__name__}")
    stages = model.estimators_
    nodes = Nodes(stages.shape[1])
    for stage in stages:
        for target, member in enumerate(stage):
            tree = member.tree_
            nodes.begin()
            for number in range(tree.node_count):
                left, right = int(tree.children_left[number]), int(tree.children_right[number])
                if left == right:
                    nodes.leaf(number, {target: float(model.learning_rate * tree.value[number][0][0])})
                else:
                    nodes.below(number, int(tree.feature[number]), float(tree.threshold[number]), left, right, False)
    start = model._raw_predict_init(numpy.zeros((1, model.n_features_in_), dtype=numpy.float32))
    return nodes, [float(each) for each in start.ravel()]


def _forest(model: Any, classifier: bool) -> Any:
    """The trees of a forest, or the one tree: each leaf gives its share of the mean."""
    members = list(getattr(model, "estimators_", None) or [model])
    if model.n_outputs_ != 1:
        raise NotImplementedError("a model with several targets")
    nodes = Nodes(len(model.classes_) if classifier else 1)
    for member in members:
        tree = member.tree_
        gaps = getattr(tree, "missing_go_to_left", [0] * tree.node_count)
        nodes.begin()
        for number in range(tree.node_count):
            left, right = int(tree.children_left[number]), int(tree.children_right[number])
            if left == right:
                values = tree.value[number][0]
                total = float(values.sum()) if classifier else 1.0
                shares = {place: float(value) / total / len(members) for place, value in enumerate(values)}
                nodes.leaf(number, shares)
                continue
            threshold, gap = float(tree.threshold[number]), bool(gaps[number])
            nodes.below(number, int(tree.feature[number]), threshold, left, right, gap)
    return nodes, [0.0] * nodes.targets


def _hist(model: Any) -> Any:
    """The trees of a histogram gradient boosting: one for each iteration and class, added up."""
    columns, categories = _columns(model)
    nodes = Nodes(int(model.n_trees_per_iteration_))
    for iteration in model._predictors:
        for target, predictor in enumerate(iteration):
            nodes.begin()
            for _ in range(len(predictor.nodes)):
                nodes.place()
            for number, node in enumerate(predictor.nodes):
                _hist_node(nodes, number, node, target, predictor, columns, categories)
    base = model._baseline_prediction
    return nodes, [float(each) for each in (base.ravel() if hasattr(base, "ravel") else [base])]


def _hist_node(
    nodes: Nodes, number: int, node: Any, target: int, predictor: Any, columns: Any, categories: Any
) -> None:
    if node["is_leaf"]:
        nodes.leaf(number, {target: float(node["value"])})
        return
    feature, left, right = int(node["feature_idx"]), int(node["left"]), int(node["right"])
    gaps_left = bool(node["missing_go_to_left"])
    if not node["is_categorical"]:
        nodes.below(number, columns[feature], float(node["num_threshold"]), left, right, gaps_left)
        return
    bits, known = predictor.raw_left_cat_bitsets[int(node["bitset_idx"])], categories[feature]
    sides: Dict[bool, List[float]] = {True: [], False: []}
    for place, value in enumerate(known):
        sides[bool(bits[place // 32] >> (place % 32) & 1)].append(float(value))
    # A value that training had not goes where a gap goes: so the chain asks for the other side.
    asked, inside, outside = (sides[False], right, left) if gaps_left else (sides[True], left, right)
    if asked:
        nodes.among(number, columns[feature], asked, inside, outside)
    else:
        nodes.below(number, columns[feature], float("inf"), outside, outside, True)


def _columns(model: Any) -> Any:
    """Which column of the input each feature of the trees is, and the categories of those that are split by them."""
    import numpy

    before = getattr(model, "_preprocessor", None)
    if before is None:
        if getattr(model, "is_categorical_", None) is not None:
            raise NotImplementedError("categories as this scikit-learn keeps them")
        return list(range(model.n_features_in_)), {}
    marked = numpy.asarray(model.is_categorical_, dtype=bool)
    columns = [*numpy.flatnonzero(marked), *numpy.flatnonzero(~marked)]
    encoder = before.named_transformers_["encoder"]
    known = {}
    for place, values in enumerate(encoder.categories_):
        if any(isinstance(each, str) for each in values):
            raise NotImplementedError("categories that are text inside the trees; encode them in a step before")
        known[place] = [float(each) for each in values if each == each]
    return [int(each) for each in columns], known


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """A converter as skl2onnx calls it: the trees, then for a classifier probabilities and label."""
    from onnx import TensorProto
    from skl2onnx.common.data_types import guess_proto_type

    model, name = operator.raw_operator, scope.get_unique_variable_name
    classifier = hasattr(model, "classes_")
    hist, boosted = hasattr(model, "_predictors"), hasattr(model, "_raw_predict_init")
    nodes, base = _hist(model) if hist else _boosted(model) if boosted else _forest(model, classifier)

    def node(kind: str, inputs: List[str], output: str = "", called: str = "", **said: Any) -> str:
        output = output or name(kind.lower())
        container.add_node(kind, inputs, output, name=scope.get_unique_operator_name(called or kind), **said)
        return output

    given = operator.inputs[0].full_name
    if not hist:  # scikit-learn's own trees see 32 bits of each value, whatever they are given.
        given = node("Cast", [given], called="narrow", to=TensorProto.FLOAT, op_version=13)
    wide = node("Cast", [given], to=TensorProto.DOUBLE, op_version=13)
    if _version[0] == 3:
        raw = node("TreeEnsembleRegressor", [wide], op_domain="ai.onnx.ml", op_version=3, **nodes.attributes(base))
    else:
        # Told as 3, the newest that skl2onnx takes; see ``onnx_numbers.widened``.
        raw = node("TreeEnsemble", [wide], op_domain="ai.onnx.ml", op_version=3, **nodes.apart())
        start = name("start")
        container.add_initializer(start, TensorProto.DOUBLE, [1, len(base)], base)
        raw = node("Add", [raw, start], op_version=14)
    outputs = operator.outputs
    if not classifier:
        if getattr(getattr(model, "_loss", None), "link", None).__class__.__name__ == "LogLink":
            raw = node("Exp", [raw], op_version=13)
        node("Cast", [raw], outputs[0].full_name, to=guess_proto_type(outputs[0].type), op_version=13)
        return
    if type(getattr(model, "_loss", None)).__name__ == "ExponentialLoss":
        raw = node("Add", [raw, raw], op_version=14)
    chances = _chances(node, container, name, raw, nodes.targets) if hist or boosted else raw
    node("Cast", [chances], outputs[1].full_name, to=guess_proto_type(outputs[1].type), op_version=13)
    best = node("ArgMax", [chances], axis=1, keepdims=0, op_version=13)
    labels, kind = name("classes"), TensorProto.STRING
    values = [str(each).encode() if isinstance(each, str) else int(each) for each in model.classes_]
    if not isinstance(model.classes_[0], str):
        kind = TensorProto.INT64
    container.add_initializer(labels, kind, [len(values)], values)
    node("Gather", [labels, best], outputs[0].full_name, axis=0, op_version=13)


def _chances(node: Any, container: Any, name: Any, raw: str, targets: int) -> str:
    """Probabilities from what the trees add up to: one number of two classes, else one of each."""
    if targets > 1:
        return str(node("Softmax", [raw], axis=1, op_version=13))
    from onnx import TensorProto

    second, one = node("Sigmoid", [raw], op_version=13), name("one")
    container.add_initializer(one, TensorProto.FLOAT if _version[0] == 3 else TensorProto.DOUBLE, [1], [1.0])
    first = node("Sub", [one, second], op_version=14)
    return str(node("Concat", [first, second], axis=1, op_version=13))


def register(version: int = 3) -> None:
    """Have skl2onnx use these converters from now on; ``version``: of the operators for trees."""
    import sklearn.ensemble
    import sklearn.tree
    from skl2onnx import update_registered_converter
    from skl2onnx.common._registration import get_shape_calculator

    _version[0] = version
    for kinds in _KINDS.values():
        for kind in kinds:
            for role in ("Classifier", "Regressor"):
                found = getattr(sklearn.ensemble, kind + role, None) or getattr(sklearn.tree, kind + role, None)
                if found is None:
                    continue
                alias = f"Sklearn{kind}{role}"
                either = [True, False]
                options = {"zipmap": [*either, "columns"], "output_class_labels": either, "nocl": either}
                update_registered_converter(
                    found, alias, get_shape_calculator(alias), _convert, overwrite=True,
                    options=options if role == "Classifier" else None,
                )  # fmt: skip
