"""What the Disk screen and the command line speak: usage, plans and the bin. Frozen, plain, and free of I/O.

Sizes are bytes taken on the disk, as ``du`` counts them; growth is bytes a day, None where it is not known yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.records import Verdict


@dataclass(frozen=True)
class Share:
    """What one project or one kind of thing takes."""

    name: str
    bytes: int
    files: int
    growth_per_day: float | None = None


@dataclass(frozen=True)
class LargeFile:
    """A file worth a look. ``path`` is relative to ``place`` and safe to show; ``why`` says what it belongs to."""

    path: str
    place: str
    bytes: int
    growth_per_day: float | None
    modified_at: datetime
    why: str


@dataclass(frozen=True)
class DiskFinding:
    """Something that a person should know: what it is about, and a sentence. ``bytes`` is what acting on it frees."""

    what: str
    sentence: str
    bytes: int
    verdict: Verdict = "watch"


@dataclass(frozen=True)
class DiskReport:
    """What a scan found. ``days_until_full`` is None when it is not growing, or not known yet."""

    at: datetime
    total: int
    free: int
    keep_free: int
    days_until_full: float | None
    by_project: tuple[Share, ...]
    by_kind: tuple[Share, ...]
    largest: tuple[LargeFile, ...]
    growing: tuple[LargeFile, ...]
    findings: tuple[DiskFinding, ...]
    scan_seconds: float

    @property
    def used(self) -> int:
        """What the workspace takes, each byte once."""
        return sum(share.bytes for share in self.by_kind)


@dataclass(frozen=True)
class CleanItem:
    """One thing that was judged, and whether it goes. ``id`` is the same for as long as the thing is there."""

    id: str
    kind: str
    what: str
    bytes: int
    goes: bool
    why: str


@dataclass(frozen=True)
class CleanPlan:
    """What a clean-up would do, by the age that things have ``at`` that moment.

    ``marker`` is what the ledger protected: if that changed, the plan is refused. ``note``: why it is an earlier
    moment than the clock's, in a sentence.
    """

    at: datetime
    items: tuple[CleanItem, ...]
    bytes: int
    marker: str
    note: str = ""

    @property
    def going(self) -> tuple[CleanItem, ...]:
        return tuple(item for item in self.items if item.goes)


@dataclass(frozen=True)
class Cleaned:
    """What a clean-up did, in a sentence; ``notes`` are what it met on the way, such as files already gone."""

    sentence: str
    bytes: int
    items: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BinItem:
    """Something in the bin: restorable until ``purge_at``."""

    id: int
    what: str
    kind: str
    bytes: int
    binned_at: datetime
    purge_at: datetime
    by: str
