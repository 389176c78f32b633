"""Whether a candidate's data is comparable with the live version's: classes, features that carry something, rows. Pure.

- A class that the live version knows and training no longer has is lost: the candidate can never say it. A class that
  is new is told: whoever uses the predictions has not met it.
- A feature that varied for the live version and no longer does in the training rows is dead. So is one that varied
  while it was learnt and has one value, or none, throughout the holdout, unless it stood still as long before (a month)
  or by chance (a rare yes).
- Rows under half of those that the live version was made from are a source that broke, unless the manifest says else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.records import Gate
from engine.validation.columns import Codes, codes, floats, is_number, is_time, listed, missing, shown, unwrapped
from engine.validation.gates.floors import FEWEST
from engine.validation.metrics import Truth
from engine.validation.words import percent
from engine.vocabulary.gates import name_of

HALF = 0.5
# So improbable must it be that a feature shows one value alone by chance.
_CHANCE = 0.001
# A sensor has many values, a flag few.
_MANY = 20


def classes_as_before(truth: Truth, train: pa.ChunkedArray, known: Sequence[str] | None, live: str | None) -> Gate:
    """Always on for classes. ``known``: those of the live version, None where it is not recorded or nothing is live."""
    name, kind = name_of("classes"), "classes"
    learnt = set(codes(train)[1])
    numbers: dict[str, object] = {"classes": len(truth.classes)}
    if live is not None and known is not None:
        now = {shown(each) for each in learnt}
        lost = [each for each in known if shown(each) not in now]
        new = [each for each in sorted(learnt) if shown(each) not in {shown(one) for one in known}]
        if lost:
            said = f"Lost since {live}: {listed(lost)}; no training row has {'it' if len(lost) == 1 else 'them'}"
            more = f"; new: {listed(new)}" if new else ""
            return Gate(name, kind, "fail", f"{said}{more}.", numbers | {"lost": len(lost), "new": len(new)})
        if new:
            evidence = f"New since {live}: {listed(new)}; whoever uses the predictions has not met it."
            return Gate(name, kind, "warn", evidence, numbers | {"lost": 0, "new": len(new)})
    counts = np.bincount(np.asarray(truth.actual, np.int64), minlength=len(truth.classes))
    strange = [each for each, rows in zip(truth.classes, counts, strict=True) if rows and each not in learnt]
    if strange:
        return Gate(name, kind, "warn", f"In the holdout and not in the training rows: {listed(strange)}.", numbers)
    before = f"as {live} knows them" if live and known is not None else "the reference from now on"
    return Gate(name, kind, "pass", f"{len(learnt)} {'class' if len(learnt) == 1 else 'classes'}, {before}.", numbers)


def constant_features(train: pa.Table, features: Sequence[str]) -> list[str]:
    """The features that have one value, or none, in all training rows."""
    return [name for name in features if not _varies(train.column(name))]


def no_dead_feature(
    train: pa.Table,
    holdout: pa.Table,
    features: Sequence[str],
    constant: Sequence[str],
    were_constant: Sequence[str] | None,
    live: str | None,
) -> Gate:
    """Always on. ``constant``: features that do not vary in training; ``were_constant``: those of the live version's,
    None where that is not recorded."""
    name, kind = name_of("dead_feature"), "dead_feature"
    dead = [each for each in constant if live and were_constant is not None and each not in were_constant]
    if dead:
        said = ", ".join(_at_rest(train.column(each), each) for each in dead[:3])
        more = f" and {len(dead) - 3} more" if len(dead) > 3 else ""
        evidence = f"Nothing to learn from what varied for {live}: {said}{more}."
        return Gate(name, kind, "fail", evidence, {"dead": len(dead)})
    rest = [each for each in features if each not in constant] if holdout.num_rows >= FEWEST else []
    stopped = {each: many for each in rest if (many := _stopped(train.column(each), holdout.column(each))) is not None}
    if stopped:
        ordered = sorted(stopped, key=lambda each: not stopped[each])
        said = ", ".join(_at_rest(holdout.column(each), each) for each in ordered[:3])
        more = f" and {len(stopped) - 3} more" if len(stopped) > 3 else ""
        evidence = f"Varied while it was learnt and no more in the holdout: {said}{more}."
        return Gate(name, kind, "fail" if any(stopped.values()) else "warn", evidence, {"dead": len(stopped)})
    aside = f"; {listed(constant, 3)} never did" if constant else ""
    return Gate(name, kind, "pass", f"What varied still does{aside}.", {"dead": 0})


def rows_as_before(rows: int, before: int, live: str, least: float = HALF, kind: str = "rows_against_live") -> Gate:
    """Always on with a live version: did the rows that it is made from collapse?"""
    name = name_of(kind, limit=percent(least, 0))
    part = rows / before if before else 1.0
    numbers = {"rows": rows, "before": before, "limit": least}
    evidence = f"{rows:,} rows with a target; {live} was made from {before:,}"
    if part < least:
        return Gate(name, kind, "fail", f"{evidence}: under {percent(least, 0)}.", numbers)
    return Gate(name, kind, "pass", f"{evidence}.", numbers)


def _varies(column: pa.ChunkedArray) -> bool:
    column = unwrapped(column)
    if is_number(column.type) or is_time(column.type):
        values = floats(column)
        values = values[~np.isnan(values)]
        return len(values) > 0 and bool(values.min() != values.max())
    if pa.types.is_null(column.type):
        return False
    if pa.types.is_nested(column.type):
        return True  # nobody can tell, and no version is stopped for it
    return bool(pc.count_distinct(column, mode="only_valid").as_py() > 1)


def _stopped(train: pa.ChunkedArray, holdout: pa.ChunkedArray) -> bool | None:
    """Whether what stopped to vary had many values; None where it goes on, or where standing still is nothing new."""
    if _varies(holdout):
        return None
    gone = bool(missing(holdout).all())
    before, places = _places(train)
    if gone:
        share = float(np.mean(before < 0))
        return None if share ** len(holdout) > _CHANCE else True
    at_rest = _places(holdout.filter(pa.array(~missing(holdout))).slice(0, 1))[1]
    value = next(iter(at_rest), None)
    share = float(np.mean(before == places[value])) if value in places else 0.0
    if share ** len(holdout) > _CHANCE or _longest_rest(before) >= len(holdout):
        return None
    return len(places) > _MANY


def _places(column: pa.ChunkedArray) -> tuple[Codes, Mapping[object, int]]:
    """A number per row for each different value, -1 for none, and the number of each value."""
    column = unwrapped(column)
    if is_number(column.type) or is_time(column.type):
        values = floats(column)
        found, inverse = np.unique(values[~np.isnan(values)], return_inverse=True)
        numbers = np.full(len(values), -1, dtype=np.int64)
        numbers[~np.isnan(values)] = inverse
        return numbers, {float(value): number for number, value in enumerate(found)}
    numbers, names = codes(column)
    return numbers, {value: number for number, value in enumerate(names)}


def _longest_rest(numbers: Codes) -> int:
    """The most rows, one after the other, with the same value."""
    changes = np.flatnonzero(np.diff(numbers)) + 1
    edges = np.concatenate(([0], changes, [len(numbers)]))
    return int(np.diff(edges).max(initial=0))


def _at_rest(column: pa.ChunkedArray, name: str) -> str:
    """``wind is 3.0``, ``wind has no value``."""
    column = unwrapped(column)
    gaps = missing(column)
    if gaps.all():
        return f"{shown(name)} has no value"
    return f"{shown(name)} is {shown(column[int(np.flatnonzero(~gaps)[0])].as_py())}"
