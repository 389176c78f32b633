"""How fast something grows, from a history of measurements. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

DAY = 86400.0
SHORTEST = 3600.0  # from less than an hour nobody can tell a trend
MOST_POINTS = 40

Point = tuple[float, float]  # seconds since 1970, bytes


def per_day(points: Sequence[Point]) -> float | None:
    """Bytes a day: the median slope between any two points (Theil 1950, Sen 1968), so that one clean-up or one large
    import does not pass for a trend. None with too little history."""
    kept = _thinned(sorted(points))
    if len(kept) < 2 or kept[-1][0] - kept[0][0] < SHORTEST:
        return None
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for number, earlier in enumerate(kept)
        for later in kept[number + 1 :]
        if later[0] > earlier[0]
    ]
    return median(slopes) * DAY


def days_until(free: int, free_per_day: float | None) -> float | None:
    """After how many days nothing is free; None when it is not getting less, or not known."""
    if free_per_day is None or free_per_day >= 0:
        return None
    return free / -free_per_day


def _thinned(points: list[Point]) -> list[Point]:
    """At most ``MOST_POINTS``, spread over all, with the first and the last."""
    if len(points) <= MOST_POINTS:
        return points
    step = (len(points) - 1) / (MOST_POINTS - 1)
    return [points[round(number * step)] for number in range(MOST_POINTS)]
