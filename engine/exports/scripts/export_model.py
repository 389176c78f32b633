"""What converters and row scorers have in common: the request, the model, and how they end.

Stand-alone, as all of this folder is: run by the export environment's interpreter in a copy of the version's code.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: UP006, UP035

from __future__ import annotations

import faulthandler
import json
import os
import pickle
import sys
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, Iterator

REFUSED = 3
INPUT = Path(os.environ.get("LEVERFRAME_INPUT", "."))
OUTPUT = Path(os.environ.get("LEVERFRAME_OUTPUT", "."))


class Refused(Exception):
    """It cannot be done; the message is the end of a sentence that says why."""


def request() -> Dict[str, Any]:
    """What the engine asks for."""
    asked: Dict[str, Any] = json.loads((INPUT / "request.json").read_text("utf-8"))
    return asked


def answer(said: Dict[str, Any]) -> None:
    """What the engine is told."""
    (OUTPUT / "answer.json").write_text(json.dumps(said, sort_keys=True), "utf-8")


def model() -> Any:
    """The version's estimator. Raises Refused."""
    folder = INPUT / "model"
    if (folder / "model.pickle").is_file():
        with (folder / "model.pickle").open("rb") as file:
            return pickle.load(file)
    if (folder / "model.joblib").is_file():
        import joblib

        return joblib.load(folder / "model.joblib")
    path = folder / "model.skops"
    if path.is_file():
        import skops.io

        return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    raise Refused("it holds no model.pickle, model.joblib or model.skops, which is what converters read")


def described(estimator: Any) -> str:
    """``Pipeline(ColumnTransformer, LogisticRegression)``."""
    steps = getattr(estimator, "steps", None)
    name = type(estimator).__name__
    return name if not steps else f"{name}({', '.join(type(step).__name__ for _, step in steps)})"


def parts(estimator: Any, seen: Any = None) -> Iterator[Any]:
    """The estimator and every one inside it that was fitted, each once."""
    seen = set() if seen is None else seen
    if id(estimator) in seen:
        return
    seen.add(id(estimator))
    yield estimator
    for value in list(vars(estimator).values()) if hasattr(estimator, "__dict__") else ():
        yield from _inside(value, seen)


def _inside(value: Any, seen: Any) -> Iterator[Any]:
    if hasattr(value, "get_params") and not isinstance(value, type):
        yield from parts(value, seen)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _inside(each, seen)
    elif isinstance(value, (list, tuple)) or (type(value).__name__ == "ndarray" and value.dtype == object):
        for each in list(value.ravel() if hasattr(value, "ravel") else value):
            yield from _inside(each, seen)


def trees(estimator: Any) -> Any:
    """How many trees it holds, and how many nodes they have together."""
    count = nodes = 0
    for part in parts(estimator):
        tree: Any = getattr(part, "tree_", None)
        if hasattr(tree, "node_count"):
            count, nodes = count + 1, nodes + int(tree.node_count)
        for stage in getattr(part, "_predictors", None) or ():
            for each in stage:
                count, nodes = count + 1, nodes + len(each.nodes)
    return count, nodes


def classes(estimator: Any) -> Any:
    """The classes of a classifier as JSON has them; None for a regression. Raises Refused for others than text, whole
    numbers and truth values."""
    found = getattr(estimator, "classes_", None)
    if found is None:
        return None
    plain = [each.item() if hasattr(each, "item") else each for each in list(found)]
    if not all(isinstance(each, (str, int)) for each in plain):
        raise Refused(f"its classes are of the type {type(plain[0]).__name__}; text and whole numbers can be told")
    return plain


def line(error: BaseException) -> str:
    """The first line of what an error says."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__


def main(work: Callable[[], None]) -> int:
    """Do ``work`` and turn what went wrong into an exit code and a last line on standard error."""
    faulthandler.enable()
    sys.path.insert(0, os.getcwd())
    try:
        work()
    except Refused as refusal:
        sys.stdout.flush()
        print(refusal, file=sys.stderr)
        return REFUSED
    except Exception as error:  # noqa: BLE001 - whatever the model or a converter raises
        sys.stdout.flush()
        traceback.print_exception(type(error), error, error.__traceback__)
        return 1
    return 0
