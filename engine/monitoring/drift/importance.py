"""How much each feature moves the predictions, from features and predictions alone: so for a model in any language.

A small gradient boosting learns the predictions from the features. Then one feature at a time is shuffled among the
rows, and what the predictions of the small model change by is the feature's effect: half the mean square for numbers,
which is the feature's total share of their variance (M. J. W. Jansen, Analysis of variance designs for model output,
Computer Physics Communications 117, 1999), the share of changed decisions for classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from engine.errors import Invalid
from engine.monitoring.drift.encoding import each_shuffled, encoded, sampled
from engine.monitoring.look_parts import ColumnDrift
from engine.monitoring.profile import in_one_unit, kind_of
from engine.validation.columns import Floats, codes

MOST_ROWS = 10_000
FEWEST_ROWS = 100
_CLASSES = 20


@dataclass(frozen=True)
class Importances:
    """``shares``: per feature 0 to 1, together 1 (all 0 where no feature moves a prediction); empty: cannot tell.

    ``explained``: how much of the predictions the small model gives again on rows that it did not learn from: R² for
    numbers, the share of equal decisions for classes. Where that is low, the shares mean little.
    """

    shares: Mapping[str, float]
    explained: float | None
    n: int


@dataclass(frozen=True)
class Ranked:
    """A column's drift with its importance (None: not known) and their product (None: one of them is not known)."""

    drift: ColumnDrift
    importance: float | None
    weight: float | None


def importances(features: pa.Table, prediction: pa.ChunkedArray, *, seed: int = 0) -> Importances:
    """The importance of every column of ``features``; one prediction per row. About half a second at full size.

    Raises Invalid when there are not as many predictions as rows.
    """
    if features.num_rows != len(prediction):
        raise Invalid(f"There are {len(prediction):,} predictions for {features.num_rows:,} rows.")
    generator = np.random.default_rng(seed)
    rows = pa.array(sampled(features.num_rows, MOST_ROWS, generator))
    said, classes = _predictions(prediction.take(rows))
    known = np.flatnonzero(np.isfinite(said))
    table = encoded([features.take(rows)], features.column_names)
    if len(known) < FEWEST_ROWS:
        return Importances({}, None, len(known))
    shares = dict.fromkeys(features.column_names, 0.0)
    if not table.columns or len(np.unique(said[known])) < 2:
        return Importances(shares, None, len(known))
    order = generator.permutation(known)
    learnt, tried = np.split(order, [2 * len(order) // 3])
    with threadpool_limits(1):
        model = _model(classes, table.categorical, seed).fit(table.values[learnt], said[learnt])
        effects, explained = _effects(model, table.values[tried], said[tried], classes, generator)
    total = float(effects.sum())
    for name, effect in zip(table.columns, effects, strict=True):
        shares[name] = float(effect / total) if total > 0 else 0.0
    return Importances(shares, explained, len(known))


def ranked(drifts: Sequence[ColumnDrift], importance: Importances) -> tuple[Ranked, ...]:
    """Drifts by size times importance. What is broken comes first, what cannot be told last."""
    found = []
    for drift in drifts:
        share = importance.shares.get(drift.column)
        weight = None if share is None or drift.size is None else drift.size * share
        found.append(Ranked(drift, share, weight))
    return tuple(sorted(found, key=_order))


def _order(one: Ranked) -> tuple[bool, bool, float, float, float, str]:
    weight, share, size = one.weight, one.importance, one.drift.size
    return not one.drift.broken, weight is None, -(weight or 0), -(share or 0), -(size or 0), one.drift.column


def _predictions(prediction: pa.ChunkedArray) -> tuple[Floats, bool]:
    """Numbers, or a number per class: the rarest classes together; and whether they are classes. NaN is missing."""
    if kind_of(prediction) in ("number", "time"):
        return in_one_unit(prediction), False
    numbers, names = codes(prediction)
    counts = np.bincount(numbers + 1, minlength=len(names) + 1)[1:]
    place = np.empty(len(names) + 1)
    place[np.argsort(-counts, kind="stable")] = np.minimum(np.arange(len(names)), _CLASSES)
    place[-1] = np.nan
    return np.asarray(place[numbers], dtype=np.float64), True


def _model(classes: bool, categorical: Any, seed: int) -> Any:
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return kind(
        max_iter=60, max_leaf_nodes=15, categorical_features=categorical, early_stopping=False, random_state=seed
    )


def _effects(
    model: Any, values: Floats, said: Floats, classes: bool, generator: np.random.Generator
) -> tuple[Floats, float]:
    before, *shuffled = model.predict(np.concatenate([values, *each_shuffled(values, generator)])).reshape(
        -1, len(values)
    )
    effects = [np.mean(after != before) if classes else np.mean((after - before) ** 2) / 2 for after in shuffled]
    return np.array(effects), float(model.score(values, said))
