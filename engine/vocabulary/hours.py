"""Stretches of the week by the clock on somebody's wall: 22:00-07:00 mon-fri Europe/Berlin. Pure.

A stretch belongs to the day on which it begins, and goes on over midnight where it ends no later than it begins. In a
night in which clocks change, it goes from the first to the last moment that its times could mean: from the first to the
last of two like ones, and for one that is left out by the clock before the change or the one after it. So no moment at
which the wall shows a time of the stretch is outside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = "24:00"
# Nothing is told to last longer; stretches that say more cover everything.
FURTHEST = timedelta(days=8)
TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class Stretch(Protocol):
    """From ``starts`` to ``ends`` on ``days`` (none: all of them; Monday is 0) in ``zone``."""

    @property
    def starts(self) -> str: ...
    @property
    def ends(self) -> str: ...
    @property
    def days(self) -> tuple[int, ...]: ...
    @property
    def zone(self) -> str: ...


def until(stretches: Sequence[Stretch], now: datetime) -> datetime | None:
    """When the stretch that ``now`` is in comes to its end, where one follows on another that of the last; None when
    it is in none. At most FURTHEST from now."""
    found = now
    while found < now + FURTHEST:
        end = max((end for each in stretches if (end := _end(each, found)) is not None), default=None)
        if end is None:
            break
        found = end
    return min(found, now + FURTHEST) if found > now else None


def _end(stretch: Stretch, at: datetime) -> datetime | None:
    """The end of the stretch that ``at`` is in."""
    zone = zone_of(stretch.zone)
    today = at.astimezone(zone).date()
    ends = [
        end
        for day in (today - DAY, today)
        if not stretch.days or day.weekday() in stretch.days
        if _earliest(day, stretch.starts, zone) <= at < (end := _last(_end_day(day, stretch), stretch.ends, zone))
    ]
    return max(ends, default=None)


def _end_day(day: date, stretch: Stretch) -> date:
    return day if stretch.ends > stretch.starts else day + DAY


def first(day: date, wall: str, zone: ZoneInfo) -> datetime:
    """The first moment of ``day`` at which that clock shows ``wall``; what is left out is later by what it leapt."""
    return _wall(day, wall, zone).astimezone(UTC)


def _earliest(day: date, wall: str, zone: ZoneInfo) -> datetime:
    found = _wall(day, wall, zone)
    return min(found.astimezone(UTC), found.replace(fold=1).astimezone(UTC))


def _last(day: date, wall: str, zone: ZoneInfo) -> datetime:
    found = _wall(day, wall, zone)
    return max(found.astimezone(UTC), found.replace(fold=1).astimezone(UTC))


def _wall(day: date, wall: str, zone: ZoneInfo) -> datetime:
    if wall == MIDNIGHT:
        day, wall = day + DAY, "00:00"
    return datetime.combine(day, time.fromisoformat(wall), zone)


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone; read once."""
    from zoneinfo import ZoneInfo  # not for whoever only reads a manifest

    return ZoneInfo(name)


def span_of(word: str) -> tuple[str, str] | None:
    """Beginning and end that ``22:00-07:00`` names; None for any other word."""
    starts, dash, ends = word.partition("-")
    if not dash or not TIME.fullmatch(starts) or not (TIME.fullmatch(ends) or ends == MIDNIGHT):
        return None
    return starts, ends


def days_of(word: str) -> tuple[int, ...] | None:
    """The days that ``mon-fri`` or ``sat,sun`` names; over the end of the week too."""
    found: set[int] = set()
    for part in word.split(","):
        beginning, dash, end = part.partition("-")
        if beginning not in DAYS or (dash and end not in DAYS):
            return None
        one, other = DAYS.index(beginning), DAYS.index(end or beginning)
        found |= {day % 7 for day in range(one, (other if other >= one else other + 7) + 1)}
    return tuple(sorted(found))


def days_in_words(days: tuple[int, ...]) -> str:
    """``mon-fri``, ``sat,sun``: a day or a stretch of days each."""
    found: list[str] = []
    rest = sorted(days)
    while rest:
        last = 1
        while last < len(rest) and rest[last] == rest[0] + last:
            last += 1
        between = "," if last == 2 else "-"
        found.append(DAYS[rest[0]] + (f"{between}{DAYS[rest[last - 1]]}" if last > 1 else ""))
        rest = rest[last:]
    return ",".join(found)
