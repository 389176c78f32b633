"""The statistics equal SciPy's on the same samples, and noise alone is neither large nor rare."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.spatial import distance
from scipy.stats import chi2_contingency, ks_2samp, kstwo, wasserstein_distance

from engine.monitoring.drift import statistics

# Few different values, so that there are ties within and between the samples; huge, tiny and negative ones among them.
VALUES = st.lists(
    st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6), st.sampled_from([1e-300, -0.0, 0.0, 1e200])),
    min_size=1,
    max_size=60,
)


def same(ours: float, theirs: float) -> bool:
    return ours == pytest.approx(theirs, rel=1e-12, abs=1e-300)


@settings(deadline=None, max_examples=200)
@given(VALUES, VALUES)
@example([1.0], [1.0])
@example([1.0], [2.0])
@example([0.0] * 5, [0.0, 1.0])
def test_kolmogorov_smirnov_and_wasserstein_equal_scipy(one: list[float], other: list[float]) -> None:
    a, b = (np.unique(np.array(side), return_counts=True) for side in (one, other))
    ks, apart = statistics.distances(a[0], a[1], b[0], b[1])
    with np.errstate(divide="ignore"):  # SciPy's own, of one row a side
        theirs = ks_2samp(one, other, method="asymp")
    assert same(ks, theirs.statistic)
    p = statistics.kolmogorov_smirnov_p(ks, len(one), len(other))
    assert same(p, theirs.pvalue) or (len(one) == len(other) == 1 and p == 1)
    assert same(apart, wasserstein_distance(one, other))


@pytest.mark.parametrize("n", [141, 1001, 3333, 50_000, 200_000])
def test_the_p_of_kolmogorov_and_smirnov_equals_scipy_where_scipy_is_slow(n: int) -> None:
    for squared in [0.01, 0.034, 0.036, 0.06, 0.5, 2.19, 2.21, 3, 5, 9, 20, 60, 150, 300, 369, 371]:
        x = float(np.sqrt(squared / n))
        ours, theirs = statistics.kolmogorov_smirnov_p(x, 2 * n, 2 * n), kstwo.sf(x, n)
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-300), (squared, ours / theirs - 1)


COUNTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=12)


@settings(deadline=None, max_examples=200)
@given(COUNTS.filter(lambda rows: all(sum(side) > 0 for side in zip(*rows, strict=True))))
@example([(5, 5)])
@example([(5, 0), (0, 5)])
def test_jensen_shannon_and_chi_square_equal_scipy(rows: list[tuple[int, int]]) -> None:
    table = np.array(rows).T
    # Where shares are all but equal, the distance is the root of a rounding error, and SciPy's may be not a number.
    theirs = float(np.nan_to_num(distance.jensenshannon(*(side / side.sum() for side in table))))
    ours = statistics.jensen_shannon(*table)
    assert same(ours, theirs) or abs(ours**2 - theirs**2) < 1e-14
    result = chi2_contingency(table[:, table.sum(axis=0) > 0])
    statistic, p = statistics.chi_square(*table)
    assert same(statistic, result.statistic) or max(statistic, result.statistic) < 1e-9
    assert p == pytest.approx(result.pvalue, rel=1e-11, abs=1e-300)


def test_a_hundred_thousand_rows_a_side_equal_scipy_too() -> None:
    rng = np.random.default_rng(5)
    one, other = rng.normal(size=100_000).round(3), rng.normal(0.02, 1.1, 90_000).round(3)
    a, b = np.unique(one, return_counts=True), np.unique(other, return_counts=True)
    ks, apart = statistics.distances(a[0], a[1], b[0], b[1])
    theirs = ks_2samp(one, other, method="asymp")
    assert same(ks, theirs.statistic) and same(apart, wasserstein_distance(one, other))
    assert same(statistics.kolmogorov_smirnov_p(ks, len(one), len(other)), theirs.pvalue)


@pytest.mark.parametrize("rows", [60, 300, 5000])
def test_without_drift_the_stability_index_is_what_is_taken_off_as_noise(rows: int) -> None:
    rng = np.random.default_rng(rows)
    reference = rng.multinomial(4000, np.full(10, 0.1), size=4000)
    psi, size = statistics.stability(reference, rng.multinomial(rows, np.full(10, 0.1), size=4000))
    assert psi.mean() == pytest.approx(9 * (1 / 4000 + 1 / rows), rel=0.1)
    assert np.median(size) == 0


@pytest.mark.parametrize("shares", [[0.1] * 10, [0.5, 0.3, 0.15, 0.04, 0.008, 0.002], [0.999, 0.001]])
@pytest.mark.parametrize("rows", [30, 200, 2000])
def test_a_chance_of_one_in_a_hundred_comes_no_more_often_than_that(shares: list[float], rows: int) -> None:
    rng = np.random.default_rng(rows)
    reference, current = (rng.multinomial(n, shares, size=20_000) for n in (3000, rows))
    assert (statistics.chance(reference, current) < 0.01).mean() < 0.013


def test_a_bin_that_the_reference_never_had_is_no_accident_even_in_few_rows() -> None:
    assert statistics.chance(np.array([2000, 0]), np.array([0, 40])) < 1e-60
    assert statistics.chance(np.array([2000, 0]), np.array([499, 1])) > 0.1


def test_a_side_without_rows_has_no_index_and_no_surprise() -> None:
    psi, size = statistics.stability(np.array([3, 4]), np.array([0, 0]))
    assert np.isnan(psi) and np.isnan(size)
    assert statistics.chance(np.array([3, 4]), np.array([0, 0])) == 1
