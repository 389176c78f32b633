"""Scored rows to measure: what a model said and what happened, with a strength that a test chooses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from engine.monitoring.performance.scored import Scored, scored
from engine.monitoring.timestamps import DAY, microseconds
from engine.validation.rules import Rules

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
RULES = Rules("late", ("roc_auc", "log_loss", "accuracy"), "binary")
NUMBERS = Rules("load", ("mae", "rmse", "r2"), "regression")


def chances(n: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Chances between 0.02 and 0.98, most of them clear."""
    return np.asarray(0.02 + 0.96 * np.random.default_rng(seed).beta(0.7, 0.7, n))


def happened(p: np.ndarray[Any, np.dtype[np.float64]], seed: int = 1) -> np.ndarray[Any, np.dtype[np.int64]]:
    """What happens when ``p`` is right."""
    return np.asarray((np.random.default_rng(seed).random(len(p)) < p).astype(np.int64))


def said(p: np.ndarray[Any, np.dtype[np.float64]]) -> pa.Table:
    return pa.table({"prediction": (p > 0.5).astype(np.int64), "p_0": 1 - p, "p_1": p})


def with_labels(target: Any, predictions: pa.Table, rules: Rules | None = None) -> Scored:
    """``target``: a value or None per row."""
    column = pa.chunked_array([pa.array(target)])
    return scored(column, pa.chunked_array([[0, 1, 1, 0]]), predictions, rules or RULES, name="late")


def with_numbers(target: Any, predictions: Any) -> Scored:
    column = pa.chunked_array([pa.array(target, pa.float64())])
    return scored(column, pa.chunked_array([[0.5, 1.5]]), pa.table({"prediction": predictions}), NUMBERS, name="load")


def evenly(n: int, weeks: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Times of ``n`` rows, evenly over ``weeks`` weeks from MONDAY on, in microseconds."""
    return np.asarray(microseconds(MONDAY) + (np.arange(n) * (weeks * 7 * DAY // n)).astype(np.int64))


def after(weeks: float) -> datetime:
    return MONDAY + timedelta(weeks=weeks)
