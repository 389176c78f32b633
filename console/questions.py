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
    from engine.records import AuditRow, Change, DecisionCard, MovePlan, Overview, Run, Version

R = TypeVar("R")
SELDOM = 5.0  # as often as ages are drawn anew
LOG_BYTES = 256 * 1024


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
class AskOverview:
    refresh: float = 5.0

    def answer(self, engine: Engine, now: datetime) -> Overview:
        return engine.overview(now)


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
    """A run with the end of one step's log."""

    run: Run
    lines: tuple[str, ...]
    cut: bool


@dataclass(frozen=True)
class AskRun:
    run: int
    step: str | None
    refresh: float = 0.5

    def answer(self, engine: Engine, now: datetime) -> RunLog:
        size = engine.log(self.run, step=self.step, limit=1).size
        start = max(0, size - LOG_BYTES)
        lines: list[str] = []
        offset = start
        while offset < size:
            page = engine.log(self.run, step=self.step, offset=offset, limit=LOG_BYTES)
            lines += page.lines
            if page.next_offset <= offset:
                break
            offset = page.next_offset
        return RunLog(engine.run(self.run), tuple(lines), start > 0)


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
