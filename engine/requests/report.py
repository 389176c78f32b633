"""What is known of a project's requests, read from the ledger: figures of a window, and the log that there is."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.monitoring import looks
from engine.projects import in_force, registry
from engine.projects.manifest.serve import spec_of
from engine.requests import book, skew_book
from engine.requests import capacity as capacities
from engine.requests.capacity import Capacity
from engine.requests.figures import RequestFigures, figures, window_of
from engine.requests.records import Block, LogRules
from engine.requests.rules import rules_of
from engine.requests.skew import SkewCheck

if TYPE_CHECKING:
    from engine.monitoring.answered_parts import AnsweredLook

NEWEST = 20  # blocks that are named
# Workers write what they counted every ten seconds: of the minute that has just begun nothing may be there yet.
RATE_OF = timedelta(minutes=2)


@dataclass(frozen=True)
class RequestReport:
    """``served``: requests are answered, as the manifest in force says. ``blocks``: the newest of ``count``, which have
    ``bytes`` and ``rows`` in all, the oldest of them of ``oldest``. ``rules``: how they are kept.
    ``skew``: the newest check of what is in the log; ``capacity``: what the newest load test came to; ``lately``:
    requests a second of the last minutes, None where there were none. ``answered``: how well it was answered by labels
    that came, as the look of ``looked_at`` found."""

    project: str
    served: bool
    figures: RequestFigures
    rules: LogRules
    blocks: tuple[Block, ...]
    count: int
    bytes: int
    rows: int
    oldest: datetime | None
    skew: SkewCheck | None = None
    capacity: Capacity | None = None
    lately: float | None = None
    answered: AnsweredLook | None = None
    looked_at: datetime | None = None


def of_project(db: sqlite3.Connection, project: str, now: datetime, last: timedelta) -> RequestReport:
    """Raises NotFound where there is no such project."""
    registry.find(db, project)
    settings, since = in_force.settings(db, project), window_of(last, now)
    found = figures(project, book.counts(db, [project], since, now), since, now)
    held = book.held(db, project)
    look = looks.newest(db, project, now)
    seen = look.document if look is not None else None
    return RequestReport(
        project=project,
        served=spec_of(settings).realtime,
        figures=found,
        rules=rules_of(settings),
        blocks=book.newest(db, project, NEWEST),
        count=held.count,
        bytes=held.bytes,
        rows=held.rows,
        oldest=held.oldest,
        skew=skew_book.last(db, project),
        capacity=capacities.newest(db, project),
        lately=rates(db, [project], now).get(project),
        answered=seen.answered if seen is not None else None,
        looked_at=look.as_of if look is not None else None,
    )


def rates(db: sqlite3.Connection, projects: Collection[str], now: datetime) -> dict[str, float]:
    """Requests a second of late, of those of ``projects`` of which there were any."""
    since = window_of(RATE_OF, now)
    totals: dict[str, int] = {}
    for _, key, count in book.counts(db, projects, since, now):
        totals[key.project] = totals.get(key.project, 0) + count.requests
    return {project: total / (now - since).total_seconds() for project, total in totals.items()}
