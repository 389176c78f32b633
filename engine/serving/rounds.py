"""Requests that are answered at once, a stage at a time: what came in one round of the loop is scored together.

A processor forgets over the rest of a request how it went through a model, and a row that is scored between reading and
writing takes three times as long as one behind another row. So all that came are read, then scored, then written. No
timer: whoever comes alone is answered in the next round of the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from engine.serving.asking import Asking
from engine.serving.exchange import Answer, Coming
from engine.serving.failover import FallbackCounts, Given, NoAnswer, Waits, answered_at_once

MOST_ROWS = 2000  # of one round; who comes after them is scored in the next, when others have been read and written
_Waiting = tuple[Asking, Coming]


class Rounds:
    """For the server's own thread, and scorers that do not block. ``written`` makes an answer of what was given;
    ``otherwise`` has one, or raises, where nobody could give any at once."""

    def __init__(
        self, counts: FallbackCounts, written: Callable[[Asking, Given], Answer],
        otherwise: Callable[[Asking, Waits | NoAnswer], Coroutine[Any, Any, Answer]],
    ) -> None:  # fmt: skip
        self._counts, self._written, self._otherwise = counts, written, otherwise
        self._waiting: list[_Waiting] = []
        self._loop: asyncio.AbstractEventLoop
        self._under_way: set[asyncio.Task[Answer]] = set()

    def ask(self, asking: Asking) -> Coming:
        """The answer, or what ``written`` and ``otherwise`` raise."""
        if not self._waiting:  # Which loop runs is asked of the system.
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self._answer)
        said = Coming()
        self._waiting.append((asking, said))
        return said

    def _answer(self) -> None:
        """Those who wait, each version's together, as far as there is room."""
        by_version: dict[int, list[_Waiting]] = {}
        rows = place = 0
        for place, each in enumerate(self._waiting, 1):
            asking = each[0]
            held = asking.prepared.held
            # What a canary is asked goes its own way: where that fails, the live version is asked for the same rows.
            alike = id(held) if asking.canary is None and held.out is None else -place
            by_version.setdefault(alike, []).append(each)
            rows += len(asking.rows.values)
            if rows >= MOST_ROWS:
                break
        self._waiting = self._waiting[place:]
        for together in by_version.values():
            if len(together) == 1 or not self._scored(together):
                for asking, said in together:  # Alone, or one of them spoilt it for all.
                    self._alone(asking, said)
        if self._waiting:
            self._loop.call_soon(self._answer)

    def _scored(self, together: Sequence[_Waiting]) -> bool:
        """Give each of them, all of one version, its answers. Returns whether there are any."""
        held = together[0][0].prepared.held
        label, digest, outputs = held.label, held.digest, held.scorer.outputs
        try:
            answers = held.scorer.answer([row for asking, _ in together for row in asking.rows.values])
        except Exception:  # noqa: BLE001  each is asked again by itself, where it is counted
            return False
        end = 0
        for asking, said in together:
            begin, end = end, end + len(asking.rows.values)
            self._give(asking, said, Given(label, digest, outputs, answers[begin:end]))
        return True

    def _alone(self, asking: Asking, said: Coming) -> None:
        try:
            given = answered_at_once(asking.prepared.held, asking.rows.values, self._counts, asking.canary)
        except (Waits, NoAnswer) as problem:
            task = self._loop.create_task(self._otherwise(asking, problem.with_traceback(None)))
            self._under_way.add(task)
            task.add_done_callback(partial(self._passed_on, said))
        except Exception as problem:  # noqa: BLE001  a mistake of ours, for whoever asked
            self._tell(said, problem)
        else:
            self._give(asking, said, given)

    def _give(self, asking: Asking, said: Coming, given: Given) -> None:
        if not said.is_wanted:  # Whoever asked has gone.
            return
        found: Answer | Exception
        try:
            found = self._written(asking, given)
        except Exception as problem:  # noqa: BLE001  it is told to whoever it concerns
            found = problem
        self._tell(said, found)

    def _tell(self, said: Coming, found: Answer | Exception) -> None:
        try:
            said.give(found)
        except Exception as problem:  # noqa: BLE001  whoever takes it; the others of the round have theirs
            self._loop.call_exception_handler({"message": "An answer could not be handed on.", "exception": problem})

    def _passed_on(self, said: Coming, task: asyncio.Task[Answer]) -> None:
        """What ``otherwise`` came to."""
        self._under_way.discard(task)
        if task.cancelled():
            return
        problem = task.exception()
        if problem is None:
            said.give(task.result())
        elif isinstance(problem, Exception):
            said.give(problem.with_traceback(None))  # Its frames would hold what all others asked.
