"""What is counted of requests, whether they are kept row by row or not: by minute, version, fallback and status.

Times of answers are counted in a histogram whose bounds grow by a tenth, from 10 microseconds, so that a percentile is
right to five parts in a hundred, whatever adds two of them up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from math import exp, log
from typing import NamedTuple

from engine.requests.answered import Answered

SMALLEST = 1e-5  # seconds
_GROWTH = log(1.1)
_BOUNDS = [SMALLEST * exp(number * _GROWTH) for number in range(170)]  # to 99 s, and one bucket for all that is longer
_place = partial(bisect_left, _BOUNDS)  # A function of Python's would cost as much again.
_MINUTE = timedelta(minutes=1)
LOST = 0  # the status of what came faster than it could be counted: nothing is known of it but its number


class CountKey(NamedTuple):
    """``minute``: since 1970. ``fallback``: empty where the live version answered."""

    project: str
    minute: int
    version: str
    digest: str
    fallback: str
    status: int


@dataclass
class Count:
    """``kept``: rows that were written in a block; ``lost``: rows that should be and are not."""

    requests: int = 0
    rows: int = 0
    kept: int = 0
    lost: int = 0
    seconds: float = 0.0
    histogram: dict[int, int] = field(default_factory=dict)

    def add(self, other: Count) -> None:
        self.requests += other.requests
        self.rows += other.rows
        self.kept += other.kept
        self.lost += other.lost
        self.seconds += other.seconds
        merge(self.histogram, other.histogram)


def bucket(seconds: float) -> int:
    """The bucket of the histogram that a time falls into; what is no time falls into the first."""
    return _place(seconds)


def middle(number: int) -> float:
    """The seconds that stand for a bucket."""
    return SMALLEST * exp((number - 0.5) * _GROWTH) if number else SMALLEST


def merge(into: dict[int, int], other: Mapping[int, int]) -> None:
    for number, found in other.items():
        into[number] = into.get(number, 0) + found


def quantile(histogram: Mapping[int, int], share: float) -> float | None:
    """The time, in seconds, that ``share`` of the answers took at most; None of none."""
    left = share * sum(histogram.values())
    for number in sorted(histogram):
        left -= histogram[number]
        if left <= 0:
            return middle(number)
    return None


def key_of(answered: Answered) -> CountKey:
    minute = int(answered.at.timestamp()) // 60
    fallback = answered.fallback or ""
    return CountKey(answered.project, minute, answered.label, answered.digest, fallback, answered.status)


def by_key(answered: Iterable[Answered]) -> dict[CountKey, list[Answered]]:
    """Those that are counted alike, together."""
    # A key for each, and the minute of each, would cost half of what counting takes.
    found: dict[tuple[object, ...], list[Answered]] = {}
    since = until = None
    minute = 0
    for each in answered:
        at = each.at
        if since is None or until is None or not since <= at < until:
            minute = int(at.timestamp()) // 60
            since = datetime.fromtimestamp(60 * minute, UTC)
            until = since + _MINUTE
        alike = each.project, each.label, each.digest, each.fallback or "", minute, each.status
        known = found.get(alike)
        if known is None:
            found[alike] = [each]
        else:
            known.append(each)
    return {key_of(alike[0]): alike for alike in found.values()}


def count(into: dict[CountKey, Count], key: CountKey, answered: Sequence[Answered]) -> None:
    """Add ``answered``, which all are counted by ``key``."""
    seconds = [each.seconds for each in answered]
    rows = sum(len(each.rows) for each in answered)
    more = Count(len(answered), rows, seconds=sum(seconds), histogram=dict(Counter(map(_place, seconds))))
    into.setdefault(key, Count()).add(more)
