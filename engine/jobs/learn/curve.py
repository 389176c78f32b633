"""How a learner did while it learnt: each row predicted before it was learnt, stretch by stretch. Pure.

Test-then-train, or prequential, evaluation (Dawid 1984; for streams Gama, Sebastião and Rodrigues 2013, "On evaluating
stream learning algorithms"): every label serves once to measure the model and then to teach it, so no row is held back
and none is measured after it was learnt. A stretch's interval is Wilson's for an accuracy, and the normal one for a
mean absolute error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from engine.clock import stamp
from engine.validation.columns import label
from engine.versions.records import CurvePoint

if TYPE_CHECKING:
    import pyarrow as pa

MOST_POINTS, FEWEST_ROWS = 20, 20
_Z = 1.959964
ACCURACY, ERROR = "accuracy", "mae"


def curve(truth: pa.ChunkedArray, learner: pa.Table, frozen: pa.Table | None, times: Sequence[datetime], *,
          numbers: bool) -> tuple[CurvePoint, ...]:  # fmt: skip
    """A point for each stretch, in the order of the rows. ``times``: since when each label is known; ``frozen``: what
    the parent said of the same rows, without which there is no curve."""
    if frozen is None:
        return ()
    ours, theirs = (right_or_off(truth, said, numbers=numbers) for said in (learner, frozen))
    rows = len(ours)
    stretches = max(1, min(MOST_POINTS, rows // FEWEST_ROWS))
    ends = [round(rows * (place + 1) / stretches) for place in range(stretches)]
    found, start = [], 0
    for end in ends:
        part = ours[start:end]
        value = math.fsum(part) / len(part)
        low, high = _normal(part, value) if numbers else _wilson(value, len(part))
        before = math.fsum(theirs[start:end]) / len(part)
        found.append(CurvePoint(stamp(times[end - 1]), len(part), *(round(v, 6) for v in (value, low, high, before))))
        start = end
    return tuple(found)


def changed(new: pa.Table, frozen: pa.Table | None, *, numbers: bool) -> float | None:
    """The share of rows that both decide otherwise; None of numbers, or where the parent said nothing."""
    if numbers or frozen is None or not new.num_rows:
        return None
    pairs = zip(new.column("prediction").to_pylist(), frozen.column("prediction").to_pylist(), strict=True)
    return float(sum(label(one) != label(other) for one, other in pairs) / new.num_rows)


def errors(truth: pa.ChunkedArray, said: pa.Table, *, numbers: bool) -> list[float]:
    """Of each row its error: 1 where it was wrong, or by how much it was off."""
    found = right_or_off(truth, said, numbers=numbers)
    return found if numbers else [1.0 - each for each in found]


def right_or_off(truth: pa.ChunkedArray, said: pa.Table, *, numbers: bool) -> list[float]:
    """Of each row whether it was right, as 1 or 0, or by how much it was off."""
    pairs = zip(truth.to_pylist(), said.column("prediction").to_pylist(), strict=True)
    if numbers:
        return [abs(float(was) - float(is_said)) for was, is_said in pairs]
    return [float(label(was) == label(is_said)) for was, is_said in pairs]


def _wilson(share: float, rows: int) -> tuple[float, float]:
    """Wilson's interval of a share (1927)."""
    square = _Z * _Z / rows
    middle = (share + square / 2) / (1 + square)
    half = _Z / (1 + square) * math.sqrt(share * (1 - share) / rows + square / (4 * rows))
    return max(0.0, middle - half), min(1.0, middle + half)


def _normal(values: Sequence[float], mean: float) -> tuple[float, float]:
    spread = math.fsum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)
    half = _Z * math.sqrt(spread / len(values))
    return mean - half, mean + half
