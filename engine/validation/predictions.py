"""From two files, the holdout and what a version predicted for it, to what the metrics count.

A predictions file that cannot be matched with the holdout (missing, unreadable, another number of rows, no column that
a metric needs, a class that the target does not have) raises StepFailed. One that can, but holds values that are no
predictions, comes back with its problems in words: the gate "predictions are valid" fails on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from engine.errors import Invalid, StepFailed
from engine.text import plain
from engine.validation.classes import numeric, order, placed, places
from engine.validation.columns import Codes, Floats, codes, floats, is_number, listed, missing, shown, unwrapped
from engine.validation.metrics import Predicted, Truth
from engine.validation.rules import Rules
from engine.validation.schema import type_word
from engine.vocabulary.metrics import CLASSIFICATION, REGRESSION, TASKS, Task, needs, of_task

CANDIDATE = "the candidate"
MOST_CLASSES = 200
_SUM_TOLERANCE = 1e-3
_RANGE_TOLERANCE = 1e-9
_NO, _YES = ("0", "False"), ("1", "True")
_SCORE = "score"


@dataclass(frozen=True)
class Predictions:
    """What one version said about the holdout, and what is wrong with it."""

    predicted: Predicted
    problems: tuple[str, ...]


def read_table(path: str, what: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A parquet file. Raises StepFailed when it is not there or not readable."""
    if not Path(path).is_file():
        raise StepFailed(f"There is no {what} file ({plain(Path(path).name)}); run the step that writes it again.")
    try:
        return pyarrow.parquet.read_table(path, columns=None if columns is None else list(columns), memory_map=False)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise StepFailed(f"The {what} file cannot be read: {plain(str(error), 160)}.") from None


def column_of(table: pa.Table, name: str, what: str) -> pa.ChunkedArray:
    """The one column called ``name``. Raises Invalid when it is not there or there twice."""
    found = [index for index, held in enumerate(table.column_names) if held == name]
    if len(found) == 1:
        return table.column(found[0])
    trouble = f"has {len(found)} columns called" if found else "has no column"
    raise Invalid(f"The {what} data {trouble} '{shown(name)}'; look at the columns that extract returns.")


def truth_of(holdout: pa.ChunkedArray, train: pa.ChunkedArray, rules: Rules) -> Truth:
    """What happened in the holdout; the classes are those of both parts."""
    wanted = list(rules.metrics)
    task = _task(rules.task, wanted, holdout, train)
    allowed = of_task(task)
    strange = [name for name in wanted if name not in allowed]
    if strange:
        raise Invalid(
            f"{listed(strange)} cannot be measured for a {task} target; choose from {', '.join(allowed)} "
            "in [validation] metrics."
        )
    gaps = int(missing(holdout).sum())
    if gaps:
        raise Invalid(f"{gaps:,} holdout rows have no target; they must be left out before anything is judged by them.")
    if task == "regression":
        _check_numbers(train if len(train) else holdout)
        actual = floats(holdout)
        if not np.isfinite(actual).all():
            raise Invalid(f"The target holds {int((~np.isfinite(actual)).sum()):,} values that are no finite number.")
        return Truth(task, actual)
    here, names = placed(holdout, train)
    known = list(dict.fromkeys([*names, *codes(train)[1]]))
    numbers = numeric(train if len(train) else holdout)
    if len(known) > MOST_CLASSES:
        raise Invalid(
            f"The target has {len(known):,} different values, more than the {MOST_CLASSES} classes that can be judged; "
            'is it a number to predict? Then say task = "regression" in [validation].'
        )
    binary = task == "binary"
    classes = _binary_classes(known, rules.positive, numbers) if binary else tuple(sorted(known, key=order))
    position = {name: number for number, name in enumerate(classes)}
    return Truth(task, np.array([position[name] for name in names], dtype=np.int64)[here], classes, numbers)


def _check_numbers(target: pa.ChunkedArray) -> None:
    """Raise Invalid where the target of a regression is of a type that is no number, whatever it would count as."""
    kind = unwrapped(target).type
    if is_number(kind) or pa.types.is_null(kind):
        return
    way = ".dt.total_seconds() of it" if pa.types.is_duration(kind) else "numbers"
    raise Invalid(
        f"The target holds {type_word(kind)}, and a regression predicts numbers; let extract return {way}, or measure "
        f"by a metric of classes: {', '.join(CLASSIFICATION[:3])}, ..."
    )


def _task(said: object, wanted: list[str], holdout: pa.ChunkedArray, train: pa.ChunkedArray) -> Task:
    if said is not None:
        if said not in TASKS:
            raise Invalid(f"'{shown(said)}' is no task; it is binary, multiclass or regression.")
        return cast(Task, said)
    if wanted and wanted[0] in REGRESSION:
        return "regression"
    known = {*placed(holdout, train)[1], *codes(train)[1]}
    if wanted and wanted[0] in CLASSIFICATION:
        return "binary" if len(known) <= 2 else "multiclass"
    raise Invalid(f"'{shown(wanted[0]) if wanted else ''}' is no metric; look at [validation] metrics.")


def _binary_classes(known: list[str], positive: str | None, numbers: bool) -> tuple[str, ...]:
    """The negative class, then the positive one: the manifest's, or the larger of the two."""
    if len(known) > 2:
        raise Invalid(f"The target is said to be binary and has {len(known):,} values: {listed(sorted(known))}.")
    pair = sorted(known, key=order)
    if positive is not None:
        (place,) = places([positive], pair, numbers)
        chosen = pair[place] if place >= 0 else positive
        rest = [name for name in pair if name != chosen]
        if len(rest) > 1:
            raise Invalid(f"positive is '{shown(positive)}' in [validation], and the target has only {listed(pair)}.")
        return (rest[0] if rest else f"not {chosen}", chosen)
    if len(pair) == 2:
        return pair[0], pair[1]
    only = pair[0] if pair else "1"
    for no, yes in zip(_NO, _YES, strict=True):
        if only in (no, yes):
            return no, yes
    return f"not {only}", only


def readable(
    table: pa.Table, holdout: pa.Table, train: pa.Table, rules: Rules, rows: pa.Array
) -> tuple[Predictions, Truth]:
    """What a candidate predicted for ``rows`` of the holdout, read as the judge reads it for all of them.

    Raises Invalid or StepFailed for whatever the judge would refuse for its form.
    """
    target = rules.target
    truth = truth_of(column_of(holdout, target, "holdout"), column_of(train, target, "training"), rules)
    truth = truth.take(rows.to_numpy())
    return understand(table, truth, rules.metrics, CANDIDATE), truth


def understand(table: pa.Table, truth: Truth, wanted: Sequence[str], who: str) -> Predictions:
    """What ``who`` predicted. Raises StepFailed when the file does not fit the holdout."""
    names = table.column_names
    if len(set(names)) != len(names):
        raise StepFailed(f"The predictions of {who} have a column twice: {listed(names)}.")
    if "prediction" not in names:
        others = listed(names) or "none at all"
        raise StepFailed(f"The predictions of {who} have no column 'prediction', only {others}.")
    if table.num_rows != len(truth):
        raise StepFailed(
            f"The predictions of {who} have {table.num_rows:,} rows for {len(truth):,} rows of the holdout; "
            "there must be one for each, in the same order."
        )
    if truth.task == "regression":
        return _numbers(table.column("prediction"), who)
    decided, problems = _decided(table.column("prediction"), truth)
    chances = _chances(table, truth, who)
    score = None if chances is not None else score_of(names, truth, who)
    ranking: Floats | None = None
    if chances is not None:
        problems += _chance_problems(chances)
        usable = bool(np.isfinite(chances).all())
        if usable and truth.task == "binary":
            ranking = chances[:, 1].copy()
        chances = chances if usable else None
    elif score is not None:
        ranking = floats(table.column(score[0]))
        if not np.isfinite(ranking).all():
            problems.append(f"{int((~np.isfinite(ranking)).sum()):,} scores are missing or infinite")
            ranking = None
        elif score[0] == _SCORE and ((ranking >= 0) & (ranking <= 1)).all():
            chances = np.stack([1 - ranking, ranking], axis=1)
        elif score[1] == 0:
            ranking = -ranking
    _check_needs(names, truth, wanted, who, ranked=score is not None, probable=chances is not None or bool(problems))
    return Predictions(Predicted(decided, chances, ranking), tuple(problems))


def _numbers(column: pa.ChunkedArray, who: str) -> Predictions:
    if not is_number(unwrapped(column).type):
        raise StepFailed(f"The predictions of {who} are {plain(str(column.type), 60)}; a regression predicts numbers.")
    said = floats(column)
    wrong = int((~np.isfinite(said)).sum())
    problems = (f"{wrong:,} predictions are missing or infinite",) if wrong else ()
    return Predictions(Predicted(said), problems)


def _decided(column: pa.ChunkedArray, truth: Truth) -> tuple[Codes, list[str]]:
    said, names = codes(column)
    into = places(names, truth.classes, truth.numbers)
    decided = np.array([*into, -1], dtype=np.int64)[said]
    problems = []
    gaps = int((said < 0).sum())
    if gaps:
        problems.append(f"{gaps:,} predictions are missing")
    if int((decided < 0).sum()) > gaps:
        strange = [name for name, number in zip(names, into, strict=True) if number < 0]
        problems.append(
            f"{int((decided < 0).sum()) - gaps:,} predictions are no class of the target ({listed(strange, 3)})"
        )
    return decided, problems


def _chances(table: pa.Table, truth: Truth, who: str) -> Floats | None:
    """A column per class, 0 for a class the model does not know; None without p_ columns."""
    found: dict[int, str] = {}
    for name in table.column_names:
        if not name.startswith("p_"):
            continue
        (number,) = places([name.removeprefix("p_")], truth.classes, truth.numbers)
        if number < 0:
            raise StepFailed(
                f"The predictions of {who} have a column '{shown(name)}', and the target has no class "
                f"'{shown(name[2:])}', only {listed(truth.classes)}; let the model learn the target's own values, or "
                "name a score of your own in [train]."
            )
        if number in found:
            twice = f"{shown(found[number])} and {shown(name)}"
            raise StepFailed(f"The predictions of {who} name one class twice: {twice}.")
        found[number] = name
    if not found:
        return None
    chances = np.zeros((len(truth), len(truth.classes)))
    for number, name in found.items():
        chances[:, number] = floats(table.column(name))
    if truth.task == "binary" and len(found) == 1:
        only = next(iter(found))
        chances[:, 1 - only] = 1 - chances[:, only]
    return chances


def score_of(names: Sequence[str], truth: Truth, who: str) -> tuple[str, int] | None:
    """The column of scores, and the class that it speaks for (1 is the positive one); None where there is none.

    ``score_<class>`` says so by its name, ``score`` speaks for the positive class.
    """
    if truth.task != "binary":
        return None
    found = {1: _SCORE} if _SCORE in names else {}
    for name in names:
        (number,) = places([name.removeprefix(f"{_SCORE}_")], truth.classes, truth.numbers)
        if number < 0 or not name.startswith(f"{_SCORE}_"):
            continue
        if number in found:
            raise StepFailed(
                f"The predictions of {who} have two scores for the class '{shown(truth.classes[number])}': "
                f"{shown(found[number])} and {shown(name)}."
            )
        found[number] = name
    return (found[max(found)], max(found)) if found else None


def _chance_problems(chances: np.ndarray[Any, np.dtype[np.float64]]) -> list[str]:
    finite = np.isfinite(chances).all(axis=1)
    beyond = ((chances < -_RANGE_TOLERANCE) | (chances > 1 + _RANGE_TOLERANCE)).any(axis=1) & finite
    sums = np.abs(np.where(finite[:, None], chances, 0.0).sum(axis=1) - 1) > _SUM_TOLERANCE
    counts = (
        (int((~finite).sum()), "rows have a missing or infinite probability"),
        (int(beyond.sum()), "rows have a probability outside of 0 to 1"),
        (int((sums & finite & ~beyond).sum()), "rows have probabilities that do not add up to 1"),
    )
    return [f"{count:,} {words}" for count, words in counts if count]


def _check_needs(
    names: Sequence[str], truth: Truth, wanted: Sequence[str], who: str, *, ranked: bool, probable: bool
) -> None:
    has_p = any(name.startswith("p_") for name in names)
    for name in wanted:
        need = needs(name, truth.task)
        if need is None or has_p or (ranked and (need == "p or score" or probable)):
            continue
        columns = "p_<class> for each class" + (" or a column score_<class>" if need == "p or score" else "")
        raise StepFailed(
            f"{name} needs {columns}, and the predictions of {who} have only {listed(names)}; "
            "let score write them, or measure something else."
        )
