"""What ``Engine`` offers of housekeeping: a method per command, a few lines each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine import clock
from engine.access.acts import Door, changes, checked_reason, looks

if TYPE_CHECKING:
    from engine.housekeeping.places import PlaceKind, WatchedFolder
    from engine.housekeeping.records import BinItem, Cleaned, CleanPlan, DiskReport
    from engine.housekeeping.settings import Setting


# With the condition of the index of the bin as it stands there.
UNSETTLED = "state NOT IN ('restored', 'purged') AND state IN ('binning', 'restoring', 'purging')"


class HousekeepingCommands(Door):
    """The part of the engine that keeps the disk in hand. Imports what it needs when it is called."""

    @looks("see the disk")
    def disk(self) -> DiskReport | None:
        """The report of the last scan with what is free by now; None before any. Instant."""
        from engine.housekeeping import report

        return report.last(self._ledger, self._workspace)

    @looks("see the disk")
    def is_disk_scanned(self) -> bool:
        """Whether anybody scans it at this moment."""
        from engine.housekeeping.report import SCAN

        return self._workspace.is_locked(SCAN)

    @changes("scan the disk", least="viewer", by="process")
    def scan_disk(self, on_progress: Callable[[int], None] = lambda files: None) -> DiskReport:
        """Scan the workspace and the watched places; ``on_progress`` is told how many files were seen."""
        from engine.housekeeping import report

        return report.make(self._workspace, self._ledger, self._store, clock.now(), on_progress)

    @looks("see what can go", in_past=False)
    def plan_clean(self) -> CleanPlan:
        """What a clean-up would do: what goes, what stays, and why. Changes nothing."""
        from engine.audit.times import held_back
        from engine.housekeeping.survey import survey

        now, certain = clock.now(), self._certain()
        plan = survey(self._workspace, self._ledger, self._store, certain).plan(certain)
        return plan if certain >= now else replace(plan, note=held_back(certain, now))

    @changes("clean up", least="operator", dangerous=True)
    def clean(self, plan: CleanPlan, reason: str, on_step: Callable[[str], None]) -> Cleaned:
        """Carry out a plan exactly as it was shown."""
        from engine.housekeeping.clean import clean

        reason = checked_reason(reason)
        now = clock.now()
        return clean(self._workspace, self._ledger, self._store, plan, reason, self.caller, now, on_step)

    @looks("see the bin")
    def bin_items(self) -> tuple[BinItem, ...]:
        """What can be restored, the newest first."""
        from engine.housekeeping import bin as bins

        return bins.items(self._ledger)

    @changes("restore", least="operator")
    def restore(self, item: int, reason: str) -> str:
        """Put an item of the bin back where it was; returns a sentence."""
        from engine.housekeeping import bin as bins

        now = clock.now()
        return bins.restore(self._workspace, self._ledger, item, checked_reason(reason), self.caller, now)

    @changes("empty the bin", least="operator", dangerous=True)
    def empty_bin(self, reason: str, confirmed: str, *, all: bool = False) -> str:
        """Delete for good what has been in the bin long enough, or ``all`` of it; returns a sentence.

        ``confirmed``: the name of the workspace's folder, typed. Raises Unconfirmed where that is not it.
        """
        from engine.access.confirmation import check_typed, word_of_workspace
        from engine.housekeeping.bin import empty

        reason = checked_reason(reason)
        word = word_of_workspace(self._workspace.root)
        check_typed(confirmed, word, to="empty the bin", which="the name of this workspace's folder")
        now, due = clock.now(), None if all else self._certain()
        return empty(self._workspace, self._ledger, self.caller, reason, now, due)

    @changes("keep house", least="viewer", by="process")
    def keep_house(self) -> tuple[str, ...]:
        """What needs nobody's decision, for the clock to call once a day: purge what is due, compress old logs, write
        the ledger's log back. Returns what was done, in sentences."""
        from engine.housekeeping.daily import keep_house

        return keep_house(self._workspace, self._ledger, clock.now(), self._certain())

    def _certain(self) -> datetime:
        """The moment by which something may go because of its age."""
        from engine.audit import times

        with self._ledger.read() as db:
            return times.certain(db, clock.now())

    def _settle_bin(self) -> None:
        """Finish what a killed clean-up, restore or purge left; a read decides whether there is anything."""
        with self._ledger.read() as db:
            if db.execute(f"SELECT 1 FROM bin WHERE {UNSETTLED} LIMIT 1").fetchone() is None:
                return
        from engine.housekeeping import bin as bins

        bins.settle(self._workspace, self._ledger, clock.now())

    # Rules and places

    @looks("see settings")
    def settings(self) -> tuple[Setting, ...]:
        """How much stays free and how long what is kept."""
        from engine.housekeeping import settings

        with self._ledger.read() as db:
            return settings.everything(db, self._workspace)

    @changes("change settings", least="admin")
    def choose(self, setting: str, value: str, reason: str) -> None:
        """Change a setting; ``default`` takes the change back."""
        from engine.housekeeping import settings

        if self.caller.over_ssh and settings.names_a_folder(setting):
            self._keep_off_files("choose", {setting: Path(value)})
        settings.choose(self._ledger, setting, value, self.caller, checked_reason(reason), clock.now())

    @looks("see watched folders")
    def places(self) -> tuple[WatchedFolder, ...]:
        """Folders beside the workspace that are watched."""
        from engine.housekeeping import places

        with self._ledger.read() as db:
            return places.everything(db)

    @changes("watch folders", least="operator")
    def watch(self, folder: Path, kind: PlaceKind, reason: str) -> WatchedFolder:
        """Watch a folder; it is looked at and never cleaned."""
        from engine.housekeeping import places

        reason = checked_reason(reason)
        return places.add(self._workspace, self._ledger, folder, kind, self.caller, reason, clock.now())

    @changes("watch folders", least="operator")
    def unwatch(self, folder: Path, reason: str) -> None:
        """Watch a folder no longer."""
        from engine.housekeeping import places

        places.remove(self._ledger, folder, self.caller, checked_reason(reason), clock.now())

    @changes("place a legal hold", least="operator", of="label")
    def hold(self, label: str, reason: str) -> None:
        """Keep the content of a version whatever its age."""
        from engine.versions import holds

        holds.place(self._ledger, label, checked_reason(reason), self.caller, clock.now())

    @changes("release a legal hold", least="admin", of="label")
    def release_hold(self, label: str, reason: str) -> None:
        """Let a version be judged by its age again."""
        from engine.versions import holds

        holds.release(self._ledger, label, checked_reason(reason), self.caller, clock.now())
