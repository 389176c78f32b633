"""What past durations say: the bound, the trend and what changed, as tables of cases."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from engine.runs.times import usual
from engine.runs.times.usual import Break, WorkedOn


@pytest.mark.parametrize(
    ("values", "share", "wanted"),
    [
        ([7.0], 0.95, 7.0),
        ([1.0, 2.0], 0.5, 1.5),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        (list(map(float, range(1, 102))), 0.95, 96.0),
        ([1.0, 1.0, 1.0, 1.0, 101.0], 0.95, 81.0),
    ],
)
def test_a_percentile_lies_between_its_neighbours(values: list[float], share: float, wanted: float) -> None:
    assert usual.percentile(values, share) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("seconds", "low", "high"),
    [
        ([], None, None),
        ([40.0] * 4, None, None),  # too few
        ([40.0] * 5, 60.0, 60.0),  # without any spread: one and a half times p95
        ([1.0] * 20, 6.0, 6.0),  # a project of one second: some seconds more
        ([0.0] * 5, 5.0, 5.0),  # the clock may say nothing
        ([40.0, 42.0, 44.0, 46.0, 48.0], 70.0, 80.0),
        ([10.0, 20.0, 40.0, 80.0, 160.0], 1000.0, 1440.0),  # wide, and at most ten times p95
        ([40.0, 41.0, 42.0, 43.0, 44.0] * 4 + [7200.0], 60.0, 80.0),  # one that hung does not move it
    ],
)
def test_the_bound_is_learned_from_history(seconds: list[float], low: float | None, high: float | None) -> None:
    found = usual.bound(seconds)
    if low is None or high is None:
        assert found is None
    else:
        assert found is not None and low <= found <= high


def test_no_bound_is_below_one_and_a_half_times_p95() -> None:
    draw = Random(7)
    for _ in range(200):
        seconds = [draw.lognormvariate(draw.uniform(0, 6), draw.uniform(0, 1)) for _ in range(draw.randint(5, 50))]
        found = usual.bound(seconds)
        assert found is not None and found >= 1.5 * usual.percentile(seconds, 0.95) - 1e-9


STEADY = [40.0, 43.0, 39.0, 41.0, 44.0, 40.5, 42.0, 38.0, 41.5, 43.5]


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [
        ([], Break("cannot tell")),
        ([40.0] * 7, Break("cannot tell")),
        ([40.0] * 8, Break("steady")),
        (STEADY, Break("steady")),
        ([*STEADY, 80.0], Break("steady")),  # one outlier is none
        ([*STEADY, 60.0, 63.0, 61.0], Break("slower", 10)),
        ([*STEADY, 20.0, 21.0, 19.0], Break("faster", 10)),
        ([*STEADY, 44.5, 45.0, 45.5, 44.6], Break("steady")),  # less than a fifth more: who would care
        ([0.1, 0.11, 0.12, 0.1, 0.11, 0.3, 0.31, 0.32, 0.33], Break("steady")),  # nor for a fifth of a second
        ([*STEADY, 60.0, 40.0, 61.0, 39.0, 62.0], Break("steady")),  # now and then is no change
        ([40.0] * 10 + [80.0] * 5, Break("slower", 10)),  # ties among equals
    ],
)
def test_a_change_of_trend_is_told_from_noise(seconds: list[float], wanted: Break) -> None:
    assert usual.trend(seconds) == wanted


def test_chance_alone_is_called_a_change_at_most_once_in_twenty() -> None:
    draw = Random(11)
    found = [usual.trend([draw.lognormvariate(3, 0.4) for _ in range(30)]).trend for _ in range(300)]
    assert sum(trend != "steady" for trend in found) <= 300 / 20


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 5), (3, 5), (4, 4)])
def test_the_distribution_of_u_is_that_of_all_orders_there_are(first: int, second: int) -> None:
    counted = [0] * (first * second + 1)
    for places in combinations(range(first + second), first):
        counted[sum(places) - first * (first - 1) // 2] += 1
    assert list(usual.ways_to(first, second)) == counted


OLD = WorkedOn("a" * 40, "lock-1", 1000)


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ([OLD], [OLD], "nothing that is recorded changed"),
        ([OLD], [WorkedOn("b" * 40, "lock-1", 1000)], "code revision aaaaaaa to bbbbbbb"),
        (
            [OLD],
            [WorkedOn("a" * 40 + "+", "lock-1", 1000)],
            "code revision aaaaaaa to aaaaaaa with uncommitted changes",
        ),
        ([OLD], [WorkedOn("a" * 40, "lock-2", 1050)], "packages"),
        ([OLD, OLD], [WorkedOn("a" * 40, "lock-1", 1500)] * 2, "rows +50 %"),
        ([OLD], [WorkedOn("a" * 40, "lock-1", 500)], "rows −50 %"),
        ([OLD], [WorkedOn("b" * 40, "lock-2", 1350)], "code revision aaaaaaa to bbbbbbb, packages, rows +35 %"),
        ([WorkedOn()], [OLD], "what it worked on before was not recorded"),
        ([WorkedOn()], [WorkedOn()], "what it worked on before was not recorded"),
    ],
)
def test_what_changed_is_said_in_words(before: list[WorkedOn], after: list[WorkedOn], wanted: str) -> None:
    assert usual.what_changed(before, after) == wanted
