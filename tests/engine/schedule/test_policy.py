"""What becomes of due times: a table of cases. The rule is ``0 * * * *`` in UTC unless a case says otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from engine.projects.manifest.cron import Cron, Every
from engine.schedule.policy import OWN_ROWS, Downtime, RulePeriod, ScheduleFacts, Settlement, settle

START = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
HOURLY = RulePeriod(
    rule=Cron("0 * * * *", "UTC"),
    catch_up="latest",
    give_up_after=None,
    cool_down=None,
    paused=None,
    ended=None,
    until=None,
    settled=START,
)
HOUR = timedelta(hours=1)


def due(hour: int) -> datetime:
    return datetime(2026, 11, 24, 0, 0, tzinfo=UTC) + hour * HOUR


def settled(period: RulePeriod, now: datetime, facts: ScheduleFacts | None = None) -> Settlement:
    found = settle(period, now, facts or ScheduleFacts())
    assert found is not None
    return found


def states(found: Settlement) -> list[str]:
    return [f"{row.due.hour if row.times == 1 else row.times} {row.state}" for row in found.rows]


def test_nothing_happens_before_anything_is_due() -> None:
    assert settle(HOURLY, due(1) - timedelta(microseconds=1), ScheduleFacts()) is None


def test_what_is_due_runs_on_time_and_needs_no_reason() -> None:
    found = settled(HOURLY, due(1))
    assert states(found) == ["1 ran"] and found.rows[0].why == "" and found.settled == due(1)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (ScheduleFacts(busy=7), "run 7, the one before, had not ended"),
        (ScheduleFacts(refused="only 1.0 GiB of the disk are free"), "only 1.0 GiB of the disk are free"),
        (ScheduleFacts(last_run=(7, due(1) - HOUR)), "cool-down: run 7 was 1 h ago, and cool_down is 2 h"),
        (ScheduleFacts(already=frozenset({due(1)})), "it has run already, before the machine's clock was set back"),
    ],
)
def test_what_keeps_it_from_running_is_the_reason_it_is_skipped(facts: ScheduleFacts, why: str) -> None:
    found = settled(replace(HOURLY, cool_down=2 * HOUR), due(1), facts)
    assert states(found) == ["1 skipped"] and found.rows[0].why == why and found.settled == due(1)


@pytest.mark.parametrize(
    ("catch_up", "give_up", "became", "until"),
    [
        ("latest", None, ["1 missed", "2 missed", "3 ran"], 3),
        ("skip", None, ["1 missed", "2 missed", "3 missed"], 3),
        ("all", None, ["1 ran"], 1),
        ("latest", HOUR / 4, ["1 missed", "2 missed", "3 missed"], 3),
        ("all", HOUR, ["1 missed", "2 missed", "3 ran"], 3),
    ],
)
def test_what_was_missed_is_caught_up_as_the_schedule_says(
    catch_up: str, give_up: timedelta | None, became: list[str], until: int
) -> None:
    period = replace(HOURLY, catch_up=catch_up, give_up_after=give_up)  # type: ignore[arg-type]
    found = settled(period, due(3) + HOUR / 2)
    assert states(found) == became and found.settled == due(until)
    assert all(row.why for row in found.rows)


def test_the_reason_names_the_time_in_which_nobody_ran_the_engine() -> None:
    away = Downtime(due(0), due(3) + HOUR / 2, "nobody ran the engine")
    found = settled(HOURLY, due(3) + HOUR / 2, ScheduleFacts(downtimes=[away]))
    said = "nobody ran the engine from 2026-11-24 00:00 to 2026-11-24 03:30 UTC"
    assert found.rows[0].why == f"{said}; only the latest is caught up"
    assert found.rows[-1].why == f"caught up 30 min late: {said}"


def test_under_all_each_waits_for_the_run_before_it() -> None:
    period = replace(HOURLY, catch_up="all")
    assert settle(period, due(3), ScheduleFacts(busy=7)) is None
    assert states(settled(replace(period, settled=due(1)), due(3))) == ["2 ran"]


def test_under_skip_what_is_on_time_runs_also_after_a_downtime() -> None:
    assert states(settled(replace(HOURLY, catch_up="skip"), due(3))) == ["1 missed", "2 missed", "3 ran"]


def test_a_paused_schedule_skips_what_is_due_and_says_who_paused_it() -> None:
    found = settled(replace(HOURLY, paused="paused by ada: holiday"), due(2))
    assert states(found) == ["1 skipped", "2 skipped"] and found.rows[0].why == "paused by ada: holiday"


def test_what_was_due_under_a_rule_that_is_over_never_runs() -> None:
    period = replace(HOURLY, until=due(2) + HOUR / 2, ended="the rule was changed")
    found = settled(period, due(5))
    assert states(found) == ["1 missed", "2 missed"] and found.settled == period.until
    assert found.rows[0].why.endswith("; the rule was changed")


def test_a_rule_that_is_over_and_owes_nothing_is_closed() -> None:
    period = replace(HOURLY, until=START + timedelta(minutes=1), ended="the rule was changed")
    assert settled(period, due(5)) == Settlement((), START + timedelta(minutes=1))


@pytest.mark.parametrize(("catch_up", "runs"), [("latest", 1), ("skip", 1), ("all", 1)])
def test_a_minutely_schedule_after_a_year_gets_a_hundred_rows_and_one_for_all_before(catch_up: str, runs: int) -> None:
    period = replace(HOURLY, rule=Cron("* * * * *", "UTC"), catch_up=catch_up)  # type: ignore[arg-type]
    now = START + timedelta(days=365, seconds=5)
    rows, times = 0, 0
    first = settled(period, now)
    assert first.rows[0].times == 525_600 - OWN_ROWS and first.rows[0].state == "missed"
    while (found := settle(period, now, ScheduleFacts())) is not None:
        rows, times = rows + len(found.rows), times + sum(row.times for row in found.rows)
        period = replace(period, settled=found.settled)
    assert (rows, times) == (OWN_ROWS + 1, 525_600)
    assert sum(row.state == "ran" for row in first.rows) == runs


@pytest.mark.parametrize("catch_up", ["latest", "all", "skip"])
@pytest.mark.parametrize("seconds", [1, 59, 61, 3600, 86_400 * 9])
def test_whatever_happens_each_due_time_comes_to_exactly_one_end(catch_up: str, seconds: int) -> None:
    """Settled at odd moments, busy now and then: the rows are the due times, in order, without a gap."""
    rule = Every(timedelta(minutes=7), START)
    period = replace(HOURLY, rule=rule, catch_up=catch_up)  # type: ignore[arg-type]
    now, ends = START, []
    for turn in range(40):
        now += timedelta(seconds=seconds)
        found = settle(period, now, ScheduleFacts(busy=turn if turn % 3 == 1 else None))
        if found is not None:
            ends += [(row.due, row.last or row.due, row.times) for row in found.rows]
            period = replace(period, settled=found.settled)
    assert sum(times for *_, times in ends) == rule.count(START, period.settled)
    assert all(last < first for (_, last, _), (first, *_) in pairwise(ends))


def test_a_run_that_was_queued_while_the_clock_was_ahead_cools_nothing_down() -> None:
    found = settled(replace(HOURLY, cool_down=2 * HOUR), due(1), ScheduleFacts(last_run=(7, due(1) + 730 * 24 * HOUR)))
    assert states(found) == ["1 ran"]
