"""A metric over time: what was measured, how sure that is, and when which version went live. Pure.

Whole periods of the live version come from the newest look, which measures each of them anew. What was before them was
measured by earlier looks, or by the retrains that held the live version of then against a candidate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from console.queries.health_questions import HealthOverTime
from engine.clock import moment
from engine.errors import Invalid

if TYPE_CHECKING:
    from engine.monitoring.look_document import LookDocument


@dataclass(frozen=True)
class TimelinePoint:
    """One point. ``low`` to ``high`` is its 95 % interval; ``of_live`` whether the version that is live now gave it."""

    at: datetime
    value: float
    low: float | None = None
    high: float | None = None
    of_live: bool = False


@dataclass(frozen=True)
class Mark:
    """A version went live, or a learner was reset; ``kind`` is release, rollback or reset."""

    at: datetime
    label: str
    kind: str


@dataclass(frozen=True)
class Timeline:
    metric: str
    points: tuple[TimelinePoint, ...]
    marks: tuple[Mark, ...]
    validated: float | None
    until: datetime


def timeline(found: HealthOverTime, metric: str) -> Timeline | None:
    """``metric`` over time; None where nothing was ever measured."""
    look = found.health.look
    if look is None:
        return None
    live = _of_periods(found.health.document, metric)
    first = live[0].at if live else look.as_of
    points = [*_before(found, metric, first), *live]
    if not points:
        return None
    since = points[0].at
    marks = tuple(Mark(s.at, f"@{s.number}", s.kind) for s in found.swaps if since <= s.at <= look.as_of)
    validated = found.health.document.validated_value(metric)
    return Timeline(metric, tuple(points), marks, validated, look.as_of)


def _of_periods(document: LookDocument, metric: str) -> list[TimelinePoint]:
    """Each mature period at its middle."""
    points = []
    for period in document.periods.periods if document.periods is not None else ():
        start, end, reading = _moment(period.start), _moment(period.end), period.of(metric)
        if start is None or end is None or reading is None or reading.value is None:
            continue
        points.append(TimelinePoint(start + (end - start) / 2, reading.value, reading.low, reading.high, True))
    return points


def _before(found: HealthOverTime, metric: str, first: datetime) -> list[TimelinePoint]:
    live = found.health.status.live
    looks = [
        TimelinePoint(s.as_of, s.value, s.low, s.high)
        for s in found.signals.get(metric, ())
        if s.value is not None and s.version != live and s.as_of < first
    ]
    status = found.health.status
    if status.metric is None or status.metric.name != metric:
        return looks
    oldest = looks[0].at if looks else first
    return [*(TimelinePoint(p.as_of, p.value) for p in status.history if p.as_of < oldest), *looks]


def _moment(text: str | None) -> datetime | None:
    try:
        return moment(text) if text is not None else None
    except Invalid:
        return None
