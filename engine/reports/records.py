"""A report as records: all that is told of one project and one period, before anybody made a page of it.

Every text in it is one line without anything that a terminal would obey. Nothing in it is a measure of when it was
composed, so that the same ledger and the same period give the same report.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from engine.clock import stamp
from engine.monitoring.performance.key_figures import Source
from engine.records import GateVerdict, Verdict
from engine.scoring.trials import How

Change = Literal["better", "worse", "no clear change", "not known"]


@dataclass(frozen=True)
class ReportPeriod:
    """From ``since`` up to, and not with, ``until``; ``name`` says it in words, in the time zone ``zone``.

    A period that is ``rolling`` ends whenever it is asked for: of one day its reports are the same matter.
    """

    since: datetime
    until: datetime
    zone: str
    name: str
    rolling: bool = False


@dataclass(frozen=True)
class Dot:
    """What the version that was live was worth at a moment, with its 95 % interval where that is known."""

    at: datetime
    value: float
    low: float | None
    high: float | None
    version: str


@dataclass(frozen=True)
class Measure:
    """A metric in words, its value at the end of the period and at its start (``previous``), and how it went.

    ``meaning`` puts the value in a sentence. ``limit`` is what the manifest's own gate asks for. ``fresh``: it was
    measured within the period. ``source``: who measured it, and so on which rows.
    """

    name: str
    words: str
    meaning: str
    more_is_better: bool
    value: float | None
    low: float | None
    high: float | None
    n: int
    measured_at: datetime | None
    source: Source | None
    fresh: bool
    previous: float | None
    previous_at: datetime | None
    change: Change
    limit: float | None
    trend: tuple[Dot, ...]


@dataclass(frozen=True)
class Money:
    """What the decisions cost, by the manifest's cost matrix, for every 1,000 ``decisions``.

    ``without``: what deciding alike in every case would have cost on the same rows, and ``alike`` how. Counted on
    ``rows`` up to ``at``.
    """

    currency: str
    decisions: str
    value: float
    previous: float | None
    without: float
    alike: str
    false_alarms: float
    false_alarm: str
    missed: float
    missing: str
    rows: int
    at: datetime
    trend: tuple[Dot, ...]


@dataclass(frozen=True)
class Release:
    """A version that went live, or was gone back to, and who decided it."""

    version: str
    kind: Literal["release", "rollback"]
    previous: str | None
    at: datetime
    decided_by: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class TurnedDown:
    """A version that a person rejected."""

    version: str
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True)
class Waiting:
    """A version that waits for a decision."""

    version: str
    made_at: datetime
    expires_at: datetime | None
    verdict: GateVerdict
    sentence: str


@dataclass(frozen=True)
class Tried:
    """A candidate that ran beside the version in use in the period. ``share``: of the cases, the last one that it had.

    ``shadow``: it answered nobody; ``cases`` are those that were compared, and it ``agreed`` in so many. Else it
    answered ``cases`` requests itself. ``failed``: it had no answer for so many. ``over_at`` None: it still ran at the
    end of the period; else ``over_how`` says what ended it, and ``over_by`` and ``over_why`` who and why.
    """

    version: str
    shadow: bool
    share: float
    since: datetime
    by: str
    reason: str
    cases: int
    agreed: int | None
    failed: int | None
    over_at: datetime | None
    over_how: How | None
    over_by: str
    over_why: str


@dataclass(frozen=True)
class ReportedAlert:
    """An alert that was open at some time in the period; ``over_at`` None: it still was at its end."""

    severity: Literal["watch", "failing"]
    version: str
    part: str
    why: str
    act: str
    since: datetime
    taken_on_by: str | None
    snoozed: bool
    over_at: datetime | None
    over_why: str


@dataclass(frozen=True)
class Weakness:
    """A part of the world in which the model does worst; ``whole`` is its value for all of it."""

    name: str
    n: int
    value: float
    low: float | None
    high: float | None
    whole: float | None


@dataclass(frozen=True)
class Work:
    """How the runs of one job ended in the period."""

    job: str
    well: int
    badly: int


@dataclass(frozen=True)
class Failure:
    """A run that did not end well."""

    run: int
    job: str
    at: datetime
    why: str


@dataclass(frozen=True)
class Report:
    """One project and one period."""

    project: str
    title: str
    purpose: str
    period: ReportPeriod
    verdict: Verdict
    sentence: str
    live: str | None
    live_since: datetime | None
    live_by: tuple[str, ...]
    metrics: tuple[Measure, ...]
    money: Money | None
    releases: tuple[Release, ...]
    turned_down: tuple[TurnedDown, ...]
    tried: tuple[Tried, ...]
    waiting: tuple[Waiting, ...]
    troubles: tuple[ReportedAlert, ...]
    incidents: int
    weakest: tuple[Weakness, ...]
    weakest_by: str
    weakest_of: str
    work: tuple[Work, ...]
    failures: tuple[Failure, ...]
    audit_rows: int
    audit_head: str

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        found: dict[str, Any] = _jsonable(asdict(self))
        return found


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, dict):
        return {key: _jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(inner) for inner in value]
    return value
