"""Schedules, occurrences and the engine's state as JSON documents with keys that scripts rely on. Pure."""

from __future__ import annotations

from typing import Any

from console.cli.documents import time
from engine.monitoring.records import Trigger
from engine.schedule.records import Occurrence, Schedule

Document = dict[str, Any]


def schedule(found: Schedule) -> Document:
    return {
        "project": found.project,
        "job": found.job,
        "rule": found.rule,
        "timezone": found.timezone,
        "catch_up": found.catch_up,
        "give_up_after": found.give_up_after,
        "cool_down": found.cool_down,
        "enabled": found.enabled,
        "next_due": [time(due) for due in found.next_due],
        "last": occurrence(found.last) if found.last else None,
        "origin": found.origin,
        "changed_by": found.changed_by,
        "note": found.note,
    }


def occurrence(found: Occurrence) -> Document:
    """``times`` is more than one where the row stands for all that was due from ``due`` to ``last``."""
    return {
        "id": found.id,
        "project": found.project,
        "job": found.job,
        "due": time(found.due),
        "last": time(found.last),
        "times": found.times,
        "state": found.state,
        "why": found.why,
        "run": found.run,
        "at": time(found.at),
    }


def trigger(found: Trigger) -> Document:
    """What starts a retrain besides the schedule, and what became of it when it last held."""
    return {
        "project": found.project,
        "on": found.on,
        "rows": found.rows,
        "cool_down": found.cool_down,
        "last": {"state": found.state, "why": found.why, "run": found.run, "at": time(found.at)}
        if found.at
        else None,
    }
