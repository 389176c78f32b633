"""A holdout where no column tells the time: rows drawn by a stable hash of their key, the same part of each class.

Whether a row is held out depends on itself: on where the hash of its key (of its features, where there is no key) lies
between 0 and 1, and on the place where its class is cut. So neither the order of the rows nor new rows move it. The
cuts are made once, to give each class its part, are recorded with the version, and are taken over from the live
version as long as they do: what it was not given to learn from is never given to its successors either.

The hash: 64 bits of each column (BLAKE2b of text, whole numbers as they are whatever their type), mixed by the
finaliser of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood 2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.validation.columns import Codes, Floats, Mask, codes, floats, is_number, is_time, missing, unwrapped
from engine.versions.records import DrawnHoldout
from engine.vocabulary.metrics import REGRESSION

Bits = NDArray[np.uint64]
MOST_CLASSES = 200
# As far may the part of a class be off before it is cut anew: one row in five, and two rows.
_OFF, _ROWS_OFF = 0.2, 2.0
_GAP, _NO_WHOLE = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03)
_WHOLE = 2.0**53


def places(table: pa.Table, by: Sequence[str]) -> Floats:
    """Where each row lies between 0 and 1, by the values of the columns ``by``, whatever their order."""
    mixed = np.zeros(table.num_rows, dtype=np.uint64)
    for name in sorted(by):
        mixed = _mix(mixed + _mix(_bits(table.column(name)) ^ _of_text(name)))
    return np.asarray(mixed / 2.0**64, dtype=np.float64)


def strata(target: pa.ChunkedArray, metric: str, task: str | None, place: Floats) -> tuple[Codes, list[str]]:
    """The class of each row, in one list for a regression. Rows of one place are of one class, the first by name."""
    numbers, names = codes(target)
    if task == "regression" or metric in REGRESSION or not 0 < len(names) <= MOST_CLASSES:
        return np.zeros(len(place), dtype=np.int64), [""]
    order = np.argsort(np.array(names, dtype=object), kind="stable")
    rank = np.empty(len(names) + 1, dtype=np.int64)
    rank[order], rank[-1] = np.arange(len(names)), len(names)
    _, group = np.unique(place, return_inverse=True)
    first = np.full(int(group.max(initial=-1)) + 1, len(names), dtype=np.int64)
    np.minimum.at(first, group, rank[numbers])
    return first[group], [names[number] for number in order]


def cut(
    place: Floats, kind: Codes, names: Sequence[str], by: Sequence[str], fraction: float, live: DrawnHoldout | None
) -> DrawnHoldout:
    """Where each class is cut: as the live version has it, or anew where that gives too large or small a part."""
    known = live.below if live and live.by == tuple(by) and live.fraction == fraction else {}
    below = {}
    for number, name in enumerate(names):
        own = np.sort(place[kind == number])
        at, wanted = known.get(name), fraction * len(own)
        if at is None or abs(np.searchsorted(own, at) - wanted) > max(_ROWS_OFF, _OFF * wanted):
            at = _anew(own, fraction)
        below[name] = at
    return DrawnHoldout(tuple(by), fraction, below)


def held_out(place: Floats, kind: Codes, names: Sequence[str], made: DrawnHoldout) -> Mask:
    """Which rows are held out. A class that the cut does not know is cut at its fraction."""
    at = np.array([*(made.below.get(name, made.fraction) for name in names), 0.0])
    return np.asarray(place < at[kind])


def _anew(own: Floats, fraction: float) -> float:
    """A place that leaves the nearest to ``fraction`` of the rising ``own`` below, and a row on each side if it can."""
    if len(own) < 2 or own[0] == own[-1]:
        return fraction
    edges = np.flatnonzero(np.diff(own)) + 1  # so many rows lie below a place between two that differ
    rows = int(edges[np.argmin(np.abs(edges - fraction * len(own)))])
    return float((own[rows - 1] + own[rows]) / 2)


def _bits(column: pa.ChunkedArray) -> Bits:
    column = unwrapped(column)
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        gaps = missing(column)
        whole = column.cast(pa.int8()) if pa.types.is_boolean(kind) else column
        if pa.types.is_uint64(kind):
            return _filled(whole.fill_null(0).to_numpy().astype(np.uint64), gaps)
        return _filled(whole.fill_null(0).cast(pa.int64()).to_numpy().astype(np.uint64), gaps)
    if is_time(kind) and pa.types.is_timestamp(kind):
        gaps = missing(column)
        exact = column.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64()).fill_null(0)
        return _filled(exact.to_numpy().astype(np.uint64), gaps)
    if is_number(kind) or is_time(kind):
        return _of_floats(floats(column))
    if pa.types.is_nested(kind) or pa.types.is_null(kind):
        texts = [_of_text(str(value)) for value in column.to_pylist()]
        return np.array(texts, dtype=np.uint64)
    numbers, names = codes(column)
    each = np.array([*(_of_text(name) for name in names), _GAP], dtype=np.uint64)
    return each[numbers]


def _of_floats(values: Floats) -> Bits:
    """Whole numbers as integers have them, so that a column that got gaps keeps its rows where they were."""
    gaps = np.isnan(values)
    whole = ~gaps & (np.abs(values) < _WHOLE) & (values == np.floor(values))
    bits = values.view(np.uint64) ^ _NO_WHOLE
    bits[whole] = values[whole].astype(np.int64).astype(np.uint64)
    return _filled(bits, gaps)


def _filled(bits: Bits, gaps: Mask) -> Bits:
    bits = bits.copy()
    bits[gaps] = _GAP
    return bits


def _of_text(text: str) -> np.uint64:
    return np.uint64(int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"))


def _mix(bits: Bits) -> Bits:
    bits = bits + _GAP
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(bits ^ (bits >> np.uint64(31)), dtype=np.uint64)
