"""What a shadow came to, over all workers and hours, with how sure each share is. Read from the ledger.

Intervals: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927), at 95 %,
as if rows were independent of each other: one caller that asks the same again and again makes them too narrow. Those of
segments are widened for their number (Bonferroni), so that all of them hold together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.requests.counting import quantile
from engine.scoring import trials
from engine.scoring.trials import Trial
from engine.shadow import book
from engine.shadow.book import Cell
from engine.shadow.counting import Difference, Sums

LATELY = timedelta(minutes=2)  # workers say what they counted every ten seconds
FEWEST = 30  # rows of a segment that anything can be said of


@dataclass(frozen=True)
class Agreement:
    """Of ``rows`` rows ``agreed`` are alike; the share lies between ``low`` and ``high``. None of no rows."""

    rows: int
    agreed: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ShadowSegment:
    """The rows of one value of one column. ``lower``: it agrees surely less often than all rows do."""

    column: str
    value: str
    agreement: Agreement
    lower: bool

    @property
    def name(self) -> str:
        return f"{self.column}={self.value}"


@dataclass(frozen=True)
class ShadowReport:
    """What the version called ``label`` said of requests that the live one answered, in one trial.

    ``runs``: it does so still; ``share``: of how many of the requests, then. ``since``: when it began, ``said_at``:
    when a worker last said what it counted. ``numbers``: numbers are compared, and agree within
    ``comparing.TOLERANCE``. ``apart``: the mean of how far off rows are. ``failed``: rows that it had no answer for,
    ``passed_over``: rows that it was not asked for, both by reason, most first. Times of a scoring in seconds.
    ``trouble``: why a worker's shadow scores nothing at the moment.
    """

    project: str
    label: str
    trial: int
    runs: bool
    share: float | None
    since: datetime | None
    said_at: datetime | None
    numbers: bool
    scored: int
    agreement: Agreement
    apart: float | None
    failed: int
    errors: tuple[tuple[str, int], ...]
    passed_over: int
    passed_over_by: tuple[tuple[str, int], ...]
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    segments: tuple[ShadowSegment, ...]
    largest: tuple[Difference, ...]
    trouble: tuple[str, ...]

    @property
    def failed_share(self) -> float:
        """Of the rows that it was asked for."""
        asked = self.agreement.rows + self.failed
        return self.failed / asked if asked else 0.0


def of_version(db: sqlite3.Connection, label: str, now: datetime) -> ShadowReport | None:
    """What the newest trial of ``label`` as a shadow came to; None where there was none, or nothing is kept of it.
    Raises Damage where the figures cannot be read."""
    project = label.rpartition("@")[0]
    running = trials.trial(db, project)
    if running is not None and (running.kind, running.label) == ("shadow", label):
        return report(project, label, running.seq, running, book.cells(db, project, running.seq), now)
    newest = book.newest_trial(db, label)
    return report(project, label, newest, None, book.cells(db, project, newest), now) if newest is not None else None


def of_project(db: sqlite3.Connection, project: str, now: datetime) -> ShadowReport | None:
    """What the shadow that runs beside the live version of ``project`` came to; None where none does."""
    running = trials.trial(db, project)
    return of_version(db, running.label, now) if running is not None and running.kind == "shadow" else None


def report(
    project: str, label: str, trial: int, running: Trial | None, cells: Sequence[Cell], now: datetime
) -> ShadowReport:
    """Pure. ``running``: the trial, where it still goes on."""
    whole = Sums()
    for cell in cells:
        whole.add(cell.sums)
    overall = agreement(whole.rows, whole.agreed)
    started = cells[0].since if cells else None
    return ShadowReport(
        project=project,
        label=label,
        trial=trial,
        runs=running is not None,
        share=running.share if running else None,
        since=running.since if running else started,
        said_at=max((cell.said_at for cell in cells), default=None),
        numbers=whole.numbers,
        scored=whole.scored,
        agreement=overall,
        apart=whole.apart / whole.rows if whole.rows else None,
        failed=whole.failed,
        errors=_ordered(whole.errors),
        passed_over=sum(whole.passed_over.values()),
        passed_over_by=_ordered(whole.passed_over),
        mean=whole.seconds / whole.scored if whole.scored else None,
        p50=quantile(whole.histogram, 0.5),
        p95=quantile(whole.histogram, 0.95),
        p99=quantile(whole.histogram, 0.99),
        segments=_segments(whole, overall),
        largest=tuple(whole.largest),
        trouble=_trouble(cells, now) if running else (),
    )


def agreement(rows: int, agreed: int, tests: int = 1) -> Agreement:
    """``tests``: looks at once, over which all intervals together hold (Bonferroni)."""
    from engine.validation.intervals import wilson

    if not rows:
        return Agreement(0, 0, None, None, None)
    low, high = wilson(agreed / rows, rows, tests)
    return Agreement(rows, agreed, agreed / rows, low, high)


def _segments(whole: Sums, overall: Agreement) -> tuple[ShadowSegment, ...]:
    """Those that agree surely less often than all rows do first; of few rows nothing is sure."""
    found = []
    tests = max(1, sum(rows >= FEWEST for values in whole.segments.values() for rows, _ in values.values()))
    for column, values in whole.segments.items():
        for value, (rows, agreed) in values.items():
            part = agreement(rows, agreed, tests)
            assert part.high is not None and overall.share is not None
            found.append(ShadowSegment(column, value, part, rows >= FEWEST and part.high < overall.share))
    return tuple(sorted(found, key=lambda each: (not each.lower, each.agreement.high, -each.agreement.rows, each.name)))


def _ordered(reasons: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(reasons.items(), key=lambda each: (-each[1], each[0])))


def _trouble(cells: Sequence[Cell], now: datetime) -> tuple[str, ...]:
    """What workers that were heard of lately said last."""
    last = {cell.worker: cell for cell in sorted(cells, key=lambda cell: cell.said_at) if now - cell.said_at <= LATELY}
    return tuple(sorted({cell.trouble for cell in last.values() if cell.trouble}))
