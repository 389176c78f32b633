"""How sure a number is: the bootstrap over rows, paired, so that candidate and live version meet the same rows.

Method: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993): resampling of pairs, percentile interval
(chapter 13), and where an interval reaches further into the tails than the resamples do (correction for many
segments), the standard interval from the bootstrap's standard error. A resample is a row of multinomial weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from engine.records import Comparison
from engine.validation import metrics
from engine.validation.columns import Floats
from engine.validation.metrics import Predicted, Truth

RESAMPLES = 400
LEVEL = 0.95
# Above this many drawn rows in all, fewer resamples: at a million rows an interval is narrow however it is counted.
_DRAWS = 60_000_000
_FEWEST = 100
_BATCH = 1_000_000
# A metric that more than a tenth of the resamples cannot compute has no interval worth showing.
_DEFINED = 0.9


@dataclass(frozen=True)
class Measured:
    """One metric of the candidate, and of the live version on the same rows; None where it is not defined.

    ``difference`` is candidate minus live; ``error`` and ``difference_error`` are standard errors.
    """

    name: str
    n: int
    value: float | None
    low: float | None = None
    high: float | None = None
    error: float | None = None
    live: float | None = None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    difference_error: float | None = None
    comparison: Comparison | None = None
    live_low: float | None = None
    live_high: float | None = None


def measure_all(
    names: Sequence[str],
    truth: Truth,
    candidate: Predicted,
    live: Predicted | None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    tests: int = 1,
) -> dict[str, Measured]:
    """Every metric with its interval. ``tests`` > 1 widens the intervals (Bonferroni), for that many looks at once."""
    n = len(truth)
    both = (candidate,) if live is None else (candidate, live)
    points = {name: [metrics.value(name, truth, predicted) for predicted in both] for name in names}
    measures = {
        name: [metrics.measure(name, truth, predicted) for predicted in both]
        for name in names
        if n > 1 and np.isfinite(points[name]).all()
    }
    drawn: dict[str, list[list[Floats]]] = {name: [[] for _ in both] for name in measures}
    for weights in resampled(n, resamples, seed) if measures else ():
        for name, pair in measures.items():
            for side, measure in enumerate(pair):
                drawn[name][side].append(measure(weights))
    same = live is not None and candidate.equals(live)
    return {
        name: _measured(name, n, points[name], [np.concatenate(d) for d in drawn.get(name, ())], same, tests)
        for name in names
    }


def resampled(n: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Batches of weights (resamples x n): how often each row was drawn when n rows are drawn with replacement."""
    generator = np.random.default_rng(seed)
    left = min(resamples, max(_FEWEST, _DRAWS // n))
    size = max(1, _BATCH // n)
    while left > 0:
        count = min(size, left)
        rows = generator.integers(0, n, size=(count, n))
        rows += (np.arange(count) * n)[:, None]
        yield np.bincount(rows.ravel(), minlength=count * n).reshape(count, n).astype(np.float64)
        left -= count


def interval(point: float, drawn: Floats, tests: int = 1) -> tuple[float, float, float] | None:
    """Low, high and standard error at 95 % over ``tests`` looks; None when too few resamples are defined."""
    defined = drawn[np.isfinite(drawn)]
    if len(defined) < max(2, _DEFINED * len(drawn)):
        return None
    error = float(defined.std(ddof=1))
    outside = (1 - LEVEL) / (2 * tests)
    if tests > 1 or len(defined) < 200:
        reach = NormalDist().inv_cdf(1 - outside) * error
        return point - reach, point + reach, error
    low, high = np.quantile(defined, [outside, 1 - outside])
    return float(low), float(high), error


def compared(name: str, low: float | None, high: float | None, same: bool) -> Comparison:
    """What an interval of the difference says: it decides only when 0 is outside of it."""
    if same or (low == 0 and high == 0):
        return "same"
    if low is None or high is None:
        return "cannot tell"
    worst, best = (low, high) if metrics.good(name) > 0 else (-high, -low)
    if worst > 0:
        return "better"
    return "worse" if best < 0 else "cannot tell"


def _measured(name: str, n: int, points: list[float], drawn: list[Floats], same: bool, tests: int) -> Measured:
    value, live = points[0], points[1] if len(points) > 1 else None
    own = interval(value, drawn[0], tests) if drawn else None
    low, high, error = own or (None, None, None)
    measured = Measured(name, n, _known(value), low, high, error, _known(live))
    if live is None:
        return measured
    apart: tuple[float, float, float] | None = None
    if same and np.isfinite(value):
        apart = (0.0, 0.0, 0.0)
    elif drawn:
        apart = interval(value - live, drawn[0] - drawn[1], tests)
    below, above, spread = apart or (None, None, None)
    of_live = interval(live, drawn[1], tests) if drawn else None
    return Measured(
        name, n, _known(value), low, high, error, _known(live), _known(value - live), below, above, spread,
        compared(name, below, above, same), *(of_live or (None, None))[:2],
    )  # fmt: skip


def _known(number: float | None) -> float | None:
    return number if number is not None and np.isfinite(number) else None
