"""Whether a batch of feedback is held back until a person has looked at it. Pure.

A batch is held, alone and together with what came within the hour before it,

- where more than one label in a hundred is a class that the live version never learnt;
- where one label floods it: at least 95 % of at least 20 rows;
- where its labels are far off: of at least 50 rows 30 % would have to be another class for the usual shares (the total
  variation distance); of at least 20 numbers the mean is three standard deviations off the usual one;
- where at least 20 numbers are all the same.

All but the first only where chance alone does not bring it: less than once in ten million looks (``CHANCE``). Feedback
that comes once a minute is looked at half a million times a year, with at most four questions each: by chance one
batch is held in five years.

Chance is told from the live version's holdout and what counted before, hour by hour, by ``engine.feedback.usual``. The
tail of a set of labels is summed exactly (beta-binomial); that the label, or the set of labels, which is furthest off
was looked for costs a factor of their number (Bonferroni). A mean of numbers is taken as normal. That numbers are all
one is bounded by how often two of one batch were alike.

What is usual is known from 50 rows on.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import timedelta

from engine.feedback.records import FeedbackRow, Tally
from engine.feedback.rows import written
from engine.feedback.usual import Usual, moments, together
from engine.text import plain

WINDOW = timedelta(hours=1)
STRANGE = 0.01
CHANCE = 1e-7
RARE_DEVIATIONS = 5.33  # of a normal mean, on both sides together as rare as CHANCE
FLOOD_ROWS, FLOOD_SHARE = 20, 0.95
FAR_ROWS, FAR_SHARE, FAR_DEVIATIONS = 50, 0.30, 3.0
USUAL_ROWS = 50
MOST_CLASSES = 200
OTHERS = "(others)"


def tally(rows: Iterable[FeedbackRow], *, numbers: bool) -> Tally:
    """The labels of ``rows``, counted; of more than 200 classes the rest together."""
    if numbers:
        values = [float(row.label) for row in rows if not isinstance(row.label, str)]
        pairs = sum(math.comb(count, 2) for count in Counter(values).values())
        squares = math.fsum(value * value for value in values)
        return Tally(len(values), {}, math.fsum(values), squares, math.comb(len(values), 2), pairs)
    counts: dict[str, int] = {}
    for row in rows:
        label = written(row.label)
        label = label if label in counts or len(counts) < MOST_CLASSES else OTHERS
        counts[label] = counts.get(label, 0) + 1
    return Tally(sum(counts.values()), counts)


def why_held(batch: Tally, lately: Tally, usual: Usual, classes: Collection[str]) -> str | None:
    """Why the batch is held, as a sentence without its end; None where it counts.

    ``lately``: what came within the hour before it; ``classes``: those of the live version, empty where it has none.
    """
    if (why := _strange(batch, classes)) is not None:
        return why
    for found, where in ((batch, "it"), (together((lately, batch)), "what came within the hour")):
        if usual.all.rows < USUAL_ROWS or not found.rows:
            continue
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


def _of_classes(found: Tally, usual: Usual, where: str) -> str | None:
    labels = found.counts.keys() | usual.all.counts.keys()
    now = {each: found.counts.get(each, 0) / found.rows for each in labels}
    then = {each: usual.all.counts.get(each, 0) / usual.all.rows for each in labels}
    most = max(now, key=lambda label: now[label])
    flooded = found.rows >= FLOOD_ROWS and now[most] >= FLOOD_SHARE
    if flooded and usual.chance((most,), found) <= math.log(CHANCE / len(labels)):
        return f"{now[most]:.0%} of {where} is '{plain(most, 40)}' ({found.rows:,} rows), and usually {then[most]:.0%}"
    more = [each for each in labels if now[each] > then[each]]
    off = sum(now[each] - then[each] for each in more)
    far = found.rows >= FAR_ROWS and off >= FAR_SHARE
    if far and usual.chance(more, found) <= math.log(CHANCE) - len(labels) * math.log(2):
        return f"{off:.0%} of {where} would have to be of another class to be as usual ({found.rows:,} rows)"
    return None


def _of_numbers(found: Tally, usual: Usual, where: str) -> str | None:
    if found.rows < FLOOD_ROWS:
        return None
    (mean, spread), (before, usually) = moments(found), moments(usual.all)
    if usually > 0 and abs(mean - before) > FAR_DEVIATIONS * usually and usual.deviations(found) > RARE_DEVIATIONS:
        said = f"the labels of {where} are {mean:.4g} in the mean"
        return f"{said}, and usually {before:.4g} with a deviation of {usually:.4g}"
    alike = spread <= 1e-9 * max(abs(mean), 1.0) < usually
    if alike and usual.chance_of_one_number(found) <= math.log(CHANCE):
        return f"all {found.rows:,} labels of {where} are {mean:.4g}, and usually they differ"
    return None
