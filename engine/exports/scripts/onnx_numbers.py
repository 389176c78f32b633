"""Estimators and steps as ONNX in 64 bits, where skl2onnx writes them with operators that know 32 only.

An imputer, a linear classifier and a support vector machine have operators of their own in ONNX, which ONNX Runtime
computes in 32 bits, or not at all. Here they are written with the plain operators, which it computes in both.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: UP006, UP035

from __future__ import annotations

from typing import Any, List

# Casts to 32 bits that are meant, by the beginning of their names: scikit-learn's own trees see no more.
NARROW = "narrow"


class Written:
    """The operators of one converter, as skl2onnx has them written."""

    def __init__(self, scope: Any, operator: Any, container: Any) -> None:
        from onnx import TensorProto

        self._scope, self._container, self.operator = scope, container, operator
        self.kinds = TensorProto
        names = [each.full_name for each in operator.inputs]
        given = names[0] if len(names) == 1 else self.node("Concat", names, 13, axis=1)
        self.input = self.node("Cast", [given], 13, to=TensorProto.DOUBLE)

    def node(self, kind: str, inputs: List[str], version: int, output: str = "", **said: Any) -> str:
        """The name of what comes out of it."""
        output = output or self._scope.get_unique_variable_name(kind.lower())
        name = self._scope.get_unique_operator_name(kind)
        self._container.add_node(kind, inputs, output, name=name, op_version=version, **said)
        return output

    def constant(self, values: Any, kind: Any = None) -> str:
        import numpy

        values = numpy.asarray(values)
        name = self._scope.get_unique_variable_name("constant")
        kind = self.kinds.DOUBLE if kind is None else kind
        self._container.add_initializer(name, kind, list(values.shape), values.ravel().tolist())
        return str(name)

    def affine(self, given: str, weights: Any, start: Any) -> str:
        """``given @ weights + start``."""
        product = self.node("MatMul", [given, self.constant(weights)], 13)
        return self.node("Add", [product, self.constant(start)], 14)

    def put(self, place: int, made: str) -> None:
        """``made`` is the output at ``place``, of the type that skl2onnx told others."""
        from skl2onnx.common.data_types import guess_proto_type

        output = self.operator.outputs[place]
        self.node("Cast", [made], 13, output.full_name, to=guess_proto_type(output.type))

    def classes(self, scores: str, model: Any) -> None:
        """The label with the largest of ``scores`` is the first output."""
        best = self.node("ArgMax", [scores], 13, axis=1, keepdims=0)
        texts = isinstance(model.classes_[0], str)
        values = [str(each).encode() if texts else int(each) for each in model.classes_]
        name = self._scope.get_unique_variable_name("classes")
        kind = self.kinds.STRING if texts else self.kinds.INT64
        self._container.add_initializer(name, kind, [len(values)], values)
        self.node("Gather", [name, best], 13, self.operator.outputs[0].full_name, axis=0)

    def pair(self, second: str) -> str:
        """Chances of two classes, by that of the second."""
        return self.node("Concat", [self.node("Sub", [self.constant([1.0]), second], 14), second], 13, axis=1)


def imputer(scope: Any, operator: Any, container: Any) -> None:
    """Numbers in place of gaps."""
    import numpy

    model = operator.raw_operator
    there = numpy.asarray(model.statistics_, dtype=object)
    missing = model.missing_values
    numbers = all(isinstance(each, (int, float)) and each == each for each in there)
    if model.add_indicator or not numbers or missing == missing:
        raise NotImplementedError("an imputer of others than NaN among numbers, or one that adds columns")
    made = Written(scope, operator, container)
    instead = made.constant(numpy.asarray(there, dtype=float).reshape(1, -1))
    made.put(0, made.node("Where", [made.node("IsNaN", [made.input], 13), instead, made.input], 9))


def linear(scope: Any, operator: Any, container: Any) -> None:
    """A linear classifier with the chances that logits give."""
    import numpy

    model = operator.raw_operator
    made = Written(scope, operator, container)
    raw = made.affine(made.input, numpy.asarray(model.coef_).T, numpy.reshape(model.intercept_, (1, -1)))
    if len(model.classes_) == 2:
        chances = made.pair(made.node("Sigmoid", [raw], 13))
    else:
        chances = made.node("Softmax", [raw], 13, axis=1)
    made.classes(chances, model)
    made.put(1, chances)


def _kernel(made: Written, model: Any) -> str:
    """What each row is to each support vector."""
    vectors = model.support_vectors_
    if type(vectors).__name__ != "ndarray" or callable(model.kernel):
        raise NotImplementedError("a support vector machine of sparse rows, or of a kernel of its own")
    product = made.node("MatMul", [made.input, made.constant(vectors.T)], 13)
    if model.kernel == "linear":
        return product
    gamma = made.constant([float(model._gamma)])
    if model.kernel == "rbf":
        # |a - b|² as |a|² + |b|² - 2ab: one product of matrices in place of every difference.
        square = made.node("Mul", [made.input, made.input], 14)
        ours = made.node("ReduceSum", [square, made.constant([1], made.kinds.INT64)], 13, keepdims=1)
        theirs = made.constant((vectors**2).sum(axis=1).reshape(1, -1))
        twice = made.node("Add", [product, product], 14)
        apart = made.node("Sub", [made.node("Add", [ours, theirs], 14), twice], 14)
        return made.node("Exp", [made.node("Neg", [made.node("Mul", [apart, gamma], 14)], 13)], 13)
    inside = made.node("Mul", [product, gamma], 14)
    inside = made.node("Add", [inside, made.constant([float(model.coef0)])], 14)
    if model.kernel == "sigmoid":
        return made.node("Tanh", [inside], 13)
    if model.kernel == "poly":
        return made.node("Pow", [inside, made.constant([float(model.degree)])], 13)
    raise NotImplementedError(f"a support vector machine with the kernel {model.kernel}")


def support_vectors(scope: Any, operator: Any, container: Any) -> None:
    """A support vector machine: of two classes, with its score, or for numbers."""
    import numpy

    model = operator.raw_operator
    classes = getattr(model, "classes_", None)
    if classes is not None and len(classes) != 2:
        raise NotImplementedError("a support vector machine of more than two classes")
    if classes is not None and len(model.probA_):
        # libsvm goes there by steps and stops when it is near: 0.004 off what they come to.
        raise NotImplementedError("a support vector machine with probabilities, which libsvm only comes near to")
    made = Written(scope, operator, container)
    raw = made.affine(_kernel(made, model), model.dual_coef_.T, numpy.reshape(model.intercept_, (1, 1)))
    if classes is None:
        made.put(0, raw)
        return
    made.classes(made.node("Concat", [made.node("Neg", [raw], 13), raw], 13, axis=1), model)
    made.put(1, raw)


def register() -> None:
    """Have skl2onnx use these converters from now on, for models whose numbers have 64 bits."""
    from skl2onnx import update_registered_converter
    from skl2onnx._supported_operators import sklearn_operator_name_map as aliases
    from skl2onnx.common._registration import get_shape_calculator
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
    from sklearn.svm import SVC, SVR, NuSVC, NuSVR

    either = [True, False]
    options = {"zipmap": [*either, "columns"], "nocl": either, "output_class_labels": either, "raw_scores": either}
    for kind in (LogisticRegression, LogisticRegressionCV, LinearDiscriminantAnalysis):
        _register(update_registered_converter, get_shape_calculator, kind, aliases[kind], linear, options)
    for kind in (SVC, NuSVC):
        _register(update_registered_converter, get_shape_calculator, kind, aliases[kind], support_vectors, options)
    for kind, convert in ((SVR, support_vectors), (NuSVR, support_vectors), (SimpleImputer, imputer)):
        _register(update_registered_converter, get_shape_calculator, kind, aliases[kind], convert, None)


def _register(update: Any, shapes: Any, kind: Any, alias: str, convert: Any, options: Any) -> None:
    update(kind, alias, shapes(alias), convert, overwrite=True, options=options)


def widened(content: bytes) -> bytes:
    """The same model with all of its numbers in 64 bits: skl2onnx leaves constants such as 1 in 32 beside them."""
    import numpy
    import onnx
    from onnx import TensorProto, numpy_helper

    model = onnx.load_from_string(content)
    graph = model.graph

    def wide(tensor: Any) -> None:
        if tensor.data_type == TensorProto.FLOAT:
            values = numpy_helper.to_array(tensor).astype(numpy.float64)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))

    for tensor in graph.initializer:
        wide(tensor)
    for node in graph.node:
        for said in node.attribute:
            if node.op_type == "Cast" and said.name == "to" and said.i == TensorProto.FLOAT:
                said.i = TensorProto.FLOAT if node.name.startswith(NARROW) else TensorProto.DOUBLE
            if said.type == onnx.AttributeProto.TENSOR:
                wide(said.t)
    for output in graph.output:
        if output.type.tensor_type.elem_type == TensorProto.FLOAT:
            output.type.tensor_type.elem_type = TensorProto.DOUBLE
    del graph.value_info[:]
    for domain in model.opset_import:
        if domain.domain == "ai.onnx.ml" and any(node.op_type == "TreeEnsemble" for node in graph.node):
            domain.version = 5  # which skl2onnx 1.20 does not know
    return bytes(model.SerializeToString())
