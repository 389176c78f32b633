"""When a freeze ends, on walls whose clocks are put forward and back, and with a machine's clock that is put back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.access.windows import Window, frozen_until, in_words, never_ends
from engine.projects.manifest.approval import window_of

EVENING = "16:00-24:00 fri Europe/Berlin"
WEEKEND = "00:00-24:00 sat,sun Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# 2026: Berlin goes forward on 29 March at 02:00 and back on 25 October at 03:00. 27 November is a Friday.
@pytest.mark.parametrize(
    ("freezes", "now", "ends"),
    [
        ([EVENING], "2026-11-27 14:59:59", None),
        ([EVENING], "2026-11-27 15:00", "2026-11-27 23:00"),
        ([EVENING], "2026-11-27 22:59:59", "2026-11-27 23:00"),
        ([EVENING], "2026-11-27 23:00", None),
        ([EVENING], "2026-11-26 18:00", None),
        ([EVENING], "2026-07-03 14:00", "2026-07-03 22:00"),  # in summer
        # What follows on each other is one: until Monday.
        ([EVENING, WEEKEND], "2026-11-27 16:00", "2026-11-29 23:00"),
        # Over midnight: the night belongs to the day on which it begins.
        (["22:00-06:00 fri Europe/Berlin"], "2026-11-28 04:59:59", "2026-11-28 05:00"),
        (["22:00-06:00 fri Europe/Berlin"], "2026-11-28 21:30", None),
        # The nights in which clocks change: the same walls, seven hours and nine.
        (["22:00-06:00 sat Europe/Berlin"], "2026-03-28 21:00", "2026-03-29 04:00"),
        (["22:00-06:00 sat Europe/Berlin"], "2026-10-24 20:00", "2026-10-25 05:00"),
        # 02:30 is left out in spring, and comes twice in autumn: until the second, and from the first.
        (["22:00-02:30 sat Europe/Berlin"], "2026-03-29 01:29", "2026-03-29 01:30"),
        (["22:00-02:30 sat Europe/Berlin"], "2026-10-25 01:29", "2026-10-25 01:30"),
        (["02:30-05:00 sun Europe/Berlin"], "2026-10-25 00:30", "2026-10-25 04:00"),
    ],
)
def test_a_freeze_ends_by_the_clock_on_the_wall(freezes: list[str], now: str, ends: str | None) -> None:
    assert frozen_until([window_of(each) for each in freezes], [at(now)]) == (at(ends) if ends else None)


@pytest.mark.parametrize(("zone", "day"), [("Europe/Berlin", "2026-03-29"), ("Europe/Berlin", "2026-10-25"),
                                           ("America/New_York", "2026-11-01")])  # fmt: skip
@pytest.mark.parametrize(("starts", "ends"), [("01:15", "02:45"), ("02:15", "05:00"), ("01:30", "01:45")])
def test_no_moment_whose_wall_clock_reads_within_a_freeze_is_open(zone: str, day: str, starts: str, ends: str) -> None:
    window = Window(starts, ends, (), zone)
    begins = at(f"{day} 00:00") - timedelta(hours=6)
    for minute in range(36 * 60):
        moment = begins + timedelta(minutes=minute)
        wall = f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"
        if starts <= wall < ends:
            assert frozen_until([window], [moment]) is not None, wall


def test_a_clock_that_is_put_back_before_a_freeze_does_not_end_it() -> None:
    freeze = [window_of(EVENING)]
    assert frozen_until(freeze, [at("2026-11-27 09:00"), at("2026-11-27 15:30")]) == at("2026-11-27 23:00")
    assert frozen_until(freeze, [at("2026-11-27 09:00"), at("2026-11-27 09:00")]) is None
    freeze.append(window_of("08:00-10:00 Europe/Berlin"))  # It was put back into another that ends before.
    assert frozen_until(freeze, [at("2026-11-27 08:30"), at("2026-11-27 15:30")]) == at("2026-11-27 23:00")


def test_freezes_that_leave_no_moment_are_known_and_all_are_written_as_they_are_read() -> None:
    always, some = [window_of("00:00-24:00")], [window_of(EVENING), window_of(WEEKEND)]
    assert never_ends(always, at("2026-11-27 09:00")) and not never_ends(some, at("2026-11-27 16:00"))
    assert in_words(some) == f"{EVENING}; {WEEKEND}" and in_words(always) == "00:00-24:00 UTC"
