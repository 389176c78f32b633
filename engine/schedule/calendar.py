"""Due times of a cron line in its own zone. Pure; cron's own meaning (0 and 7 are Sunday, 1 is Monday)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def next_due(cron: str, timezone: str, after: datetime) -> datetime:
    """The first moment after ``after`` at which ``cron`` is due in ``timezone``, in UTC.

    Daylight saving as Debian's cron has it: a skipped local time runs once, a repeated one once.
    """
    from cronsim import CronSim

    return next(CronSim(cron, after.astimezone(ZoneInfo(timezone)))).astimezone(UTC)
