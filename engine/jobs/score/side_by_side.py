"""Pieces of one file are scored by two processes of a version at the same time, each by whichever is free.

Nothing fails that would not fail with one alone: what the second has no answer for, the first is asked for, and the
second is let go. What the first says of it counts, in its words.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING

from engine.errors import StepFailed
from engine.jobs.score.second import Second, worth
from engine.scoring.away.parts import differs
from engine.scoring.ready import ReadyScorer

if TYPE_CHECKING:
    import pyarrow as pa


class SideBySide:
    """Fills ``Ahead`` with the ``first`` scorer, which is open, and the ``second``, once that is open too: begun
    before, or here as soon as it is worth it.

    ``golden``: has rows that the second is to answer as the first does, to the last bit, or is asked for no others;
    ``opening``: seconds that the first took to be opened; ``say``: takes lines for the run's log.
    """

    ahead = 3
    """Two are scored, and one waits for each: who has done its piece does not wait until others are asked for."""

    def __init__(
        self, first: ReadyScorer, second: Second, golden: Callable[[], pa.Table], opening: float,
        say: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._first, self._second, self._golden, self._opening = first, second, golden, opening
        self._say, self._monotonic = say, monotonic
        self._free = SimpleQueue[ReadyScorer]()
        self._pool = ThreadPoolExecutor(2, "score")
        self._total: int | None = None
        self._done = self._before = 0
        self._spent = 0.0
        self.shares = [0, 0]
        """How many pieces each has answered."""
        self.settled = threading.Event()
        """Set once the second takes pieces, or never will."""
        self._free.put(first)
        second.opened.add_done_callback(self._joins)

    def expects(self, total: int | None) -> None:
        """Another file begins; ``total``: how many rows it has, where that is known."""
        self._total, self._before = total, self._done

    def begin(self, features: pa.Table) -> Callable[[], pa.Table]:
        """See ``Ahead``."""
        if not self._second.begun and self._done:
            pace = self._spent / self._done
            if worth(pace, self._done - self._before, self._total, self._opening):
                self._second.begin()
        return self._pool.submit(self._scored, features).result

    def _scored(self, features: pa.Table) -> pa.Table:
        scorer = self._free.get()
        if scorer is not self._first:
            try:
                found = scorer.score(features)
            except Exception as problem:  # The first says what is to be said of these rows.
                if self._second.over:
                    raise
                self._let_go(f"failed ({str(problem).rstrip('.')})")
            else:
                self.shares[1] += 1
                self._free.put(scorer)
                return found
            self._free.get()  # There is no other than the first.
        try:
            began = self._monotonic()
            found = self._first.score(features)
            self._spent += self._monotonic() - began
            self._done += features.num_rows
            self.shares[0] += 1
            return found
        finally:
            self._free.put(self._first)

    def _joins(self, opened: Future[ReadyScorer]) -> None:
        try:
            if (problem := opened.exception()) is not None:
                raise StepFailed(f"could not be begun ({str(problem).rstrip('.')})") from None
            second, golden = opened.result(), self._golden()
            other = differs(second.score(golden), self._first.score(golden))
            if other:
                raise StepFailed(f"says something else of the golden rows ({other})")
            self._free.put(second)
            self._say("a second process of the version scores beside the first")
        except Exception as problem:  # noqa: BLE001 - the scoring goes on with the first
            if not self._second.over:
                self._let_go(str(problem))
        finally:
            self.settled.set()

    def _let_go(self, why: str) -> None:
        self._second.cancel(why)
        self._say(f"the second process {why}; one scores alone")

    def in_words(self) -> str:
        """Who answered how much so far."""
        return f"pieces by process: {self.shares[0]:,} and {self.shares[1]:,}"

    def close(self) -> None:
        """Let go of both, also while they are asked or the second comes up; nothing of them is left then."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._second.close()
        self._first.close()
        self._pool.shutdown()


@contextmanager
def two_ready(
    open_first: Callable[[], ReadyScorer], second: Second | None, golden: Callable[[], pa.Table],
    say: Callable[[str], None], *, at_once: bool,
) -> Iterator[tuple[ReadyScorer, SideBySide | None]]:  # fmt: skip
    """Have a scorer open within the block, and a ``second`` beside it, if there may be one: ``at_once``, or as soon as
    it is worth it. Raises what ``open_first`` raises; nothing of either is left then."""
    with ExitStack() as held:
        if second is not None:
            held.callback(second.close)
            if at_once:
                second.begin()
        began = time.monotonic()
        first = open_first()
        held.callback(first.close)
        if second is None:
            yield first, None
            return
        beside = SideBySide(first, second, golden, time.monotonic() - began, say)
        held.callback(beside.close)
        yield first, beside
