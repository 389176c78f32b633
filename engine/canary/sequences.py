"""Intervals that hold at every moment at once, for what is looked at again and again. Pure.

An interval of the usual kind is right at one moment that was fixed before; whoever looks each minute and acts on the
first that speaks against the candidate is sure to see one. These are *confidence sequences*: with probability 1 - alpha
the true value is inside at all moments, so whenever one is acted on, what it says holds.

- Of a share: the mixture of likelihood ratios over a Beta(1/2, 1/2) is a martingale whose mean is one where the share
  is true, and by Ville's inequality passes 1/alpha with probability alpha at most. H. Robbins, "Statistical methods
  related to the law of the iterated logarithm", Annals of Mathematical Statistics 41 (1970). Exact for any number.
- Of a mean: the normal mixture boundary with the estimated variance, for numbers large enough. I. Waudby-Smith, D.
  Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences",
  Annals of Statistics 52 (2024).
"""

from __future__ import annotations

from collections.abc import Callable
from math import lgamma, log, sqrt

TUNED_FOR = 1_000  # rows: where the interval of a mean is narrowest beside the one of a single look
_STEPS = 60  # of a bisection: to the last digit


def share_bounds(hits: int, of: int, alpha: float) -> tuple[float, float]:
    """Lowest and highest share that ``hits`` of ``of`` speak for, at every moment at once; (0, 1) of none."""
    if of <= 0:
        return 0.0, 1.0
    evidence = _log_beta(hits + 0.5, of - hits + 0.5) - _log_beta(0.5, 0.5)

    def excluded(share: float) -> bool:
        likelihood = (hits * log(share) if hits else 0.0) + ((of - hits) * log(1 - share) if hits < of else 0.0)
        return evidence - likelihood >= -log(alpha)

    seen = hits / of
    low = 0.0 if hits == 0 else _edge(excluded, 0.0, seen)
    high = 1.0 if hits == of else _edge(excluded, 1.0, seen)
    return low, high


def _edge(excluded: Callable[[float], bool], outside: float, inside: float) -> float:
    """Where ``excluded`` begins on the way from ``inside`` out; its outer side: no interval is to be too narrow."""
    for _ in range(_STEPS):
        middle = (outside + inside) / 2
        if middle in (0.0, 1.0) or excluded(middle):
            outside = middle
        else:
            inside = middle
    return outside


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def mean_margin(variance: float, of: int, alpha: float) -> float:
    """How far the true mean may be from the one seen, of so many values with that variance; infinite below two."""
    if of < 2:
        return float("inf")
    tuned = -2 * log(alpha) + log(-2 * log(alpha)) + 1
    spread = of * tuned / TUNED_FOR + 1
    return sqrt(variance) * sqrt(2 * spread / (of * of * tuned / TUNED_FOR) * log(sqrt(spread) / alpha))

