"""Compiled tables, read and not believed: what is computed with them can neither crash, nor loop, nor fill memory.

Whoever wrote them ran the project's code. Each place that points somewhere is looked at here, once, so that nothing has
to look again with every row.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, get_args

from engine.errors import Damage
from engine.json_records import read
from engine.scoring.compiled.between import wrong_between
from engine.scoring.compiled.records import (
    FORM,
    MODEL,
    NUMBERS,
    PLACES,
    Chances,
    Compiled,
    Decision,
    Doing,
    Function,
    Kind,
    LabelType,
    Operation,
    Span,
)
from engine.storage.atomic import read_file

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# Of a file, in bytes; of columns, operations, targets, codes.
MOST_TEXT, MOST_BYTES = 1 << 25, 1 << 30
MOST_FEATURES, MOST_OPERATIONS, MOST_TARGETS, MOST_CODES, MOST_TREES = 10_000, 100_000, 1_000, 1 << 16, 1_000_000
_EXACT = 1 << 53

_BY = {"fill": 1, "add": 1, "subtract": 1, "multiply": 1, "divide": 1, "clip": 2, "check": 1}
_AFTER = ("add", "subtract", "multiply", "divide", "clip", "apply")
_WIDTH = {"int8": 7, "int16": 15, "int32": 31, "int64": 63, "uint8": 8, "uint16": 16, "uint32": 32}


@dataclass(frozen=True)
class Tables:
    """A compiled model that was looked at. ``numbers`` and ``places``: the two files, which its spans point into."""

    model: Compiled
    numbers: npt.NDArray[np.float64]
    places: npt.NDArray[np.int32]

    def floats(self, span: Span) -> npt.NDArray[np.float64]:
        return self.numbers[span.at : span.at + span.count]

    def whole(self, span: Span) -> npt.NDArray[np.int32]:
        return self.places[span.at : span.at + span.count]


def wrong(what: str) -> NoReturn:
    raise Damage(f"The compiled model cannot be used: {what}; retrain, and it is compiled anew.")


def read_tables(folder: Path) -> Tables:
    """What ``folder`` holds. Raises Damage where anything in it is not as ``records`` says."""
    import numpy as np

    try:
        said = json.loads(read_file(folder / MODEL, MOST_TEXT), parse_constant=_no_number)
        numbers, places = (read_file(folder / name, MOST_BYTES) for name in (NUMBERS, PLACES))
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        wrong(f"{_line(error)}")
    model = read(Compiled, said, "The compiled model")
    if len(numbers) % 8 or len(places) % 4:
        wrong("a file of numbers ends in the middle of one")
    # A copy in the order of this machine's bytes, so that nothing has to turn them later.
    floats, whole = np.frombuffer(numbers, dtype="<f8"), np.frombuffer(places, dtype="<i4")
    tables = Tables(model, floats.astype(np.float64), whole.astype(np.int32))
    _check_columns(tables)
    odd = wrong_between(model)
    if odd is not None:
        wrong(odd)
    for place, operation in enumerate(model.operations):
        _check_operation(tables, place, operation)
    _check_answer(tables)
    if (model.linear is None) == (model.trees is None):
        wrong("it is neither linear nor made of trees")
    if model.linear is not None:
        if model.linear.weights.count != model.targets * len(model.inputs):
            wrong("its weights are not one for each input")
        finite(tables, model.linear.weights, "a weight")
    if model.trees is not None:
        from engine.scoring.compiled.tree_reading import check_trees

        check_trees(tables, model.trees)
    return tables


def finite(tables: Tables, span: Span, what: str) -> None:
    """Raise Damage unless the span is one, and all its numbers are."""
    import numpy as np

    inside(span, len(tables.numbers))
    if not np.isfinite(tables.floats(span)).all():
        wrong(f"{what} is no number")


def inside(span: Span, count: int) -> None:
    """Raise Damage unless the span lies in a file of ``count``."""
    if span.at < 0 or span.count < 0 or span.at + span.count > count:
        wrong("it points to numbers that are not there")


def _no_number(said: str) -> NoReturn:
    raise ValueError(f"it holds {said}, which is no JSON")


def _line(error: BaseException) -> str:
    from engine.text import plain

    return plain(str(error), 200) or type(error).__name__


def _one_of(value: Any, words: Any, what: str) -> None:
    if value not in get_args(words):
        wrong(f"a {what} is none that is known")


def _writable(value: Any) -> None:
    """Raise Damage for half of a character, which JSON can hold and nothing else."""
    try:
        str(value).encode()
    except UnicodeEncodeError:
        wrong("a text in it is none")


def _distinct(values: Iterable[Any], what: str) -> None:
    values = list(values)
    if len({(type(each), each) for each in values}) != len(values):
        wrong(f"{what} stand there twice")


def _check_columns(tables: Tables) -> None:
    model = tables.model
    if model.form != FORM:
        wrong("it has another form than this Leverframe reads")
    if not 0 < len(model.features) <= MOST_FEATURES or len(model.operations) > MOST_OPERATIONS:
        wrong("it has no columns, or too many")
    for feature in model.features:
        _one_of(feature.kind, Kind, "kind of column")
    _distinct((feature.name for feature in model.features), "two columns of one name")
    before = (*model.behind.steps, model.behind.why) if model.behind is not None else ()
    for text in (model.model, model.made_with, *(feature.name for feature in model.features), *model.labels, *before):
        _writable(text)
    for vocabulary in model.vocabularies:
        if not 0 <= vocabulary.feature < len(model.features) or model.features[vocabulary.feature].kind != "text":
            wrong("it knows values of a column that is no text")
        _distinct(vocabulary.values, "values of a column")
        for value in vocabulary.values:
            _writable(value)


def _check_operation(tables: Tables, place: int, operation: Operation) -> None:
    model, do = tables.model, operation.do
    _one_of(do, Doing, "kind of operation")
    most = {"number": len(model.features), "look_up": len(model.vocabularies)}.get(do, place)
    if not 0 <= operation.of < most:
        wrong("an operation asks for what is not there before it")
    if do == "number" and model.features[operation.of].kind not in ("number", "narrow"):
        wrong("it computes with a column that holds no numbers")
    _check_by(operation)
    if any(each not in ("gap", "unseen") for each in operation.refuses):
        wrong("an operation refuses what is not known")
    if operation.refuses and do not in ("look_up", "match", "check"):
        wrong("an operation refuses what it does not look at")
    if (do in ("look_up", "match")) != (operation.numbers is not None) or (do == "match") != (
        operation.values is not None
    ):
        wrong("an operation has numbers that it does not need, or lacks those that it needs")
    if operation.codes and operation.numbers is None:
        wrong("an operation without a table gives codes")
    if operation.numbers is not None:
        _check_table(tables, operation, operation.numbers)


def _check_by(operation: Operation) -> None:
    by: tuple[float | None, ...] = operation.by  # JSON has null where there is no limit.
    do = operation.do
    if len(by) != _BY.get(do, 0):
        wrong("an operation has another count of numbers than it needs")
    if do == "check" and by[0] is None:
        by = ()
    if not all(_is_number(each) for each in by):
        wrong("an operation computes with what is no number")
    if do == "divide" and by[0] == 0:
        wrong("an operation divides by nothing")
    if (do == "apply") != (operation.function is not None):
        wrong("an operation has a function too many or none")
    if operation.function is not None:
        _one_of(operation.function, Function, "function")


def _is_number(value: float | None) -> bool:
    # JSON has whole numbers too, of any size, and null.
    return value is not None and (math.isfinite(value) if isinstance(value, float) else abs(value) <= _EXACT)


def _check_table(tables: Tables, operation: Operation, span: Span) -> None:
    import numpy as np

    inside(span, len(tables.numbers))
    if operation.values is None:
        known = len(tables.model.vocabularies[operation.of].values)
    else:
        finite(tables, operation.values, "a value")
        known = operation.values.count
        if known > 1 and not (np.diff(tables.floats(operation.values)) > 0).all():
            wrong("values do not grow")
    numbers = tables.floats(span)
    if len(numbers) != known + 2:
        wrong("a table has another count of numbers than of values")
    if not 0 <= operation.codes <= MOST_CODES:
        wrong("a table gives too many codes")
    if operation.codes:
        given = numbers[~np.isnan(numbers)]
        if not ((given >= 0) & (given < operation.codes) & (given == np.floor(given))).all():
            wrong("a table gives codes that are none")


def _check_answer(tables: Tables) -> None:
    model = tables.model
    if not model.inputs or not all(0 <= each < len(model.operations) for each in model.inputs):
        wrong("it asks for numbers that nothing makes")
    if not (0 < model.targets <= MOST_TARGETS and 0 < model.divide <= MOST_TREES) or model.start.count != model.targets:
        wrong("its scores have no count, or none that can be")
    finite(tables, model.start, "what it starts from")
    _one_of(model.chances, Chances, "kind of probability")
    _one_of(model.decision, Decision, "kind of decision")
    for place, operation in enumerate(model.after):
        if operation.do not in _AFTER or operation.of != place or operation.numbers or operation.codes:
            wrong("what is done with its score cannot be done")
        _check_by(operation)
    if model.trees is not None and model.trees.narrow:
        _check_narrow(model)
    if model.outputs != _outputs(model):
        wrong("its answers have other columns than its labels say")


def _outputs(model: Compiled) -> tuple[str, ...]:
    """The columns of its answers. Raises Damage where labels, scores and decision do not fit."""
    labels, targets = model.labels, model.targets
    if model.decision == "number":
        if labels or model.label_type is not None or targets != 1 or model.chances != "none":
            wrong("it gives numbers, and has labels")
        return ("prediction",)
    _check_labels(model)
    if model.after:
        wrong("something is done with the score of a label")
    one = model.chances in ("sigmoid", "pair", "score") or (model.chances == "none" and targets == 1)
    if (targets, len(labels)) != (1, 2) if one else targets != len(labels):
        wrong("its scores are not as many as its labels need")
    if model.decision in ("positive", "not_negative") and targets != 1:
        wrong("it decides by one score, and has several")
    if model.decision == "largest_score" and targets == 1 and len(labels) != 1:
        wrong("it decides by the largest score, and has one")
    if model.chances in ("none", "score"):
        if model.decision == "largest_chance":
            wrong("it decides by probabilities, and has none")
        return ("prediction", *([f"score_{labels[1]}"] if model.chances == "score" else []))
    return ("prediction", *(f"p_{label}" for label in labels))


def _check_narrow(model: Compiled) -> None:
    """Sums of 32 bits are told in the few ways in which XGBoost tells them."""
    after = [operation.function for operation in model.after]
    if model.chances not in ("sigmoid", "softmax", "none") or (model.labels and model.chances == "none"):
        wrong("its sums of 32 bits are told in a way that is not known")
    if after not in ([], ["exp"], ["expit"]):
        wrong("its sums of 32 bits are told in a way that is not known")


def _check_labels(model: Compiled) -> None:
    labels, kind = model.labels, model.label_type
    _one_of(kind, LabelType, "type of label")
    if not labels:
        wrong("it has no labels")
    wanted: type = str if kind == "text" else bool if kind == "bool" else int
    if not all(type(label) is wanted for label in labels):
        wrong("its labels are of another type than it says")
    _distinct(labels, "two labels of one name")
    if kind in _WIDTH:
        least = 0 if str(kind).startswith("u") else -(1 << _WIDTH[str(kind)])
        if not all(isinstance(label, int) and least <= label < 1 << _WIDTH[str(kind)] for label in labels):
            wrong("its labels do not fit into their type")
