"""What is due when, what became of it, and who sees to it. Frozen, plain, and free of I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

CatchUp = Literal["latest", "all", "skip"]
OccurrenceState = Literal["ran", "skipped", "missed"]
Origin = Literal["manifest", "operator"]


@dataclass(frozen=True)
class Occurrence:
    """One moment at which a schedule was due, and what became of it.

    ``why`` is empty for one that ran on time. Where ``times`` is more than one, the row stands for so many due times,
    from ``due`` to ``last``, that all came to the same end.
    """

    project: str
    job: str
    due: datetime
    state: OccurrenceState
    why: str
    run: int | None
    at: datetime
    last: datetime | None = None
    times: int = 1
    id: int = 0


@dataclass(frozen=True)
class Schedule:
    """A rule that is in force. ``rule`` is the cron line or ``every 6h``, as it was written.

    ``next_due`` are the next five due times in UTC, none while it is paused; ``note`` is the reason that somebody gave
    for pausing or changing it. ``give_up_after`` and ``cool_down`` are seconds.
    """

    project: str
    job: str
    rule: str
    timezone: str
    catch_up: CatchUp
    give_up_after: float | None
    enabled: bool
    next_due: tuple[datetime, ...]
    last: Occurrence | None
    origin: Origin
    changed_by: str | None
    cool_down: float | None = None
    note: str = ""


@dataclass(frozen=True)
class EngineState:
    """Who sees to the schedules. ``here``: it is this process; ``fence`` grows with every one that takes over.

    ``known`` is false for a moment that is over: the ledger does not keep who it was.
    """

    running: bool
    here: bool
    host: str | None
    pid: int | None
    since: datetime | None
    fence: int
    known: bool = True
