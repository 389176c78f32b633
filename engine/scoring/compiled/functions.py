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
