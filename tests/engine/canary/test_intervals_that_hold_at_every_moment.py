"""Intervals that hold at every moment at once: who looks after each request is misled no oftener than it says."""

from __future__ import annotations

import random

import pytest

from engine.canary.sequences import mean_margin, share_bounds

ALPHA = 0.05


@pytest.mark.parametrize("share", [0.002, 0.05, 0.5])
def test_the_true_share_stays_inside_while_it_is_looked_at_again_and_again(share: float) -> None:
    """Of 100 histories of 1,000 requests, looked at after each twentieth: without the correction some 30 % mislead."""
    chance, misled, by_one_look = random.Random(7), 0, 0
    for _ in range(100):
        hits, outside, ever = 0, False, False
        for of in range(1, 1001):
            hits += chance.random() < share
            if of % 20 == 0:
                low, high = share_bounds(hits, of, ALPHA)
                outside |= not low <= share <= high
                half = 1.96 * ((hits / of) * (1 - hits / of) / of) ** 0.5
                ever |= abs(hits / of - share) > half
        misled += outside
        by_one_look += ever
    assert misled <= 100 * ALPHA
    assert by_one_look > 100 * ALPHA * 2


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (10, 10), (1, 1000), (500, 1000), (999, 1000), (3, 1_000_000)])
def test_what_was_seen_is_inside_and_more_of_the_same_says_more(hits: int, of: int) -> None:
    low, high = share_bounds(hits, of, ALPHA)
    assert 0 <= low <= hits / of <= high <= 1
    more = share_bounds(hits * 10, of * 10, ALPHA)
    assert more[1] - more[0] < high - low


def test_of_nothing_everything_is_possible_and_a_smaller_alpha_says_less() -> None:
    assert share_bounds(0, 0, ALPHA) == (0.0, 1.0)
    narrow, wide = share_bounds(30, 100, 0.1), share_bounds(30, 100, 0.001)
    assert wide[0] < narrow[0] < 0.3 < narrow[1] < wide[1]


def test_no_error_among_so_many_bounds_the_share_as_worked_out_by_hand() -> None:
    """Of 100 without one, the excluded shares p are those with B(1/2, 100 + 1/2) / B(1/2, 1/2) / (1 - p)^100 >= 20."""
    low, high = share_bounds(0, 100, ALPHA)
    # Gamma(100.5) / Gamma(101) / sqrt(pi) = 0.056348...
    assert low == 0.0
    assert high == pytest.approx(1 - (0.0563484790 / 20) ** 0.01, rel=1e-6)


def test_a_mean_stays_inside_while_it_is_looked_at_again_and_again() -> None:
    chance, misled = random.Random(3), 0
    for _ in range(100):
        total = squares = 0.0
        outside = False
        for of in range(1, 1001):
            value = chance.expovariate(1.0)
            total, squares = total + value, squares + value * value
            if of >= 200 and of % 20 == 0:
                mean = total / of
                outside |= abs(mean - 1.0) > mean_margin(squares / of - mean * mean, of, ALPHA)
        misled += outside
    assert misled <= 100 * ALPHA


def test_the_margin_of_a_mean_shrinks_with_rows_and_grows_with_variance() -> None:
    assert mean_margin(1.0, 1, ALPHA) == float("inf")
    assert mean_margin(1.0, 1000, ALPHA) > mean_margin(1.0, 4000, ALPHA) > 1.96 / 4000**0.5
    assert mean_margin(4.0, 1000, ALPHA) == pytest.approx(2 * mean_margin(1.0, 1000, ALPHA))
