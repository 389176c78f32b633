"""What of the feedback counts, decided when it is read. Pure: the batches stay as they came, whatever this says.

Each row that came is exactly one of these:

- ``quarantined``, ``thrown_away``: its batch is;
- ``unjudged``: its batch waits until it was held against answers;
- ``to_come``: it is of a time that is later than the moment that is looked from;
- ``unknown``: nobody knows a row with its key, yet; it counts as soon as somebody does;
- ``repeated``: it says of its key once more what was said of it;
- ``corrected``: a later word says something else of its key. Later is the later time; of one time, what came later;
- ``counted``: it is the last word on its key. Of these, ``early`` ones are of a time before the row that they are of:
  they count from that row's time on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.feedback.records import BatchState, FeedbackRow, Key, Scalar
from engine.feedback.rows import key_of, written


@dataclass(frozen=True)
class Come:
    """A batch with its rows, in the order in which batches came; ``at``: when it came, None where nobody asks."""

    batch: int
    state: BatchState | Literal["unjudged"]
    rows: Sequence[FeedbackRow]
    at: datetime | None = None


@dataclass(frozen=True)
class Word:
    """The last word on a key: its label, and since when it is one that can be learnt from."""

    key: Key
    label: Scalar
    since: datetime
    batch: int


@dataclass(frozen=True)
class Counts:
    """How many rows came, and what each is; ``early`` are among the ``counted``."""

    came: int = 0
    counted: int = 0
    early: int = 0
    repeated: int = 0
    corrected: int = 0
    unknown: int = 0
    to_come: int = 0
    quarantined: int = 0
    thrown_away: int = 0
    unjudged: int = 0

    @property
    def words(self) -> str:
        """All that there are, as a list of words: ``118 count, 3 were put right since``."""
        told = (
            (self.counted, "count"), (self.repeated, "were said before"), (self.corrected, "were put right since"),
            (self.unknown, "are of a key that no row has"), (self.to_come, "are of a time that is to come"),
            (self.quarantined, "are quarantined"), (self.thrown_away, "were thrown away"),
            (self.unjudged, "came just now and wait for the answers that they are held against"),
        )  # fmt: skip
        return ", ".join(f"{count:,} {what}" for count, what in told if count) or "none came"


@dataclass(frozen=True)
class Reading:
    """The words that count, in the order of their time, and what became of every row."""

    words: tuple[Word, ...]
    counts: Counts


def read(came: Sequence[Come], known: Mapping[Key, datetime | None] | None, until: datetime) -> Reading:
    """What counts of ``came`` at ``until``.

    ``known``: the time of the row that each key is of, None where a row has none; without it every key is known.
    """
    names = ("quarantined", "thrown_away", "unjudged", "to_come", "unknown", "repeated", "corrected")
    tallied = dict.fromkeys(names, 0)
    heard: dict[Key, list[tuple[datetime, Scalar, int]]] = {}
    for batch in came:
        if batch.state in ("quarantined", "thrown away", "unjudged"):
            tallied[batch.state.replace(" ", "_")] += len(batch.rows)
            continue
        for row in batch.rows:
            key = key_of(row)
            if row.time > until:
                tallied["to_come"] += 1
            elif known is not None and key not in known:
                tallied["unknown"] += 1
            else:
                heard.setdefault(key, []).append((row.time, row.label, batch.batch))
    words, early = [], 0
    for key, said in heard.items():
        time, label, number, ended = _last(said)
        asked = known.get(key) if known is not None else None
        words.append(Word(key, label, max(time, asked) if asked is not None else time, number))
        early += asked is not None and time < asked
        tallied["corrected"] += ended
        tallied["repeated"] += len(said) - 1 - ended
    counts = Counts(came=sum(len(batch.rows) for batch in came), counted=len(words), early=early, **tallied)
    return Reading(tuple(sorted(words, key=lambda word: (word.since, word.key))), counts)


def _last(said: Sequence[tuple[datetime, Scalar, int]]) -> tuple[datetime, Scalar, int, int]:
    """The last word of those on one key, known since it was first said after the one before; and how many others there
    were before it."""
    time, label, batch, ended = *said[0], -1
    before: str | None = None
    for each in sorted(said, key=lambda one: one[0]):  # Of one time they stay as they came.
        if written(each[1]) != before:
            time, label, batch = each
            before, ended = written(label), ended + 1
    return time, label, batch, ended
