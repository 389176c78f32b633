"""What the screens want to know, but for the first. A question is asked by the watcher, only for what is on screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from console.queries.question import END, NEWEST_ALERTS, ListWindow, Rows
from console.time_travel.moments import Moment, moments
from engine.errors import Damage

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.housekeeping.records import BinItem, CleanPlan, DiskReport
    from engine.monitoring.records import Trigger
    from engine.records import AuditRow, Change, Run, Version
    from engine.release.records import DecisionCard, MovePlan, Remarks
    from engine.runs.logs.log_index import LogLine
    from engine.runs.times.times_records import RunTimes
    from engine.schedule.records import EngineState, Occurrence, Schedule

SELDOM = 5.0  # as often as ages are drawn anew


@dataclass(frozen=True)
class Plans:
    """Every schedule, who sees to them, and what else starts retrains."""

    schedules: tuple[Schedule, ...]
    engine: EngineState
    triggers: tuple[Trigger, ...] = ()


@dataclass(frozen=True)
class AskMoments:
    """Moments worth stepping back to."""

    last_visit: datetime | None
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> tuple[Moment, ...]:
        return moments(engine.swaps(), engine.past_alerts(limit=NEWEST_ALERTS), self.last_visit, now)


@dataclass(frozen=True)
class AskSchedules:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> Plans:
        return Plans(engine.schedules(), engine.engine_state(), engine.triggers())


@dataclass(frozen=True)
class AskOccurrences:
    page: ListWindow
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
    page: ListWindow
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> Rows[Version]:
        page = self.page
        found = engine.versions(self.project, offset=page.offset, limit=page.limit, matching=page.matching)
        return page.rows(found, engine.count_versions(self.project))


@dataclass(frozen=True)
class RunList:
    """A window of runs, and how many finished looks at health are left out of it."""

    runs: Rows[Run]
    hidden: int


@dataclass(frozen=True)
class AskRuns:
    page: ListWindow
    looks: bool = False
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> RunList:
        page, total = self.page, engine.count_runs(looks=self.looks)
        found = engine.runs(offset=page.offset, limit=page.limit, matching=page.matching, looks=self.looks)
        return RunList(page.rows(found, total), 0 if self.looks else engine.count_runs() - total)


@dataclass(frozen=True)
class AskAudit:
    page: ListWindow
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
    """A run with a window of one log, the names of the logs that it has, and what it was stopped for asking."""

    run: Run
    lines: Rows[LogLine]
    logs: tuple[str, ...]
    asks: tuple[str, ...]


@dataclass(frozen=True)
class AskRun:
    run: int
    log: str | None
    page: ListWindow
    refresh: float = 1.25

    def answer(self, engine: Engine, now: datetime) -> RunLog:
        page = self.page
        if page.matching:
            numbers = engine.search_log(self.run, self.log, page.matching, limit=page.offset + page.limit)
            wanted = numbers[page.offset :]
            found = [engine.log_window(self.run, self.log, line=n, count=1).lines for n in wanted]
            lines = page.rows(tuple(line for each in found for line in each), 0)
        else:
            line: int | Literal["end"] = "end" if page.offset == END else page.offset + 1
            window = engine.log_window(self.run, self.log, line=line, count=page.limit)
            offset = window.lines[0].number - 1 if window.lines else 0
            lines = Rows(window.total, offset, window.lines)
        return RunLog(engine.run(self.run), lines, engine.logs_of(self.run), engine.asks(self.run))


@dataclass(frozen=True)
class AskRelease:
    label: str
    due: datetime | None = None
    refresh: float = 2.0

    def answer(self, engine: Engine, now: datetime) -> MovePlan:
        return engine.plan_release(self.label, self.due)


@dataclass(frozen=True)
class AskRemarks:
    label: str
    refresh: float = 2.0

    def answer(self, engine: Engine, now: datetime) -> Remarks:
        return engine.remarks(self.label)


@dataclass(frozen=True)
class AskRollback:
    project: str
    to: str | None
    lift: bool = False
    refresh: float = 2.0

    def answer(self, engine: Engine, now: datetime) -> MovePlan:
        return engine.plan_rollback(self.project, self.to, lift=self.lift)


@dataclass(frozen=True)
class WaysBack:
    """The plan for one version, or what is damaged of it, and all that may be gone back to, the latest first."""

    plan: MovePlan | None
    damage: str | None
    targets: tuple[Version, ...]


@dataclass(frozen=True)
class AskWaysBack:
    rollback: AskRollback
    refresh: float = 2.0

    def answer(self, engine: Engine, now: datetime) -> WaysBack:
        targets = engine.rollback_targets(self.rollback.project)
        try:
            return WaysBack(self.rollback.answer(engine, now), None, targets)
        except Damage as damage:  # Of this version nothing can be told, of another it can.
            return WaysBack(None, str(damage), targets)


@dataclass(frozen=True)
class DiskNow:
    """The last scan, whether the disk is scanned at this moment, and whether an engine does so by itself."""

    report: DiskReport | None
    scanned: bool = False
    by_itself: bool = False


@dataclass(frozen=True)
class AskDisk:
    refresh: float = SELDOM

    def answer(self, engine: Engine, now: datetime) -> DiskNow:
        return DiskNow(engine.disk(), engine.is_disk_scanned(), engine.engine_state().running)


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
