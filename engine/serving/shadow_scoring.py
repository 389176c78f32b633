"""What the shadow's process does with a frame: has the candidate answer its rows, and holds that against the answers.

A candidate that raises is asked row by row, so that one bad row costs one row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.errors import LeverframeError
from engine.requests.counting import bucket
from engine.requests.records import Value
from engine.scoring.ready import ReadyScorer
from engine.serving.shadow_frames import Frame, HandedRequest, taken_from
from engine.shadow.comparing import Ruler
from engine.shadow.counting import LONGEST_VALUE, Difference, Sums
from engine.text import plain

Answers = list[tuple[Value, ...]]
Names = tuple[str, ...]


@dataclass(frozen=True)
class Segments:
    """Where the values of the manifest's segments stand in what is handed over: among features, or among keys."""

    columns: Names

    def of(self, features: Names, row: Sequence[Any], keys: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Column and value of each segment that the row tells of."""
        found = []
        for column in self.columns:
            if column in features:
                found.append((column, _shown(row[features.index(column)])))
            elif column in keys:
                found.append((column, _shown(keys[column])))
        return found


@dataclass
class ShadowScoring:
    """``clock``: seconds of what a scoring takes, by the processor's time where the candidate is asked in this process.

    ``sums``: what was counted since ``taken`` was called the last time.
    """

    scorer: ReadyScorer
    segments: Segments
    regression: bool
    clock: Callable[[], float] = time.thread_time
    sums: Sums = field(default_factory=Sums)
    _rulers: dict[Names, Ruler] = field(default_factory=dict)

    def taken(self) -> Sums:
        """What was counted since the last time."""
        sums, self.sums = self.sums, Sums()
        sums.numbers = self.regression
        return sums

    def score(self, frame: Frame) -> None:
        """Score the frame, and count. Never raises for what a candidate does."""
        lacking = [name for name in self.scorer.features if name not in frame.features]
        if lacking:
            why = f"it wants column {plain(lacking[0], 80)}, which requests do not have"
            self.sums.fail(why, sum(len(each.rows) for each in frame.requests))
            return
        places = [frame.features.index(name) for name in self.scorer.features]
        # A process of its own is asked for all of them at once: that is how it answers, and each asking has its price.
        groups = [frame.requests] if self.scorer.blocks else [[each] for each in frame.requests]
        for group in groups:
            self._score(frame, group, [[row[place] for place in places] for each in group for row in each.rows])

    def _score(self, frame: Frame, group: Sequence[HandedRequest], rows: list[list[Any]]) -> None:
        began = self.clock()
        answers = self._answers(rows)
        took = max(0.0, self.clock() - began)
        if any(each is not None for each in answers):
            self.sums.scored += len(group)
            self.sums.seconds += took * len(group)
            number = bucket(took)
            self.sums.histogram[number] = self.sums.histogram.get(number, 0) + len(group)
        turn = iter(answers)
        differences = []
        for each in group:
            for place in range(len(each.rows)):
                answer = next(turn)
                if answer is not None:
                    differences.append(self._compared(frame, each, place, answer))
        self.sums.differ(differences)

    def _answers(self, rows: list[list[Any]]) -> list[tuple[Value, ...] | None]:
        """An answer for each row; None where there is none, and that is counted."""
        try:
            return self._one_for_each(rows)
        except Exception as error:  # noqa: BLE001  whatever a candidate does is counted, and the next rows are scored
            # A process that ended, or gave no answer, would do so again for each of them.
            of_all = self.scorer.blocks and not getattr(error, "of_these_rows", False)
            if len(rows) == 1 or of_all:
                self.sums.fail(_why(error), len(rows))
                return [None] * len(rows)
        return [answer for row in rows for answer in self._answers([row])]

    def _one_for_each(self, rows: list[list[Any]]) -> list[tuple[Value, ...] | None]:
        answers = self.scorer.answer(rows)
        if len(answers) != len(rows) or any(len(each) != len(self.scorer.outputs) for each in answers):
            raise ValueError(f"{len(answers)} answers for {len(rows)} rows")
        return list(answers)

    def _compared(self, frame: Frame, request: HandedRequest, place: int, answer: tuple[Value, ...]) -> Difference:
        live, row = request.answers[place], request.rows[place]
        ruler = self._rulers.get(frame.outputs)
        if ruler is None:
            ruler = self._rulers[frame.outputs] = Ruler(self.regression, frame.outputs, self.scorer.outputs)
        agree, size = ruler.apart(live, answer)
        keys = taken_from(request.keys, place)
        self.sums.rows += 1
        self.sums.agreed += agree
        self.sums.apart += size
        for column, value in self.segments.of(frame.features, row, keys):
            self.sums.segment(column, value, agree)
        named = zip(frame.outputs, live, strict=True), zip(self.scorer.outputs, answer, strict=True)
        mine, theirs = ({plain(name, LONGEST_VALUE): _kept(value) for name, value in each} for each in named)
        shown = {plain(name, LONGEST_VALUE): _kept(value) for name, value in keys.items()}
        return Difference(agree, size, plain(request.request, LONGEST_VALUE), request.at, shown, mine, theirs)


def _why(error: Exception) -> str:
    """What a candidate said; a bug by its name."""
    return str(error) if isinstance(error, LeverframeError) else type(error).__name__


def _kept(value: Any) -> Value:
    if isinstance(value, str):
        return plain(value, LONGEST_VALUE)
    if isinstance(value, float) and not -1e308 <= value <= 1e308:  # JSON has no word for it.
        return str(value)
    return value if isinstance(value, int | float) else None


def _shown(value: Any) -> str:
    if value is None or value != value:
        return "missing"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return plain(str(value), LONGEST_VALUE) or "''"
