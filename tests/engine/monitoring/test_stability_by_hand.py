"""The stability index and the chance beside it, held against sums that are written out here, prior and all."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from scipy import stats

from engine.monitoring.drift import statistics, thresholds
from engine.monitoring.quality.shares import CHANCE, FEWEST_ROWS, Shares, judge_share

CASES = [
    ([10, 20, 30], [30, 20, 10]), ([50, 50], [49, 51]), ([100, 0], [60, 40]), ([7], [9]), ([0, 5, 0], [0, 5, 3]),
    ([1000, 10, 1], [10, 1, 0]), ([3, 4, 0, 0], [4, 3, 0, 0]),
]  # fmt: skip


def by_hand(reference: list[int], current: list[int]) -> tuple[float, float]:
    """Half a row for every bin that either side has; the index; and what is left of it without noise."""
    used = [(a, b) for a, b in zip(reference, current, strict=True) if a + b > 0]
    n, m, bins = sum(reference), sum(current), len(used)
    psi = 0.0
    for a, b in used:
        one, other = (a + 0.5) / (n + 0.5 * bins), (b + 0.5) / (m + 0.5 * bins)
        psi += (other - one) * log(other / one)
    return psi, max(0.0, psi - (bins - 1) * (1 / n + 1 / m))


@pytest.mark.parametrize(("reference", "current"), CASES)
def test_the_index_is_that_of_counts_with_half_a_row_more_in_every_bin(
    reference: list[int], current: list[int]
) -> None:
    psi, size = statistics.stability(np.array(reference), np.array(current))
    assert (float(psi), float(size)) == pytest.approx(by_hand(reference, current), rel=1e-12, abs=1e-15)


def test_three_values_of_it_in_figures() -> None:
    psi, size = statistics.stability(np.array([100, 0]), np.array([60, 40]))
    assert float(psi) == pytest.approx(1.941372, abs=1e-6)
    assert float(size) == pytest.approx(1.941372 - 0.02, abs=1e-6)
    psi, size = statistics.stability(np.array([500, 300, 200]), np.array([40, 30, 30]))
    assert float(psi) == pytest.approx(0.063407, abs=1e-6)
    assert float(size) == pytest.approx(0.063407 - 0.022, abs=1e-6)


def test_many_windows_at_once_are_each_as_alone() -> None:
    reference = np.array([[10, 20, 30], [5, 5, 0]])
    current = np.array([[30, 20, 10], [1, 9, 2]])
    psi, size = statistics.stability(reference, current)
    alone = [statistics.stability(a, b) for a, b in zip(reference, current, strict=True)]
    assert list(zip(psi, size, strict=True)) == [(float(a), float(b)) for a, b in alone]
    chances = statistics.chance(reference, current)
    assert list(chances) == [float(statistics.chance(a, b)) for a, b in zip(reference, current, strict=True)]


def test_the_chance_of_common_bins_is_pearsons_doubled() -> None:
    reference, current = np.array([500, 300, 200]), np.array([40, 30, 30])
    expected = stats.chi2_contingency([reference, current], correction=False).pvalue
    assert float(statistics.chance(reference, current)) == pytest.approx(min(1.0, 2 * expected), rel=1e-9)


def test_the_chance_of_a_bin_too_rare_for_pearson_is_binomial_doubled() -> None:
    """Of eight rare rows seven are current, where one in five would be."""
    reference, current = np.array([999, 1]), np.array([243, 7])
    share = 250 / 1250
    rare = stats.binom.sf(6, 8, share)
    assert float(statistics.chance(reference, current)) == pytest.approx(2 * rare, rel=1e-9)


@pytest.mark.parametrize("rows", [24, 25, 26])
def test_a_bin_counts_as_common_from_five_expected_rows_on_the_smaller_side(rows: int) -> None:
    """Two bins of 25 rows a fifth of which are expected to be current."""
    reference, current = np.array([4 * 250, 20]), np.array([250, rows - 20])
    share = current.sum() / (reference + current).sum()
    common = rows * share >= 5
    pearson = 2 * stats.chi2_contingency([reference, current], correction=False).pvalue
    binomial = 2 * stats.binom.sf(current[1] - 1, rows, share)
    said = float(statistics.chance(reference, current))
    assert said == pytest.approx(min(1.0, pearson if common else binomial), rel=1e-9)


def test_what_counts_as_drift_is_what_the_industry_calls_so() -> None:
    assert (thresholds.SOME, thresholds.LARGE, thresholds.ACCIDENT, thresholds.FEWEST_ROWS) == (0.1, 0.25, 0.001, 30)
    assert thresholds.ENDED == thresholds.SOME / 2


# Shares of rows


@pytest.mark.parametrize(
    ("count", "n", "verdict"),
    [
        (200, 1600, "ok"), (299, 1600, "ok"), (300, 1600, "watch"), (399, 1600, "watch"), (400, 1600, "failing"),
        (4, 20, "ok"), (20, 20, "failing"), (2, 2, "cannot tell"), (3, 3, "cannot tell"), (19, 19, "failing"),
        (0, 19, "cannot tell"), (0, 20, "ok"), (0, 0, "cannot tell"),
    ],
)  # fmt: skip
def test_a_share_is_watched_from_the_bound_on_and_only_where_it_is_no_chance(count: int, n: int, verdict: str) -> None:
    """An eighth of the reference; a sixteenth more is watched, an eighth more fails. All are exact as floats."""
    found = judge_share(Shares(count, n, 12_500, 100_000), 0.0625, 0.125)
    assert found.verdict == verdict
    assert (found.usual, found.bound) == ((None, None) if n == 0 else (0.125, 0.1875))
    assert found.share == (None if n == 0 else count / n)


def test_a_share_is_held_against_the_part_of_the_reference_that_had_most() -> None:
    def judged(count: int) -> tuple[str, float | None, float | None]:
        found = judge_share(Shares(count, 1600, 12_500, 100_000, peak=0.25), 0.0625, 0.125)
        return found.verdict, found.usual, found.bound

    assert judged(499) == ("ok", 0.125, 0.3125)
    assert judged(500) == ("watch", 0.125, 0.3125)
    assert judged(600) == ("failing", 0.125, 0.3125)


@pytest.mark.parametrize("of", [0, 1, 30])
@pytest.mark.parametrize("n", [20, 40, 300])
def test_what_is_chance_is_the_exact_test_against_what_the_reference_allows(n: int, of: int) -> None:
    """Clopper and Pearson's upper end at 95 % of ``of`` in 60 rows, and one chance in ten thousand beyond it."""
    allowed = stats.binomtest(of, 60).proportion_ci(0.90, "exact").high
    for count in range(3, n + 1):
        rare = stats.binom.sf(count - 1, n, allowed) < CHANCE
        found = judge_share(Shares(count, n, of, 60), 1e-9, 2.0)
        assert (found.verdict == "watch") == (rare and count / n >= of / 60 + 1e-9), count


def test_a_reference_that_had_it_everywhere_is_never_passed() -> None:
    assert judge_share(Shares(500, 500, 60, 60), 0.0, 0.0).verdict == "ok"
    assert judge_share(Shares(5, 9, 0, 0), 0.1, 0.2).verdict == "cannot tell"
    assert FEWEST_ROWS == 20
