"""Tables as the matrix that trees learn from. Pure.

Trees split by order alone, so a number is given as its rank among all rows: infinite and huge values are then as good
as any. A category is a number per label, the rare labels together. What is missing is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from engine.monitoring.profile import in_one_unit, kind_of
from engine.validation.columns import Codes, Floats, Mask, codes

# What scikit-learn's gradient boosting can hold apart.
MOST_LABELS = 250
# A label of fewer rows counts with the rest: of a key, trees would learn every row by heart and nothing of the others.
FEWEST_OF_LABEL = 20


@dataclass(frozen=True, eq=False)
class Encoded:
    """``values``: (rows, columns), the rows of all tables one after the other. ``left_out``: columns that differ in
    kind between the tables, or are not in all of them, or hold moments or lists."""

    columns: tuple[str, ...]
    values: Floats
    categorical: Mask
    left_out: tuple[str, ...]


def encoded(tables: Sequence[pa.Table], columns: Sequence[str]) -> Encoded:
    """These columns of the tables. Moments are left out: rows of another day are always told by their day."""
    kept, arrays, categorical = [], [], []
    for name in columns:
        sides = [table.column(name) for table in tables if table.column_names.count(name) == 1]
        kinds = {kind_of(side) for side in sides} - {"empty"}
        if len(sides) < len(tables) or kinds not in ({"number"}, {"category"}):
            continue
        kept.append(name)
        categorical.append(kinds == {"category"})
        arrays.append(_labels(sides) if categorical[-1] else _ranks(sides))
    rows = sum(table.num_rows for table in tables)
    values = np.column_stack(arrays) if arrays else np.empty((rows, 0))
    left_out = tuple(name for name in columns if name not in kept)
    return Encoded(tuple(kept), values, np.array(categorical, dtype=bool), left_out)


def sampled(rows: int, most: int, generator: np.random.Generator) -> Codes:
    """At most this many row numbers, in order."""
    if rows <= most:
        return np.arange(rows, dtype=np.int64)
    return np.sort(generator.choice(rows, most, replace=False)).astype(np.int64)


def each_shuffled(values: Floats, generator: np.random.Generator) -> list[Floats]:
    """A copy of ``values`` for each of its columns, in which that column is shuffled among the rows."""
    copies = []
    for column in range(values.shape[1]):
        shuffled = values.copy()
        generator.shuffle(shuffled[:, column])
        copies.append(shuffled)
    return copies


def _ranks(sides: Sequence[pa.ChunkedArray]) -> Floats:
    values = np.concatenate([in_one_unit(side) for side in sides])
    known = ~np.isnan(values)
    ranks = np.full(len(values), np.nan)
    ranks[known] = np.unique(values[known], return_inverse=True)[1]
    return ranks


def _labels(sides: Sequence[pa.ChunkedArray]) -> Floats:
    place: dict[str, int] = {}
    numbered = []
    for side in sides:
        numbers, names = codes(side)
        into = np.array([*(place.setdefault(name, len(place)) for name in names), -1], dtype=np.int64)
        numbered.append(into[numbers])
    numbers = np.concatenate(numbered)
    counts = np.bincount(numbers[numbers >= 0], minlength=len(place))
    order = np.empty(len(place), dtype=np.int64)
    order[np.argsort(-counts, kind="stable")] = np.arange(len(place))
    order[(order > MOST_LABELS) | (counts < FEWEST_OF_LABEL)] = MOST_LABELS
    found = np.append(order, -1)[numbers].astype(np.float64)
    found[found < 0] = np.nan
    return found
