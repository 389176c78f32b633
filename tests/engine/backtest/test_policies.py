"""Which policies of retraining there are, and when each of them trains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.backtest.policies import (
    DAY,
    MOST_TRAININGS,
    WEEK,
    Policy,
    Window,
    alike,
    interval_in_words,
    read_policies,
    usual_interval,
    window_of,
)
from engine.errors import Invalid, Refusal

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1w,4w,never", ["1w", "4w", "never"]),
        ("4w, 1w", ["1w", "4w", "never"]),
        ("never,1d", ["1d", "never"]),
        ("7d,1w", ["7d", "never"]),
        ("36h", ["36h", "never"]),
    ],
)
def test_policies_are_read_the_most_frequent_first_and_never_is_always_one(text: str, words: list[str]) -> None:
    assert [policy.word for policy in read_policies(text, 26)] == words


@pytest.mark.parametrize(
    ("text", "weeks", "said"),
    [
        ("weekly", 26, "'weekly' is no policy of retraining; a policy is \"never\", or a number and d or w"),
        ("", 26, "'' is no policy of retraining"),
        ("1w,,4w", 26, "'' is no policy of retraining"),
        ("6h", 26, "'6h' is shorter than a day"),
        ("0w", 26, "'0w' is shorter than a day"),
        ("26w", 26, "'26w' does not train again within 26 weeks, so it is the same as never"),
        ("never", 26, "Only 'never' is asked for, which leaves nothing to compare; add one such as 1w."),
        ("1d,2d,3d,4d,5d,6d", 26, "7 policies are too many to be told apart; choose at most 6."),
        ("1w", 3, "3 weeks cannot be replayed; choose from 4 to 260."),
        ("1w", -1, "-1 weeks cannot be replayed"),
        ("1w", 1000, "1,000 weeks cannot be replayed"),
        ("\x1b[31mred", 26, "'red' is no policy of retraining"),
    ],
)
def test_what_is_no_policy_is_refused_with_what_is_one(text: str, weeks: int, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_policies(text, weeks)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("every", "moments"),
    [
        (None, [0]),
        (WEEK, [0, 7, 14, 21]),
        (2 * WEEK, [0, 14]),
        (3 * WEEK, [0, 21]),
        (10 * DAY, [0, 10, 20]),
    ],
)
def test_a_policy_trains_from_the_first_moment_on_and_not_at_the_last(
    every: timedelta | None, moments: list[int]
) -> None:
    since = NOON - 4 * WEEK
    assert list(Policy("any", every).moments(since, NOON)) == [since + day * DAY for day in moments]


def test_trainings_of_the_same_moment_are_one() -> None:
    window = Window(NOON - 8 * WEEK, NOON)
    policies = read_policies("1w,2w,4w,3w,never", 8)
    assert sum(len(policy.moments(window.since, window.until)) for policy in policies) == 8 + 4 + 3 + 2 + 1
    assert window.trainings(policies) == tuple(window.since + number * WEEK for number in range(8))
    apart = window.trainings(read_policies("2w,3w", 8))
    assert [(at - window.since) // WEEK for at in apart] == [0, 2, 3, 4, 6]


def test_a_window_is_whole_weeks_to_the_second_and_bounded_by_its_trainings() -> None:
    late = NOON + timedelta(microseconds=7)
    window = window_of(late, 26, read_policies("1w", 26))
    assert (window.since, window.until, window.weeks) == (NOON - 26 * WEEK, NOON, 26)
    with pytest.raises(Refusal, match=f"364 trainings, and a backtest makes at most {MOST_TRAININGS}; .* leave out 1d"):
        window_of(NOON, 52, read_policies("1d,1w", 52))


@pytest.mark.parametrize(
    ("rule", "every"),
    [
        ("every 6h", timedelta(hours=6)),
        ("0 3 * * mon", WEEK),
        ("0 3 * * *", DAY),
        ("0 3 * * mon,thu", 3.5 * DAY),
        ("0 3 1 * *", 31 * DAY),
    ],
)
def test_how_far_due_times_lie_apart_is_counted_as_a_rule(rule: str, every: timedelta) -> None:
    assert abs(usual_interval(rule, "America/New_York", NOON) - every) <= DAY / 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(WEEK, 7 * DAY, True), (31 * DAY, 4 * WEEK, True), (WEEK, 2 * WEEK, False), (None, WEEK, False),
     (None, None, True)],
)  # fmt: skip
def test_a_month_is_four_weeks_and_a_week_is_no_fortnight(
    one: timedelta | None, other: timedelta | None, same: bool
) -> None:
    assert alike(one, other) is same and alike(other, one) is same


@pytest.mark.parametrize(
    ("every", "words"),
    [(WEEK, "every week"), (4 * WEEK, "every 4 weeks"), (DAY, "every day"), (30 * DAY, "every 30 days"),
     (timedelta(hours=36), "every 36 hours"), (timedelta(minutes=90), "every 90 minutes")],
)  # fmt: skip
def test_intervals_in_words(every: timedelta, words: str) -> None:
    assert interval_in_words(every) == words
