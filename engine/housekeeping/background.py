"""The engine's own rounds: once an hour, in the background and at low priority, the house is kept and the disk scanned.

Not in the first minute: whoever has just opened the console wants the processor. When the last round was stands in the
ledger with its scan, so that a console that is opened and closed all day does not scan each time. Where nobody has
scanned for a day, the scan alone, by processes that step back, comes within the first seconds, and the rest of its
round when the minute is over: a person who opens the disk's screen finds figures there.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from engine.audit import times
from engine.clock import moment, stamp
from engine.errors import LeverframeError, bug
from engine.housekeeping import daily, report
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

EVERY = timedelta(hours=1)
QUIET_SECONDS = 60.0
LONG_AGO = timedelta(days=1)
SOON_SECONDS = 10.0


class _Stopped(Exception):
    """The engine ends; the next one begins the round anew."""


# Workspace, ledger, now, and whom to tell how far it is, which may end it by raising; yields sentences.
Chore = Callable[[Workspace, Ledger, datetime, Callable[[int, int], None]], Iterable[str]]


class Housekeeper:
    """``look`` begins a round when one is due, on a thread of its own; ``stop`` ends it within a moment.

    ``also``: what is done in a round besides housekeeping.
    """

    def __init__(
        self,
        workspace: Workspace,
        ledger: Ledger,
        tell: Callable[[str], None],
        keep_traceback: Callable[[str], Any],
        *,
        also: Chore = lambda workspace, ledger, now, tell: (),
        quiet: float = QUIET_SECONDS,
        soon: float = SOON_SECONDS,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workspace, self._ledger, self._tell, self._keep_traceback = workspace, ledger, tell, keep_traceback
        self._also = also
        self._seconds, self._quiet_until = seconds, seconds() + quiet
        self._soon: float | None = seconds() + soon
        self._owed = False  # The scan came before its round.
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def look(self, now: datetime) -> None:
        """Begin a round if it is time for one and none is under way; costs one small read."""
        if self._thread is not None and self._thread.is_alive():
            return
        quiet = self._seconds() < self._quiet_until
        if quiet and (self._soon is None or self._seconds() < self._soon):
            return
        with self._ledger.read() as db:
            # Not one of later than now: a clock that was ahead for a minute would have it scan all the time.
            last = db.execute("SELECT max(at) FROM scans WHERE at <= ?", (stamp(now),)).fetchone()[0]
        age = None if last is None else now - moment(last)
        due = age is None or age >= (LONG_AGO if quiet else EVERY)
        self._soon = None  # Once: one that fails is not tried again before its round.
        if quiet and due:
            self._owed = True
            self._begin(now, self._scan)
        elif due or (self._owed and not quiet):
            self._owed = False
            self._quiet_until = self._seconds() + QUIET_SECONDS  # One that fails is not tried again with every tick.
            self._begin(now, self._keep_house, *[self._scan] * due)

    def _begin(self, now: datetime, *parts: Callable[[datetime], None]) -> None:
        self._thread = threading.Thread(target=self._do, args=(now, parts), name="housekeeping", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the round that is under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _keep_house(self, now: datetime) -> None:
        with self._ledger.read() as db:
            certain = times.certain(db, now)
        for line in daily.keep_house(self._workspace, self._ledger, now, certain):
            self._tell(line)
        for line in self._also(self._workspace, self._ledger, now, lambda done, total: self._on_files(done)):
            self._tell(line)

    def _scan(self, now: datetime) -> None:
        report.make(self._workspace, self._ledger, ObjectStore(self._workspace.objects), now, self._on_files)

    def _do(self, now: datetime, parts: Iterable[Callable[[datetime], None]]) -> None:
        try:
            for part in parts:
                part(now)
        except _Stopped:
            return
        except LeverframeError as error:
            self._tell(str(error))
        except Exception as error:  # noqa: BLE001  a bug: kept, and the engine outlives it
            self._keep_traceback(traceback.format_exc())
            self._tell(bug(error, "while keeping house"))

    def _on_files(self, files: int) -> None:
        if self._stopping.is_set():
            raise _Stopped
