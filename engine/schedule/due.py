"""When a row of the table schedules is due. Apart from ``book``, since the overview needs no more and waits for it."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.clock import moment
from engine.projects.manifest.cron import Cron, Every, next_due
from engine.projects.manifest.durations import EVERY, parse_duration

if TYPE_CHECKING:
    from engine.schedule.policy import DueRule


def rule_of(row: sqlite3.Row) -> DueRule:
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


def duration(text: str | None) -> timedelta | None:
    """A length of time as the ledger keeps it."""
    return parse_duration(text) if text is not None else None
