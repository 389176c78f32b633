"""The request log of one worker of a server: noted behind the answer, counted and written by a thread.

To note a request costs what it costs to put it into a queue. Nobody who answers waits for the disk, for the ledger or
for the thread, and nothing that goes wrong here reaches them: what does not fit is counted as lost, and told.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from engine import clock
from engine.requests import sampling
from engine.requests.answered import Answered as Answered
from engine.requests.records import LogRules as LogRules
from engine.requests.writer import LogWriter
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace

MOST_REQUESTS, MOST_ROWS = 50_000, 200_000  # that wait to be counted: seconds of them, at most some 100 MB
LOOK_EVERY = 0.05  # seconds between two looks into the queue
# What waits is taken once it is so much, for it would leave the processor's caches; less of it at every so many looks.
ENOUGH, LOOKS = 200, 5
FLUSH_EVERY = 10.0  # seconds


class Listener(Protocol):
    """Who is told by the log's thread, behind the answers, what was answered. What it raises is told to ``on_bug``."""

    def take(self, batch: Sequence[Answered]) -> None:
        """What was answered since the last time, a few times a second; also nothing."""

    def flush(self, now: datetime) -> None:
        """Write what there is to write, every few seconds."""

    def close(self, now: datetime) -> None:
        """Nothing more comes."""


class RequestLog:
    """``note`` each answer; ``close`` at the end. Several workers have one each, in processes of their own.

    ``worker``: its name, which no other worker that is at work has. ``rules``: how a project's requests are kept; the
    thread asks every few seconds, and where that raises a LeverframeError, what was known holds on. ``on_bug`` is told
    of mistakes of ours; ``listener`` is told what was answered, too. Raises Refusal or Damage where the key of the
    sampling cannot be read.
    """

    def __init__(
        self,
        workspace: Workspace,
        ledger: Ledger,
        worker: str,
        rules: Callable[[str], LogRules],
        *,
        now: Callable[[], datetime] = clock.now,
        monotonic: Callable[[], float] = time.monotonic,
        on_bug: Callable[[Exception], None] = lambda error: None,
        listener: Listener | None = None,
    ) -> None:
        import pyarrow.parquet  # noqa: F401  Here, before anything is answered: the thread would hold everybody up.

        self._writer = LogWriter(workspace, ledger, worker, rules, sampling.key_of(workspace), monotonic)
        self._now, self._monotonic, self._on_bug, self._listener = now, monotonic, on_bug, listener
        self._waiting: deque[Answered] = deque()
        self._noted = self._taken = self._left = 0
        self._lost: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="request log", daemon=True)
        self._thread.start()

    def note(self, answered: Answered) -> None:
        """Keep what was answered, or count it as lost. Never waits and never raises. For one thread: the server's."""
        rows = len(answered.rows)
        if self._noted - self._taken + rows > MOST_ROWS or len(self._waiting) >= MOST_REQUESTS:
            self._lost[answered.project] = self._lost.get(answered.project, 0) + 1
            return
        self._noted += rows
        self._waiting.append(answered)

    @property
    def lost(self) -> int:
        """How many requests came faster than they could be noted, since the start."""
        return sum(self._lost.copy().values())

    @property
    def waiting(self) -> int:
        """How many requests the thread has not taken yet."""
        return len(self._waiting)

    @property
    def trouble(self) -> dict[str, str]:
        """Why nothing is written at the moment, by project; empty while all is well."""
        return self._writer.trouble.copy()

    def close(self, timeout: float = 10.0) -> bool:
        """Write what is there, for ``timeout`` seconds at most. Returns whether all of it was."""
        self._ending.set()
        self._thread.join(timeout)
        return not self._thread.is_alive() and not self._left

    def _work(self) -> None:
        flushed = self._monotonic()
        for look in itertools.count(1):
            if self._ending.wait(LOOK_EVERY):
                break
            if look % LOOKS and len(self._waiting) < ENOUGH:
                continue
            self._guarded(self._drain)
            if self._monotonic() - flushed >= FLUSH_EVERY:
                flushed = self._monotonic()
                self._guarded(lambda: self._writer.flush(self._now()))
                self._tell(lambda listener: listener.flush(self._now()))
        self._guarded(self._drain)
        for _ in range(20):  # Another worker may hold the lock, for as long as it writes one block.
            self._guarded(lambda: self._writer.flush(self._now(), everything=True))
            if not self._writer.waiting or self._writer.trouble:
                break
            clock.pause(LOOKS * LOOK_EVERY)
        self._tell(lambda listener: listener.close(self._now()))
        self._guarded(self._give_up)

    def _tell(self, what: Callable[[Listener], None]) -> None:
        listener = self._listener
        if listener is not None:
            self._guarded(lambda: what(listener))

    def _give_up(self) -> None:
        self._left = self._writer.give_up()

    def _guarded(self, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception as error:  # noqa: BLE001  a bug: told, and it ends one round, but neither the thread nor answers
            self._on_bug(error)

    def _drain(self) -> None:
        batch = []
        for _ in range(len(self._waiting)):
            answered = self._waiting.popleft()
            self._taken += len(answered.rows)
            batch.append(answered)
        for project, lost in self._lost.copy().items():
            more = lost - self._told.get(project, 0)
            if more:
                self._told[project] = lost
                self._writer.lose(project, more, self._now())
        if batch:
            self._guarded(lambda: self._writer.take(batch))
        self._tell(lambda listener: listener.take(batch))
