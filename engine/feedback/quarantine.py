"""Whether a batch of feedback is held back until a person has looked at it. Pure.

A batch is held, alone and together with what came within the hour before it,

- where more than one label in a hundred is a class that the live version never learnt;
- where one label floods it: at least 95 % of at least 20 rows, which by the label's usual share would come by chance
  less than once in a million batches;
- where its labels are far off: of at least 50 rows 30 % would have to be another class for the usual shares (the total
  variation distance); of at least 20 numbers the mean is three standard deviations off the usual one;
- where at least 20 numbers are all the same, and they usually are not.

What is usual is known from 50 rows on: of the live version's holdout, and of what counted before.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from datetime import timedelta

from engine.feedback.records import FeedbackRow, Tally
from engine.feedback.rows import written
from engine.text import plain

WINDOW = timedelta(hours=1)
STRANGE = 0.01
FLOOD_ROWS, FLOOD_SHARE, BY_CHANCE = 20, 0.95, 1e-6
FAR_ROWS, FAR_SHARE, FAR_DEVIATIONS = 50, 0.30, 3.0
USUAL_ROWS = 50
MOST_CLASSES = 200
_OTHERS = "(others)"


def tally(rows: Iterable[FeedbackRow], *, numbers: bool) -> Tally:
    """The labels of ``rows``, counted; of more than 200 classes the rest together."""
    if numbers:
        values = [float(row.label) for row in rows if not isinstance(row.label, str)]
        return Tally(len(values), {}, math.fsum(values), math.fsum(value * value for value in values))
    counts: dict[str, int] = {}
    for row in rows:
        label = written(row.label)
        label = label if label in counts or len(counts) < MOST_CLASSES else _OTHERS
        counts[label] = counts.get(label, 0) + 1
    return Tally(sum(counts.values()), counts)


def together(tallies: Iterable[Tally]) -> Tally:
    """Several of them as one."""
    rows, total, squares, counts = 0, 0.0, 0.0, dict[str, int]()
    for each in tallies:
        rows, total, squares = rows + each.rows, total + each.total, squares + each.squares
        for label, count in each.counts.items():
            counts[label] = counts.get(label, 0) + count
    return Tally(rows, counts, total, squares)


def why_held(batch: Tally, lately: Tally, usual: Tally, classes: Collection[str]) -> str | None:
    """Why the batch is held, as a sentence without its end; None where it counts.

    ``lately``: what came within the hour before it; ``classes``: those of the live version, empty where it has none.
    """
    if (why := _strange(batch, classes)) is not None:
        return why
    for found, where in ((batch, "it"), (together((lately, batch)), "what came within the hour")):
        why = _of_numbers(found, usual, where) if not batch.counts else _of_classes(found, usual, where)
        if why is not None:
            return why
    return None


def _strange(batch: Tally, classes: Collection[str]) -> str | None:
    strange = {label: count for label, count in batch.counts.items() if label not in classes} if classes else {}
    if sum(strange.values()) <= STRANGE * batch.rows:
        return None
    most = max(strange, key=lambda label: strange[label])
    said = f"{sum(strange.values()):,} of {batch.rows:,} labels, such as '{plain(most, 40)}',"
    return f"{said} are classes that the live version never learnt"


def _of_classes(found: Tally, usual: Tally, where: str) -> str | None:
    if usual.rows < USUAL_ROWS or not found.rows:
        return None
    most = max(found.counts, key=lambda label: found.counts[label])
    share, before = found.counts[most] / found.rows, (usual.counts.get(most, 0) + 1) / (usual.rows + 2)
    flooded = found.rows >= FLOOD_ROWS and share >= FLOOD_SHARE
    if flooded and found.counts[most] * math.log(before) <= math.log(BY_CHANCE):
        return f"{share:.0%} of {where} is '{plain(most, 40)}' ({found.rows:,} rows), and usually {before:.0%}"
    labels = found.counts.keys() | usual.counts.keys()
    shares = ((found.counts.get(each, 0) / found.rows, usual.counts.get(each, 0) / usual.rows) for each in labels)
    off = sum(abs(now - then) for now, then in shares) / 2
    if found.rows >= FAR_ROWS and off >= FAR_SHARE:
        return f"{off:.0%} of {where} would have to be of another class to be as usual ({found.rows:,} rows)"
    return None


def _of_numbers(found: Tally, usual: Tally, where: str) -> str | None:
    if usual.rows < USUAL_ROWS or found.rows < FLOOD_ROWS:
        return None
    (mean, spread), (before, usually) = _moments(found), _moments(usual)
    if usually > 0 and abs(mean - before) > FAR_DEVIATIONS * usually:
        said = f"the labels of {where} are {mean:.4g} in the mean"
        return f"{said}, and usually {before:.4g} with a deviation of {usually:.4g}"
    if spread <= 1e-9 * max(abs(mean), 1.0) < usually:
        return f"all {found.rows:,} labels of {where} are {mean:.4g}, and usually they differ"
    return None


def _moments(found: Tally) -> tuple[float, float]:
    mean = found.total / found.rows
    return mean, math.sqrt(max(found.squares / found.rows - mean * mean, 0.0))
