"""Tables for the steps of a pipeline behind the project's own first ones, for compile_model.py. Stand-alone as that is.

Nobody can say what a step of the project's own does, so it stays where it is, in a process of the project's. Here the
pipeline is cut at the earliest place behind such a step from which all the rest compiles. The rows that were given go
through the first steps, for the names and types of what stands between: ``first_steps`` holds each batch to them.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: B905, UP006, UP035

from __future__ import annotations

import sys
from typing import Any, Dict, List, Tuple

common: Any = sys.modules["leverframe_compile_model"]
Refused = common.Refused
steps: Any = common.beside("compile_columns")
first: Any = common.beside("first_steps")


def compiled(estimator: Any, frame: Any, by_name: bool, refusal: Exception) -> Tuple[Any, Dict[str, Any]]:
    """The program of the steps behind, and what stands in model.json. Raises ``refusal`` where the pipeline has no
    steps of the project's own, and Refused, which says that and why the rest is not compiled, where that is not."""
    import pandas

    pipeline = first.pipeline_of(estimator)
    if pipeline is None or not any(_is_own(step) for _, step in pipeline.steps[:-1]):
        raise refusal
    names = getattr(estimator, "feature_names_in_", None)
    made = frame[[str(each) for each in names]] if by_name and names is not None else frame
    why = "no rows were there to see what they make of them"
    for cut in range(1, len(pipeline.steps)):
        if not len(frame):
            break
        head = [step for _, step in pipeline.steps[:cut]]
        try:
            made = first.through(head[-1:], made)
        except Exception as error:  # noqa: BLE001 - whatever a step of the project's raises
            why = f"its first steps stop at rows that were to show it ({type(error).__name__})"
            break
        try:
            between = first.described(made)
            rest = pandas.DataFrame(made, columns=[each["name"] for each in between["columns"]])
            return _behind(pipeline.steps[cut:], rest, between, head, estimator, str(refusal))
        except first.Otherwise as other:
            why = f"what its first steps make cannot be held by tables: {other}"
        except Refused as other:
            why = str(other)
    raise Refused(f"{refusal}; behind that, {why}")


def _behind(
    rest: List[Any], rows: Any, between: Dict[str, Any], head: List[Any], estimator: Any, why: str
) -> Tuple[Any, Dict[str, Any]]:
    from sklearn.pipeline import Pipeline

    given = common.columns(rows)
    for column, about in zip(given, between["columns"]):
        odd = first.held(about["type"], about["gap"], column.kind)
        column.kind = column.kind if odd is None else f"values that tables cannot be given (it {odd})"
        column.missing = None if about["gap"] == "None" else float("nan")
    program, said = common.document(Pipeline(rest), rows, False, given)
    said["model"] = common.described(estimator)
    said["behind"] = {"steps": [_named(step) for step in head], "why": why, **between}
    return program, said


def _is_own(step: Any) -> bool:
    """Whether it is a step of the project's own, or calls a function of it, or has one inside of it."""
    if step is None or isinstance(step, str):
        return False
    name = type(step).__name__
    if not type(step).__module__.startswith("sklearn."):
        return True
    if name == "FunctionTransformer":
        return bool(steps.own_function(step))
    inside = {
        "Pipeline": lambda: step.steps,
        "FeatureUnion": lambda: step.transformer_list,
        "ColumnTransformer": lambda: step.transformers_,
    }.get(name, list)()
    return any(_is_own(each[1]) for each in inside)


def _named(step: Any) -> str:
    """``Recent`` or ``FunctionTransformer(from_nothing)``."""
    if step is None or isinstance(step, str):
        return "passthrough"
    function = getattr(getattr(step, "func", None), "__name__", "")
    name = type(step).__name__
    return f"{name}({function})" if name == "FunctionTransformer" and function else name
