"""Which steps of an escalation are due, also after a downtime and when a clock leaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.routing.records import Route
from engine.routing.steps import MadeStep, due_steps

BEGAN = datetime(2026, 11, 28, 3, tzinfo=UTC)
LONG_AGO = BEGAN - timedelta(days=30)
YEAR = timedelta(days=365)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def step(number: int, after: int, at: datetime = LONG_AGO) -> Route:
    return Route("escalate", f"p{number}", after=after * 60, id=number, at=at, by="ada")


CHAIN = [step(1, 0), step(2, 30), step(3, 30), step(4, 60)]


def made(**at: float) -> dict[int, MadeStep]:
    """``s1=5``: step 1 was made five minutes after it began."""
    return {int(name[1:]): MadeStep(BEGAN + minutes(value), True) for name, value in at.items()}


@pytest.mark.parametrize(
    ("done", "now", "due"),
    [
        ({}, -1, []),
        ({}, 0, [(1, 0)]),
        ({"s1": 0}, 29.9, []),
        ({"s1": 0}, 30, [(2, 30), (3, 30)]),
        ({"s1": 0, "s2": 30}, 31, [(3, 30)]),
        ({"s1": 0, "s2": 30}, 90, [(3, 30)]),  # the next waits for all of those before it
        ({"s1": 0, "s2": 30, "s3": 30}, 59, []),
        ({"s1": 0, "s2": 30, "s3": 30}, 60, [(4, 60)]),
        ({"s1": 0, "s2": 30, "s3": 30, "s4": 60}, 6000, []),
        # No engine ran: one goes at once, and leaves the next as much time as lies between them.
        ({}, 600, [(1, 0)]),
        ({"s1": 600}, 629, []),
        ({"s1": 600}, 630, [(2, 630), (3, 630)]),
        ({"s1": 0, "s2": 600, "s3": 601}, 630.9, []),
        ({"s1": 0, "s2": 600, "s3": 601}, 631, [(4, 631)]),
    ],
)
def test_a_step_is_due(done: dict[str, float], now: float, due: list[tuple[int, float]]) -> None:
    found = due_steps(CHAIN, made(**done), BEGAN, BEGAN + minutes(now))
    assert found == [(CHAIN[number - 1], BEGAN + minutes(after)) for number, after in due]


def test_a_step_that_reached_nobody_leaves_no_time() -> None:
    nobody = {1: MadeStep(BEGAN, False)}
    assert [route.id for route, _ in due_steps(CHAIN, nobody, BEGAN, BEGAN + minutes(1))] == [2, 3]
    one = {**nobody, 2: MadeStep(BEGAN, False), 3: MadeStep(BEGAN, True)}
    assert due_steps(CHAIN, one, BEGAN, BEGAN + minutes(59)) == []


def test_a_route_that_comes_later_counts_from_then() -> None:
    chain = [step(1, 0), step(2, 10, BEGAN + minutes(100))]
    assert due_steps(chain, made(s1=0), BEGAN, BEGAN + minutes(99)) == []
    assert due_steps(chain, made(s1=0), BEGAN, BEGAN + minutes(100)) == [(chain[1], BEGAN + minutes(100))]


def test_a_clock_that_leaps_ahead_makes_one_step_and_not_the_chain() -> None:
    now, done = BEGAN + YEAR, made(s1=0)
    assert [route.id for route, _ in due_steps(CHAIN, done, BEGAN, now)] == [2, 3]
    done |= {2: MadeStep(now, True), 3: MadeStep(now, True)}
    assert due_steps(CHAIN, done, BEGAN, now + minutes(29)) == []


def test_a_step_that_was_made_while_the_clock_was_ahead_does_not_hold_up_the_next() -> None:
    done = {1: MadeStep(BEGAN + YEAR, True)}
    assert due_steps(CHAIN, done, BEGAN, BEGAN + minutes(29)) == []
    assert [route.id for route, _ in due_steps(CHAIN, done, BEGAN, BEGAN + minutes(30))] == [2, 3]


def test_an_alert_of_a_time_that_is_still_to_come_is_told_now() -> None:
    now = BEGAN - YEAR
    assert [route.id for route, _ in due_steps(CHAIN, {}, BEGAN, now)] == [1]
    assert [route.id for route, _ in due_steps([step(2, 30)], {}, BEGAN, now)] == [2]


def test_a_route_of_a_time_that_is_still_to_come_is_there_all_the_same() -> None:
    assert due_steps([step(1, 0, BEGAN + YEAR)], {}, BEGAN, BEGAN) == [(step(1, 0, BEGAN + YEAR), BEGAN)]
