"""Rows with what the live version said about each, and with what happened where that is known by now.

A label that comes late is simply there the next time: nothing is joined within a window, nothing is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import Invalid, StepFailed
from engine.monitoring.quality.columns import retyped
from engine.validation.classes import placed
from engine.validation.columns import Codes, Floats, Mask, codes, floats, listed, missing, shown
from engine.validation.metrics import Predicted, Truth
from engine.validation.predictions import score_of, truth_of, understand
from engine.validation.rules import Rules


@dataclass(frozen=True)
class Scored:
    """One entry per row of the table, in its order.

    ``truth.actual`` means something only where ``labelled``, ``predicted`` only where ``usable``. ``problems`` says
    what was left out, in words.
    """

    truth: Truth
    predicted: Predicted
    labelled: Mask
    usable: Mask
    problems: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labelled)

    @property
    def known(self) -> Mask:
        """Rows that performance can be measured on."""
        return self.labelled & self.usable

    def take(self, rows: Mask | Codes) -> tuple[Truth, Predicted]:
        return self.truth.take(rows), self.predicted.take(rows)


def scored(
    target: pa.ChunkedArray | None,
    reference_target: pa.ChunkedArray,
    predictions: pa.Table,
    rules: Rules,
    *,
    name: str = "target",
    who: str = "the live version",
) -> Scored:
    """Labels and predictions of the same rows. ``target`` None: no label is known.

    Raises Invalid when the labels are not those that the version learnt, StepFailed when the predictions do not fit.
    """
    rows = predictions.num_rows
    target = pa.chunked_array([pa.nulls(rows, reference_target.type)]) if target is None else target
    if len(target) != rows:
        raise StepFailed(f"There are {rows:,} predictions of {who} for {len(target):,} rows; one for each is needed.")
    labelled = ~missing(target)
    problems: list[str] = []
    reference_target = reference_target.filter(pa.array(~missing(reference_target)))
    _same_kind(target, reference_target, rules, name)
    if rules.task == "regression" and (infinite := labelled & ~np.isfinite(floats(target))).any():
        problems.append(f"{int(infinite.sum()):,} labels are infinite")
        labelled &= ~infinite
    part = truth_of(target.filter(pa.array(labelled)), reference_target, rules)
    truth = Truth(part.task, _spread(part.actual, labelled, 0), part.classes, part.numbers)
    usable = _usable(predictions, truth, who)
    if gaps := int((~usable).sum()):
        problems.append(f"{gaps:,} rows have no prediction, or an infinite one")
    said = understand(predictions.filter(pa.array(usable)), truth.take(usable), rules.metrics, who)
    return Scored(truth, _spread_all(said.predicted, usable), labelled, usable, (*problems, *said.problems))


def predicted(rows: Scored) -> pa.ChunkedArray:
    """What was said about each row: the chance of the positive class, the class, or the number."""
    said, truth = rows.predicted, rows.truth
    if truth.task == "regression":
        return pa.chunked_array([pa.array(said.decided, mask=~rows.usable)])
    if truth.task == "binary" and said.ranking is not None:
        return pa.chunked_array([pa.array(said.ranking, mask=~rows.usable)])
    names = np.array([*truth.classes, ""], dtype=object)[np.asarray(said.decided, dtype=np.int64)]
    return pa.chunked_array([pa.array(names, pa.string(), mask=~rows.usable)])


def _same_kind(target: pa.ChunkedArray, before: pa.ChunkedArray, rules: Rules, name: str) -> None:
    """Raise Invalid when labels became another kind of value; the same labels in another type are the same."""
    change = retyped(before, target)
    if change is None or not change.broken:
        return
    known, now = codes(before)[1], placed(target, before)[1]
    strange = [value for value in now if value not in set(known)]
    if rules.task != "regression" and now and not strange:
        return
    held = f" ({listed(strange, 3)})" if strange else ""
    raise Invalid(
        f"The label column {shown(name)} was {change.was} in training and is {change.now} now{held}; "
        "live performance is measured again when extract returns what it did, or after a retrain."
    )


def _usable(predictions: pa.Table, truth: Truth, who: str) -> Mask:
    """Rows with a prediction and, where there are, finite chances or a finite score."""
    names = predictions.column_names
    score = None if any(name.startswith("p_") for name in names) else score_of(names, truth, who)
    usable = np.ones(predictions.num_rows, dtype=bool)
    for name, column in zip(names, predictions.columns, strict=True):
        if name == "prediction":
            usable &= ~missing(column)
            if pa.types.is_floating(column.type):
                usable &= np.asarray(pc.is_finite(column).fill_null(False).to_numpy(), dtype=bool)
        elif name.startswith("p_") or (score is not None and name == score[0]):
            usable &= np.isfinite(floats(column))
    return usable


def _spread(values: Floats | Codes, into: Mask, fill: float) -> Any:
    """``values`` at the rows of ``into``, ``fill`` elsewhere."""
    spread = np.full((len(into), *values.shape[1:]), fill, dtype=values.dtype)
    spread[into] = values
    return spread


def _spread_all(said: Predicted, usable: Mask) -> Predicted:
    if usable.all():
        return said
    fill = float("nan") if said.decided.dtype == np.float64 else -1
    parts: Sequence[Floats | None] = (said.chances, said.ranking)
    chances, ranking = (None if part is None else _spread(part, usable, float("nan")) for part in parts)
    return Predicted(_spread(said.decided, usable, fill), chances, ranking)
