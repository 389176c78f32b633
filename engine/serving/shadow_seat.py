"""The place of one trial's process at one worker: handed to, listened to, ended where it hangs or grows, begun anew.

Whatever becomes of the process, each row that was handed to it is counted: as scored, as failed, or as lost with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.errors import Damage
from engine.serving.shadow_pipe import Process
from engine.shadow.counting import ABSENT, BEHIND, Sums, read
from engine.storage.free_space import in_words
from engine.text import plain

MOST_WAITING = 2000  # rows on their way
READY_WITHIN, HANGS_AFTER = 900.0, 300.0  # seconds; it has only the time of the processor that nobody else wants
MOST_MEMORY = 2 << 30  # of the process; a version's own process has the bound of its manifest besides
FIRST_WAIT, LONGEST_WAIT, WELL_AFTER = 1.0, 300.0, 60.0  # seconds until it is begun anew; after which it did well
ENDS_WITHIN, LAST_WORDS = 20.0, 3.0  # seconds that it has to end, and at the end of the worker


class ShadowSeat:
    """``spawn`` starts the process and raises OSError. ``sums``: what was counted since ``written``; ``trouble``: why
    nothing is scored, ``told`` what of it was written last."""

    def __init__(self, spawn: Callable[[], Process], monotonic: Callable[[], float]) -> None:
        self._spawn, self._monotonic = spawn, monotonic
        self._process: Process | None = None
        self._ready = self._finishing = False
        self._since = self._heard = self._due = monotonic()
        self._ends, self._waiting = 0, 0
        self._why = ""
        self.sums = Sums()
        self.trouble = self.told = ""

    def hand(self, packet: bytes, rows: int) -> None:
        """Hand a frame of so many rows over, or count them as passed over. Never waits."""
        if self._process is None or not self._ready:
            self.sums.pass_over(ABSENT, rows)
        elif self._waiting + rows > MOST_WAITING or not self._process.hand(packet):
            self.sums.pass_over(BEHIND, rows)
        else:
            if not self._waiting:
                self._heard = self._monotonic()
            self._waiting += rows

    def tick(self) -> None:
        """Hear what it said, and see to it where it ended, hangs or grows."""
        now = self._monotonic()
        process = self._process
        if process is None:
            if not self._finishing and now >= self._due:
                self._begin(now)
            return
        self._hear(process.said(), now)
        ended = process.ended()
        if ended is not None:
            self._hear(process.close(0.0), now)
            self._over(f"its process ended {ended}", now)
        elif why := self._must_end(process, now):
            process.kill()
            self._hear(process.close(0.0), now)
            self._over(why, now)

    def _must_end(self, process: Process, now: float) -> str:
        if self._finishing:
            return "it did not end" if now - self._since > ENDS_WITHIN else ""
        patience = HANGS_AFTER if self._ready else READY_WITHIN
        if (self._waiting or not self._ready) and now - self._heard > patience:
            return f"its process gave no sign of life for {patience:g} s and was ended"
        memory = process.memory()
        if memory > MOST_MEMORY:
            return f"its process took {in_words(memory)} of memory, {in_words(MOST_MEMORY)} is allowed"
        return ""

    def _begin(self, now: float) -> None:
        self._since = self._heard = now
        self._ready, self._why = False, ""
        try:
            self._process = self._spawn()
        except OSError as error:
            self._over(f"its process cannot be started ({error.strerror or error})", now)

    def _hear(self, said: list[dict[str, Any]], now: float) -> None:
        for each in said:
            self._heard = now
            if "ready" in each:
                self._ready, self.trouble = True, ""
            if "failed" in each:
                self._why = plain(str(each["failed"]), 300)
            if "sums" in each:
                self._add(each)

    def _add(self, said: dict[str, Any]) -> None:
        try:
            sums, handled = read(said["sums"]), int(said["handled"])
        except (Damage, KeyError, TypeError, ValueError):
            return  # What it was handed stays counted as on its way, and fails with its end.
        self._waiting = max(0, self._waiting - handled)
        self.sums.add(sums)

    def _over(self, why: str, now: float) -> None:
        """It is there no more."""
        said = self._why or why
        self._process, self._ready = None, False
        if self._waiting:
            self.sums.fail(said, self._waiting)
            self._waiting = 0
        if self._finishing:
            return
        self._ends = 1 if now - self._since >= WELL_AFTER else self._ends + 1
        self._due = now + min(LONGEST_WAIT, FIRST_WAIT * 2 ** (self._ends - 1))
        self.trouble = said

    def written(self) -> None:
        """What was counted is in the ledger."""
        self.sums, self.told = Sums(), self.trouble

    def finish(self) -> None:
        """Its trial is over: it scores what it has, and ends."""
        if not self._finishing:
            self._finishing, self._since, self.trouble = True, self._monotonic(), ""
            if self._process is not None:
                self._process.finish()

    @property
    def is_over(self) -> bool:
        return self._finishing and self._process is None and self.sums.is_empty

    def close(self) -> None:
        """End it now, but for a few seconds in which it may say what it came to."""
        if self._process is not None:
            now = self._monotonic()
            self._hear(self._process.close(LAST_WORDS), now)
            self._over("the server ended before it had scored them", now)
