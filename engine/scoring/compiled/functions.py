"""What both evaluators compute with: the same function for one number and for many, so that both give the same bits."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

_NARROW = struct.Struct("<f")


def function(name: str) -> Callable[[Any], Any]:
    """A function of one number, or of an array of them, as scikit-learn calls it."""
    if name == "expit":
        from scipy.special import expit

        found: Callable[[Any], Any] = expit
        return found
    import numpy as np

    found = getattr(np, name)
    return found


def narrow(value: float) -> float:
    """``value`` rounded to 32 bits."""
    try:
        rounded: float = _NARROW.unpack(_NARROW.pack(value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return rounded


def narrow_sigmoid(score: Any) -> Any:
    """The probability of the second class as XGBoost makes it of scores, each step of it rounded to 32 bits."""
    import numpy as np

    one = np.float32(1)
    with np.errstate(all="ignore"):
        grown = np.exp(np.minimum(-score, np.float64(np.float32(88.7)))).astype(np.float32)
        return one / (grown + one)


def narrow_chances(kind: str, scores: Any) -> list[Any]:
    """Probabilities as XGBoost makes them: ``scores`` has a row for each target; so has what comes back, as 64 bits."""
    import numpy as np

    if kind == "sigmoid":
        second = narrow_sigmoid(scores[0])
        found = [np.float32(1) - second, second]
    else:
        with np.errstate(all="ignore"):
            given = scores.astype(np.float32)
            grown = np.exp((given - given.max(axis=0)).astype(np.float64)).astype(np.float32)
        total = np.zeros(grown.shape[1])
        for each in grown:
            total += each
        found = list(grown / total.astype(np.float32))
    return [each.astype(np.float64) for each in found]


def narrow_after(name: str, score: Any) -> Any:
    """What XGBoost makes of the sum of a regression's trees."""
    import numpy as np

    if name == "expit":
        return narrow_sigmoid(score).astype(np.float64)
    with np.errstate(all="ignore"):
        return np.exp(score).astype(np.float32).astype(np.float64)
