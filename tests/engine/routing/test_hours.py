"""When quiet hours end and digests are due, on walls whose clocks are put forward and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from engine.routing import words
from engine.routing.hours import covers_everything, last_due, next_due, quiet_until
from engine.routing.records import RouteTerms

NIGHT = "22:00-07:00"


def quiet(*said: str) -> list[RouteTerms]:
    return [words.read(f"quiet ada {each}") for each in said]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# 2026: Berlin goes forward on 29 March at 02:00 and back on 25 October at 03:00. 27 November is a Friday.
@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        ([NIGHT], "2026-11-27 21:59:59", None),
        ([NIGHT], "2026-11-27 22:00", "2026-11-28 07:00"),
        ([NIGHT], "2026-11-28 00:00", "2026-11-28 07:00"),
        ([NIGHT], "2026-11-28 06:59:59", "2026-11-28 07:00"),
        ([NIGHT], "2026-11-28 07:00", None),
        (["12:00-13:00"], "2026-11-28 12:30", "2026-11-28 13:00"),
        (["12:00-13:00"], "2026-11-28 11:30", None),
        # A night belongs to the day on which it begins.
        ([f"{NIGHT} mon-fri"], "2026-11-27 23:00", "2026-11-28 07:00"),
        ([f"{NIGHT} mon-fri"], "2026-11-28 03:00", "2026-11-28 07:00"),
        ([f"{NIGHT} mon-fri"], "2026-11-28 23:00", None),
        ([f"{NIGHT} mon-fri"], "2026-11-30 03:00", None),
        (["00:00-24:00 sat,sun"], "2026-11-28 09:00", "2026-11-30 00:00"),
        (["00:00-24:00 sat,sun"], "2026-11-30 00:00", None),
        # What follows on each other is one stretch: from Friday evening to Monday morning.
        ([NIGHT, "00:00-24:00 sat,sun"], "2026-11-27 22:30", "2026-11-30 07:00"),
        # Another zone: 22:00 in Berlin is 21:00 UTC in winter and 20:00 in summer.
        ([f"{NIGHT} Europe/Berlin"], "2026-11-27 21:00", "2026-11-28 06:00"),
        ([f"{NIGHT} Europe/Berlin"], "2026-07-01 20:00", "2026-07-02 05:00"),
        ([f"{NIGHT} Europe/Berlin"], "2026-07-01 19:59", None),
        # The nights in which clocks change: the same walls, eight hours and ten.
        ([f"{NIGHT} Europe/Berlin"], "2026-03-28 22:00", "2026-03-29 05:00"),
        ([f"{NIGHT} Europe/Berlin"], "2026-10-24 21:00", "2026-10-25 06:00"),
        # 02:30 is left out in spring: from it by the clock after the change, until it by the clock before.
        (["22:00-02:30 Europe/Berlin"], "2026-03-29 01:29", "2026-03-29 01:30"),
        (["02:30-05:00 Europe/Berlin"], "2026-03-29 00:29", None),
        (["02:30-05:00 Europe/Berlin"], "2026-03-29 01:00", "2026-03-29 03:00"),  # the wall shows 03:00
        # 02:30 comes twice in autumn: quiet until the second, and from the first.
        (["22:00-02:30 Europe/Berlin"], "2026-10-25 01:00", "2026-10-25 01:30"),
        (["02:30-05:00 Europe/Berlin"], "2026-10-25 00:30", "2026-10-25 04:00"),
        # Where the day begins at another time than here.
        (["00:00-06:00 Pacific/Auckland"], "2026-11-27 12:00", "2026-11-27 17:00"),
    ],
)
def test_quiet_hours_end(hours: list[str], now: str, until: str | None) -> None:
    assert quiet_until(quiet(*hours), at(now)) == (at(until) if until else None)


def test_hours_that_leave_no_moment_cover_everything() -> None:
    now = at("2026-11-27 12:00")
    assert covers_everything(quiet("00:00-24:00"), now)
    assert covers_everything(quiet("07:00-22:00", NIGHT), now)
    assert not covers_everything(quiet("07:00-21:59", NIGHT), now)
    assert not covers_everything(quiet("00:00-24:00 mon-sat"), now)


@pytest.mark.parametrize(
    ("said", "now", "last", "following"),
    [
        ("08:00", "2026-11-27 07:59", "2026-11-26 08:00", "2026-11-27 08:00"),
        ("08:00", "2026-11-27 08:00", "2026-11-27 08:00", "2026-11-28 08:00"),
        ("08:00 mon-fri", "2026-11-29 12:00", "2026-11-27 08:00", "2026-11-30 08:00"),
        ("08:00 sun", "2026-11-28 12:00", "2026-11-22 08:00", "2026-11-29 08:00"),
        ("08:00 Pacific/Auckland", "2026-11-27 20:00", "2026-11-27 19:00", "2026-11-28 19:00"),
        ("08:00 Pacific/Honolulu", "2026-11-27 05:00", "2026-11-26 18:00", "2026-11-27 18:00"),
        ("02:30 Europe/Berlin", "2026-03-29 12:00", "2026-03-29 01:30", "2026-03-30 00:30"),
        ("02:30 Europe/Berlin", "2026-10-25 12:00", "2026-10-25 00:30", "2026-10-26 01:30"),
    ],
)
def test_a_digest_is_due(said: str, now: str, last: str, following: str) -> None:
    digest = words.read(f"digest ada {said}")
    assert (last_due(digest, at(now)), next_due(digest, at(now))) == (at(last), at(following))


def test_a_digest_is_due_once_a_day_all_year_round() -> None:
    digest, now, dues = words.read("digest ada 02:30 Europe/Berlin"), at("2026-01-01 12:00"), []
    while now < at("2027-01-01 12:00"):
        now = next_due(digest, now)
        dues.append(now)
        assert last_due(digest, now) == now
    assert len({due.date() for due in dues}) == len(dues) == 366
    assert {b - a for a, b in pairwise(dues)} <= {timedelta(hours=hours) for hours in (23, 24, 25)}
