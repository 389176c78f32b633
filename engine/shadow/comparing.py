"""Whether a candidate says of a row what the live version answered. Pure.

Of a classifier two answers agree where their labels are the same; of a regression where they are off by one part in a
hundred of the larger at most. How far apart they are: of a classifier the largest difference of a class's chances, else
of the scores, else 1 for another label; of a regression the difference as a share of the larger of the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from engine.requests.records import Value
from engine.scoring.parity import label

PREDICTION = "prediction"
TOLERANCE = 0.01  # of a regression, of the larger of two numbers
_MOST = 1e300  # JSON has no word for infinity


class Apart(NamedTuple):
    """``size``: how far apart two answers are, 0 for the same."""

    agree: bool
    size: float


class Ruler:
    """Compares answers of the live version, whose values are called ``live``, with those of a candidate."""

    def __init__(self, regression: bool, live: Sequence[str], candidate: Sequence[str]) -> None:
        shared = [name for name in live if name in candidate]
        chances = [name for name in shared if name.startswith("p_")]
        scores = [name for name in shared if name.partition("_")[0] == "score"]
        self._regression = regression
        self._label = live.index(PREDICTION), candidate.index(PREDICTION)
        self._numbers = [(live.index(name), candidate.index(name)) for name in chances or scores]

    def apart(self, live: Sequence[Value], candidate: Sequence[Value]) -> Apart:
        """How far the two answers to one row are apart."""
        one, other = live[self._label[0]], candidate[self._label[1]]
        if self._regression:
            size = relative(one, other)
            return Apart(size <= TOLERANCE, size)
        agree = _label(one) == _label(other)
        if not self._numbers:
            return Apart(agree, 0.0 if agree else 1.0)
        return Apart(agree, max(_difference(live[mine], candidate[theirs]) for mine, theirs in self._numbers))


def relative(one: Value, other: Value) -> float:
    """The difference of two numbers as a share of the larger; 0 where neither is a number, 1 where one is not."""
    first, second = _number(one), _number(other)
    if first is None or second is None:
        return 0.0 if first is second else 1.0
    if first == second:
        return 0.0
    # Each by itself: their difference may be more than a number can be.
    most = max(abs(first), abs(second))
    return abs(first / most - second / most)


def _difference(one: Value, other: Value) -> float:
    first, second = _number(one), _number(other)
    if first is None or second is None:
        return 0.0 if first is second else 1.0
    return min(abs(first - second), _MOST)


def _number(value: Value) -> float | None:
    """None where it is none that can be reckoned with."""
    if not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _label(value: Value) -> str | None:
    """A label as text; a chance that is no number is no label."""
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else label(value)
