"""Whether logged requests get the same answers once more: what was compared, and what differs. Pure.

A number differs where it is off by more than a millionth of itself (or of one, if it is smaller); a label, a missing
value and anything else differ where they are not the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.requests.records import Value

CLOSE = 1e-6
WORST = 10  # rows that are kept as evidence
PREDICTION = "prediction"


@dataclass(frozen=True)
class LoggedRow:
    """A row of the log: which request, when, what was asked and what was answered."""

    request: str
    at: str
    features: tuple[Value, ...]
    answer: tuple[Value, ...]


@dataclass(frozen=True)
class SkewRow:
    """A row whose answer differs. ``difference``: the largest of its numbers; None where something that is no number
    differs, which is worse than any."""

    request: str
    at: str
    features: tuple[tuple[str, Value], ...]
    answered: tuple[tuple[str, Value], ...]
    again: tuple[tuple[str, Value], ...]
    difference: float | None


@dataclass(frozen=True)
class SkewCheck:
    """Of ``rows`` rows ``differing`` were answered otherwise, ``changed`` of them with another label.
    ``unread``: blocks that are gone or not what was written."""

    version: str
    at: datetime
    rows: int
    differing: int
    changed: int
    largest: float
    unread: int
    worst: tuple[SkewRow, ...]
    run: int = 0

    @property
    def sentence(self) -> str:
        """Such as ``2 of 2,000 logged rows get another answer from flights@7 when they are asked again``."""
        if not self.rows:
            return f"no answer of {self.version} was logged in the last day"
        if not self.differing:
            return f"{self.rows:,} logged rows get the same answers from {self.version} again"
        by = f", by {self.largest:.3g} at most" if self.largest else ""
        other = f", {self.changed:,} of them another label" if self.changed else ""
        these = f"{self.differing:,} of {self.rows:,} logged rows"
        return f"{these} get another answer from {self.version} when they are asked again{by}{other}"


def compare(
    version: str,
    rows: Sequence[LoggedRow],
    again: Sequence[Sequence[Value]],
    features: Sequence[str],
    outputs: Sequence[str],
    at: datetime,
    unread: int = 0,
) -> SkewCheck:
    """Hold ``again``, an answer for each of ``rows``, against what was answered."""
    found: list[SkewRow] = []
    changed = 0
    for row, other in zip(rows, again, strict=True):
        sizes = [_difference(a, b) for a, b in zip(row.answer, other, strict=True)]
        if not any(size is None or size > 0 for size in sizes):
            continue
        unlike = any(size is None for size in sizes)
        place = outputs.index(PREDICTION) if PREDICTION in outputs else 0
        # Of a classifier each other label is another decision, also where labels are numbers.
        changed += sizes[place] is None or (len(outputs) > 1 and bool(sizes[place]))
        largest = None if unlike else max(size for size in sizes if size is not None)
        answered, now = tuple(zip(outputs, row.answer, strict=True)), tuple(zip(outputs, other, strict=True))
        asked = tuple(zip(features, row.features, strict=True))
        found.append(SkewRow(row.request, row.at, asked, answered, now, largest))
    found.sort(key=lambda each: -math.inf if each.difference is None else -each.difference)
    largest_of_all = max((each.difference for each in found if each.difference is not None), default=0.0)
    return SkewCheck(version, at, len(rows), len(found), changed, largest_of_all, unread, tuple(found[:WORST]))


def _difference(before: Value, now: Value) -> float | None:
    """0 where they are the same, None where they differ and are no numbers."""
    numbers = [isinstance(each, int | float) and not isinstance(each, bool) for each in (before, now)]
    if not all(numbers):
        return 0.0 if before == now and type(before) is type(now) else None
    a, b = float(before), float(now)  # type: ignore[arg-type]
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    if not (math.isfinite(a) and math.isfinite(b)):
        return None
    return abs(a - b) if abs(a - b) > CLOSE * max(1.0, abs(b)) else 0.0


def spread(rows: int, most: int) -> list[int]:
    """The places of at most ``most`` of so many rows, evenly over all of them."""
    if rows <= most:
        return list(range(rows))
    return [place * rows // most for place in range(most)]
