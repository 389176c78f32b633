"""The engine at work: become the one engine of the workspace or stand by, and settle what is due while being it.

APScheduler is the clock and nothing more: jobs in memory, made from the ledger, that call one method with plain
arguments. One bell for each schedule rings at its next due time; the watch looks every second whether anybody changed
the ledger; the tick settles everything every few seconds, whatever was slept through, and gives the sign of life. They
take turns on one thread, so that an engine never competes with itself.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.clock import moment
from engine.errors import LeverframeError, bug
from engine.projects import schedules
from engine.runs.warm.keeper import Keeper
from engine.schedule import lease as leases
from engine.schedule.after_swaps import look_after_swaps
from engine.schedule.due import due_after
from engine.schedule.due_runs import NOBODY, STOOD_STILL, note_downtime, settle_all, stood_still
from engine.schedule.lease import Fenced, Lease, Patience
from engine.schedule.records import Occurrence
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

TICK_SECONDS = 5.0
WATCH_SECONDS = 1.0
STANDBY_SECONDS = 1.0

Tell = Callable[[str], None]


class Scheduler:
    """Runs on threads of its own from ``start`` to ``stop``. ``reconcile`` settles what killed processes left."""

    def __init__(
        self,
        workspace: Workspace,
        ledger: Ledger,
        reconcile: Callable[[], None],
        tell: Tell,
        keep_traceback: Callable[[str], Any],
        *,
        now: Callable[[], datetime] = clock.now,
        tick: float = TICK_SECONDS,
        patience: float = leases.PATIENCE_SECONDS,
    ) -> None:
        self._workspace, self._ledger, self._reconcile = workspace, ledger, reconcile
        self._tell, self._keep_traceback, self._now = tell, keep_traceback, now
        self._tick_seconds, self._patience = tick, patience
        self._lease: Lease | None = None
        self._scheduler: BackgroundScheduler | None = None
        self._ticked: datetime | None = None
        self._marker = -1
        self._rung: tuple[tuple[int, datetime | None], ...] = ()
        self._trouble = ""
        self._turning = threading.Lock()
        self._stopping, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    @property
    def fence(self) -> int | None:
        """The fence that is held; None while another is the engine."""
        lease = self._lease
        return lease.fence if lease else None

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, and let another take over."""
        self._stopping.set()
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    # Standing by

    def _run(self) -> None:
        patience, told = Patience(self._workspace, time.monotonic, self._patience), ""
        while not self._stopping.is_set():
            lease = self._guarded(lambda: leases.take(self._workspace, self._ledger, self._now()))
            if lease is not None:
                self._serve(lease)
                patience, told = Patience(self._workspace, time.monotonic, self._patience), ""
                continue
            told = self._guarded(partial(self._stand_by, told)) or told
            if self._guarded(patience.look):
                self._tell("The engine has given no sign of life for a while; taking over from it.")
                continue
            self._stopping.wait(min(STANDBY_SECONDS, self._tick_seconds))

    def _stand_by(self, told: str) -> str:
        with self._ledger.read() as db:
            state = leases.state(self._workspace, db, mine=None)
        if not state.running or state.since is None:
            return told
        said = (
            f"Standing by: the engine is process {state.pid} on {state.host}, since {state.since:%Y-%m-%d %H:%M} UTC."
        )
        if said != told:
            self._tell(said)
        return said

    # Being the engine

    def _serve(self, lease: Lease) -> None:
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        # What it has to say about late jobs would be written across the screen; being late is our own business.
        logging.getLogger("apscheduler").addHandler(logging.NullHandler())
        logging.getLogger("apscheduler").propagate = False
        self._lease, self._ticked, self._marker, self._rung = lease, None, -1, ()
        self._keeper = Keeper(self._workspace)
        self._over.clear()
        if self._stopping.is_set():
            self._over.set()
        self._tell(f"This is the engine of {self._workspace.root} now (fence {lease.fence}).")
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone=UTC,
        )
        watch = min(WATCH_SECONDS, self._tick_seconds)
        self._scheduler.add_job(self._turn, args=("tick",), id="first")
        self._scheduler.add_job(self._turn, "interval", ("tick",), seconds=self._tick_seconds, id="tick")
        self._scheduler.add_job(self._turn, "interval", ("watch",), seconds=watch, id="watch")
        self._scheduler.start()
        try:
            self._over.wait()
        finally:
            # Paused, and asked for its jobs, it has nothing in hand any more: stopped in the middle of taking a bell
            # down, it would end its thread with a traceback on the screen.
            self._scheduler.pause()
            self._scheduler.get_jobs()
            # Its own waiting holds the lock that a turn needs to hang a bell: both would wait for ever.
            self._scheduler.shutdown(wait=False)
            with self._turning:
                self._keeper.stop()
                self._scheduler, self._lease = None, None
            lease.release()
            self._tell("This is the engine no longer.")

    def _turn(self, why: str) -> None:
        """The one entry of every job: ``tick``, ``watch``, or the bell of a schedule."""
        with self._turning:
            lease = self._lease
            if lease is None or self._over.is_set():
                return
            self._guarded(lambda: self._watch(lease) if why == "watch" else self._settle(lease, full=why == "tick"))

    def _watch(self, lease: Lease) -> None:
        marker = self._ledger.marker()
        if marker != self._marker:
            self._settle(lease, full=False)

    def _settle(self, lease: Lease, *, full: bool) -> None:
        now = self._now()
        if self._ticked is None:
            note_downtime(self._ledger, lease, lease.settled_until, now, NOBODY)
        elif stood_still(self._ticked, now, timedelta(seconds=self._tick_seconds)):
            note_downtime(self._ledger, lease, self._ticked, now, STOOD_STILL)
        self._ticked = now
        if full:
            self._reconcile()
        written = settle_all(self._ledger, lease, now)
        for line in sentences(written):
            self._tell(line)
        looks = look_after_swaps(self._ledger, lease, now)
        if looks or any(each.run is not None for each in written):
            self._reconcile()
        if full:
            self._keeper.look()
            lease.beat(now)
        self._marker = self._ledger.marker()
        self._hang_bells()
        self._trouble = ""

    def _hang_bells(self) -> None:
        """One bell for each schedule in force, at its next due time; only what changed is hung anew."""
        from apscheduler.jobstores.base import JobLookupError

        assert self._scheduler is not None
        with self._ledger.read() as db:
            rows = schedules.everything(db)
        wanted = tuple((row["id"], due_after(row, moment(row["settled"]))) for row in rows)
        if wanted == self._rung:
            return
        for schedule, _ in set(self._rung) - set(wanted):
            with suppress(JobLookupError):  # it rings, and takes itself down, at this very moment
                self._scheduler.remove_job(f"bell {schedule}")
        for schedule, due in set(wanted) - set(self._rung):
            if due is not None:
                name = f"bell {schedule}"
                self._scheduler.add_job(self._turn, "date", (name,), run_date=due, id=name, replace_existing=True)
        self._rung = wanted

    def _guarded(self, work: Callable[[], Any]) -> Any:
        """Do ``work``; the engine outlives what goes wrong in it, and says it once."""
        try:
            return work()
        except Fenced as fenced:
            self._complain(str(fenced))
            self._over.set()
        except LeverframeError as error:  # a full disk, a busy ledger: the next tick tries again
            self._complain(str(error))
        except Exception as error:  # noqa: BLE001  a bug: kept, and tried again
            self._keep_traceback(traceback.format_exc())
            self._complain(bug(error))
        return None

    def _complain(self, said: str) -> None:
        if said != self._trouble:
            self._trouble = said
            self._tell(said)


def sentences(found: Sequence[Occurrence]) -> Iterator[str]:
    """What became of occurrences, for a log that people read: a line for all that came to the same end."""
    for _, alike in groupby(found, key=lambda each: (each.project, each.job, each.state, each.run, each.why)):
        first, *rest = alike
        last = rest[-1] if rest else first
        until, times = last.last or last.due, first.times + sum(each.times for each in rest)
        what = f"{first.project} {first.job}, due {first.due:%Y-%m-%d %H:%M}"
        if times > 1:
            what = f"{what} to {until:%Y-%m-%d %H:%M} ({times:,} times)"
        done = f"run {first.run} is queued" if first.run else first.state
        yield f"{what} UTC: {done}{f'; {first.why}' if first.why else ''}."
