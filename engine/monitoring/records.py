"""What the watching of live versions speaks of: a look at a version's health, its figures, and alerts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from engine.records import Verdict

if TYPE_CHECKING:
    from engine.monitoring.look_document import LookDocument

Severity = Literal["watch", "failing"]
LONGEST_SNOOZE = timedelta(days=30)


def asleep(until: datetime | None, now: datetime) -> bool:
    """Whether what was snoozed ``until`` then still is; not if somebody did so while the clock was far ahead."""
    return until is not None and now < until <= now + LONGEST_SNOOZE


@dataclass(frozen=True)
class HealthFinding:
    """Something that is not well. ``key`` says what about and stays the same from look to look; ``act`` what to do."""

    key: str
    part: str
    severity: Severity
    why: str
    act: str
    since: datetime


@dataclass(frozen=True)
class Alert:
    """A finding that was raised, and what people did about it. ``run`` is the look that saw it first."""

    id: int
    incident: int
    project: str
    version: str
    key: str
    part: str
    severity: Severity
    why: str
    act: str
    since: datetime
    raised_at: datetime
    run: int | None
    seen_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    note: str = ""
    snoozed_until: datetime | None = None
    escalated_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_why: str | None = None

    def quiet(self, now: datetime) -> bool:
        """Whether nobody need be told of it now."""
        return self.resolved_at is not None or asleep(self.snoozed_until, now)


@dataclass(frozen=True)
class Look:
    """What one health run found. ``kept``: its document, as the ledger has it; None where that has grown old and only
    the verdict was kept."""

    run: int
    project: str
    version: str
    as_of: datetime
    at: datetime
    verdict: Verdict
    why: str
    rows: int
    labelled: int
    kept: bytes | None = field(default=None, repr=False)

    @cached_property
    def document(self) -> LookDocument | None:
        """All that it found, read when somebody wants to know more than the verdict."""
        from engine.monitoring.look_document import unpacked

        return unpacked(self.kept) if self.kept is not None else None


@dataclass(frozen=True)
class Signal:
    """One figure of one look, with its 95 % interval where it has one."""

    version: str
    name: str
    as_of: datetime
    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Trigger:
    """What starts a retrain besides the schedule, and what became of it when it last held. ``cool_down`` in seconds."""

    project: str
    on: str
    rows: int | None
    cool_down: float
    state: Literal["ran", "skipped"] | None
    why: str
    run: int | None
    at: datetime | None

    @property
    def words(self) -> str:
        """``5,000 new rows``, ``an alert of drift``."""
        return f"{self.rows:,} new rows" if self.rows is not None else f"an alert of {self.on}"
