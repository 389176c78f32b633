"""How sure a number is: the bootstrap over rows, paired, so that candidate and live version meet the same rows.

Method: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993): resampling of pairs, percentile interval
(chapter 13), and where an interval reaches further into the tails than the resamples do (correction for many
segments), the standard interval from the bootstrap's standard error. A resample is a row of multinomial weights.

Of few rows that is too narrow: it uses the normal's reach for Student's, and the spread over n for that over n - 1. So
it is stretched by both (T. C. Hesterberg, What Teachers Should Know About the Bootstrap, The American Statistician 69,
2015, section 4.2), counted on the rows of the rarer class where a metric rests on each class. Where every resample
says the same (all rows right), it is a share's interval that does not vanish (E. B. Wilson, JASA 22, 1927).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from engine.records import Comparison
from engine.validation import metrics
from engine.validation.columns import Floats
from engine.validation.metrics import Predicted, Truth
from engine.vocabulary.metrics import METRICS, PER_CLASS, good

if TYPE_CHECKING:
    from engine.validation.gates.guessing import Guess

RESAMPLES = 400
LEVEL = 0.95
# Above this many drawn rows in all, fewer resamples: at a million rows an interval is narrow however it is counted.
_DRAWS = 60_000_000
_FEWEST = 100
_BATCH = 1_000_000
# A metric that more than a tenth of the resamples cannot compute has no interval worth showing.
_DEFINED = 0.9
# From so many rows on the stretch is under 1 %.
_FEW = 200
_Z = NormalDist().inv_cdf(1 - (1 - LEVEL) / 2)


@dataclass(frozen=True)
class MeasuredMetric:
    """One metric of the candidate, and of the live version on the same rows; None where it is not defined.

    ``difference`` is candidate minus live; ``error`` and ``difference_error`` are standard errors. ``guess`` is what
    guessing gets on these rows, and candidate minus guess lies between ``over_guess_low`` and ``over_guess_high``.
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
    guess: float | None = None
    over_guess_low: float | None = None
    over_guess_high: float | None = None


def measure_all(
    names: Sequence[str],
    truth: Truth,
    candidate: Predicted,
    live: Predicted | None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    tests: int = 1,
    guess: Guess | None = None,
) -> dict[str, MeasuredMetric]:
    """Every metric with its interval. ``tests`` > 1 widens the intervals (Bonferroni), for that many looks at once.

    With ``guess`` each is held against guessing too."""
    n = len(truth)
    both = (candidate,) if live is None else (candidate, live)
    points = {name: [metrics.value(name, truth, predicted) for predicted in both] for name in names}
    measures = {
        name: [metrics.measure(name, truth, predicted) for predicted in both]
        for name in names
        if n > 1 and np.isfinite(points[name]).all()
    }
    guesses = {name: guess.measure(name, truth, candidate) for name in names if guess and n}
    levels = {name: float(of_guess(np.ones((1, n)))[0]) for name, of_guess in guesses.items()}
    for name in measures:
        measures[name] += [guesses[name]] if name in guesses and np.isfinite(levels[name]) else []
    drawn: dict[str, list[list[Floats]]] = {name: [[] for _ in pair] for name, pair in measures.items()}
    for weights in resampled(n, resamples, seed) if measures else ():
        for name, pair in measures.items():
            for side, measure in enumerate(pair):
                drawn[name][side].append(measure(weights))
    same = live is not None and candidate.equals(live)
    found = {}
    for name in names:
        sides = [np.concatenate(d) for d in drawn.get(name, ())]
        found[name] = _measured(name, truth, points[name], sides[: len(both)], same, tests)
        if len(sides) > len(both):
            low, high = _over_guess(found[name], truth, levels[name], sides[0] - sides[-1])
            found[name] = replace(found[name], guess=levels[name], over_guess_low=low, over_guess_high=high)
    return found


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


def stretched(point: float, drawn: Floats, rests_on: int, tests: int = 1) -> tuple[float, float, float] | None:
    """``interval`` as wide as ``rests_on`` rows make it."""
    found = interval(point, drawn, tests)
    if found is None or rests_on >= _FEW:
        return found
    by = student(rests_on - 1) / _Z * math.sqrt(rests_on / (rests_on - 1))
    low, high, error = found
    return point + (low - point) * by, point + (high - point) * by, error


def _of_value(
    name: str, truth: Truth, point: float, drawn: Floats, tests: int
) -> tuple[float, float, float] | tuple[None, None, None]:
    """The interval of a metric's own value, which lies where the metric can be."""
    rests_on = rests(name, truth)
    low, high, error = stretched(point, drawn, rests_on, tests) or (None, None, None)
    if low is None or high is None or error is None:
        return None, None, None
    metric = METRICS[name]
    if low == high == point and metric.share and rests_on < _FEW:
        return *wilson(point, rests_on), error
    return max(metric.lowest, low), high if metric.own_unit else min(metric.highest, high), error


def rests(name: str, truth: Truth) -> int:
    """How many rows a metric rests on: all, or those of the rarer class where it looks at each class; at least two."""
    if truth.task == "regression" or name not in PER_CLASS:
        return max(2, len(truth))
    counts = np.bincount(np.asarray(truth.actual, np.int64), minlength=2)
    counts = counts[counts > 0]
    return max(2, int(counts.min()) if truth.task == "binary" else len(truth) // max(1, len(counts)))


def student(freedom: int) -> float:
    """Student's quantile for 95 %, from the normal's (Cornish and Fisher 1937); from four degrees on within 1 %."""
    z = _Z
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def wilson(share: float, n: int, tests: int = 1) -> tuple[float, float]:
    """The 95 % interval of a share of ``n`` (Wilson, 1927), which stays within 0 and 1; ``tests``: of so many looks."""
    z = _Z if tests == 1 else NormalDist().inv_cdf(1 - (1 - LEVEL) / (2 * tests))
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def compared(name: str, low: float | None, high: float | None, same: bool) -> Comparison:
    """What an interval of the difference says: it decides only when 0 is outside of it."""
    if same or (low == 0 and high == 0):
        return "same"
    if low is None or high is None:
        return "cannot tell"
    worst, best = (low, high) if good(name) > 0 else (-high, -low)
    if worst > 0:
        return "better"
    return "worse" if best < 0 else "cannot tell"


def _over_guess(m: MeasuredMetric, truth: Truth, level: float, drawn: Floats) -> tuple[float | None, float | None]:
    """Between what the candidate minus the guess lies, which is never narrower than where all rows are alike."""
    apart = None if m.value is None else stretched(m.value - level, drawn, rests(m.name, truth))
    if apart is None or m.value is None:
        return None, None
    if apart[0] == apart[1] and m.low is not None and m.high is not None:
        return m.low - level, m.high - level
    return apart[:2]


def _measured(
    name: str, truth: Truth, points: list[float], drawn: list[Floats], same: bool, tests: int
) -> MeasuredMetric:
    n, value, live = len(truth), points[0], points[1] if len(points) > 1 else None
    low, high, error = _of_value(name, truth, value, drawn[0], tests) if drawn else (None, None, None)
    measured = MeasuredMetric(name, n, _known(value), low, high, error, _known(live))
    if live is None:
        return measured
    apart: tuple[float, float, float] | None = None
    if same and np.isfinite(value):
        apart = (0.0, 0.0, 0.0)
    elif drawn:
        apart = stretched(value - live, drawn[0] - drawn[1], rests(name, truth), tests)
    below, above, spread = apart or (None, None, None)
    of_live = _of_value(name, truth, live, drawn[1], tests) if drawn else (None, None, None)
    return MeasuredMetric(
        name, n, _known(value), low, high, error, _known(live), _known(value - live), below, above, spread,
        compared(name, below, above, same) if np.isfinite(value - live) else "not compared", *of_live[:2],
    )  # fmt: skip


def _known(number: float | None) -> float | None:
    return number if number is not None and np.isfinite(number) else None
