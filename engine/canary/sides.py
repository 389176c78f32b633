"""Requests of both sides of a canary, from what was counted of every request, kept or not. Pure.

A request belongs to the side that its keys fall to, whoever answered it in the end: else a canary would look the better
the more it fails. What the live version answered in the canary's place is the canary's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.canary.records import Side
from engine.requests.counting import LOST, Count, CountKey, merge, middle, quantile

Counted = tuple[str, CountKey, Count]
OK = 200
_MINUTE = timedelta(minutes=1)


def window(since: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The whole minutes after ``since`` and before ``now``: what is counted of both sides is of the same time."""
    begins = since.replace(second=0, microsecond=0)
    return begins if begins == since else begins + _MINUTE, now.replace(second=0, microsecond=0)


@dataclass
class _Sum:
    requests: int = 0
    errors: int = 0
    refused: int = 0
    histogram: dict[int, int] = field(default_factory=dict)

    def add(self, key: CountKey, count: Count) -> None:
        if 400 <= key.status < 500:
            self.refused += count.requests
            return
        self.requests += count.requests
        if key.status != OK or key.fallback:
            self.errors += count.requests
        if key.status == OK:
            merge(self.histogram, count.histogram)

    def side(self, label: str, slow: timedelta) -> Side:
        bound = slow.total_seconds()
        return Side(
            label=label,
            requests=self.requests,
            errors=self.errors,
            answered=sum(self.histogram.values()),
            slow=sum(found for number, found in self.histogram.items() if middle(number) > bound),
            refused=self.refused,
            p50=quantile(self.histogram, 0.5),
            p95=quantile(self.histogram, 0.95),
            p99=quantile(self.histogram, 0.99),
        )


def sides(counted: Iterable[Counted], live: str, canary: str, slow: timedelta) -> tuple[Side, Side]:
    """The live version's side and the canary's."""
    ours, theirs = _Sum(), _Sum()
    for _, key, count in counted:
        if key.status != LOST:
            (theirs if key.version == canary or key.fallback == "live" else ours).add(key, count)
    return ours.side(live, slow), theirs.side(canary, slow)
