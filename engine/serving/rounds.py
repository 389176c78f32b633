"""Requests that are answered at once, a stage at a time: what came in one round of the loop is scored together.

A processor forgets over the rest of a request how it went through a model, and a row that is scored between reading and
writing takes three times as long as one behind another row. So all that came are read, then scored, then written. No
timer: whoever comes alone is answered in the next round of the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from engine.serving.exchange import Answer
from engine.serving.failover import FallbackCounts, Given, Rows, answered_at_once
from engine.serving.held import Held

MOST_ROWS = 2000  # of one round; who comes after them is scored in the next, when others have been read and written


class _Asking(NamedTuple):
    """The rows of one request, for ``held`` or its canary; what makes an answer of what is given, and who waits."""

    held: Held
    canary: Held | None
    rows: Rows
    written: Callable[[Given], Answer]
    said: asyncio.Future[Answer]

    def gives(self, given: Callable[[], Given]) -> None:
        """Say what came of it."""
        if self.said.done():  # Whoever asked has gone.
            return
        try:
            self.said.set_result(self.written(given()))
        except Exception as problem:  # noqa: BLE001  it is raised for whoever it concerns
            # Its frames would hold what all others asked.
            self.said.set_exception(problem.with_traceback(None))


class Rounds:
    """For the server's own thread, and scorers that do not block."""

    def __init__(self, counts: FallbackCounts) -> None:
        self._counts = counts
        self._waiting: list[_Asking] = []

    def ask(
        self, held: Held, rows: Rows, canary: Held | None, written: Callable[[Given], Answer]
    ) -> asyncio.Future[Answer]:
        """What ``written`` makes of what ``answered_at_once`` gives; to be awaited. Raises what they raise."""
        loop = asyncio.get_running_loop()
        said: asyncio.Future[Answer] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._answer, loop)
        self._waiting.append(_Asking(held, canary, rows, written, said))
        return said

    def _answer(self, loop: asyncio.AbstractEventLoop) -> None:
        """Those who wait, each version's together, as far as there is room."""
        by_version: dict[int, list[_Asking]] = {}
        rows = place = 0
        for place, each in enumerate(self._waiting, 1):
            # What a canary is asked goes its own way: where that fails, the live version is asked for the same rows.
            alike = id(each.held) if each.canary is None and each.held.out is None else -place
            by_version.setdefault(alike, []).append(each)
            rows += len(each.rows)
            if rows >= MOST_ROWS:
                break
        self._waiting = self._waiting[place:]
        for together in by_version.values():
            if len(together) == 1 or not _scored(together):
                for each in together:  # Alone, or one of them spoilt it for all.
                    self._alone(each)
        if self._waiting:
            loop.call_soon(self._answer, loop)

    def _alone(self, each: _Asking) -> None:
        each.gives(lambda: answered_at_once(each.held, each.rows, self._counts, each.canary))


def _scored(together: Sequence[_Asking]) -> bool:
    """Give each of them, all of one version, its answers. Returns whether there are any."""
    held = together[0].held
    label, digest, outputs = held.label, held.digest, held.scorer.outputs
    try:
        answers = held.scorer.answer([row for each in together for row in each.rows])
    except Exception:  # noqa: BLE001  each is asked again by itself, where it is counted
        return False
    end = 0
    for each in together:
        begin, end = end, end + len(each.rows)
        each.gives(partial(Given, label, digest, outputs, answers[begin:end]))
    return True
