"""What the error of a regression probably is where no label has come yet: learnt from the errors that are known.

Direct loss estimation: a small forest learns, on labelled rows that the version did not learn from, how large
its error is for which inputs; its mean over the rows without labels is the estimate. The band is that of the learnt
model (a grouped jackknife: B. Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982) and of the errors'
own scatter. Metrics that need what happened itself, not only how wrong a prediction was, cannot be estimated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from sklearn.ensemble import RandomForestRegressor

from engine.monitoring.look_parts import Estimate, MetricValue
from engine.monitoring.performance.estimate import FEWEST_LEARNT, FEWEST_ROWS, UNSEEN, nothing, told
from engine.validation.columns import Floats, codes, floats, is_number, is_time, unwrapped
from engine.validation.metrics import Predicted, Truth, losses
from engine.vocabulary.metrics import METRICS

_MOST_LEARNT, _MOST_ROWS = 10_000, 50_000
# Boosting would do it too, at 0.1 s to 5 s a model: its threads spin where another process has the cores.
_GROUPS, _TREES = 5, 25
_MOST_CATEGORIES = 200
_Z = 1.959964
_LARGEST = 1e30


def estimate_values(
    metrics: Sequence[str],
    predicted: Predicted,
    inputs: pa.Table,
    learnt: tuple[Truth, Predicted, pa.Table] | None,
    features: Sequence[str],
    seed: int = 0,
) -> Estimate:
    """Estimate for the rows of ``inputs``. ``learnt``: labelled rows with their inputs, such as the holdout."""
    n = len(predicted.decided)
    if n < FEWEST_ROWS:
        return nothing(metrics, n, f"{n:,} rows without a label, {FEWEST_ROWS} are needed")
    if learnt is None or len(learnt[0]) < FEWEST_LEARNT:
        held = 0 if learnt is None else len(learnt[0])
        return nothing(metrics, n, f"{held:,} labelled rows to learn its errors from, {FEWEST_LEARNT} are needed")
    generator = np.random.default_rng(seed)
    truth, said, before = learnt
    old, new = _some(len(truth), _MOST_LEARNT, generator), _some(n, _MOST_ROWS, generator)
    actual, given = np.asarray(truth.actual[old], np.float64), np.asarray(said.decided[old], np.float64)
    said_now = np.asarray(predicted.decided[new], np.float64)
    known = _matrix(before.take(pa.array(old)), inputs.take(pa.array(new)), features, given, said_now)
    readings = tuple(_reading(metric, n, actual, given, *known, seed) for metric in metrics)
    basis = f"How large errors are for which inputs, learnt from {len(old):,} labelled rows it did not learn from."
    return Estimate("loss model", n, len(old), readings, (basis, UNSEEN), told(readings, n))


def _some(n: int, most: int, generator: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(n) if n <= most else np.sort(generator.choice(n, most, replace=False))


def _reading(
    metric: str, n: int, actual: Floats, given: Floats, known: Floats, unknown: Floats, seed: int
) -> MetricValue:
    loss = losses(metric, actual, given)
    if loss is None:
        why_not = METRICS[metric].no_estimate if metric in METRICS else ""
        return MetricValue(metric, n, reason=why_not or f"{metric} cannot be estimated without labels")
    mean, error = _mean_loss(loss, known, unknown, seed)
    low, high = max(0.0, mean - _Z * error), mean + _Z * error
    if metric == "rmse":
        mean, low, high = (float(np.sqrt(max(0.0, value))) for value in (mean, low, high))
    return MetricValue(metric, n, mean, low, high)


def _mean_loss(loss: Floats, known: Floats, unknown: Floats, seed: int) -> tuple[float, float]:
    """The mean loss over ``unknown`` and its standard error. Each model leaves one group of the known rows out."""
    group = np.random.default_rng(seed).integers(0, _GROUPS, len(loss))
    means, left = [], np.zeros(len(loss))
    for out in range(_GROUPS):
        model = RandomForestRegressor(
            n_estimators=_TREES, min_samples_leaf=30, max_features=0.5, max_samples=0.7, random_state=seed
        )
        model.fit(known[group != out], loss[group != out])
        means.append(float(model.predict(unknown).mean()))
        left[group == out] = loss[group == out] - model.predict(known[group == out])
    scatter = float(np.mean(left**2))
    jackknife = (_GROUPS - 1) / _GROUPS * float(np.sum((np.array(means) - np.mean(means)) ** 2))
    # Forests that share most of their rows agree with each other more than with the truth: what they left counts too.
    return float(np.mean(means)), float(np.sqrt(jackknife + scatter / len(loss) + scatter / len(unknown)))


def _matrix(
    before: pa.Table, now: pa.Table, features: Sequence[str], given: Floats, said: Floats
) -> tuple[Floats, Floats]:
    """Features and the prediction as numbers, the same for both; categories by number, those never seen missing."""
    old, new = [given], [said]
    for name in features:
        if before.column_names.count(name) != 1 or now.column_names.count(name) != 1:
            continue
        was, is_ = before.column(name), now.column(name)
        kinds = [unwrapped(column).type for column in (was, is_)]
        if all(is_number(kind) or is_time(kind) for kind in kinds):
            pair = floats(was), floats(is_)
        else:
            pair = _numbered(was, is_)
        if np.isfinite(pair[0]).any():  # what was never there teaches nothing
            old.append(pair[0])
            new.append(pair[1])
    return _finite(np.stack(old, axis=1)), _finite(np.stack(new, axis=1))


def _finite(values: Floats) -> Floats:
    """Trees count in 32 bits and take no infinity."""
    return np.where(np.isfinite(values), np.clip(values, -_LARGEST, _LARGEST), np.nan)


def _numbered(was: pa.ChunkedArray, now: pa.ChunkedArray) -> tuple[Floats, Floats]:
    numbers, names = codes(was)
    others, found = codes(now)
    place = {name: float(number) for number, name in enumerate(names[:_MOST_CATEGORIES])}
    into = np.array([*(place.get(name, np.nan) for name in names), np.nan])
    other = np.array([*(place.get(name, np.nan) for name in found), np.nan])
    return into[numbers], other[others]
