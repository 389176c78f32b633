"""What labels usually are: how alike those of one hour are, and how rare others are by chance."""

from __future__ import annotations

import math

import pytest

from engine.feedback.records import Tally
from engine.feedback.usual import Usual


def classes(zeros: int, ones: int) -> Tally:
    return Tally(zeros + ones, {"0": zeros, "1": ones})


def test_the_tail_is_that_of_the_beta_binomial_distribution() -> None:
    from scipy.stats import betabinom

    usual = Usual(classes(300, 100), (classes(40, 10), classes(30, 20)))
    weight = 1 / usual.variance - 1
    share = 130 / 500
    for rows, ones in ((20, 20), (57, 43), (57, 20), (500, 400), (2000, 2000), (10, 0)):
        law = betabinom(rows, share * weight + 0.5, (1 - share) * weight + 0.5)
        found = usual.chance(("1",), classes(rows - ones, ones))
        assert math.exp(found) == pytest.approx(law.sf(ones - 1), rel=1e-9), (rows, ones)


def test_a_tail_that_rises_to_its_end_is_summed_to_it() -> None:
    from scipy.stats import betabinom

    usual = Usual(hours=(*[classes(60, 0)] * 20, *[classes(0, 60)] * 20))  # All or nothing: a share of Beta(a, b < 1).
    weight = 1 / usual.variance - 1
    assert weight / 2 + 0.5 < 1
    law = betabinom(5000, weight / 2 + 0.5, weight / 2 + 0.5)
    assert math.exp(usual.chance(("1",), classes(1000, 4000))) == pytest.approx(law.sf(3999), rel=1e-9)


def test_how_alike_labels_of_one_hour_are_is_told_from_the_hours() -> None:
    # Two hours of ten, shares 0.2 and 0.8; the sums of squares are of both classes.
    hours = (classes(8, 2), classes(2, 8))
    between, within = 2 * 2 * 10 * 0.3**2, 2 * 2 * 10 * 0.2 * 0.8 / 18
    estimate = (between - within) / (between + 9 * within)
    assert Usual(hours=hours).alike == pytest.approx((5 * 0.02 + estimate) / 6)
    assert Usual(classes(500, 500), hours).alike == Usual(hours=hours).alike  # A holdout is no hour.
    assert Usual(hours=(classes(5, 5),)).alike == 0.02
    assert Usual(hours=(Tally(1, {"0": 1}), Tally(1, {"1": 1}))).alike == 0.02  # No hour has two.


def test_of_numbers_it_is_told_from_their_sums() -> None:
    hours = (Tally(2, {}, 3.0, 5.0), Tally(2, {}, 11.0, 61.0))  # 1, 2 and 5, 6: between 16, within 0.5
    assert Usual(hours=hours).alike == pytest.approx((5 * 0.02 + (16 - 0.5) / (16 + 0.5)) / 6)


def test_hours_that_are_steadier_than_chance_are_not_alike_at_all() -> None:
    assert Usual(hours=[classes(25, 25)] * 46).alike == pytest.approx(5 * 0.02 / 50)


def test_labels_that_are_alike_tell_less_of_what_is_usual_than_as_many_of_a_holdout() -> None:
    assert Usual(classes(500, 500)).variance < Usual(hours=[classes(250, 250)] * 2).variance
