"""What labels usually are, and how rarely labels that came are as far off by chance. Pure.

Labels of one hour are more alike than labels drawn by lot (in a storm all flights are late), so the shares of another
hour are taken to scatter about the usual ones as those of the hours before did: a Dirichlet-multinomial distribution
(Mosimann 1962, doi:10.1093/biomet/49.1-2.65). How alike labels of one hour are is the intraclass correlation, estimated
from the variance between hours and within them (Ridout, Demétrio and Firth 1999,
doi:10.1111/j.0006-341X.1999.00137.x); before hours are known it counts as ``FIRST``, with the weight of five hours.
That the usual share is itself an estimate widens the same distribution.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.feedback.records import Tally

FIRST, FIRST_HOURS = 0.02, 5
_NONE = Tally()
_MOST = 0.98  # as alike as labels of one hour are taken to be at most


def together(tallies: Iterable[Tally]) -> Tally:
    """Several of them as one."""
    rows, total, squares, compared, alike, counts = 0, 0.0, 0.0, 0, 0, dict[str, int]()
    for each in tallies:
        rows, total, squares = rows + each.rows, total + each.total, squares + each.squares
        compared, alike = compared + each.compared, alike + each.alike
        for label, count in each.counts.items():
            counts[label] = counts.get(label, 0) + count
    return Tally(rows, counts, total, squares, compared, alike)


@dataclass(frozen=True)
class Usual:
    """What is known: the labels of the live version's ``holdout``, which is of many hours, and of each of the ``hours``
    in which feedback came that counted."""

    holdout: Tally = _NONE
    hours: Sequence[Tally] = ()

    @cached_property
    def all(self) -> Tally:
        return together((self.holdout, *self.hours))

    @cached_property
    def alike(self) -> float:
        """The intraclass correlation of labels of one hour, 0 to 1."""
        told = [each for each in self.hours if each.rows]
        rows, hours = sum(each.rows for each in told), len(told)
        if hours < 2 or rows <= hours:
            return FIRST
        within = sum(_within(each) for each in told)
        between = max(_within(together(told)) - within, 0.0) / (hours - 1)
        within /= rows - hours
        size = (rows - sum(each.rows**2 for each in told) / rows) / (hours - 1)
        found = between + (size - 1) * within
        estimate = max(between - within, 0.0) / found if found > 0 else 0.0
        return min((FIRST_HOURS * FIRST + (hours - 1) * estimate) / (FIRST_HOURS + hours - 1), _MOST)

    @cached_property
    def variance(self) -> float:
        """Of the share (or mean) of another hour with very many rows, in variances of one row: 0 to 1."""
        worth = sum(each.rows / (1 + (each.rows - 1) * self.alike) for each in self.hours if each.rows)
        return min(self.alike + 1 / (self.holdout.rows + worth + 1), _MOST)

    def chance(self, labels: Iterable[str], found: Tally) -> float:
        """The natural logarithm of how probable it is that as many of ``found`` are of ``labels``, or more."""
        labels = frozenset(labels)
        share = sum(self.all.counts.get(label, 0) for label in labels) / self.all.rows
        weight = 1 / self.variance - 1
        count = sum(found.counts.get(label, 0) for label in labels)
        return _beta_binomial_tail(count, found.rows, share * weight + 0.5, (1 - share) * weight + 0.5)

    def deviations(self, found: Tally) -> float:
        """How many of its standard deviations the mean of ``found``, which are numbers, is off the usual one."""
        (mean, _), (before, usually) = moments(found), moments(self.all)
        return abs(mean - before) / (usually * math.sqrt(self.variance + (1 - self.alike) / found.rows))

    def chance_of_one_number(self, found: Tally) -> float:
        """The natural logarithm of at most how probable it is that the numbers of ``found`` are all one; minus infinity
        where it is not known how often two are.

        The sum of p**n over the values is at most the sum of p**2, to the power of n/2.
        """
        if not self.all.compared:
            return -math.inf
        return found.rows / 2 * math.log((self.all.alike + 1) / (self.all.compared + 1))


def moments(found: Tally) -> tuple[float, float]:
    """The mean of numbers, and their standard deviation."""
    mean = found.total / found.rows
    return mean, math.sqrt(max(found.squares / found.rows - mean * mean, 0.0))


def _within(found: Tally) -> float:
    """The sum of squares about the mean, of classes of the indicator of each."""
    if found.counts:
        return found.rows - sum(count * count for count in found.counts.values()) / found.rows
    return max(found.squares - found.total * found.total / found.rows, 0.0)


def _beta_binomial_tail(least: int, rows: int, first: float, second: float) -> float:
    """The logarithm of the probability of ``least`` or more of ``rows``, of a share of Beta(``first``, ``second``)."""
    if least <= 0:
        return 0.0
    log = (
        math.lgamma(rows + 1) - math.lgamma(least + 1) - math.lgamma(rows - least + 1)
        + math.lgamma(least + first) + math.lgamma(rows - least + second) - math.lgamma(rows + first + second)
        - math.lgamma(first) - math.lgamma(second) + math.lgamma(first + second)
    )  # fmt: skip
    term = tail = 1.0
    for count in range(least, rows):
        term *= (rows - count) / (count + 1) * (count + first) / (rows - count - 1 + second)
        tail += term
        if term < 1e-12 * tail:
            break
    return min(log + math.log(tail), 0.0)
