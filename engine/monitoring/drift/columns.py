"""How far the current rows are from a version's own training data, column by column. Pure: tables in, verdicts out.

The verdict is about the size of a change, not about how sure it is that there is one: with rows enough, every change is
certain. ``size`` is the population stability index less what noise alone adds to it (see ``statistics.stability``);
``p`` is the chance of counts this far apart without drift. A change counts when it is large *and* no accident.

Kolmogorov-Smirnov and Wasserstein are of the finite values, Jensen-Shannon and chi-square of the values that are there;
missing and infinite values count in the stability index, the size and p.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from engine.monitoring.drift import statistics
from engine.monitoring.drift.histograms import INFINITE, NEVER_SEEN, Histogram, by_all_labels, histogram, said
from engine.monitoring.drift.thresholds import ACCIDENT, FEWEST_ROWS, LARGE, SOME
from engine.monitoring.look_parts import ColumnDrift, ColumnKind, DriftVerdict
from engine.monitoring.profile import ColumnProfile, Profile, profile_of
from engine.validation.columns import MISSING, shown

_WORDS: dict[ColumnKind, str] = {
    "number": "numbers",
    "time": "times",
    "category": "categories",
    "empty": "nothing",
    "unreadable": "lists or structures",
}


def drift(profile: Profile, current: pa.Table) -> tuple[ColumnDrift, ...]:
    """Every column of ``profile`` in its order, then every other column of ``current`` as a new one.

    Give it the columns that are to be compared, no others. No row or one row is no error: it cannot tell. Raises
    Invalid when a column is there twice or holds text that is not UTF-8.
    """
    known = {column.name for column in profile.columns}
    profiled = profile_of(current, current.column_names, exact=True)
    now = {column.name: column for column in profiled.columns}
    found = [_column(column, now.get(column.name), profiled.rows) for column in profile.columns]
    return (*found, *(_new(column, profile.rows) for column in profiled.columns if column.name not in known))


def compare(reference: ColumnProfile, current: ColumnProfile) -> ColumnDrift:
    """Two profiles of one column; the current one an exact one."""
    if reference.kind != current.kind and reference.present and current.present:
        why = f"it held {_WORDS[reference.kind]} in training and holds {_WORDS[current.kind]} now"
        return replace(_bare(reference, current), verdict="changed type", why=f"{shown(reference.name)}: {why}.")
    counts = histogram(reference, current)
    psi, size = (_known(value) for value in statistics.stability(counts.reference, counts.current))
    p = _known(statistics.chance(counts.reference, counts.current)) if psi is not None else None
    drifted = replace(_bare(reference, current), psi=psi, size=size, p=p, bars=counts.bars())
    if reference.present and current.present:
        if reference.kind in ("number", "time"):
            drifted = _of_numbers(drifted, reference, current)
        elif reference.kind == "category":
            drifted = _of_labels(drifted, reference, current)
    verdict = _verdict(drifted)
    return replace(drifted, verdict=verdict, why=_why(drifted, verdict, counts, reference, current))


def _column(reference: ColumnProfile, current: ColumnProfile | None, rows: int) -> ColumnDrift:
    if current is not None:
        return compare(reference, current)
    why = f"{shown(reference.name)}: the column is not there any more."
    return ColumnDrift(reference.name, reference.kind, "lost column", why, reference.rows, rows)


def _new(current: ColumnProfile, rows: int) -> ColumnDrift:
    why = f"{shown(current.name)}: the column was not in the training data."
    return ColumnDrift(current.name, current.kind, "new column", why, rows, current.rows)


def _bare(reference: ColumnProfile, current: ColumnProfile) -> ColumnDrift:
    n, m = reference.rows, current.rows
    return ColumnDrift(
        reference.name, reference.kind, "cannot tell", "", n, m,
        reference.missing / n if n else None, current.missing / m if m else None,
        reference.infinite / n if n else None, current.infinite / m if m else None,
        approximate=reference.approximate,
    )  # fmt: skip


def _of_numbers(drifted: ColumnDrift, reference: ColumnProfile, current: ColumnProfile) -> ColumnDrift:
    ks, apart = statistics.distances(reference.values, reference.counts, current.values, current.counts)
    p = statistics.kolmogorov_smirnov_p(ks, reference.present, current.present)
    deviations = apart / reference.deviation if reference.deviation else None
    return replace(drifted, ks=ks, ks_p=p, wasserstein=_known(apart), wasserstein_sd=_known(deviations))


def _of_labels(drifted: ColumnDrift, reference: ColumnProfile, current: ColumnProfile) -> ColumnDrift:
    one, other = by_all_labels(reference, current)
    statistic, p = statistics.chi_square(one, other)
    return replace(drifted, jensen_shannon=statistics.jensen_shannon(one, other), chi_square=statistic, chi_square_p=p)


def _verdict(drifted: ColumnDrift) -> DriftVerdict:
    if drifted.size is None or drifted.p is None or min(drifted.n_reference, drifted.n_current) < FEWEST_ROWS:
        return "cannot tell"
    if drifted.size < SOME:
        return "none"
    if drifted.p > ACCIDENT:
        return "cannot tell"
    return "large" if drifted.size >= LARGE else "some"


def _why(
    drifted: ColumnDrift, verdict: DriftVerdict, counts: Histogram, reference: ColumnProfile, current: ColumnProfile
) -> str:
    name, rows = shown(drifted.column), _rows(drifted.n_current)
    if drifted.psi is None:
        return f"{name}: there are no rows {'now' if reference.rows else 'of training data'} to compare."
    if min(drifted.n_reference, drifted.n_current) < FEWEST_ROWS:
        few = rows if drifted.n_current < FEWEST_ROWS else f"{_rows(drifted.n_reference)} of training data"
        return f"{name}: {few} cannot tell; at least {FEWEST_ROWS} are needed."
    if verdict == "none":
        return f"{name}: as in training, PSI {drifted.psi:.2f}, on {rows}."
    if verdict == "cannot tell":
        return f"{name}: PSI {drifted.psi:.2f} may be chance, on {rows}."
    return f"{name}: {_moved(counts, reference, current)}, PSI {drifted.psi:.2f}, on {rows}."


def _moved(counts: Histogram, reference: ColumnProfile, current: ColumnProfile) -> str:
    """What changed most, in words."""
    one, other = counts.reference / counts.reference.sum(), counts.current / counts.current.sum()
    # Of equal changes the last: that all are missing says more than that none is there.
    most = len(one) - 1 - int(np.argmax(np.abs(other - one)[::-1]))
    label, before, now = counts.labels[most], one[most], other[most]
    if label in (MISSING, INFINITE, NEVER_SEEN) and most >= len(one) - 3:
        return f"{label.strip('()')} in {_share(now)} of rows, in {_share(before)} in training"
    if reference.kind == "number" and _shifted(reference, current):
        return f"mean moved from {said(reference.mean or 0, reference)} to {said(current.mean or 0, reference)}"
    return f"'{shown(label)}' went from {_share(before)} to {_share(now)} of rows"


def _shifted(reference: ColumnProfile, current: ColumnProfile) -> bool:
    """Whether the mean moved by a tenth of a standard deviation; else the shape changed rather than the place."""
    if reference.mean is None or current.mean is None or reference.deviation is None:
        return False
    return abs(current.mean - reference.mean) >= max(reference.deviation / 10, np.finfo(float).tiny)


def _share(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.2g} %"


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _known(number: Any) -> float | None:
    return float(number) if number is not None and np.isfinite(number) else None
