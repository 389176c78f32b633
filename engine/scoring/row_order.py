"""Predictions in the order of the rows that they are for.

A database and a cluster promise no order. Where they say with each prediction which row it is for, the order is made
here, and a row that has none or two is found; else only their number can be held against that of the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

COLUMN = "leverframe_row"


def one_for_each(predictions: pa.Table, rows: int, step: str) -> pa.Table:
    """``predictions`` of ``rows`` rows in their order, without the column that said it. Raises StepFailed where there
    is not one for each."""
    if predictions.num_rows != rows:
        raise StepFailed(
            f"{step} gave {predictions.num_rows:,} predictions for {rows:,} rows; "
            "it must give one for each row, in the same order."
        )
    if COLUMN not in predictions.column_names:
        return predictions
    import numpy as np
    import pyarrow as pa

    if predictions.column_names.count(COLUMN) > 1:
        raise StepFailed(f"{step} gave predictions with two columns {COLUMN}; let it leave one.")
    kept = [name for name in predictions.column_names if name != COLUMN]
    if not rows:
        return predictions.select(kept)
    said = _numbers(predictions.column(COLUMN))
    if said is None or not (said.min() >= 0 and said.max() < rows):
        raise StepFailed(
            f"{step} gave predictions whose {COLUMN} is not the number of a row, from 0 to {rows - 1:,}; let "
            "it be the place of the row in the data that the step was given."
        )
    given = np.bincount(said, minlength=rows)
    if (given != 1).any():
        twice, none = int((given > 1).sum()), int((given == 0).sum())
        raise StepFailed(
            f"{step} gave {twice:,} rows more than one prediction and {none:,} none, by {COLUMN}, the first of them "
            f"row {int((given != 1).argmax()):,}; look for a join that doubles rows or drops them."
        )
    places = np.empty(rows, dtype=np.int64)
    places[said] = np.arange(rows)
    return predictions.select(kept).take(pa.array(places))


def _numbers(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.int64]] | None:
    """Whole numbers, whatever the type that they came as; None where there are others."""
    import pyarrow as pa

    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)) or column.null_count:
        return None
    try:
        numbers: np.ndarray[Any, np.dtype[np.int64]] = column.cast(pa.int64()).to_numpy()
    except pa.ArrowException:
        return None
    return numbers
