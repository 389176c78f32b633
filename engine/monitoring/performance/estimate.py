"""What performance probably is where no label has come yet. An estimate, marked as one, never a measurement.

Classifiers: what the metric would be if outcomes came as often as the calibrated chances say (confidence-based
estimation: J. Białek, W. Kuberski, N. Perrakis and A. Bifet, Estimating Model Performance Under Covariate Shift
Without Labels, 2024). Chances are calibrated by isotonic regression on labelled rows that the version did not learn
from (B. Zadrozny and C. Elkan, KDD 2002). Every row counts once per class, weighted by that class's chance, so each
metric of the engine is estimated by its own definition.

The band is that of resampled rows, of outcomes drawn from their chances, and of resampled calibrations. It does not
hold a change of the relation between inputs and outcome: nothing without labels can see one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.isotonic import IsotonicRegression

from engine.monitoring.look_parts import Estimate, MetricValue
from engine.validation.columns import Codes, Floats
from engine.validation.metrics import Measure, Predicted, Truth, measure

# Fewer labelled rows, or rows of the rarer class, calibrate nothing.
FEWEST_LEARNT, FEWEST_PER_CLASS = 300, 30
FEWEST_ROWS = 50
_DRAWS, _CALIBRATIONS = 120, 20
_MOST_ROWS, _MOST_CELLS = 20_000, 400_000
_BATCH = 4_000_000

UNSEEN = (
    "It holds as long as the relation between inputs and outcome is what it was: a change of that it cannot see, "
    "only labels can."
)


def estimate_classes(
    metrics: Sequence[str], truth: Truth, predicted: Predicted, learnt: tuple[Truth, Predicted] | None, seed: int = 0
) -> Estimate:
    """Estimate for rows whose labels are not known. Only task and classes of ``truth`` are used.

    ``learnt``: labelled rows with the same classes that the version did not learn from, such as its holdout. Without
    enough of them its chances are taken at their word, and the assumptions say so.
    """
    n = len(predicted.decided)
    same = learnt is not None and learnt[0].classes == truth.classes
    usable = learnt if learnt is not None and same and _can_calibrate(*learnt) else None
    if n < FEWEST_ROWS:
        return nothing(metrics, n, f"{n:,} rows without a label, {FEWEST_ROWS} are needed")
    if usable is None and predicted.chances is None:
        return nothing(metrics, n, "the predictions hold no chances, and too few labelled rows to learn them from")
    generator = np.random.default_rng(seed)
    most = min(_MOST_ROWS, max(FEWEST_ROWS, _MOST_CELLS // len(truth.classes)))
    if n > most:
        predicted = predicted.take(np.sort(generator.choice(n, most, replace=False)))
    chances = [_calibrated(predicted, usable, len(truth.classes))]
    chances += [_calibrated(predicted, _resampled(usable, generator), len(truth.classes)) for _ in range(_CALIBRATIONS)]
    measures = _per_class(metrics, truth, predicted)
    points = {name: float(one(chances[0].T.reshape(1, -1))[0]) for name, one in measures.items()}
    drawn: dict[str, list[Floats]] = {name: [] for name in metrics}
    for weights in _outcomes(chances[1:], generator):
        for name, one in measures.items():
            drawn[name].append(one(weights))
    readings = tuple(_reading(name, n, points[name], np.concatenate(drawn[name])) for name in metrics)
    count = len(usable[0]) if usable else 0
    basis = (
        f"The model's chances, calibrated on {count:,} labelled rows it did not learn from."
        if usable
        else "The model's chances are taken at their word: too few labelled rows to calibrate them."
    )
    return Estimate("confidence", n, count, readings, (basis, UNSEEN), told(readings, n))


def nothing(metrics: Sequence[str], n: int, reason: str) -> Estimate:
    """An estimate that says why there is none."""
    readings = tuple(MetricValue(metric, n, reason=reason) for metric in metrics)
    return Estimate("none", n, 0, readings, (), f"Performance cannot be estimated: {reason}.")


def told(readings: Sequence[MetricValue], n: int) -> str:
    """The first metric in words."""
    first = next((r for r in readings if r.value is not None and r.low is not None and r.high is not None), None)
    if first is None or first.value is None:
        return "Performance cannot be estimated: " + "; ".join(dict.fromkeys(str(r.reason) for r in readings)) + "."
    band = f"{first.low:.3f} to {first.high:.3f}"
    return f"Estimated, not measured: {first.metric} about {first.value:.3f} ({band}) on {n:,} rows without a label."


def _can_calibrate(truth: Truth, predicted: Predicted) -> bool:
    if len(truth) < FEWEST_LEARNT or len(truth.classes) < 2:
        return False
    counts = np.bincount(np.asarray(truth.actual, np.int64), minlength=len(truth.classes))
    return bool((counts >= FEWEST_PER_CLASS).sum() >= 2)


def _resampled(
    learnt: tuple[Truth, Predicted] | None, generator: np.random.Generator
) -> tuple[Truth, Predicted] | None:
    if learnt is None:
        return None
    rows = generator.integers(0, len(learnt[0]), len(learnt[0]))
    return learnt[0].take(rows), learnt[1].take(rows)


def _calibrated(predicted: Predicted, learnt: tuple[Truth, Predicted] | None, classes: int) -> Floats:
    """The chance of each class per row (rows x classes). A class too rare to calibrate keeps its own chance."""
    if learnt is None:
        assert predicted.chances is not None
        raw = np.clip(predicted.chances, 0.0, 1.0)
        return np.asarray(raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-12))
    truth, said = learnt
    actual = np.asarray(truth.actual, np.int64)
    if classes == 2:
        positive = _isotonic(_signal(said, 1), actual == 1, _signal(predicted, 1))
        return np.stack([1 - positive, positive], axis=1)
    columns = []
    for k in range(classes):
        came, signal = actual == k, _signal(predicted, k)
        rare = int(came.sum()) < FEWEST_PER_CLASS
        columns.append(np.clip(signal, 0, 1) if rare else _isotonic(_signal(said, k), came, signal))
    found = np.stack(columns, axis=1) + 1e-9
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _signal(predicted: Predicted, k: int) -> Floats:
    """What orders rows by how likely class ``k`` is: its chance, else the score, else whether it was decided for."""
    if predicted.chances is not None:
        return predicted.chances[:, k]
    if predicted.ranking is not None and k == 1:
        return predicted.ranking
    return np.asarray(predicted.decided == k, dtype=np.float64)


def _isotonic(signal: Floats, came: Codes | np.ndarray[tuple[int], np.dtype[np.bool_]], at: Floats) -> Floats:
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(signal, came.astype(np.float64))
    return np.asarray(fitted.predict(at), dtype=np.float64)


def _per_class(metrics: Sequence[str], truth: Truth, predicted: Predicted) -> dict[str, Measure]:
    """Each metric of the rows repeated once per class, as if that class had happened; weights choose."""
    classes, n = len(truth.classes), len(predicted.decided)
    actual = np.repeat(np.arange(classes), n)
    rows = np.tile(np.arange(n), classes)
    as_if, said = Truth(truth.task, actual, truth.classes, truth.numbers), predicted.take(rows)
    return {name: measure(name, as_if, said) for name in metrics}


def _outcomes(calibrations: Sequence[Floats], generator: np.random.Generator) -> Iterator[Floats]:
    """Batches of weights (draws x classes * rows): how often a row was drawn, at the class that was drawn for it."""
    n, classes = calibrations[0].shape
    ups = [np.cumsum(chances, axis=1, dtype=np.float64) for chances in calibrations]
    size = max(1, _BATCH // (n * classes))
    lines: list[Floats] = []
    for draw in range(_DRAWS):
        # The last edge is 1, but for its last digit: it decides nothing.
        came = (generator.random((n, 1)) > ups[draw % len(ups)][:, :-1]).sum(axis=1)
        rows = np.bincount(generator.integers(0, n, n), minlength=n).astype(np.float64)
        line = np.zeros(n * classes)
        line[came * n + np.arange(n)] = rows
        lines.append(line)
        if len(lines) == size or draw == _DRAWS - 1:
            yield np.stack(lines)
            lines = []


def _reading(name: str, n: int, point: float, drawn: Floats) -> MetricValue:
    defined = drawn[np.isfinite(drawn)]
    if not np.isfinite(point) or len(defined) < 0.9 * len(drawn):
        return MetricValue(name, n, reason=f"{name} is not defined for what these predictions hold")
    low, high = np.quantile(defined, [0.025, 0.975])
    return MetricValue(name, n, point, float(low), float(high))
