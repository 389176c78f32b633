"""Made-up records of the disk and the bin, and the part of the fake engine that answers with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from engine.access.confirmation import check_typed
from engine.housekeeping.records import (
    BinItem,
    Cleaned,
    CleanItem,
    CleanPlan,
    DiskFinding,
    DiskReport,
    LargeFile,
    Share,
)
from tests.console.health_records import NOW, ago

DISK = DiskReport(
    at=ago(minutes=20), total=1_000_000_000_000, free=390_000_000_000, keep_free=2_000_000_000, days_until_full=48.0,
    by_project=(Share("flights", 2_100_000_000, 812, 90_000_000.0), Share("churn", 40_000_000, 90, 0.0)),
    by_kind=(Share("data", 1_500_000_000, 400, 60_000_000.0), Share("runs and logs", 640_000_000, 502, None)),
    largest=(LargeFile("runs/0000041/steps/train/step.log", "workspace", 410_000_000, 3e7, ago(hours=1), "run 41"),),
    growing=(LargeFile("ledger.db", "workspace", 80_000_000, 2e6, ago(minutes=1), "the ledger"),),
    findings=(DiskFinding("/var/log/syslog", "4.1 GB and never rotated", 4_100_000_000),), scan_seconds=0.8,
)  # fmt: skip
GOES = CleanItem("run-12", "run", "steps of run 12", 300_000_000, True, "it ended 40 days ago")
STAYS = CleanItem("v-9", "version", "flights@9", 90_000_000, False, "live")
CLEAN = CleanPlan(NOW, (GOES, STAYS), 300_000_000, "seq 4")
BINNED = BinItem(3, "steps of run 11", "run", 280_000_000, ago(days=2), NOW + timedelta(days=12), "ada")


class FakeDisk:
    """Answers with the records above."""

    disk_now: DiskReport | None = DISK
    scanned_now = False
    clean_now = CLEAN

    def disk(self) -> DiskReport | None:
        return self.disk_now

    def is_disk_scanned(self) -> bool:
        return self.scanned_now

    def scan_disk(self, on_progress: Any) -> DiskReport:
        self._do("scan")
        return DISK

    def plan_clean(self) -> CleanPlan:
        return self.clean_now

    def clean(self, plan: CleanPlan, reason: str, on_step: Any) -> Cleaned:
        self._do("clean", plan, reason)
        return Cleaned("1 thing, 300 MB, is in the bin.", 300_000_000, 1)

    def bin_items(self) -> tuple[BinItem, ...]:
        return (BINNED,)

    def restore(self, item: int, reason: str) -> None:
        self._do("restore", item, reason)

    def empty_bin(self, reason: str, confirmed: str, *, all: bool = False) -> None:
        check_typed(confirmed, "home", to="empty the bin", which="the name of this workspace's folder")
        self._do("empty", reason, all)

    def _do(self, *what: Any) -> None:
        raise NotImplementedError
