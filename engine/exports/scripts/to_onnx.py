"""Write a scikit-learn model as ONNX, once for each way to give it its numbers that ONNX Runtime can load.

skl2onnx keeps some estimators exact only in 64 bits and can write others only in 32, so each way is written and the
engine takes the first that agrees with the model on the holdout.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: B905, UP006, UP035

from __future__ import annotations

import sys

if __name__ == "__main__":
    # This folder would shadow a module of the project's.
    sys.path.pop(0)

import importlib.util
import warnings
from pathlib import Path
from typing import Any, Dict, List, Tuple


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"leverframe_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


common: Any = _beside("export_model")
Inputs = List[Tuple[str, str]]
# What callers' runtimes of some years read too: ONNX Runtime from 1.14 on.
OPSET, FORMAT = {"": 17, "ai.onnx.ml": 3}, 8
WIDE_FORMAT = 10  # what this workspace's own runtime reads


def ways(features: List[Tuple[str, str]]) -> Dict[str, Inputs]:
    """Each way with the types of its inputs, which are ``double``, ``float``, ``int64`` or ``string``."""
    made: Dict[str, Inputs] = {}
    for way, number, whole in (
        ("double", "double", "double"),
        ("double-whole", "double", "int64"),
        ("float", "float", "float"),
        ("float-whole", "float", "int64"),
    ):
        kinds = {"number": number, "whole": whole, "text": "string"}
        inputs = [(name, kinds[kind]) for name, kind in features]
        if inputs not in made.values():
            made[way] = inputs
    return made


def _convert(estimator: Any, inputs: Inputs, name: str, form: int = FORMAT, by: str = "predict_proba") -> bytes:
    """The model in ONNX, its outputs called ``prediction`` and ``probabilities``. Raises what skl2onnx raises."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType

    kinds = {"double": DoubleTensorType, "float": FloatTensorType, "int64": Int64TensorType, "string": StringTensorType}
    plain = hasattr(estimator, "classes_") and hasattr(estimator, by)
    inner, undo = _unwrapped(estimator)
    given = [(column, kinds[kind]([None, 1])) for column, kind in inputs]
    options = {"zipmap": False} if plain else None
    try:
        made = to_onnx(inner, initial_types=given, options=options, target_opset=OPSET)
    except Exception:  # skl2onnx puts columns together for a pipeline, and for a linear model that stands alone not
        if len(inputs) == 1 or hasattr(inner, "steps") or hasattr(inner, "transformers"):
            raise
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer

        together = make_pipeline(FunctionTransformer(), inner)
        made = to_onnx(together, initial_types=given, options=options, target_opset=OPSET)
    made.ir_version = min(made.ir_version, form)
    graph = made.graph
    _append(graph, undo)
    graph.name = name  # skl2onnx puts a random number there for some models.
    names = {each.name: new for each, new in zip(graph.output, ("prediction", "probabilities"))}
    for node in graph.node:
        for side in (node.input, node.output):
            side[:] = [names.get(each, each) for each in side]
    for output in graph.output:
        output.name = names.get(output.name, output.name)
    return bytes(made.SerializeToString())


def _unwrapped(estimator: Any) -> Tuple[Any, List[str]]:
    """What predicts a transformed target, and by which operators its predictions are brought back."""
    if type(estimator).__name__ != "TransformedTargetRegressor":
        return estimator, []
    import numpy

    known = {None: [], numpy.exp: ["Exp"], numpy.sqrt: ["Sqrt"], numpy.negative: ["Neg"]}
    if estimator.transformer is not None or estimator.inverse_func not in known:
        raise NotImplementedError("its target is brought back by another function than numpy's exp, sqrt or negative")
    return estimator.regressor_, known[estimator.inverse_func]


def _append(graph: Any, operators: List[str]) -> None:
    """Put ``operators`` behind the first output of the graph, which keeps its name."""
    from onnx import helper

    name = graph.output[0].name
    for number, kind in enumerate(operators):
        before = f"{name}_before_{number}"
        for node in graph.node:
            node.output[:] = [before if each == name else each for each in node.output]
        graph.node.append(helper.make_node(kind, [before], [name], name=f"{kind}_{number}"))


def convert() -> None:
    """Write ``<way>.onnx`` for each way that can be converted and loaded. Raises Refused when there is none."""
    warnings.simplefilter("ignore")
    asked, estimator = common.request(), common.model()
    wide = asked.get("bits") == 64
    _beside("onnx_trees").register(5 if wide else 3)
    if wide:
        _beside("onnx_numbers").register()
        refuse_slower(estimator)
    for part in common.parts(estimator):
        if hasattr(part, "flatten_transform"):  # of no use but to transform, and skl2onnx stops at it
            part.flatten_transform = False
    found, failed = {}, []
    for way, inputs in ways(asked["features"]).items():
        if wide and not way.startswith("double"):
            continue
        try:
            content = _loads(_wide, estimator, inputs, asked) if wide else _loads(_narrow, estimator, inputs, asked)
        except Exception as error:  # noqa: BLE001 - whatever a converter raises for what it does not know
            failed.append(common.line(error))
            continue
        (common.OUTPUT / f"{way}.onnx").write_bytes(content)
        found[way] = inputs
    if not found:
        import skl2onnx

        by = f"skl2onnx {skl2onnx.__version__}"
        bits = " in 64 bits" if wide else ""
        raise common.Refused(f"{by} cannot write a {common.described(estimator)}{bits}: {failed[0]}")
    count, nodes = common.trees(estimator)
    common.answer({"ways": found, "classes": common.classes(estimator), "model": common.described(estimator),
                   "trees": count, "nodes": nodes, "failed": failed})  # fmt: skip


def _loads(write: Any, estimator: Any, inputs: Inputs, asked: Any) -> bytes:
    """What ``write`` writes, where ONNX Runtime loads it."""
    import onnxruntime

    content: bytes = write(estimator, inputs, asked["project"])
    onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return content


def _narrow(estimator: Any, inputs: Inputs, name: str) -> bytes:
    return _convert(estimator, inputs, name)


def _wide(estimator: Any, inputs: Inputs, name: str) -> bytes:
    by = "predict_proba" if hasattr(estimator, "predict_proba") else "decision_function"
    content: bytes = _beside("onnx_numbers").widened(_convert(estimator, inputs, name, WIDE_FORMAT, by))
    return content


def refuse_slower(estimator: Any) -> None:
    """Raises Refused for what ONNX has no operator but a long way around."""
    for part in common.parts(estimator):
        kind = type(part).__name__
        if type(part).__module__.startswith("sklearn.neighbors."):
            raise common.Refused(f"a {kind} asks in ONNX for the distance to every row it learnt, which takes longer")


if __name__ == "__main__":
    sys.exit(common.main(convert))
