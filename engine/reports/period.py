"""Which stretch of time a report is about: a week or a month of the calendar, or what somebody asked for. Pure.

Weeks begin on Monday; both begin at midnight in the project's own time zone, which daylight saving may move in UTC.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from engine.errors import Invalid
from engine.reports.records import ReportPeriod

Kind = Literal["week", "month"]


def ended(kind: Kind, moment: datetime, zone: str = "UTC") -> ReportPeriod:
    """The last whole week or month that had ended at ``moment``."""
    today = moment.astimezone(ZoneInfo(zone)).date()
    if kind == "week":
        until = today - timedelta(days=today.weekday())
        since = until - timedelta(days=7)
        last = until - timedelta(days=1)
        first = str(since.day) if since.month == last.month else f"{since.day} {since:%B}"
        return ReportPeriod(_midnight(since, zone), _midnight(until, zone), zone, f"Week of {first} to {_day(last)}")
    until = today.replace(day=1)
    since = (until - timedelta(days=1)).replace(day=1)
    return ReportPeriod(_midnight(since, zone), _midnight(until, zone), zone, f"{since:%B %Y}")


def between(since: datetime, until: datetime, zone: str = "UTC") -> ReportPeriod:
    """Any stretch of time. Raises Invalid when it is empty."""
    if until <= since:
        raise Invalid(f"The period ends ({_moment(until, zone)}) before it begins ({_moment(since, zone)}).")
    return ReportPeriod(since, until, zone, f"{_moment(since, zone)} to {_moment(until, zone)}")


def last_days(moment: datetime, days: int = 7, zone: str = "UTC") -> ReportPeriod:
    """The ``days`` up to ``moment``, a period that rolls on with it."""
    return replace(between(moment - timedelta(days=days), moment, zone), rolling=True)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _moment(at: datetime, zone: str) -> str:
    there = at.astimezone(ZoneInfo(zone))
    clock = "" if there.time() == time() else f" {there:%H:%M}"
    return f"{_day(there.date())}{clock}"
