"""What an engine that shows an earlier moment does otherwise. What it refuses is declared at each act (``in_past``).

What the ledger does not know of then is said to be unknown, never shown from now: where the live links led, what of
the disk was free, which process saw to the schedules, and the log of a run that had not ended.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine import overview as overviews
from engine.access.caller import Caller
from engine.errors import Refusal
from engine.records import Overview, ProjectStatus
from engine.runs import history, queue
from engine.runs.logs import log_files
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace

if TYPE_CHECKING:
    from engine.housekeeping.records import DiskReport
    from engine.schedule.records import EngineState


class PastAnswers:
    """The part of such an engine that answers for itself: each method is the act that it takes the place of."""

    _workspace: Workspace
    _ledger: Ledger
    caller: Caller

    def reconcile(self) -> None:
        """Do nothing: what was left unsettled then is shown so."""

    def overview(self, now: datetime) -> Overview:
        """Every project with its verdict of then."""
        with self._ledger.read() as db:
            return overviews.overview(db, None, self.caller.operator, now)

    def status(self, project: str, now: datetime) -> ProjectStatus:
        """One project with its verdict of then."""
        with self._ledger.read() as db:
            return overviews.status(db, None, project, now)

    def disk(self) -> DiskReport | None:
        """The report of a scan that was the newest then, if it still is; with what was free when it was made."""
        from engine.housekeeping import history as scans

        with self._ledger.read() as db:
            return scans.last(db)

    def is_disk_scanned(self) -> bool:
        """No: whoever scans now scans the disk of now."""
        return False

    def engine_state(self) -> EngineState:
        """Unknown, but for how often the schedules had been taken over."""
        with self._ledger.read() as db:
            fence = int(db.execute("SELECT fence FROM engine").fetchone()["fence"])
        from engine.schedule.records import EngineState

        return EngineState(False, False, None, None, None, fence, known=False)

    def outbox_waits_in_vain(self) -> None:
        """Nobody knows which server was set up then."""

    def _log_of(self, run: int, step: str | None) -> tuple[Path | None, bool]:
        """The file. Raises Refusal for a run that had not ended: its lines carry no time."""
        if history.find(self._ledger, run).state not in queue.ENDED:
            raise Refusal(f"Run {run} had not ended, and how far its log was is not kept; go back to now to read it.")
        return log_files.find(self._workspace.run_folder(run), step), True
