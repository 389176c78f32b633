"""Micro-batches without a timer: while one batch is being answered others wait, and the next takes all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import StepFailed

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 8192  # of a batch; a single table may have more


@dataclass(eq=False)
class _Waiting:
    """One table that waits for its predictions."""

    features: pa.Table
    done: bool = False
    predictions: pa.Table | None = None
    problem: BaseException | None = None

    def result(self) -> pa.Table:
        if self.problem is not None:
            raise self.problem
        assert self.predictions is not None
        return self.predictions


class Turns:
    """Has ``answer`` called by one thread at a time, with the rows of all that wait.

    Whoever comes while nobody is at work does the work, for all who came before it: no thread of its own, no timer.
    """

    def __init__(
        self, answer: Callable[[pa.Table], pa.Table], most_rows: int = MOST_ROWS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._answer, self._most, self._monotonic = answer, most_rows, monotonic
        self._since: float | None = None
        self._turn = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._busy = False

    @property
    def waiting(self) -> int:
        """How many wait for the next batch."""
        return len(self._waiting)

    @property
    def busy(self) -> float:
        """For how many seconds the batch has been answered that is being answered now; 0 where none is."""
        since = self._since
        return 0.0 if since is None else max(0.0, self._monotonic() - since)

    def taken(self, features: pa.Table) -> pa.Table:
        """The predictions for ``features``. Raises what ``answer`` raises for them."""
        mine = _Waiting(features)
        with self._turn:
            self._waiting.append(mine)
        while True:
            with self._turn:
                while self._busy and not mine.done:
                    self._turn.wait()
                if mine.done:
                    return mine.result()
                self._busy = True
                batch, self._since = self._next(), self._monotonic()
            try:
                self._answer_all(batch)
            finally:
                with self._turn:
                    self._busy, self._since = False, None
                    for each in batch:
                        each.done = True
                        if each.predictions is None and each.problem is None:
                            each.problem = StepFailed("The scoring was broken off.")
                    self._turn.notify_all()

    def _next(self) -> list[_Waiting]:
        """The oldest, and all with columns of the same types as far as there is room."""
        first, rows = self._waiting[0].features, 0
        batch: list[_Waiting] = []
        left: list[_Waiting] = []
        for each in self._waiting:
            fits = not batch or rows + each.features.num_rows <= self._most
            if fits and each.features.schema.equals(first.schema, check_metadata=True):
                batch.append(each)
                rows += each.features.num_rows
            else:
                left.append(each)
        self._waiting = left
        return batch

    def _answer_all(self, batch: Sequence[_Waiting]) -> None:
        if len(batch) > 1:
            import pyarrow as pa

            try:
                together = self._answer(pa.concat_tables([each.features for each in batch]))
            except Exception as problem:  # noqa: BLE001 - it is raised again for whoever it concerns
                if not getattr(problem, "of_these_rows", False):
                    for each in batch:
                        each.problem = problem
                    return
            else:
                start = 0
                for each in batch:
                    each.predictions = together.slice(start, each.features.num_rows)
                    start += each.features.num_rows
                return
        for each in batch:  # One alone, or one of them spoilt it for all.
            try:
                each.predictions = self._answer(each.features)
            except BaseException as problem:  # noqa: BLE001
                each.problem = problem
