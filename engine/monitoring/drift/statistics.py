"""How far apart two samples are, from their counts. Pure: arrays in, numbers out.

``stability`` and ``chance`` work along the last axis, so that a simulation asks for a month of windows at once.
The others equal SciPy's functions of the same samples to 12 digits; what takes the time is left out: a sample is given
as its distinct values in order with their counts, so two samples are merged instead of sorted again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.stats import kstwo

from engine.validation.columns import Codes, Floats

# A cell of which fewer rows are expected does not follow the chi-square distribution (W. G. Cochran, Some methods for
# strengthening the common chi-square tests, Biometrics 10, 1954).
FEWEST_EXPECTED = 5
Counts = NDArray[Any]


def stability(reference: Counts, current: Counts) -> tuple[Floats, Floats]:
    """The population stability index of counts per bin (..., bins), and what of it is not noise.

    Half a row is added to every bin (H. Jeffreys' prior), so that an empty bin does not make it infinite; a bin that
    is empty on both sides is no bin. Without drift the index of k bins is about chi-square(k - 1) * (1/n + 1/m)
    (B. Yurdakul and J. Naranjo, Statistical properties of the population stability index, Journal of Risk Model
    Validation 14, 2020); the second number is the index less that expectation, at least 0.
    """
    reference, current = np.broadcast_arrays(reference, current)
    used = (reference + current) > 0
    bins = used.sum(axis=-1)
    n, m = reference.sum(axis=-1), current.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = (reference + 0.5) / (n + bins / 2)[..., None]
        actual = (current + 0.5) / (m + bins / 2)[..., None]
        psi = np.where(used, (actual - expected) * np.log(actual / expected), 0.0).sum(axis=-1)
        noise = (bins - 1) * (1 / n + 1 / m)
    known = (n > 0) & (m > 0)
    return np.where(known, psi, np.nan), np.where(known, np.maximum(psi - noise, 0.0), np.nan)


def chance(reference: Counts, current: Counts) -> Floats:
    """How probable counts (..., bins) this far apart are when both sides are drawn from one distribution.

    Pearson's chi-square over the bins of which both sides expect five rows. The rarer bins count together: how many of
    their rows are current is binomial at most, which is exact however few they are. The smaller of the two, doubled.
    """
    reference, current = np.broadcast_arrays(reference, current)
    both = reference + current
    n, m = reference.sum(axis=-1), current.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = m / (n + m)
        common = both * np.minimum(share, 1 - share)[..., None] >= FEWEST_EXPECTED
        rare, rare_current = (both * ~common).sum(axis=-1), (current * ~common).sum(axis=-1)
        by_rare = np.where(
            rare_current > 0, special.betainc(np.maximum(rare_current, 1), rare - rare_current + 1, share), 1.0
        )
        kept_n, kept_m = n - (rare - rare_current), m - rare_current
        expected = both * (kept_m / (kept_n + kept_m))[..., None]
        # Both sides of a cell differ by the same number of rows from what is expected of them.
        apart = np.where(common, (current - expected) ** 2 / expected, 0.0).sum(axis=-1) * (1 + kept_m / kept_n)
        by_common = special.chdtrc(common.sum(axis=-1) - 1, apart)
    by_common = np.where(common.sum(axis=-1) > 1, by_common, 1.0)
    # What cannot be counted (no rows on a side) says nothing: fmin passes over it.
    both_ways: Floats = np.fmin(1.0, 2 * np.fmin(by_rare, by_common))
    return both_ways


def distances(a: Floats, a_counts: Codes, b: Floats, b_counts: Codes) -> tuple[float, float]:
    """Kolmogorov-Smirnov statistic and Wasserstein distance of two samples of distinct values in ascending order.

    Both come from one merge. The difference of the distribution functions is counted in whole numbers (rows of one
    side times rows of the other), so nothing is lost on the way; the distance is in the unit of the values.
    """
    n, m = int(a_counts.sum()), int(b_counts.sum())
    values = np.concatenate([a, b])
    # A stable sort finds the two ascending runs and merges them.
    order = np.argsort(values, kind="stable")
    steps = np.concatenate([a_counts * m, b_counts * -n])
    apart = np.abs(np.cumsum(steps[order]))
    with np.errstate(over="ignore"):
        gaps = np.diff(values[order])
    # Where a value is on both sides, the functions are to be compared after both of its steps; at the last they are 1.
    largest = int(apart[:-1][gaps > 0].max(initial=0))
    with np.errstate(over="ignore", invalid="ignore"):
        # Not np.dot: its threads wait for each other on a busy machine, ten times as long as this takes.
        area = float((apart[:-1] / (n * m) * gaps).sum())
    return largest / (n * m), area


def kolmogorov_smirnov_p(statistic: float, n: int, m: int) -> float:
    """The asymptotic two-sided p of ``scipy.stats.ks_2samp(..., method="asymp")``; 1 for one row a side, there NaN."""
    rows = int(np.round(float(n) * float(m) / (float(n) + float(m))))
    return float(np.clip(_kolmogorov(rows, statistic), 0, 1)) if rows else 1.0


def _kolmogorov(n: int, x: float) -> float:
    """``scipy.stats.kstwo.sf(x, n)``, of which it leaves the two slow regions out: there it takes up to 40 ms.

    The regions are those of R. Simard and P. L'Ecuyer, Computing the two-sided Kolmogorov-Smirnov distribution, Journal
    of Statistical Software 39 (2011), which SciPy follows; nx² = 0.035 is less than 1e-14 below 1.
    """
    if n > 140 and n * x * x <= 0.035:
        return 1.0
    if n > 1000 and 2.2 <= n * x * x < 370 and x < 0.5:
        return 2 * _smirnov(n, x)
    return float(kstwo.sf(x, n))


def _smirnov(n: int, x: float) -> float:
    """The one-sided ``scipy.special.smirnov(n, x)`` for many rows: Z. W. Birnbaum and F. H. Tingey's sum (1951).

    Its terms are binomial probabilities of j successes where x n more are expected. They are counted by C. Loader's
    saddle-point expansion (Fast and accurate computation of binomial probabilities, 2000), which loses no digits.
    """
    j = np.arange(1, int(np.floor(n * (1 - x))) + 1, dtype=np.float64)
    left = n - j
    with np.errstate(divide="ignore"):
        deviance = j * np.log1p(n * x / j) + left * np.log1p(-n * x / left)
        logarithm = deviance + _stirling(np.array([float(n)])) - _stirling(j) - _stirling(left)
        terms = np.exp(logarithm) * np.sqrt(n / (2 * np.pi * j * left)) / (x + j / n)
    return float(x * terms.sum() + (1 - x) ** n)


def _stirling(n: Floats) -> Floats:
    """ln n! less Stirling's formula for it."""
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / n**2) / n**2) / n**2) / n
    small = n < 16
    exact = n[small]
    series[small] = special.gammaln(exact + 1) - (exact + 0.5) * np.log(exact) + exact - 0.5 * np.log(2 * np.pi)
    return series


def jensen_shannon(a: Counts, b: Counts) -> float:
    """The distance (square root of the divergence, natural logarithm) of ``scipy.spatial.distance.jensenshannon``."""
    p, q = a / a.sum(), b / b.sum()
    middle = (p + q) / 2
    divergence = float((special.rel_entr(p, middle) + special.rel_entr(q, middle)).sum()) / 2
    return float(np.sqrt(max(0.0, divergence)))


def chi_square(a: Counts, b: Counts) -> tuple[float, float]:
    """Statistic and p of ``scipy.stats.chi2_contingency([a, b])``: with Yates' correction for two labels."""
    table = np.array([a, b], dtype=np.float64)
    table = table[:, table.sum(axis=0) > 0]
    freedom = table.shape[1] - 1
    if freedom < 1:
        return 0.0, 1.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    apart = np.abs(table - expected)
    if freedom == 1:
        apart -= np.minimum(0.5, apart)
    statistic = float((apart**2 / expected).sum())
    return statistic, float(special.chdtrc(freedom, statistic))
