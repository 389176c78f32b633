"""Whether current rows differ from the training data in combination, though each column alone may look the same.

A classifier learns to tell the two apart, on the rows of two folds, and is tried on the third (D. Lopez-Paz and
M. Oquab, Revisiting classifier two-sample tests, ICLR 2017). Where nothing differs, the AUC of a fold is 0.5 in the
mean and spreads as Mann and Whitney say. Folds share most of what they learnt from, so their mean is called no surer
than one of them (it is, a little): taken as independent they would say p < 0.01 in 7 of 100 looks without drift.

The size is on the scale of the columns: two normal distributions d deviations apart have a stability index of d² and
are told apart with AUC Φ(d/√2), so an AUC is as large as the index 2 Φ⁻¹(AUC)². The same thresholds hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import ndtr, ndtri
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from engine.monitoring.drift.encoding import each_shuffled, encoded, sampled
from engine.monitoring.drift.thresholds import ACCIDENT, LARGE, SOME
from engine.monitoring.look_parts import DriftVerdict, Separation
from engine.validation.columns import Codes, Floats, listed

MOST_ROWS = 10_000
FEWEST_ROWS = 100
FOLDS = 3
_Z = 1.959963984540054


def separation(
    reference: pa.Table, current: pa.Table, columns: Sequence[str], *, seed: int = 0, by_column: bool = True
) -> Separation:
    """How well a classifier tells the rows of both tables by these columns. About half a second at full size; two
    thirds of it without ``by_column``: then nothing says which columns it goes by."""
    n, m = reference.num_rows, current.num_rows
    if min(n, m) < FEWEST_ROWS:
        side = f"{m:,} rows" if m < FEWEST_ROWS else f"{n:,} rows of training data"
        why = f"All columns together: {side} cannot tell; at least {FEWEST_ROWS} are needed."
        return Separation("cannot tell", why, n, m)
    generator = np.random.default_rng(seed)
    tables = [side.take(pa.array(sampled(side.num_rows, MOST_ROWS, generator))) for side in (reference, current)]
    table = encoded(tables, columns)
    if not table.columns:
        why = "All columns together: no column is comparable."
        return Separation("cannot tell", why, n, m, left_out=table.left_out)
    which = np.repeat([0, 1], [side.num_rows for side in tables])
    aucs, drops = [], []
    # One thread: two on two busy cores take many times as long.
    with threadpool_limits(1):
        for learnt, tried in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(table.values, which):
            model = HistGradientBoostingClassifier(
                max_iter=50, max_leaf_nodes=15, categorical_features=table.categorical, early_stopping=False,
                random_state=seed,
            )  # fmt: skip
            model.fit(table.values[learnt], which[learnt])
            auc, drop = _tried(model, table.values[tried], which[tried], generator if by_column else None)
            aucs.append(auc)
            drops.append(drop)
    used = used_most(table.columns, np.mean(drops, axis=0)) if by_column else ()
    return judged(Separation("none", "", n, m, left_out=table.left_out, used=used), float(np.mean(aucs)), which)


def _tried(model: Any, values: Floats, which: Codes, generator: np.random.Generator | None) -> tuple[float, Floats]:
    """The AUC on rows that were not learnt from, and what it loses when a column is shuffled (columns,)."""
    if generator is None:
        return _auc(which, model.decision_function(values)), np.empty(0)
    # At once: the model's own checks of what it is given cost as much as its trees.
    tables = np.concatenate([values, *each_shuffled(values, generator)])
    auc, *shuffled = (_auc(which, said) for said in model.decision_function(tables).reshape(-1, len(values)))
    return auc, auc - np.array(shuffled)


def _auc(which: Codes, said: Floats) -> float:
    """How often a row of 1 is ranked above one of 0; half where both are ranked alike."""
    _, place, rows = np.unique(said, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(rows) - (rows - 1) / 2)[place]
    ones = int(which.sum())
    return float((ranks[which == 1].sum() - ones * (ones + 1) / 2) / (ones * (len(which) - ones)))


def used_most(columns: Sequence[str], drops: Floats) -> tuple[tuple[str, float], ...]:
    """The columns that tell the two apart, most first, and the share of each by how much worse it goes without it."""
    drops = np.maximum(drops, 0.0)
    shares = drops / drops.sum() if drops.sum() > 0 else drops
    order = np.argsort(-shares, kind="stable")
    return tuple((columns[position], float(shares[position])) for position in order if shares[position] > 0)


def judged(found: Separation, auc: float, which: Codes) -> Separation:
    """``found`` with how sure it is by Mann and Whitney, and how large: as of two normal curves with this ``auc``."""
    m = int(which.sum()) / FOLDS
    n = len(which) / FOLDS - m
    p = float(ndtr((0.5 - auc) / np.sqrt((n + m + 1) / (12 * n * m))))
    error = _error(auc, n, m)
    # An AUC of 1 is as large as these rows can tell.
    size = 2 * float(ndtri(min(max(auc, 0.5), 1 - 0.5 / (n + m)))) ** 2
    sure: DriftVerdict = "cannot tell" if p > ACCIDENT else "some" if size < LARGE else "large"
    verdict: DriftVerdict = "none" if size < SOME else sure
    said = f"AUC {auc:.2f} (0.5: not at all) on {found.n_current:,} rows"
    if verdict in ("some", "large") and found.used:
        mostly = listed([name for name, share in found.used if share >= 0.1] or [found.used[0][0]], 3)
        why = f"A classifier tells these rows from the training data, {said}: they differ mostly in {mostly}."
    elif verdict in ("some", "large"):
        why = f"A classifier tells these rows from the training data, {said}."
    elif verdict == "cannot tell":
        why = f"That a classifier tells these rows from the training data may be chance: {said}."
    else:
        why = f"A classifier hardly tells these rows from the training data: {said}."
    low, high = max(0.0, auc - _Z * error), min(1.0, auc + _Z * error)
    return replace(found, verdict=verdict, why=why, auc=auc, low=low, high=high, size=size, p=p)


def _error(auc: float, n: float, m: float) -> float:
    """Standard error: J. A. Hanley and B. J. McNeil, The meaning and use of the area under a ROC curve, 1982."""
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (m - 1) * (one - auc**2) + (n - 1) * (two - auc**2)
    return float(np.sqrt(max(0.0, variance) / (n * m)))
