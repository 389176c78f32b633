"""When quiet hours end and when a digest is due, by the clock on somebody's wall. Pure.

A stretch belongs to the day on which it begins, and goes on over midnight where it ends no later than it begins. In a
night in which a clock is put forward, a time that is left out is as much later as the clock was put forward. In one
in which it is put back, quiet hours go from the first to the last of two like times, and a digest comes at the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from engine.routing.records import RouteTerms

_DAY = timedelta(days=1)
# Nothing waits longer; hours that say more cover everything.
FURTHEST = timedelta(days=8)
MIDNIGHT = "24:00"


def quiet_until(quiet: Sequence[RouteTerms], now: datetime) -> datetime | None:
    """When the quiet hours that ``now`` is in come to their end, where one follows on another that of the last; None
    when it is in none. At most FURTHEST from now."""
    until = now
    while until < now + FURTHEST:
        end = max((end for route in quiet if (end := _end(route, until)) is not None), default=None)
        if end is None:
            break
        until = end
    return min(until, now + FURTHEST) if until > now else None


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
        day = today + step * n * _DAY
        if not digest.days or day.weekday() in digest.days:
            yield _first(day, digest.starts, zone)


def _end(quiet: RouteTerms, at: datetime) -> datetime | None:
    """The end of the stretch that ``at`` is in."""
    zone = zone_of(quiet.zone)
    today = at.astimezone(zone).date()
    ends = [
        end
        for day in (today - _DAY, today)
        if not quiet.days or day.weekday() in quiet.days
        if _first(day, quiet.starts, zone) <= at < (end := _last(_end_day(day, quiet), quiet.ends, zone))
    ]
    return max(ends, default=None)


def _end_day(day: date, quiet: RouteTerms) -> date:
    return day if quiet.ends > quiet.starts else day + _DAY


def _first(day: date, wall: str, zone: ZoneInfo) -> datetime:
    return _wall(day, wall, zone).astimezone(UTC)


def _last(day: date, wall: str, zone: ZoneInfo) -> datetime:
    found = _wall(day, wall, zone)
    return max(found.astimezone(UTC), found.replace(fold=1).astimezone(UTC))


def _wall(day: date, wall: str, zone: ZoneInfo) -> datetime:
    if wall == MIDNIGHT:
        day, wall = day + _DAY, "00:00"
    return datetime.combine(day, time.fromisoformat(wall), zone)


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone; read once."""
    return ZoneInfo(name)
