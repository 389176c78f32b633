"""How far stated chances are from what happens: the expected calibration error, and how much of it is chance. Pure.

Rows are ordered by the chance and cut into ten bins with equally many; the error is the mean distance between the mean
chance of a bin and the share in which it came true (M. Pakdaman Naeini and others, AAAI 2015). It is never below 0, so
chances that are perfectly right show an error too, the larger the fewer rows: how large in 95 % of cases is simulated.
"""

from __future__ import annotations

import numpy as np

from engine.validation.columns import Floats
from engine.validation.metrics import Predicted, Truth

BINS = 10
_DRAWN = 200
_LEVEL = 0.95


def calibration_error(truth: Truth, predicted: Predicted, seed: int = 0) -> tuple[float, float] | None:
    """The error, and the one that right chances stay below in 95 % of cases; None where no chances are stated.

    Of two classes the chance of the positive one; of several the chance of the class that was named.
    """
    if predicted.chances is None or not len(truth):
        return None
    actual = np.asarray(truth.actual, np.int64)
    if truth.task == "binary":
        chance, came = predicted.chances[:, 1], actual == 1
    else:
        chance, came = predicted.chances.max(axis=1), predicted.chances.argmax(axis=1) == actual
    order = np.argsort(chance, kind="stable")
    chance, came = np.clip(chance[order], 0.0, 1.0), came[order].astype(np.float64)
    generator = np.random.default_rng(seed)
    drawn = [_error(chance, (generator.random(len(chance)) < chance).astype(np.float64)) for _ in range(_DRAWN)]
    return _error(chance, came), float(np.quantile(drawn, _LEVEL))


def _error(chance: Floats, came: Floats) -> float:
    """Both by rising chance."""
    starts = np.unique(np.linspace(0, len(chance), min(BINS, len(chance)) + 1).astype(np.int64)[:-1])
    apart = np.add.reduceat(came, starts) - np.add.reduceat(chance, starts)
    return float(np.abs(apart).sum() / len(chance))
