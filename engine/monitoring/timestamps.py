"""Times of rows as whole microseconds since 1970 in UTC, and the days and weeks that they fall into."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from engine.clock import stamp
from engine.validation.columns import Codes
from engine.validation.event_times import instant, read_moments
from engine.validation.event_times import microseconds as microseconds

DAY = 86_400_000_000
WEEK = 7 * DAY
UNDATED = int(np.iinfo(np.int64).min)
# 1970 began on a Thursday; weeks and everything longer begin on a Monday.
_FIRST_MONDAY = 4 * DAY


def moments(table: pa.Table, name: str) -> Codes:
    """The moment of each row, UNDATED where there is none. Raises StepFailed when the column holds no times."""
    found, dated = read_moments(table, name)
    return np.where(dated, found, UNDATED)


def iso(moment: int) -> str:
    """``2026-11-20T03:00:00Z``; a moment beyond the calendar is told by its number."""
    found = instant(int(moment))
    return str(int(moment)) if found is None else f"{stamp(found)[:19]}Z"


def date(moment: int) -> str:
    """``2026-11-20``."""
    return iso(moment)[:10]


def periods_of(times: Codes, length: int) -> Codes:
    """The number of the period of ``length`` microseconds (a whole number of days) that each moment falls into."""
    # Undated rows are the least number there is, from which nothing can be taken away.
    return (np.maximum(times, UNDATED + _FIRST_MONDAY) - _FIRST_MONDAY) // length


def start_of(period: int, length: int) -> int:
    """The first moment of a period."""
    return int(period) * length + _FIRST_MONDAY
