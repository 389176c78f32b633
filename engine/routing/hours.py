"""When quiet hours end and when a digest is due, by the clock on somebody's wall (``vocabulary.hours``). Pure.

In a night in which a clock is put back a digest comes at the first of two like times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from engine.routing.records import RouteTerms
from engine.vocabulary.hours import DAY, FURTHEST, first, until, zone_of


def quiet_until(quiet: Sequence[RouteTerms], now: datetime) -> datetime | None:
    """When the quiet hours that ``now`` is in come to their end; None when it is in none."""
    return until(quiet, now)


def covers_everything(quiet: Sequence[RouteTerms], now: datetime) -> bool:
    """Whether there is no moment at which news would come."""
    return quiet_until(quiet, now) == now + FURTHEST


def last_due(digest: RouteTerms, now: datetime) -> datetime | None:
    """The newest time at which a digest was due, ``now`` included."""
    dues = (due for due in _dues(digest, now, -1) if due <= now)
    return next(dues, None)


def next_due(digest: RouteTerms, now: datetime) -> datetime:
    """The first time after ``now`` at which it is due."""
    return next(due for due in _dues(digest, now, 1) if due > now)


def _dues(digest: RouteTerms, now: datetime, step: int) -> Iterator[datetime]:
    zone = zone_of(digest.zone)
    today = now.astimezone(zone).date()
    for n in range(-1, 9):  # a day before, for a time that is still to come there
        day = today + step * n * DAY
        if not digest.days or day.weekday() in digest.days:
            yield first(day, digest.starts, zone)
