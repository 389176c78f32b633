"""When a backup is due, what doctor says of its age, and what is read on which day: tables of cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.backup.scrub import DAYS, KeptVersion, part
from engine.backup.standing import BackupStanding, due, judge

NOW = datetime(2026, 11, 3, 4, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def standing(
    to: str | None = "/mnt", every: timedelta = DAY, age: timedelta | None = None, failed: str | None = None
) -> BackupStanding:
    return BackupStanding(to, every, None if age is None else NOW - age, None if age is None else "/mnt", failed)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (standing(to=None), False),
        (standing(to=None, age=9 * DAY), False),
        (standing(), True),
        (standing(age=timedelta(hours=23)), False),
        (standing(age=DAY), True),
        (standing(every=timedelta(hours=6), age=timedelta(hours=6)), True),
        (standing(every=timedelta(hours=6), age=timedelta(hours=5)), False),
        (standing(age=-3 * DAY), True),  # a clock that ran ahead keeps no backup from being made
    ],
)
def test_a_backup_is_due_when_the_newest_is_as_old_as_the_schedule_says(found: BackupStanding, expected: bool) -> None:
    assert due(found, NOW) is expected


@pytest.mark.parametrize(
    ("found", "verdict", "said"),
    [
        (standing(to=None), "ok", "none is planned: 'leverframe backup FOLDER' makes one"),
        (standing(), "watch", "none was made in /mnt yet"),
        (standing(age=timedelta(hours=25)), "ok", "the newest is of 02 Nov 2026 03:05 UTC, in /mnt"),
        (standing(age=timedelta(hours=27)), "watch", "one every day is planned"),
        (standing(every=7 * DAY, age=6 * DAY), "ok", "the newest is of"),
        (standing(every=7 * DAY, age=8 * DAY), "watch", "one every 7 days is planned"),
        (standing(to=None, age=timedelta(hours=23)), "ok", "the newest is of"),
        (standing(to=None, age=timedelta(hours=25)), "watch", "more than a day old"),
        (standing(to=None, age=-730 * DAY), "watch", "it was made while the clock was ahead"),
        (
            standing(age=timedelta(hours=1), failed="The disk is full."),
            "failing",
            "the newest attempt failed: The disk is full",
        ),
    ],
)
def test_doctor_says_how_old_it_is_and_what_failed(found: BackupStanding, verdict: str, said: str) -> None:
    finding = judge(found, NOW)
    assert finding.verdict == verdict
    assert said in finding.sentence


def kept(number: int, days: float) -> KeptVersion:
    return KeptVersion("tiny", number, "d", NOW - timedelta(days=days))


@pytest.mark.parametrize("many", [1, 3, 28, 29, 100, 365])
def test_all_are_read_within_a_month(many: int) -> None:
    versions = {number: kept(number, 0) for number in range(many)}
    most = 0
    for day in range(1, DAYS + 1):
        today = part(list(versions.values()), NOW + timedelta(days=day))
        most = max(most, len(today))
        for each in today:
            versions[each.number] = KeptVersion("tiny", each.number, "d", NOW + timedelta(days=day))
    assert min(each.read for each in versions.values()) > NOW
    assert most <= many / DAYS + 1


def test_the_longest_unread_come_first_and_whatever_was_left_for_a_month_is_read_at_once() -> None:
    versions = [kept(1, 3), kept(2, 9), kept(3, 1)]
    assert [each.number for each in part(versions, NOW)] == [2]
    versions += [kept(4, 40), kept(5, 28), kept(6, 50)]
    assert [each.number for each in part(versions, NOW)] == [6, 4, 5]
    assert part([], NOW) == []


def test_what_was_read_at_a_time_to_come_is_read_with_the_longest_unread() -> None:
    read = [KeptVersion("p", number, "d", NOW - number * DAY) for number in range(5)]
    ahead = KeptVersion("p", 9, "d", NOW + 730 * DAY)
    assert part([*read, ahead], NOW) == [ahead]
