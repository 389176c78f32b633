"""Why a due time did not simply run, to the word and to the second: each row of the list can be acted on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.projects.manifest.cron import Cron, Every
from engine.schedule import policy
from engine.schedule.policy import (
    ON_TIME,
    OWN_ROWS,
    Downtime,
    Row,
    RulePeriod,
    ScheduleFacts,
    Settlement,
    settle,
    words,
)

START = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
HOURLY = RulePeriod(
    rule=Cron("0 * * * *", "UTC"), catch_up="latest", give_up_after=None, cool_down=None, paused=None, ended=None,
    until=None, settled=START,
)  # fmt: skip


def due(hour: int) -> datetime:
    return datetime(2026, 11, 24, tzinfo=UTC) + hour * HOUR


def settled(period: RulePeriod, now: datetime, facts: ScheduleFacts | None = None) -> Settlement:
    found = settle(period, now, facts or ScheduleFacts())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-9, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (61, "61 s"), (119, "119 s"), (120, "2 min"),
        (3599, "60 min"), (3600, "1 h"), (3601, "60 min"), (7199, "120 min"), (7200, "2 h"), (86_399, "24 h"),
        (86_400, "1 d"), (86_401, "24 h"), (172_799, "48 h"), (172_800, "2 d"), (1_036_800, "12 d"),
    ],
)  # fmt: skip
def test_a_length_of_time_in_the_unit_that_matters(seconds: float, said: str) -> None:
    assert words(timedelta(seconds=seconds)) == said


def test_what_is_a_minute_late_is_on_time_and_a_second_more_is_caught_up() -> None:
    assert timedelta(minutes=1) == ON_TIME
    assert settled(HOURLY, due(1) + ON_TIME).rows == (Row(due(1), "ran", ""),)
    late = settled(HOURLY, due(1) + ON_TIME + SECOND).rows
    assert late == (Row(due(1), "ran", "caught up 61 s late: the engine came to it 61 s late"),)


def test_under_skip_a_minute_is_on_time_and_a_second_more_is_missed() -> None:
    skips = replace(HOURLY, catch_up="skip")
    assert settled(skips, due(1) + ON_TIME).rows[0].state == "ran"
    assert settled(skips, due(1) + ON_TIME + SECOND).rows == (
        Row(due(1), "missed", "the engine came to it 61 s late; the schedule catches up nothing"),
    )  # fmt: skip


def test_of_several_only_the_latest_is_caught_up() -> None:
    found = settled(HOURLY, due(3) + HOUR / 2)
    assert found.rows == (
        Row(due(1), "missed", "the engine came to it 2 h late; only the latest is caught up"),
        Row(due(2), "missed", "the engine came to it 90 min late; only the latest is caught up"),
        Row(due(3), "ran", "caught up 30 min late: the engine came to it 30 min late"),
    )  # fmt: skip
    assert found.settled == due(3)


@pytest.mark.parametrize(("late", "state"), [(HOUR / 2, "ran"), (HOUR / 2 + SECOND, "missed")])
def test_what_is_later_than_the_schedule_waits_is_given_up(late: timedelta, state: str) -> None:
    row = settled(replace(HOURLY, give_up_after=HOUR / 2), due(1) + late).rows[0]
    assert row.state == state
    if state == "missed":
        assert row.why == "the engine came to it 30 min late; given up after 30 min"


def test_nothing_that_is_on_time_is_given_up() -> None:
    assert settled(replace(HOURLY, give_up_after=SECOND), due(1) + ON_TIME).rows[0].state == "ran"


@pytest.mark.parametrize(("since", "state"), [(2 * HOUR - SECOND, "skipped"), (2 * HOUR, "ran")])
def test_a_cool_down_counts_from_when_the_last_run_was_queued(since: timedelta, state: str) -> None:
    cooling = replace(HOURLY, cool_down=2 * HOUR)
    row = settled(cooling, due(1), ScheduleFacts(last_run=(7, due(1) - since))).rows[0]
    assert row.state == state
    if state == "skipped":
        assert row.why == "cool-down: run 7 was 120 min ago, and cool_down is 2 h"
    assert settled(HOURLY, due(1), ScheduleFacts(last_run=(7, due(1)))).rows[0].state == "ran", "without one it is none"
    assert settled(cooling, due(1), ScheduleFacts()).rows[0].state == "ran"


@pytest.mark.parametrize(
    ("since", "until", "named"),
    [
        (due(1), due(2), True), (due(0), due(1), True), (due(1) + SECOND, due(2), False),
        (due(0), due(1) - SECOND, False),
    ],
)  # fmt: skip
def test_a_downtime_is_the_reason_for_what_was_due_in_it(since: datetime, until: datetime, named: bool) -> None:
    away = Downtime(since, until, "nobody ran the engine")
    other = Downtime(due(20), due(21), "the machine slept")
    why = settled(HOURLY, due(1) + HOUR / 2, ScheduleFacts(downtimes=[other, away])).rows[0].why
    said = f"nobody ran the engine from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC"
    assert why == f"caught up 30 min late: {said if named else 'the engine came to it 30 min late'}"


def test_under_all_what_waits_says_for_whom() -> None:
    period = replace(HOURLY, catch_up="all", give_up_after=HOUR)
    rows = settled(period, due(3) + HOUR / 2).rows
    assert rows[0] == Row(due(1), "missed", "it waited for the runs before it; given up after 1 h")
    assert rows[-1] == Row(due(3), "ran", "caught up 30 min late: it waited for the runs before it")


def test_under_all_a_due_time_that_has_run_already_is_passed_over_also_while_a_run_is_busy() -> None:
    period = replace(HOURLY, catch_up="all")
    found = settled(period, due(2), ScheduleFacts(busy=7, already=frozenset({due(1)})))
    assert found.rows == (
        Row(due(1), "skipped", "it has run already, before the machine's clock was set back"),
    )  # fmt: skip
    assert found.settled == due(1)
    refused = settled(period, due(2), ScheduleFacts(refused="no room"))
    assert [row.why for row in refused.rows] == ["no room", "no room"] and refused.settled == due(2)


def test_what_a_paused_or_an_ended_schedule_owes_is_told_and_never_runs() -> None:
    paused = settled(replace(HOURLY, paused="paused by ada: holiday"), due(2))
    assert paused.rows == tuple(Row(due(n), "skipped", "paused by ada: holiday") for n in (1, 2))
    assert paused.settled == due(2)
    ended = settled(replace(HOURLY, ended="the rule was changed", until=due(2) + HOUR / 2), due(9))
    assert ended.rows[1] == Row(due(2), "missed", "the engine came to it 7 h late; the rule was changed")
    assert ended.settled == due(2) + HOUR / 2
    before = settled(replace(HOURLY, ended="the rule was changed", until=due(5)), due(2))
    assert [row.state for row in before.rows] == ["missed", "missed"], "nor before its end is written"
    over = settled(replace(HOURLY, until=due(2)), due(2))
    assert [row.state for row in over.rows] == ["missed", "missed"], "the end of a rule is no due time of it"
    assert settled(replace(HOURLY, until=due(5)), due(2)).rows[-1].state == "ran"


def test_what_is_settled_already_is_not_settled_again() -> None:
    assert settle(replace(HOURLY, settled=due(1)), due(1), ScheduleFacts()) is None
    assert settle(replace(HOURLY, settled=due(3)), due(1), ScheduleFacts()) is None
    assert settle(replace(HOURLY, settled=due(1), until=due(1), ended="x"), due(9), ScheduleFacts()) is None
    assert settled(replace(HOURLY, settled=due(1)), due(2)).rows[0].due == due(2)


@pytest.mark.parametrize(("minutes", "older"), [(OWN_ROWS, 0), (OWN_ROWS + 1, 1), (OWN_ROWS + 5, 5)])
@pytest.mark.parametrize("catch_up", ["latest", "all"])
def test_the_newest_hundred_have_rows_of_their_own_and_the_older_ones_share_one(
    minutes: int, older: int, catch_up: str
) -> None:
    assert OWN_ROWS == 100
    minute = timedelta(minutes=1)
    period = replace(HOURLY, rule=Every(minute, START), catch_up=catch_up)  # type: ignore[arg-type]
    now = START + minutes * minute + SECOND
    found = settled(period, now)
    if not older:
        assert found.rows[0].due == START + minute and found.rows[0].times == 1
        return
    first = found.rows[0]
    assert (first.due, first.times, first.state) == (START + minute, older, "missed")
    assert first.last == (None if older == 1 else START + older * minute)
    why = policy.cause(period, START + older * minute, now, ScheduleFacts())
    said = "it waited for the runs before it; only the newest 100 are caught up"
    assert first.why == (said if catch_up == "all" else f"{why}; only the latest is caught up")
    assert found.rows[1].due == START + (older + 1) * minute
    assert found.settled == (START + (older + 1) * minute if catch_up == "all" else START + minutes * minute)


def test_the_older_ones_of_a_paused_schedule_are_skipped_with_its_reason() -> None:
    minute = timedelta(minutes=1)
    period = replace(HOURLY, rule=Every(minute, START), paused="paused by ada: x", catch_up="all")
    found = settled(period, START + 102 * minute)
    assert found.rows[0] == Row(START + minute, "skipped", "paused by ada: x", START + 2 * minute, 2)


def test_under_all_old_ones_alone_are_settled_while_a_run_is_busy() -> None:
    minute = timedelta(minutes=1)
    period = replace(HOURLY, rule=Every(minute, START), catch_up="all")
    found = settled(period, START + 103 * minute, ScheduleFacts(busy=7))
    assert [(row.due, row.times) for row in found.rows] == [(START + minute, 3)]
    assert found.settled == START + 3 * minute
    alone = settled(period, START + 101 * minute, ScheduleFacts(busy=7))
    assert [(row.due, row.times) for row in alone.rows] == [(START + minute, 1)] and alone.settled == START + minute
