"""What screens want to know. A question is asked by the watcher, on its own thread, and only for what is on screen.

Equal questions have equal answers for as long as the ledger does not change; ``refresh`` is the number of seconds
after which one is asked again even so, because it also looks at something else (a log, a disk, the time).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.housekeeping.records import BinItem, CleanPlan, DiskReport
    from engine.records import AuditRow, Change, DecisionCard, MovePlan, Overview, Run, Version
    from engine.runs.logindex import LogLine
    from engine.runs.times_records import RunTimes
    from engine.schedule.records import EngineState, Occurrence, Schedule

R = TypeVar("R")
SELDOM = 5.0  # as often as ages are drawn anew


class Question(Protocol):
    """Something to ask the engine."""

    @property
    def refresh(self) -> float:
        """Seconds after which it is asked again though nothing was committed."""

    def answer(self, engine: Engine, now: datetime) -> Any:
        """Ask it; called on the watcher's thread."""


@dataclass(frozen=True)
class Rows(Generic[R]):
    """A window of a list: ``rows`` begin at ``offset``; ``total`` is how many there are at least."""

    total: int
    offset: int
    rows: tuple[R, ...]


@dataclass(frozen=True)
class Page:
    """Which window of a list is wanted, and the text that rows must contain."""

    offset: int = 0
    limit: int = 100
    matching: str = ""

    def rows(self, found: tuple[R, ...], total: int) -> Rows[R]:
        """The answer. How many rows match is not counted: one more is promised while a page comes back full."""
        if self.matching:
            total = self.offset + len(found) + (len(found) == self.limit)
        return Rows(total, self.offset, found)


@dataclass(frozen=True)
class Desk:
    """The overview with who sees to the schedules, and what became of due times since the operator last looked."""

    overview: Overview
    engine: EngineState | None = None
    news: tuple[Occurrence, ...] = ()


@dataclass(frozen=True)
class AskOverview:
    since: datetime | None = None
    refresh: float = 5.0

    def answer(self, engine: Engine, now: datetime) -> Desk:
        news = engine.since(self.since) if self.since is not None else ()
        return Desk(engine.overview(now), engine.engine_state(), news)


@dataclass(frozen=True)
class Plans:
    """Every schedule, and who sees to them."""

    schedules: tuple[Schedule, ...]
    engine: EngineState


@dataclass(frozen=True)
class AskSchedules:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> Plans:
        return Plans(engine.schedules(), engine.engine_state())


@dataclass(frozen=True)
class AskOccurrences:
    page: Page
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> Rows[Occurrence]:
        page = self.page
        found = engine.occurrences(offset=page.offset, limit=page.limit, matching=page.matching)
        return page.rows(found, engine.count_occurrences())


@dataclass(frozen=True)
class AskTimes:
    project: str
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> RunTimes:
        return engine.run_times(self.project)


@dataclass(frozen=True)
class AskCandidates:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Version, ...]:
        return engine.candidates()


@dataclass(frozen=True)
class AskVersions:
    project: str | None
    page: Page
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> Rows[Version]:
        page = self.page
        found = engine.versions(self.project, offset=page.offset, limit=page.limit, matching=page.matching)
        return page.rows(found, engine.count_versions(self.project))


@dataclass(frozen=True)
class AskRuns:
    page: Page
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> Rows[Run]:
        found = engine.runs(offset=self.page.offset, limit=self.page.limit, matching=self.page.matching)
        return self.page.rows(found, engine.count_runs())


@dataclass(frozen=True)
class AskAudit:
    page: Page
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> Rows[AuditRow]:
        found = engine.audit(offset=self.page.offset, limit=self.page.limit, matching=self.page.matching)
        return self.page.rows(found, engine.count_audit())


@dataclass(frozen=True)
class AskCard:
    label: str
    refresh: float = 30.0

    def answer(self, engine: Engine, now: datetime) -> DecisionCard:
        return engine.card(self.label, now)


@dataclass(frozen=True)
class AskDiff:
    old: str
    new: str
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Change, ...]:
        return engine.diff(self.old, self.new)


@dataclass(frozen=True)
class RunLog:
    """A run with a window of one log, and the names of the logs that it has."""

    run: Run
    lines: Rows[LogLine]
    logs: tuple[str, ...]


@dataclass(frozen=True)
class AskRun:
    run: int
    log: str | None
    page: Page
    refresh: float = 0.5

    def answer(self, engine: Engine, now: datetime) -> RunLog:
        page = self.page
        if page.matching:
            numbers = engine.search_log(self.run, self.log, page.matching, limit=page.offset + page.limit)
            wanted = numbers[page.offset :]
            found = [engine.log_window(self.run, self.log, line=n, count=1).lines for n in wanted]
            lines = page.rows(tuple(line for each in found for line in each), 0)
        else:
            window = engine.log_window(self.run, self.log, line=page.offset + 1, count=page.limit)
            lines = page.rows(window.lines, window.total)
        return RunLog(engine.run(self.run), lines, engine.logs_of(self.run))


@dataclass(frozen=True)
class AskRelease:
    label: str
    refresh: float = 2.0

    def answer(self, engine: Engine, now: datetime) -> MovePlan:
        return engine.plan_release(self.label)


@dataclass(frozen=True)
class AskRollback:
    project: str
    to: str | None
    lift: bool = False
    refresh: float = 2.0

    def answer(self, engine: Engine, now: datetime) -> MovePlan:
        return engine.plan_rollback(self.project, self.to, lift=self.lift)


@dataclass(frozen=True)
class AskDisk:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> DiskReport | None:
        return engine.disk()


@dataclass(frozen=True)
class AskCleanUp:
    """Asked once: working the plan out looks at every run folder."""

    refresh: float = 3600.0

    def answer(self, engine: Engine, now: datetime) -> CleanPlan:
        return engine.plan_clean()


@dataclass(frozen=True)
class AskBin:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[BinItem, ...]:
        return engine.bin_items()
