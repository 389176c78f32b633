"""The rows behind a number, to look at: the most wrong first, sensitive columns never, each value safe to show."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pyarrow as pa

from engine.monitoring.look_parts import SliceRows
from engine.monitoring.performance.scored import Scored
from engine.validation.columns import Codes, Floats, shown, unwrapped
from engine.validation.metrics import Predicted, Truth

MOST = 50
_NO_LABEL = -1.0


def slice_rows(
    table: pa.Table, rows: Scored, positions: Codes, *, sensitive: Collection[str] = (), most: int = MOST
) -> SliceRows:
    """At most ``most`` of the rows at ``positions``; rows without a label come last, in the order of the data."""
    wrong = np.full(len(positions), _NO_LABEL)
    known = rows.known[positions]
    wrong[known] = wrongness(*rows.take(positions[known]))
    kept = np.argsort(-wrong, kind="stable")[:most]
    chosen, wrong = positions[kept], wrong[kept]
    names = [place for place, name in enumerate(table.column_names) if name not in sensitive]
    part = table.select(names).take(pa.array(chosen))
    truth, predicted = rows.take(chosen)
    cells: list[list[str | None]] = [
        [f"{position + 1}" for position in chosen],
        [_said(truth, truth.actual, i) if rows.labelled[position] else None for i, position in enumerate(chosen)],
        [_said(truth, predicted.decided, i) if rows.usable[position] else None for i, position in enumerate(chosen)],
        [None if error == _NO_LABEL else f"{error:.4g}" for error in wrong],
        *(_cells(column) for column in part.columns),
    ]
    columns = ("row", "actual", "predicted", "error", *(shown(table.column_names[place]) for place in names))
    return SliceRows(columns, tuple(zip(*cells, strict=True)), len(positions))


def wrongness(truth: Truth, predicted: Predicted) -> Floats:
    """How wrong each row is, from 0 on: the absolute error, or the chance not given to what happened (0 or 1
    where there are no chances)."""
    if truth.task == "regression":
        return np.abs(np.asarray(truth.actual - predicted.decided, dtype=np.float64))
    if predicted.chances is None:
        return np.asarray(truth.actual != predicted.decided, dtype=np.float64)
    actual = np.asarray(truth.actual, dtype=np.int64)
    return np.asarray(1.0 - predicted.chances[np.arange(len(actual)), actual])


def _said(truth: Truth, values: Floats | Codes, place: int) -> str | None:
    value = values[place]
    if truth.task == "regression":
        return f"{value:.6g}"
    return shown(truth.classes[int(value)]) if 0 <= value < len(truth.classes) else None


def _cells(column: pa.ChunkedArray) -> list[str | None]:
    try:
        values = column.to_pylist()
    except (OverflowError, ValueError):  # a moment beyond Python's calendar: its number has to do
        values = unwrapped(column).cast(pa.int64()).to_pylist()
    return [_cell(value) for value in values]


def _cell(value: object) -> str | None:
    if value is None or value != value:
        return None
    return f"{value:.6g}" if isinstance(value, float) else shown(value)
