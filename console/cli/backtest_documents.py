"""A backtest as the JSON document that scripts rely on. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.backtest.advice import advice
from engine.clock import stamp
from engine.json_records import write

if TYPE_CHECKING:
    from engine.backtest.records import ToldBacktest


def told_document(project: str, told: ToldBacktest) -> dict[str, Any]:
    """``backtest`` is None while there is none; ``policy`` is None where it cannot be told which one to have."""
    schedule = told.schedule
    every = schedule.every.total_seconds() if schedule.every is not None else None
    return {
        "project": project,
        "scheduled": {"every": every, "paused": schedule.paused, "line": schedule.line},
        "under_way": told.under_way,
        "backtest": _kept(told),
    }


def _kept(told: ToldBacktest) -> dict[str, Any] | None:
    if told.kept is None:
        return None
    said = advice(told.kept.document, told.schedule)
    return {
        "run": told.kept.run,
        "at": stamp(told.kept.at),
        "digest": told.kept.digest,
        "policy": said.policy,
        "sentence": said.sentence,
        "schedule": said.schedule,
        "notes": list(said.notes),
        **write(told.kept.document),
    }
