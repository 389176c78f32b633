"""Where the performance of a slice is going, over the periods of its rows. Pure."""

from __future__ import annotations

import numpy as np

from engine.monitoring.look_parts import Trend
from engine.monitoring.performance.scored import Scored
from engine.validation.columns import Codes
from engine.validation.metrics import value
from engine.vocabulary.metrics import good

FEWEST_PERIODS = 4
_NEWEST = 12
_ROWS = 30
# Every slice that is shown has a trend; one in a hundred may be told wrongly.
_SURE = 2.58


def trend(metric: str, rows: Scored, positions: Codes, period: Codes, error: float) -> Trend:
    """Whether performance gets worse, by a line through the newest periods weighted by their rows.

    ``error``: the standard error over all ``positions``; that of a period is larger by the root of its part.
    """
    numbers, counts = np.unique(period[period >= 0], return_counts=True)
    numbers = numbers[counts >= _ROWS][-_NEWEST:]
    points = []
    for number in numbers:
        own = positions[period == number]
        point = value(metric, *rows.take(own))
        if np.isfinite(point):
            points.append((float(number), point, len(own)))
    if len(points) < FEWEST_PERIODS or not error > 0:
        return "cannot tell"
    when, values, sizes = np.array(points).T
    weights = sizes / (error**2 * len(positions))
    away = when - np.average(when, weights=weights)
    spread = float(np.sum(weights * away**2))
    slope = float(np.sum(weights * away * values)) / spread
    # Periods swing by more than their rows explain; the scatter about the line widens it then.
    level = float(np.average(values, weights=weights))
    excess = float(np.sum(weights * (values - level - slope * away) ** 2)) / (len(points) - 2)
    sure = good(metric) * slope * np.sqrt(spread / max(1.0, excess))
    return "falling" if sure < -_SURE else "rising" if sure > _SURE else "steady"
