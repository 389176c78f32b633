"""Times of rows as whole microseconds since 1970 in UTC, and the days and weeks that they fall into."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from engine.validation.columns import Codes

# What a time is, and what is none, is said in one place: the split that a version was made with.
from engine.validation.holdout import read_moments as _read

DAY = 86_400_000_000
WEEK = 7 * DAY
UNDATED = int(np.iinfo(np.int64).min)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# 1970 began on a Thursday; weeks and everything longer begin on a Monday.
_FIRST_MONDAY = 4 * DAY


def moments(column: pa.ChunkedArray, name: str) -> Codes:
    """The moment of each row, UNDATED where there is none. Raises StepFailed when the column holds no times."""
    found, dated = _read(column, name)
    return np.where(dated, found, UNDATED)


def microseconds(moment: datetime) -> int:
    """``moment`` as rows have it; without a zone it is taken as UTC."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (moment - _EPOCH) // timedelta(microseconds=1)


def iso(moment: int) -> str:
    """``2026-11-20T03:00:00Z``; a moment beyond the calendar is told by its number."""
    try:
        return (_EPOCH + timedelta(microseconds=int(moment))).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return str(int(moment))


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
