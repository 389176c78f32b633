"""Backtests for tests: a document with the figures that a test asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from engine.backtest.records import BacktestDocument, PolicyDifference, PolicyResult, Training, WeekRows
from engine.clock import stamp
from engine.records import Comparison

UNTIL = datetime(2026, 11, 22, 3, tzinfo=UTC)
WEEK = timedelta(weeks=1)
EVERY = {"1d": 86_400.0, "1w": 604_800.0, "4w": 2_419_200.0, "never": None}


def policy(word: str, value: float | None, trainings: int, weekly: tuple[float | None, ...] = ()) -> PolicyResult:
    every = EVERY[word]
    low, high = (None, None) if value is None else (value - 0.01, value + 0.01)
    year = 0.0 if every is None else 11.0 * 365.25 * 86_400 / every
    return PolicyResult(word, every, value, low, high, weekly, trainings, 11.0 * trainings, 9.0 * trainings, year)


def apart(one: str, other: str, value: float, comparison: Comparison, half: float = 0.008) -> PolicyDifference:
    return PolicyDifference(one, other, value, value - half, value + half, comparison)


def document(weeks: int = 26, **other: Any) -> BacktestDocument:
    """Every week is better than never, and cannot be told from every 4 weeks, which is better than never, too."""
    since = UNTIL - weeks * WEEK
    curve = tuple(0.70 + 0.002 * (number % 7) for number in range(weeks))
    given: dict[str, Any] = {
        "project": "flights",
        "version": "flights@9",
        "revision": "3f2a9c1d" * 5,
        "code": "c" * 64,
        "environment": "e" * 64,
        "data": "d" * 64,
        "as_of": stamp(UNTIL),
        "since": stamp(since),
        "until": stamp(UNTIL),
        "metric": "roc_auc",
        "rows": 166_132,
        "told": weeks,
        "weeks": tuple(WeekRows(stamp(since + number * WEEK), 6500, 6390) for number in range(weeks)),
        "policies": (
            policy("1w", 0.731, 26, tuple(value + 0.012 for value in curve)),
            policy("4w", 0.729, 7, tuple(value + 0.010 for value in curve)),
            policy("never", 0.719, 1, curve),
        ),
        "differences": (
            apart("1w", "4w", 0.002, "cannot tell", 0.004),
            apart("1w", "never", 0.012, "better"),
            apart("4w", "never", 0.010, "better"),
        ),
        "trainings": tuple(
            Training(stamp(since + number * WEEK), 300_000, "d" * 64, 0, 60_000, True, 11.0, 9.0)
            for number in range(weeks)
        ),
    }
    return BacktestDocument(**{**given, **other})
