"""When a cron line is due next, in its own zone; what was worked out before changes no answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.schedule.calendar import next_due

NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("cron", "zone", "after", "due"),
    [
        ("0 3 * * mon", "UTC", "2026-11-24T12:00", "2026-11-30T03:00"),
        ("0 3 * * 1", NEW_YORK, "2026-11-24T12:00", "2026-11-30T08:00"),
        ("0 3 * * 0", "UTC", "2026-11-24T12:00", "2026-11-29T03:00"),
        ("30 2 * * *", NEW_YORK, "2026-03-08T05:00", "2026-03-08T07:00"),  # there is no 02:30 on that day
        ("30 1 * * *", NEW_YORK, "2026-11-01T05:30", "2026-11-02T06:30"),  # 01:30 comes twice, and was due once
    ],
)
def test_a_line_means_what_cron_means_in_its_own_zone(cron: str, zone: str, after: str, due: str) -> None:
    found = next_due(cron, zone, datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_answers_are_the_same_in_whatever_order_they_are_asked_for() -> None:
    start = datetime(2026, 11, 24, 12, tzinfo=UTC)
    moments = [start + timedelta(minutes=10 * number) for number in range(20)]
    forwards = [next_due("*/15 * * * *", "UTC", moment) for moment in moments]
    backwards = [next_due("*/15 * * * *", "UTC", moment) for moment in reversed(moments)]
    assert forwards == backwards[::-1]
    assert all(moment < due <= moment + timedelta(minutes=15) for moment, due in zip(moments, forwards, strict=True))
