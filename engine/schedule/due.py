"""When a row of the table schedules is due. Apart from ``book``, since the overview needs no more and waits for it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from engine.clock import moment
from engine.projects.durations import EVERY, parse_duration
from engine.schedule.calendar import Cron, Every, next_due

if TYPE_CHECKING:
    from engine.schedule.policy import Rule


_SOME_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
_DUES = 2000  # every ten minutes for two weeks


def rule_of(row: sqlite3.Row) -> Rule:
    """When a row of the table schedules is due. Intervals count from when the rule began."""
    rule = str(row["rule"])
    if not rule.startswith(EVERY):
        return Cron(rule, row["timezone"])
    step = parse_duration(rule.removeprefix(EVERY))
    assert step is not None, rule
    return Every(step, moment(row["since"]).replace(microsecond=0))


def due_after(row: sqlite3.Row, after: datetime) -> datetime | None:
    """The first due time of a row later than ``after``; None when there is none before the rule ended."""
    if str(row["rule"]).startswith(EVERY):
        due = next(rule_of(row).after(after))
    else:
        due = next_due(row["rule"], row["timezone"], after)
    return due if row["until"] is None or due <= moment(row["until"]) else None


@lru_cache(maxsize=4096)
def patience(rule: str, timezone: str) -> timedelta:
    """How old the newest look may be where looks follow ``rule``: one may be missed, and a short while more."""
    if rule.startswith(EVERY):
        gap = parse_duration(rule.removeprefix(EVERY)) or timedelta(days=7)
    else:
        dues = list(islice(Cron(rule, timezone).after(_SOME_MONDAY), _DUES))
        # No further than two weeks, so that a line for working hours is asked about its weekend and no year is read.
        near = [due for due in dues if due - dues[0] <= timedelta(days=15)]
        gap = max((later - due for due, later in pairwise(near)), default=timedelta(days=7))
    return gap + min(max(gap, timedelta(hours=1)), timedelta(days=2))


def duration(text: str | None) -> timedelta | None:
    """A length of time as the ledger keeps it."""
    return parse_duration(text) if text is not None else None
