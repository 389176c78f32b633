"""Due times of a cron line in its own zone. Pure; cron's own meaning (0 and 7 are Sunday, 1 is Monday)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_MOST_KEPT = 10_000
# The last answer for each line and zone: from when it holds, and until when. 1,000 projects are asked about once a
# second, to work an answer out takes 30 us, and it changes once a week.
_answers: dict[tuple[str, str], tuple[datetime, datetime]] = {}


def next_due(cron: str, timezone: str, after: datetime) -> datetime:
    """The first moment after ``after`` at which ``cron`` is due in ``timezone``, in UTC.

    Daylight saving as Debian's cron has it: a skipped local time runs once, a repeated one once.
    """
    known = _answers.get((cron, timezone))
    if known is not None and known[0] <= after < known[1]:
        return known[1]
    from cronsim import CronSim

    due = next(CronSim(cron, after.astimezone(ZoneInfo(timezone)))).astimezone(UTC)
    if len(_answers) >= _MOST_KEPT:
        _answers.clear()
    _answers[cron, timezone] = (after, due)
    return due
