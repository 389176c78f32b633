"""When a cron line is due, in its own zone and through both changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.projects.manifest import cron as calendar
from engine.projects.manifest.cron import Cron, Every, next_due, patience

NEW_YORK, BERLIN, LORD_HOWE = "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"
ZONES = (NEW_YORK, BERLIN, LORD_HOWE, "UTC", "America/St_Johns", "Africa/Casablanca")
YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def all_of(rule: Cron | Every, after: datetime, until: datetime) -> list[datetime]:
    return list(takewhile(lambda due: due <= until, rule.after(after)))


@pytest.mark.parametrize(
    ("cron", "zone", "after", "due"),
    [
        ("0 3 * * mon", "UTC", "2026-11-24T12:00", "2026-11-30T03:00"),
        ("0 3 * * 1", NEW_YORK, "2026-11-24T12:00", "2026-11-30T08:00"),
        ("0 3 * * 0", "UTC", "2026-11-24T12:00", "2026-11-29T03:00"),
        ("0 3 * * 7", "UTC", "2026-11-24T12:00", "2026-11-29T03:00"),
        ("0 0 29 2 *", "UTC", "2026-11-24T12:00", "2028-02-29T00:00"),
        ("30 2 * * *", NEW_YORK, "2026-03-08T05:00", "2026-03-08T07:00"),  # there is no 02:30 on that day
        ("30 1 * * *", NEW_YORK, "2026-11-01T05:30", "2026-11-02T06:30"),  # 01:30 comes twice, and was due once
        ("30 1 * * *", NEW_YORK, "2026-11-01T06:10", "2026-11-02T06:30"),  # asked for between the two
        ("30 2 * * *", BERLIN, "2026-10-25T00:00", "2026-10-25T00:30"),
        ("30 2 * * *", BERLIN, "2026-10-25T00:45", "2026-10-26T01:30"),
        ("45 1 * * *", LORD_HOWE, "2026-04-04T14:00", "2026-04-04T14:45"),  # 01:45 comes twice, half an hour apart
        ("15 2 * * *", LORD_HOWE, "2026-10-03T15:00", "2026-10-03T15:30"),  # 02:00 to 02:30 is skipped
        ("*/30 2 * * *", NEW_YORK, "2026-03-08T05:00", "2026-03-08T07:00"),
        ("15 */6 * * *", LORD_HOWE, "2026-10-03T14:00", "2026-10-03T19:15"),
    ],
)
def test_a_line_means_what_cron_means_in_its_own_zone(cron: str, zone: str, after: str, due: str) -> None:
    assert next_due(cron, zone, utc(after)) == utc(due)


def test_answers_are_the_same_in_whatever_order_they_are_asked_for() -> None:
    start = datetime(2026, 11, 24, 12, tzinfo=UTC)
    moments = [start + timedelta(minutes=10 * number) for number in range(20)]
    forwards = [next_due("*/15 * * * *", "UTC", moment) for moment in moments]
    backwards = [next_due("*/15 * * * *", "UTC", moment) for moment in reversed(moments)]
    assert forwards == backwards[::-1]
    assert all(moment < due <= moment + timedelta(minutes=15) for moment, due in zip(moments, forwards, strict=True))


def test_answers_are_kept_and_let_go_of_when_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "_answers", {})
    monkeypatch.setattr(calendar, "_MOST_KEPT", 3)
    kept = []
    for minute in range(5):
        next_due(f"{minute} * * * *", "UTC", YEAR[0])
        kept.append(len(calendar._answers))
    assert kept == [1, 2, 3, 1, 2]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", ["00:00", "01:30", "01:45", "02:00", "02:15", "02:30", "03:00", "12:00"])
def test_every_day_of_the_year_has_each_time_of_the_wall_clock_once(zone: str, at: str) -> None:
    """Skipped or doubled by a change of the clock, a daily line is due once a local day, never before its time."""
    wall = time.fromisoformat(at)
    line = f"{wall.minute} {wall.hour} * * *"
    place = ZoneInfo(zone)
    first = datetime(2026, 1, 1, tzinfo=place).astimezone(UTC) - timedelta(seconds=1)
    found = all_of(Cron(line, zone), first, datetime(2027, 1, 1, tzinfo=place).astimezone(UTC) - timedelta(seconds=1))
    days = [due.astimezone(place).date() for due in found]
    assert days == [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    off = [due for due in found if due.astimezone(place).time() != wall]
    assert len(off) <= 1 and all(due.astimezone(place).time() > wall for due in off)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("line", "minutes"), [("*/15 * * * *", 15), ("0 * * * *", 60)])
def test_a_line_for_every_hour_goes_on_through_changes_without_a_hole(zone: str, line: str, minutes: int) -> None:
    found = all_of(Cron(line, zone), *YEAR)
    gaps = {later - earlier for earlier, later in pairwise(found)}
    # Half an hour more or less moves an hourly line once to a full hour that is half an hour further away.
    moved = {timedelta(minutes=90)} if zone == LORD_HOWE and minutes == 60 else set()
    assert gaps == {timedelta(minutes=minutes)} | moved


LINES = st.sampled_from(
    ["* * * * *", "*/15 * * * *", "30 2 * * *", "0,30 1,2 * * *", "15 */6 * * *", "0 0 1 * 5", "0 0 * * 0", "0 0 L * *"]
)


@settings(max_examples=60)
@given(LINES, st.sampled_from(ZONES), st.integers(0, 365 * 86_400), st.integers(0, 12 * 86_400))
def test_backwards_and_counted_are_the_same_due_times(line: str, zone: str, start: int, length: int) -> None:
    after = YEAR[0] + timedelta(seconds=start)
    until = after + timedelta(seconds=length)
    rule = Cron(line, zone)
    found = all_of(rule, after, until)
    assert list(rule.before(until, after)) == found[::-1]
    assert rule.count(after, until) == len(found)
    assert found == sorted(set(found)) and all(after < due <= until for due in found)


def test_the_due_times_of_a_minutely_line_in_a_year_are_counted_without_looking_at_each() -> None:
    before = calendar._due_on.cache_info()
    assert Cron("* * * * *", NEW_YORK).count(*YEAR) == 525_600
    after = calendar._due_on.cache_info()
    looked = after.hits + after.misses - before.hits - before.misses
    assert looked <= 8, "the first and the last days, and those beside a change of the clock"


def test_intervals_count_from_when_the_rule_began() -> None:
    rule = Every(timedelta(hours=6), utc("2026-11-24T10:00"))
    assert list(islice(rule.after(utc("2026-11-24T10:00")), 2)) == [utc("2026-11-24T16:00"), utc("2026-11-24T22:00")]
    assert list(rule.before(utc("2026-11-24T22:00"), utc("2026-11-24T10:00"))) == [
        utc("2026-11-24T22:00"), utc("2026-11-24T16:00"),
    ]  # fmt: skip
    assert rule.count(utc("2026-11-24T10:00"), utc("2027-11-24T10:00")) == 365 * 4


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        ("*/15 * * * *", timedelta(minutes=75)),  # one look may be missed, and an hour more
        ("0 * * * *", timedelta(hours=2)),
        ("0 3 * * *", timedelta(days=2)),
        ("0 9-17 * * mon-fri", timedelta(hours=64 + 48)),  # from Friday 17:00 to Monday 09:00, and two days more
        ("0 3 * * mon", timedelta(days=9)),
        ("0 3 1 * *", timedelta(days=9)),  # no two within a fortnight: as of a week
        ("0 0 6,21 * *", timedelta(days=17)),  # from the first Monday of 2026 on: fifteen days are seen
        ("0 0 6,22 * *", timedelta(days=9)),  # and sixteen are not
        ("every 10m", timedelta(minutes=70)),
        ("every 2h", timedelta(hours=4)),
        ("every 3d", timedelta(days=5)),
        ("every so often", timedelta(days=9)),  # as a week, where a rule says no length
    ],
)
def test_the_newest_look_may_be_as_old_as_its_rule_leaves_it_and_a_while_more(rule: str, allowed: timedelta) -> None:
    assert patience(rule, "UTC") == allowed
