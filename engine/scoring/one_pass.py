"""Whether a model need not be asked for its labels beside its probabilities: where they are its likeliest classes.

Both go through all of a pipeline, which takes twice the time. Most classifiers decide by the likeliest class, but
nothing says so of one: a threshold that was tuned, costs, or support vectors whose probabilities are fitted apart
decide otherwise. So it is what the model itself said of the whole holdout that decides. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.scoring.parity import label
from engine.versions.parity import OnePass

if TYPE_CHECKING:
    import pyarrow as pa


def one_pass(predictions: pa.Table) -> OnePass | None:
    """How often the label was another one than the likeliest class; None where there are no probabilities.

    ``predictions``: those of the model for the holdout, ``prediction`` and ``p_<class>`` for each class.
    """
    import numpy as np
    import pyarrow as pa

    names = [name for name in predictions.column_names if name.startswith("p_")]
    if len(names) < 2:
        return None
    chances = np.stack([predictions.column(name).cast(pa.float64()).to_numpy() for name in names], axis=1)
    places = {name.removeprefix("p_"): place for place, name in enumerate(names)}
    said = np.array([_place(value, places) for value in predictions.column("prediction").to_pylist()], dtype=np.int64)
    known = np.isfinite(chances).all(axis=1)
    changed = int((~known | (said != np.argmax(np.where(known[:, None], chances, 0.0), axis=1))).sum())
    if changed or not len(said):
        return OnePass(len(said), changed)
    ordered = np.partition(chances, -2, axis=1)
    return OnePass(len(said), 0, float((ordered[:, -1] - ordered[:, -2]).min()))


def _place(value: object, places: dict[str, int]) -> int:
    """Which class a label is; -1 for none. A file may have made a number of it that is written otherwise."""
    found = {places[text] for text in (str(value), label(value)) if text in places}
    return found.pop() if len(found) == 1 else -1
