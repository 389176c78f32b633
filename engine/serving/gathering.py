"""Requests that wait for another process, asked of it together: what waits when the last answers are on their way.

No timer. Whoever was just answered asks again at once, or not for a while; so the next batch is begun when the server's
loop has gone round and nobody has come any more. Begun at once, it would leave out all those who were just answered,
and they would be a batch of their own, each time: two with half of the rows cost twice as much as one with all.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from functools import partial
from typing import TYPE_CHECKING

from engine.errors import StepFailed
from engine.scoring.turns import MOST_ROWS

if TYPE_CHECKING:
    from engine.scoring.ready import Value

Rows = Sequence[Sequence["Value"]]
Answers = list[tuple["Value", ...]]
# Rounds of the loop in which nobody came: answers need some until they are written, and a request until it is read.
QUIET, MOST_ROUNDS = 8, 64


class _Asking:
    """The rows of one request. ``over`` is called once nobody works at them, also where whoever asked has given up."""

    def __init__(self, rows: Rows, over: Callable[[], None], said: asyncio.Future[Answers]) -> None:
        self.rows, self.over, self.said = rows, over, said


class Gathering:
    """The requests that wait for one scorer; for the server's own thread. ``answer`` is the scorer's, and is called in
    a thread of ``pool``, by one at a time; ``ended`` when nobody waits any more, and nobody is at work."""

    def __init__(
        self, answer: Callable[[Rows], Answers], pool: Executor, ended: Callable[[], object], most_rows: int = MOST_ROWS
    ) -> None:
        self._answer, self._pool, self._ended, self._most = answer, pool, ended, most_rows
        self._waiting: list[_Asking] = []
        self._came, self._busy = 0, False

    def ask(self, rows: Rows, over: Callable[[], None]) -> asyncio.Future[Answers]:
        """The answers for ``rows``, to be awaited or cancelled; ``over``: see ``_Asking``."""
        loop = asyncio.get_running_loop()
        said: asyncio.Future[Answers] = loop.create_future()
        self._waiting.append(_Asking(rows, over, said))
        self._came += 1
        if not self._busy:
            self._busy = True
            self._go_round(loop, QUIET, MOST_ROUNDS, self._came)
        return said

    def _go_round(self, loop: asyncio.AbstractEventLoop, quiet: int, most: int, came: int) -> None:
        """One more round of the loop, unless nobody has come for ``quiet`` of them."""
        if self._came != came:
            quiet, came = QUIET, self._came
        if quiet and most:
            os.sched_yield()  # Who was answered may wait for this very processor.
            loop.call_soon(self._go_round, loop, quiet - 1, most - 1, came)
        else:
            self._take(loop)

    def _take(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = self._next()
        if not batch:
            self._busy = False
            self._ended()
            return
        try:
            work = self._pool.submit(self._answered, [each.rows for each in batch])
        except RuntimeError:  # The server ends.
            self._over(loop, batch, [StepFailed("The scoring was broken off.")] * len(batch))
            return
        ended = partial(self._done, loop, batch)
        work.add_done_callback(lambda done: loop.is_closed() or loop.call_soon_threadsafe(ended, done))

    def _next(self) -> list[_Asking]:
        """The oldest as far as there is room, one at least; who gave up waiting is left out."""
        batch: list[_Asking] = []
        left, rows = self._waiting, 0
        self._waiting = []
        for place, each in enumerate(left):
            if each.said.done():
                each.over()
                continue
            if batch and rows + len(each.rows) > self._most:
                self._waiting = left[place:]
                break
            batch.append(each)
            rows += len(each.rows)
        return batch

    def _answered(self, asked: Sequence[Rows]) -> list[Answers | Exception]:
        """In a thread: an answer for each of them, or why there is none."""
        if len(asked) > 1:
            try:
                together = self._answer([row for rows in asked for row in rows])
            except Exception as problem:  # noqa: BLE001 - it is raised again for whoever it concerns
                if not getattr(problem, "of_these_rows", False):
                    return [problem] * len(asked)
            else:
                ends = list(itertools.accumulate(len(rows) for rows in asked))
                return [together[end - len(rows) : end] for end, rows in zip(ends, asked, strict=True)]
        return [self._alone(rows) for rows in asked]  # One alone, or one of them spoilt it for all.

    def _alone(self, rows: Rows) -> Answers | Exception:
        try:
            return self._answer(rows)
        except Exception as problem:  # noqa: BLE001
            return problem

    def _done(
        self, loop: asyncio.AbstractEventLoop, batch: Sequence[_Asking], done: Future[list[Answers | Exception]]
    ) -> None:
        broken = done.cancelled() or done.exception() is not None
        found = [StepFailed("The scoring was broken off.")] * len(batch) if broken else done.result()
        self._over(loop, batch, found)

    def _over(
        self, loop: asyncio.AbstractEventLoop, batch: Sequence[_Asking], found: Sequence[Answers | Exception]
    ) -> None:
        for each, answers in zip(batch, found, strict=True):
            if not each.said.done():
                if isinstance(answers, Exception):
                    each.said.set_exception(answers)
                else:
                    each.said.set_result(answers)
            each.over()
        self._go_round(loop, QUIET, MOST_ROUNDS, self._came)
