"""Between proof and commit: every worker that answers requests has the version ready, proven and confirmed.

    commit ─ somebody has not confirmed ─▸ prepare ─▸ wait for each that lives ─▸ commit (asks once more) ─▸ live

The commit is tried first, so that nobody gets ready for what waits for another approval, and where nobody answers
requests nothing is written and nothing waits. What is asked inside the transaction that makes the version live is asked
of the workers that live then: one that came meanwhile is waited for, one that was killed is not. Until that transaction
nothing has changed; whoever is killed before it leaves a preparation that all workers see is over, because the lock of
the project's moves is free.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from engine import clock
from engine.errors import LeverframeError, Refusal
from engine.projects.manifest.serve import spec_of
from engine.scoring import fleet
from engine.scoring.fleet import Preparation, Standing, WorkerRow
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from engine.versions.catalog import parse_label

if TYPE_CHECKING:
    from engine.release.proof import Steps

T = TypeVar("T")

# Longer than a process with a large model takes to load it; a worker that hangs is waited for as long.
WITHIN_SECONDS = 60.0
_LOOK_SECONDS = 0.02
BESIDE = "it runs beside what is live"  # why a preparation ended, of a trial: it went through, and nothing moved
Asks = Callable[[sqlite3.Connection], None]


class _Missing(Exception):
    """A worker that lives has not confirmed; the transaction is taken back."""


def nobody_asked(db: sqlite3.Connection) -> None:
    """For a version that answers no requests."""


class AllWorkers:
    """The workers of the workspace, asked for one version by whoever holds the lock of its project's moves.

    ``beside``: it is to run beside what is live, and where nobody answers requests there is nothing to run beside.
    """

    def __init__(
        self, workspace: Workspace, ledger: Ledger, label: str, digest: str, live_seq: int, by: str, steps: Steps,
        *, beside: bool = False,
    ) -> None:  # fmt: skip
        self._locks, self._ledger, self._steps = workspace.root / "locks", ledger, steps
        self._label, self._digest, self._live_seq, self._by = label, digest, live_seq, by
        self._preparation: Preparation | None = None
        self._beside, self.said = beside, ""

    def commit(self, settings: Mapping[str, Any], work: Callable[[Asks], T]) -> T:
        """What ``work`` returns, which makes the version live in one transaction and asks in it what it is given.

        ``settings``: the version's. Raises what ``work`` raises, and Refusal that names each worker which cannot
        answer with the version, or has not said so in its time. Then nothing has changed, and the workers let go.
        """
        if not spec_of(settings).realtime:
            return work(nobody_asked)
        until = time.monotonic() + WITHIN_SECONDS
        try:
            while True:
                try:
                    return work(self._asks)
                except _Missing:
                    self._wait(until)
        except BaseException as error:
            self._give_up(str(error))
            raise

    def _asks(self, db: sqlite3.Connection) -> None:
        """Inside the transaction: all that live have confirmed, and with it the preparation is over."""
        if self._preparation is None:
            if fleet.there(db, self._locks):
                raise _Missing
            if self._beside:
                raise Refusal(nobody_answers(self._label))
            return
        found = fleet.standing(db, self._locks, self._preparation)
        if not found.complete:
            raise _Missing
        if self._beside and not found.confirmed:  # All of them died meanwhile.
            raise Refusal(nobody_answers(self._label))
        fleet.end(db, self._preparation, "live", BESIDE if self._beside else None, clock.now())
        self.said = confirmed_by(found)

    def _wait(self, until: float) -> None:
        if self._preparation is None:
            with self._ledger.write() as db:
                self._preparation = fleet.prepare(
                    db, parse_label(self._label), self._digest, self._live_seq, self._by, clock.now()
                )
        while True:
            with self._ledger.read() as db:
                found = fleet.standing(db, self._locks, self._preparation)
            if found.cannot:
                raise Refusal(cannot(self._label, found.cannot))
            if found.complete:
                self._steps.add(confirmed_by(found))
                return
            if time.monotonic() > until:
                raise Refusal(too_late(self._label, found.missing, WITHIN_SECONDS))
            clock.pause(_LOOK_SECONDS)

    def _give_up(self, why: str) -> None:
        if self._preparation is not None:
            # Where that cannot be written, the lock that is free in a moment says the same.
            with suppress(LeverframeError, sqlite3.Error), self._ledger.write() as db:
                fleet.end(db, self._preparation, "given up", why, clock.now())


def confirmed_by(found: Standing) -> str:
    """``confirmed by 2 of 2 workers``. Pure."""
    return f"confirmed by {len(found.confirmed)} of {found.workers} worker{'' if found.workers == 1 else 's'}"


def nobody_answers(label: str) -> str:
    """What is said where there is no worker beside which ``label`` could run. Pure."""
    project = label.rpartition("@")[0]
    return (
        f"No worker answers requests for {project} now, so {label} has nothing to run beside, and nothing was changed; "
        "start 'leverframe serve', then try again."
    )


def cannot(label: str, workers: Sequence[tuple[WorkerRow, str]]) -> str:
    """What is said where workers cannot answer with the version called ``label``. Pure."""
    said = "; ".join(f"{worker.called}: {why.rstrip('.')}" for worker, why in workers[:3])
    more = f"; and {len(workers) - 3} more" if len(workers) > 3 else ""
    return f"{label} cannot answer in every worker ({said}{more}). Nothing was changed; mend that and try again."


def too_late(label: str, workers: Sequence[WorkerRow], seconds: float) -> str:
    """What is said where workers have not said in time that they are ready. Pure."""
    named = ", ".join(worker.called for worker in workers[:5])
    more = f" and {len(workers) - 5} more" if len(workers) > 5 else ""
    return (
        f"{named}{more} did not confirm {label} within {seconds:g} s, and nothing was changed; look at what holds "
        f"{'it' if len(workers) == 1 else 'them'} up, or end the process (that is its number), and try again."
    )
