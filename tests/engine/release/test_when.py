"""When a version is to go live, as people say it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.errors import Invalid
from engine.release.when import due_of

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "now", "due"),
    [
        ("02:00", NOON, "2026-11-28T02:00"),
        ("13:00", NOON, "2026-11-27T13:00"),
        ("12:00", NOON, "2026-11-28T12:00"),  # never at once, nor in the past
        ("02:00 Europe/Berlin", NOON, "2026-11-28T01:00"),
        ("00:30 Europe/Berlin", datetime(2026, 11, 27, 23, 15, tzinfo=UTC), "2026-11-27T23:30"),  # it is Saturday there
        ("23:00 America/New_York", datetime(2026, 11, 28, 1, tzinfo=UTC), "2026-11-28T04:00"),  # still Friday there
        ("02:30 Europe/Berlin", datetime(2026, 3, 28, 12, tzinfo=UTC), "2026-03-29T01:30"),  # left out that night
        ("02:30 Europe/Berlin", datetime(2026, 10, 24, 12, tzinfo=UTC), "2026-10-25T00:30"),  # there twice: the first
        ("2026-11-28T02:00Z", NOON, "2026-11-28T02:00"),
        ("2026-11-28T02:00+01:00", NOON, "2026-11-28T01:00"),
    ],
)
def test_a_time_of_day_is_the_next_on_that_wall(words: str, now: datetime, due: str) -> None:
    assert due_of(words, now) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "words", ["", "25:00", "2 am", "tonight", "02:00 Nowhere/At-all", "02:00 ../etc/passwd", "\x1b"]
)
def test_what_is_no_time_is_refused_with_how_one_is_written(words: str) -> None:
    with pytest.raises(Invalid, match="write 02:00, 02:00 Europe/Berlin or 2026-11-24T02:00Z"):
        due_of(words, NOON)
