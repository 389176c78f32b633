"""Whether labels agree with what was answered for the same keys as they usually do. Pure.

Labels that are shuffled among their rows, or flipped, may look like any others; held against the answers they do not.
A class agrees with an answer that is the same; a number with one on the same side of the mean of usual labels.

A batch is held, alone or together with what came within the hour before it, where at least 20 of its labels find an
answer and

- chance brings as many that differ less than once in ten million looks, where the share of those that differ scatters
  from hour to hour as it did before (``engine.feedback.usual``);
- and of the agreement beyond what labels of other rows would have (Cohen's kappa, doi:10.1177/001316446002000104) at
  most half of the usual one is left: what drifts loses some of it, what is mixed up loses all.

What is usual is known from 50 such labels on; where it is a kappa below 0.2, nothing is concluded. A world that has
turned at once looks like wrong labels, and nobody can tell them apart by these: a person does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from engine.feedback.quarantine import CHANCE, MOST_CLASSES, OTHERS, USUAL_ROWS
from engine.feedback.records import Scalar, Tally
from engine.feedback.rows import written
from engine.feedback.usual import Usual

FEWEST = 20
LEFT, LEAST = 0.5, 0.2  # of the usual kappa, and the usual kappa itself
_BELOW, _ABOVE = "below", "above"
_DIFFER = "differ"


@dataclass(frozen=True)
class Agreement:
    """Labels that found an answer. ``agree``: so many of the ``rows``; ``answers`` and ``labels``: each counted."""

    rows: int = 0
    agree: int = 0
    answers: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)

    @property
    def kappa(self) -> float | None:
        """One where all agree, zero where as many do as of labels of other rows; None where that cannot be told."""
        if not self.rows:
            return None
        by_chance = sum(count * self.labels.get(name, 0) for name, count in self.answers.items()) / self.rows
        return (self.agree - by_chance) / (self.rows - by_chance) if self.rows - by_chance > 1e-9 else None

    @property
    def tally(self) -> Tally:
        """As what ``Usual`` takes."""
        return Tally(self.rows, {"agree": self.agree, _DIFFER: self.rows - self.agree})


def compared(pairs: Iterable[tuple[Scalar, Scalar]], middle: float | None = None) -> Agreement:
    """Of each pair an answer and a label. ``middle``: where numbers are parted; None where they are classes."""
    rows, agree, answers, labels = 0, 0, dict[str, int](), dict[str, int]()
    for pair in pairs:
        answer, label = map(written, pair) if middle is None else (_side(each, middle) for each in pair)
        rows, agree = rows + 1, agree + (answer == label)
        for counts, found in ((answers, answer), (labels, label)):
            known = found if found in counts or len(counts) < MOST_CLASSES else OTHERS
            counts[known] = counts.get(known, 0) + 1
    return Agreement(rows, agree, answers, labels)


def _side(value: Scalar, middle: float) -> str:
    return _ABOVE if isinstance(value, int | float) and value > middle else _BELOW


def together(each: Iterable[Agreement]) -> Agreement:
    """Several of them as one."""
    rows, agree, answers, labels = 0, 0, dict[str, int](), dict[str, int]()
    for one in each:
        rows, agree = rows + one.rows, agree + one.agree
        for counts, more in ((answers, one.answers), (labels, one.labels)):
            for name, count in more.items():
                counts[name] = counts.get(name, 0) + count
    return Agreement(rows, agree, answers, labels)


@dataclass(frozen=True)
class UsualAgreement:
    """How labels agree with answers usually: ``holdout``: the live version's, where it is of two classes; ``hours``:
    what counted before, hour by hour."""

    holdout: Agreement = Agreement()
    hours: Sequence[Agreement] = ()

    @cached_property
    def all(self) -> Agreement:
        return together((self.holdout, *self.hours))

    @cached_property
    def shares(self) -> Usual:
        return Usual(self.holdout.tally, [each.tally for each in self.hours])


def why_held(batch: Agreement, lately: Agreement, usual: UsualAgreement) -> str | None:
    """Why the batch is held, as a sentence without its end; None where it counts. ``lately``: what came within the hour
    before it."""
    whole = usual.all
    if not batch.rows or whole.rows < USUAL_ROWS or whole.kappa is None or whole.kappa < LEAST:
        return None
    for found, where in ((batch, ""), (together((lately, batch)), " that came within the hour")):
        kappa = found.kappa
        if found.rows < FEWEST or kappa is None or kappa > LEFT * whole.kappa:
            continue
        if usual.shares.chance((_DIFFER,), found.tally) <= math.log(CHANCE):
            said = f"answers agree with {found.agree:,} of {found.rows:,} labels{where}"
            often = f"and usually with {100 * whole.agree / whole.rows:.0f} of 100"
            return f"{said}, {often}: the labels are wrong, or the world has changed"
    return None
