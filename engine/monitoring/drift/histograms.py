"""Two columns counted over the same few bins: what the stability index is read off, and what a person is shown.

Numbers: tenths of the reference, and what lies below or above all of it. Categories: the most frequent labels, the
rest, and what the reference never saw. Missing and infinite values are bins of their own, so that a sensor which falls
silent has drifted.

Of a column with many labels (a street, a key) new rows always bring labels never seen. How many is known: a row of the
reference whose label no other row has was never seen by all the others (I. J. Good, The population frequencies of
species, Biometrika 40, 1953). Such rows are the reference's count of "never seen".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.monitoring.drift.statistics import Counts
from engine.monitoring.look_parts import Bar
from engine.monitoring.profile import ColumnProfile
from engine.validation.columns import MISSING, Codes, Floats, shown

LABELS = 9
# A label that fewer of the reference's rows have is counted with the rest.
RARE = 0.01
REST, NEVER_SEEN, INFINITE, PRESENT = "(other)", "(never seen)", "(infinite)", "(any value)"


@dataclass(frozen=True, eq=False)
class Histogram:
    """Rows of both sides per bin (bins,)."""

    labels: tuple[str, ...]
    reference: Codes
    current: Codes

    def bars(self) -> tuple[Bar, ...]:
        """The bins that have rows; shares are 0 on a side that has none."""
        n, m = max(1, int(self.reference.sum())), max(1, int(self.current.sum()))
        counted = zip(self.labels, self.reference.tolist(), self.current.tolist(), strict=True)
        return tuple(Bar(shown(label), one / n, other / m) for label, one, other in counted if one or other)


def histogram(reference: ColumnProfile, current: ColumnProfile) -> Histogram:
    """Both columns over the reference's bins. Where a side has no value at all, only that is counted."""
    if not reference.present or not current.present or reference.kind == "unreadable":
        labels: tuple[str, ...] = (PRESENT,)
        counts = [np.array([side.present]) for side in (reference, current)]
    elif reference.kind == "category":
        labels, *counts = _by_label(reference, current)
    else:
        labels = _ranges(reference)
        counts = [_by_range(side, reference.edges) for side in (reference, current)]
    gaps = [np.array([side.missing, side.infinite]) for side in (reference, current)]
    one, other = (np.concatenate([count, gap]).astype(np.int64) for count, gap in zip(counts, gaps, strict=True))
    return Histogram((*labels, MISSING, INFINITE), one, other)


def by_all_labels(reference: ColumnProfile, current: ColumnProfile) -> tuple[Counts, Counts]:
    """Rows per label on both sides, over every label that one of them has; labels not kept are one label."""
    place = {label: position for position, label in enumerate(reference.labels)}
    others = len(place)
    where = [place.get(label, -1) for label in current.labels]
    if reference.others:
        # The reference does not know which labels it let go of: what it does not hold may be one of them.
        where = [others if position < 0 else position for position in where]
        size = others + 1
    else:
        size = others + 1 + sum(position < 0 for position in where)
        unseen = iter(range(others + 1, size))
        where = [next(unseen) if position < 0 else position for position in where]
    counts = np.zeros((2, size), dtype=np.int64)
    counts[0, :others], counts[0, others] = reference.counts, reference.others
    np.add.at(counts[1], np.array(where, dtype=np.intp), current.counts)
    counts[1, others] += current.others
    return counts[0], counts[1]


def _by_label(reference: ColumnProfile, current: ColumnProfile) -> tuple[tuple[str, ...], Codes, Codes]:
    frequent = int((reference.counts[:LABELS] >= max(2.0, RARE * reference.present)).sum())
    known, unknown = set(reference.labels), 0
    rows = dict(zip(current.labels, current.counts.tolist(), strict=True))
    if not reference.others:
        unknown = sum(count for label, count in rows.items() if label not in known)
    singles = 0 if reference.others else reference.singles
    first = [rows.get(label, 0) for label in reference.labels[:frequent]]
    shares = reference.counts[:frequent].tolist()
    one = np.array([*shares, reference.present - sum(shares) - singles, singles])
    other = np.array([*first, current.present - sum(first) - unknown, unknown])
    return (*reference.labels[:frequent], REST, NEVER_SEEN), one, other


def _by_range(side: ColumnProfile, edges: Floats) -> Codes:
    cumulative = np.concatenate([[0], np.cumsum(side.counts)])
    return np.diff(cumulative[np.searchsorted(side.values, edges, side="right")], prepend=0, append=cumulative[-1])


def _ranges(reference: ColumnProfile) -> tuple[str, ...]:
    """Bins in words, by the values that the reference has in them: ``3 to 7``, or ``4`` where it is only one."""
    starts = np.searchsorted(reference.values, reference.edges, side="right")[:-1]
    lows, highs = reference.values[starts], reference.edges[1:]
    words = [said(high, reference) if low >= high else f"{said(low, reference)} to {said(high, reference)}"
             for low, high in zip(lows, highs, strict=True)]  # fmt: skip
    return f"below {said(lows[0], reference)}", *words, f"above {said(highs[-1], reference)}"


def said(value: float, column: ColumnProfile) -> str:
    """A value of this column in words."""
    if column.kind == "time" and abs(value) < 2**62:
        return str(np.datetime64(int(value), "us").astype("datetime64[m]")).replace("T", " ")
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.6g}"
