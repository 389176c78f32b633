"""What a question is: a value that the watcher asks on its own thread. Here, too, is the one that comes first.

Equal questions have equal answers for as long as the ledger does not change; ``refresh`` is the number of seconds
after which one is asked again even so, because it also looks at something else (a log, a disk, the time).
The other questions are in ``questions``, which the first picture does not wait for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.monitoring.records import Alert
    from engine.records import Deployment, Overview
    from engine.routing.duty_records import Duty
    from engine.schedule.records import EngineState, Occurrence

R = TypeVar("R")
NEWEST_ALERTS = 200


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


END = -1


@dataclass(frozen=True)
class ListWindow:
    """Which window of a list is wanted, and the text that rows must contain; ``offset`` END: the last rows."""

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
    """The overview with who sees to the schedules, and what went on since the operator last looked.

    ``news`` is what became of due times; ``alerts`` were raised or resolved since; ``replay`` is a line
    on a demo that is being made, and whether it goes on. ``duty``: who is on duty.
    """

    overview: Overview
    engine: EngineState | None = None
    news: tuple[Occurrence, ...] = ()
    swaps: tuple[Deployment, ...] = ()
    alerts: tuple[Alert, ...] = ()
    replay: tuple[str, bool] | None = None
    duty: Duty | None = None


@dataclass(frozen=True)
class AskOverview:
    since: datetime | None = None
    refresh: float = 5.0

    def answer(self, engine: Engine, now: datetime) -> Desk:
        overview, state, since = engine.overview(now), engine.engine_state(), self.since
        replay, duty = _replay(engine), engine.on_duty()
        if since is None:
            return Desk(overview, state, replay=replay, duty=duty)
        alerts = engine.past_alerts(limit=NEWEST_ALERTS)
        told = tuple(a for a in alerts if a.raised_at > since or (a.resolved_at is not None and a.resolved_at > since))
        return Desk(overview, state, engine.since(since), engine.swaps(since), told, replay, duty)


def _replay(engine: Engine) -> tuple[str, bool] | None:
    """A demo that another process replays; in any other workspace this costs one look at a folder."""
    if not (engine.home / "demo-projects").is_dir():  # PROJECTS of console.demo.place, not loaded for the first picture
        return None
    from console.demo.progress import told

    return told(engine.home)
