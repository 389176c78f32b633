"""Whether a learner's errors have surely grown while it learnt, and since when. Pure.

ADWIN, adaptive windowing (Bifet and Gavaldà 2007, "Learning from time-changing data with adaptive windowing", SIAM
Data Mining): a window over what came last is cut wherever the means of its two parts differ by more than chance allows,
by the bound of that paper (its section 3.1, with the variance of the window):

    m = 1 / (1/n0 + 1/n1),  d = delta / ln(n),  cut = sqrt(2/m * variance * ln(2/d)) + 2/(3m) * ln(2/d)

A cut by which errors fell drops the part before it: the learner has got better, and is held against that from then on.
One by which they grew is drift. The paper keeps the window in buckets of growing size; here the buckets are stretches
of a few rows, whose number is small, so that every cut between two of them is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.clock import moment
from engine.versions.records import CurvePoint

METHOD = "ADWIN"
DELTA = 0.002  # as in the paper: how often a window without any change is cut
STRETCH = 10  # rows
_Z = 1.959964
_BEYOND = 4.0  # of a mean error: where the errors of numbers end on the scale of 0 to 1 that the bound is for


@dataclass(frozen=True)
class Stretch:
    """Errors of ``rows`` rows, each 0 to 1: their mean and variance. ``until``: when the last was known; ``since``: the
    first."""

    rows: int
    mean: float
    variance: float
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Drift:
    """From ``since`` on errors are ``after``, on ``rows`` rows, and were ``before``; each on a scale of 0 to 1."""

    since: datetime
    before: float
    after: float
    rows: int


def drift_in(stretches: Sequence[Stretch], known: int = 0) -> Drift | None:
    """The first drift at the end of one of ``stretches``, in their order; None where there is none.

    ``known``: so many of the first were looked at by earlier runs: a drift that ends there is none of this one."""
    start = 0
    for end in range(1, len(stretches) + 1):
        cut = _cut(stretches[start:end])
        while cut is not None:
            before, after = _together(stretches[start : start + cut]), _together(stretches[start + cut : end])
            if after[1] > before[1] and end > known:
                return Drift(stretches[start + cut].since, before[1], after[1], after[0])
            start += cut
            cut = _cut(stretches[start:end])
    return None


def _cut(window: Sequence[Stretch]) -> int | None:
    """The place of the cut at which the two parts differ by the most, if it is by more than chance allows."""
    n, _, variance = _together(window)
    if len(window) < 2 or n < 2 * STRETCH or math.log(n) <= 0:
        return None
    each = math.log(2 * math.log(n) / DELTA)
    best, found = 0.0, None
    rows = total = 0.0
    whole = sum(one.rows * one.mean for one in window)
    for place, one in enumerate(window[:-1], 1):
        rows, total = rows + one.rows, total + one.rows * one.mean
        m = 1 / (1 / rows + 1 / (n - rows))
        apart = abs(total / rows - (whole - total) / (n - rows))
        over = apart - (math.sqrt(2 / m * variance * each) + 2 / (3 * m) * each)
        if over > best:
            best, found = over, place
    return found


def _together(window: Sequence[Stretch]) -> tuple[int, float, float]:
    """Rows, mean and variance of several stretches as one."""
    n = sum(one.rows for one in window)
    if not n:
        return 0, 0.0, 0.0
    mean = math.fsum(one.rows * one.mean for one in window) / n
    spread = math.fsum(one.rows * (one.variance + (one.mean - mean) ** 2) for one in window)
    return n, mean, spread / n


def scale_of(errors: Sequence[float], history: Sequence[CurvePoint], *, numbers: bool) -> float:
    """What errors are divided by, so that they lie between 0 and 1: of classes they do; of numbers, four times what the
    error was when it began."""
    if not numbers:
        return 1.0
    first = history[0].value if history else math.fsum(errors[:STRETCH]) / max(1, len(errors[:STRETCH]))
    return _BEYOND * first if first > 0 else 1.0


def of_rows(errors: Sequence[float], times: Sequence[datetime], scale: float) -> list[Stretch]:
    """Stretches of the errors of single rows, in their order. ``times``: since when each label is known."""
    found = []
    for start in range(0, len(errors), STRETCH):
        part = [min(1.0, each / scale) for each in errors[start : start + STRETCH]]
        mean = math.fsum(part) / len(part)
        variance = math.fsum((each - mean) ** 2 for each in part) / len(part)
        found.append(Stretch(len(part), mean, variance, times[start], times[start + len(part) - 1]))
    return found


def of_history(points: Sequence[CurvePoint], scale: float, *, numbers: bool) -> list[Stretch]:
    """Stretches of what earlier runs measured. The variance of numbers is told by the interval of their mean."""
    found = []
    for each in points:
        error = min(1.0, each.value / scale) if numbers else 1.0 - each.value
        half = (each.high - each.low) / 2 / _Z
        variance = half * half * each.rows / (scale * scale) if numbers else error * (1.0 - error)
        found.append(Stretch(each.rows, error, min(variance, 0.25), moment(each.until), moment(each.until)))
    return found
