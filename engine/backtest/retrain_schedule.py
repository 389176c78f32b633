"""How often a project is retrained by itself, to be held against what a backtest says, and where its folder says so."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

from engine.backtest.policies import usual_interval
from engine.backtest.records import RetrainSchedule
from engine.projects import registry, schedules
from engine.projects.manifest.lines import lines_of
from engine.projects.manifest.reader import FILE
from engine.vocabulary.jobs import RETRAIN


def in_force(db: sqlite3.Connection, project: str, now: datetime) -> RetrainSchedule:
    """What is scheduled now."""
    row = schedules.in_force(db, project, RETRAIN.name)
    if row is None:
        return RetrainSchedule()
    interval = usual_interval(row["rule"], row["timezone"], now)
    return RetrainSchedule(interval, not row["enabled"], _line(registry.folder(db, project)))


def _line(folder: Path) -> int | None:
    """On which line of its manifest the folder schedules retrains; None where it cannot be said."""
    try:
        text = (folder / FILE).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return lines_of(text).get(("schedule", RETRAIN.name))
