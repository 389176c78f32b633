"""Due times of a cron line in its own zone. Pure; cron's own meaning (0 and 7 are Sunday, 1 is Monday).

Daylight saving as Debian's cron has it. A line that names its hours means times on the wall clock: one that a change
of the clock skips is due once, at the end of the gap, and one that comes twice is due the first time. A line for every
hour means time that passes, so ``*/15 * * * *`` goes on through both changes without a hole.

CronSim reads the line and knows the days; the times of a day are worked out here, because CronSim loses 06:15 where
Lord Howe's clocks move by half an hour, and takes ``*/30 2 * * *`` for a line that names no hours.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from engine.projects.manifest.durations import EVERY, parse_duration

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from cronsim import CronSim

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_NEVER = 50 * 366  # days without a due time: the line is never due
_MOST_KEPT = 10_000
_SOME_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
_DUES = 2000  # every ten minutes for two weeks
# The last answer for each line and zone: from when it holds, and until when. 1,000 projects are asked about once a
# second, to work an answer out takes 30 us, and it changes once a week.
_answers: dict[tuple[str, str], tuple[datetime, datetime]] = {}


def next_due(cron: str, timezone: str, after: datetime) -> datetime:
    """The first moment after ``after`` at which ``cron`` is due in ``timezone``, in UTC."""
    known = _answers.get((cron, timezone))
    if known is not None and known[0] <= after < known[1]:
        return known[1]
    due = next(Cron(cron, timezone).after(after))
    if len(_answers) >= _MOST_KEPT:
        _answers.clear()
    _answers[cron, timezone] = (after, due)
    return due


class Cron:
    """The due times of a cron line."""

    def __init__(self, line: str, timezone: str) -> None:
        from zoneinfo import ZoneInfo  # Here, as it takes 2 ms to load and not every project has a schedule.

        self._line, self._zone = line, ZoneInfo(timezone)

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Due times later than ``moment``, ascending, without end (none any more once fifty years hold none)."""
        day, last, empty = self._local(moment) - _DAY, moment, 0
        while empty < _NEVER:
            found = _due_on(self._line, self._zone, day)
            for due in found[bisect_right(found, last) :]:
                last, empty = due, 0
                yield due
            day, empty = day + _DAY, empty + 1

    def before(self, moment: datetime, after: datetime) -> Iterator[datetime]:
        """Due times from ``moment`` (if it is one) back to, not with, ``after``; descending."""
        day, last, first = self._local(moment) + _DAY, moment + timedelta(microseconds=1), self._local(after) - _DAY
        while day >= first:
            found = _due_on(self._line, self._zone, day)
            for due in reversed(found[: bisect_left(found, last)]):
                if due <= after:
                    return
                last = due
                yield due
            day -= _DAY

    def count(self, after: datetime, until: datetime) -> int:
        """How many are later than ``after`` and not later than ``until``; 365 days cost a few milliseconds."""
        day, end = self._local(after) - _DAY, self._local(until) + _DAY
        total, last = 0, after
        while day <= end:
            plain = self._plain(day)
            if plain is not None and last < plain[0] and plain[1] <= until:
                total += len(_fields(self._line).times) if _matches(self._line, day) else 0
                day += _DAY
                continue
            found = _due_on(self._line, self._zone, day)
            inside = found[bisect_right(found, last) : bisect_right(found, until)]
            if inside:
                total, last = total + len(inside), inside[-1]
            day += _DAY
        return total

    def _local(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()

    def _plain(self, day: date) -> tuple[datetime, datetime] | None:
        """Where a day without a change of the clock begins and ends; None for the others."""
        start, end = (datetime.combine(each, time(), self._zone) for each in (day, day + _DAY))
        before = datetime.combine(day - _DAY, time(), self._zone)
        if before.utcoffset() != start.utcoffset() or start.utcoffset() != end.utcoffset():
            return None
        return start.astimezone(UTC), end.astimezone(UTC)


class Every:
    """Due times at equal distances from ``anchor``."""

    def __init__(self, step: timedelta, anchor: datetime) -> None:
        self._step, self._anchor = step, anchor

    def _number(self, moment: datetime) -> int:
        """The number of the last due time that is not later than ``moment``; 0 is the anchor, which is none."""
        return max(0, (moment - self._anchor) // self._step)

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Due times later than ``moment``, ascending, without end."""
        number = self._number(moment) + 1
        while True:
            yield self._anchor + number * self._step
            number += 1

    def before(self, moment: datetime, after: datetime) -> Iterator[datetime]:
        """Due times from ``moment`` (if it is one) back to, not with, ``after``; descending."""
        for number in range(self._number(moment), self._number(after), -1):
            yield self._anchor + number * self._step

    def count(self, after: datetime, until: datetime) -> int:
        """How many are later than ``after`` and not later than ``until``."""
        return max(0, self._number(until) - self._number(after))


@lru_cache(maxsize=4096)
def patience(rule: str, timezone: str) -> timedelta:
    """How old the newest look may be where looks follow ``rule``: one may be missed, and a short while more."""
    if rule.startswith(EVERY):
        gap = parse_duration(rule.removeprefix(EVERY)) or timedelta(days=7)
    else:
        dues = list(islice(Cron(rule, timezone).after(_SOME_MONDAY), _DUES))
        # No further than two weeks, so that a line for working hours is asked about its weekend and no year is read.
        near = [due for due in dues if due - dues[0] <= timedelta(days=15)]
        gap = max((later - due for due, later in pairwise(near)), default=timedelta(days=7))
    return gap + min(max(gap, timedelta(hours=1)), timedelta(days=2))


class _Fields:
    """A line, read: which times of a day it names, on which days."""

    def __init__(self, line: str) -> None:
        from cronsim import CronSim

        self.sim: CronSim = CronSim(line, datetime(2026, 1, 1, tzinfo=UTC))
        # Steps and ranges are looked at as the hours they come to: */2 names hours as much as 0,2,4 does.
        self.every_hour = len(self.sim.hours) == 24
        self.times = tuple(time(hour, minute) for hour in sorted(self.sim.hours) for minute in sorted(self.sim.minutes))


@lru_cache(maxsize=4096)
def _fields(line: str) -> _Fields:
    return _Fields(line)


def _matches(line: str, day: date) -> bool:
    sim = _fields(line).sim
    return day.month in sim.months and bool(sim.match_day(day))


@lru_cache(maxsize=8192)
def _due_on(line: str, zone: ZoneInfo, day: date) -> tuple[datetime, ...]:
    """The due times of the wall clock's ``day``, in UTC, ascending."""
    if not _matches(line, day):
        return ()
    fields = _fields(line)
    found: set[datetime] = set()
    for each in fields.times:
        wall = datetime.combine(day, each, zone)
        there = _instant(wall)
        if fields.every_hour:
            again = _instant(wall.replace(fold=1))
            found.update(moment for moment in (there, again) if moment is not None)
        else:
            found.add(there if there is not None else _end_of_gap(wall))
    return tuple(sorted(found))


def _instant(wall: datetime) -> datetime | None:
    """The moment at which clocks show ``wall``; None when they never do."""
    moment = wall.astimezone(UTC)
    shown = moment.astimezone(wall.tzinfo)
    return moment if shown.replace(tzinfo=None, fold=0) == wall.replace(tzinfo=None, fold=0) else None


def _end_of_gap(wall: datetime) -> datetime:
    while (moment := _instant(wall)) is None:
        wall += _MINUTE
    return moment
