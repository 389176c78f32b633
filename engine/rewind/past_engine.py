"""What an engine that shows an earlier moment does otherwise: it reads, and whatever is no reading is refused.

What the ledger does not know of then is said to be unknown, never shown from now: where the live links led, what of
the disk was free, which process saw to the schedules, and the log of a run that had not ended.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from engine import overview as overviews
from engine.errors import Refusal
from engine.records import Operator, Overview, ProjectStatus
from engine.runs import history, queue
from engine.runs.logs import log_files
from engine.schedule.records import EngineState
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace

if TYPE_CHECKING:
    from engine.housekeeping.records import DiskReport

E = TypeVar("E", bound=type)

# A list of what may be done and not of what may not: a method that nobody thought of here is refused.
READINGS = frozenset({
    "now", "close", "change_marker", "keep_traceback", "stop_clockwork",
    "projects", "overview", "status", "at",
    "count_versions", "versions", "version", "show", "diff", "candidates", "card", "rollback_targets",
    "count_audit", "audit", "verify_audit", "export_audit", "operators",
    "asks", "allowances", "reach",
    "run", "count_runs", "runs", "run_times", "overdue", "log", "logs_of", "log_window", "search_log",
    "health", "signals", "alerts", "past_alerts", "swaps", "triggers",
    "report_period", "report", "render_report", "write_report", "reports", "kept_report", "write_kept_report",
    "count_outbox", "outbox", "outbox_waits_in_vain",
    "schedules", "count_occurrences", "occurrences", "since", "engine_state",
    "disk", "bin_items", "settings", "places",
    "reconcile",
})  # fmt: skip


def only_looks(engine: E) -> E:
    """Give the class of an engine that refuses everything but ``READINGS``."""
    for name in dir(engine):
        if not name.startswith("_") and name not in READINGS and callable(getattr(engine, name)):
            setattr(engine, name, _refused)
    return engine


def _refused(engine: ReadingsOnly, *_: Any, **__: Any) -> NoReturn:
    from engine.rewind.past_ledger import nothing_changes

    raise Refusal(nothing_changes(engine.now()))


class ReadingsOnly:
    """The part of such an engine that answers for itself. Its ledger is one that stands still."""

    _workspace: Workspace
    _ledger: Ledger
    _at: datetime
    operator: Operator

    def now(self) -> datetime:
        """The moment that is shown."""
        return self._at

    def reconcile(self) -> None:
        """Do nothing: what was left unsettled then is shown so."""

    def overview(self, now: datetime) -> Overview:
        """Every project with its verdict of then."""
        with self._ledger.read() as db:
            return overviews.overview(db, None, self.operator, now)

    def status(self, project: str, now: datetime) -> ProjectStatus:
        """One project with its verdict of then."""
        with self._ledger.read() as db:
            return overviews.status(db, None, project, now)

    def disk(self) -> DiskReport | None:
        """The report of a scan that was the newest then, if it still is; with what was free when it was made."""
        from engine.housekeeping import history as scans

        with self._ledger.read() as db:
            return scans.last(db)

    def engine_state(self) -> EngineState:
        """Unknown, but for how often the schedules had been taken over."""
        with self._ledger.read() as db:
            fence = int(db.execute("SELECT fence FROM engine").fetchone()["fence"])
        return EngineState(False, False, None, None, None, fence, known=False)

    def outbox_waits_in_vain(self) -> None:
        """Nobody knows which server was set up then."""

    def _log_of(self, run: int, step: str | None) -> tuple[Path | None, bool]:
        """The file. Raises Refusal for a run that had not ended: its lines carry no time."""
        if history.find(self._ledger, run).state not in queue.ENDED:
            raise Refusal(f"Run {run} had not ended, and how far its log was is not kept; go back to now to read it.")
        return log_files.find(self._workspace.run_folder(run), step), True
