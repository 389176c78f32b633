"""What is known of how well versions did in what they really answered. Pure records; times in ISO 8601.

They stand apart from what measures them, so that who only reads a look need not load numpy and pyarrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.monitoring.look_parts import MetricValue, Slices

Role = Literal["live", "canary"]


@dataclass(frozen=True)
class LabelCounts:
    """What became of the labels, held against the answers that are in the log.

    ``came``: rows of feedback; of these ``words`` are the last word on their key, and of the words ``found`` are of a
    logged answer, ``unknown`` of none. ``fresh`` ones, of those unknown, came so lately that their answers need not be
    written yet. ``late`` ones, of those found, became known more than seven days after the answer, ``early`` ones
    before it; ``unfit`` ones are no label that the target can have. ``held``: rows that are quarantined or were thrown
    away; ``to_come``: of a time that is to come.
    """

    came: int = 0
    words: int = 0
    found: int = 0
    unknown: int = 0
    fresh: int = 0
    late: int = 0
    early: int = 0
    unfit: int = 0
    repeated: int = 0
    corrected: int = 0
    held: int = 0
    to_come: int = 0


@dataclass(frozen=True)
class AnsweredPerformance:
    """One version in one role, by what it answered from ``since`` to ``until``.

    ``answers``: rows that it answered, each key once by its newest answer; ``labelled`` of them have a label by now.
    ``again``: answers to a key that it answered later once more; ``keyless``: rows whose key nobody gave, which no
    label can find. Both are not among the ``answers``. ``delay``: seconds from the answer until half of the labels were
    known. ``readings``: each metric with its interval, or why there is none; the first is the key metric. ``slices``:
    the key metric by the columns that were logged; None where there are too few labels. ``problem``: why nothing can
    be measured.
    """

    version: str
    role: Role
    answers: int = 0
    labelled: int = 0
    again: int = 0
    keyless: int = 0
    since: str | None = None
    until: str | None = None
    delay: float | None = None
    readings: tuple[MetricValue, ...] = ()
    slices: Slices | None = None
    problem: str | None = None

    def of(self, metric: str) -> MetricValue | None:
        return next((reading for reading in self.readings if reading.metric == metric), None)


@dataclass(frozen=True)
class AnsweredLook:
    """What labels say of all that was answered from ``since`` on, which is how far the log that was read reaches.

    ``share``: of the requests so much is logged, by a hash of the request and not by what was asked or answered.
    ``whole``: the log of that time was read to its end, not its newest rows alone; ``unread``: blocks of it that are
    gone or not what was written. ``waiting``: why batches of labels are quarantined; they measure nothing.
    ``versions``: the most answers first.
    """

    share: float = 1.0
    since: str | None = None
    whole: bool = True
    unread: int = 0
    counts: LabelCounts = LabelCounts()
    versions: tuple[AnsweredPerformance, ...] = ()
    waiting: tuple[str, ...] = ()

    def of(self, version: str, role: Role = "live") -> AnsweredPerformance | None:
        return next((each for each in self.versions if (each.version, each.role) == (version, role)), None)
