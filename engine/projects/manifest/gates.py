"""The [[gates]] of a manifest: one limit each, of one kind."""

from __future__ import annotations

from typing import Any

from engine.projects.manifest.fields import Mistakes, Table, nearest, shown
from engine.projects.manifest.records import GateRule, ValidationSpec

MOST = 200
_HUGE = 1e15
# TOML key -> kind. The first six judge a metric.
_METRIC_KINDS = {
    "at_least": "at_least",
    "at_most": "at_most",
    "not_below_live_by": "not_below_live_by",
    "not_above_live_by": "not_above_live_by",
    "every_segment_at_least": "segment_at_least",
    "every_segment_at_most": "segment_at_most",
}
_RANGES = {
    "rows_at_least": (1.0, 1e12),
    "rows_at_least_of_live": (0.0, 100.0),
    "missing_at_most": (0.0, 1.0),
    "train_seconds_at_most": (0.001, 1e8),
    "score_seconds_at_most": (0.001, 1e8),
    "calibration_error_at_most": (0.0, 1.0),
    "model_size_at_most": (1.0, 2.0**50),
}
KINDS = {**_METRIC_KINDS, **{key: key for key in _RANGES}}
_SMALLER_IS_BETTER = ("log_loss", "brier", "mae", "rmse", "mape", "median_absolute_error")


def gates(page: Mistakes, values: Any, judged: ValidationSpec) -> tuple[GateRule, ...]:
    """Every gate that could be read."""
    if not isinstance(values, list):
        page.mistake(("gates",), f"is {shown(values)}; each gate begins with a line [[gates]].")
        return ()
    if len(values) > MOST:
        page.mistake(("gates",), f"there are {len(values):,} gates; at most {MOST} are allowed.")
        return ()
    rules = [_gate(Table(page, ("gates", index), value), judged) for index, value in enumerate(values)]
    said: dict[tuple[Any, ...], int] = {}
    for index, rule in enumerate(rules):
        if rule is None:
            continue
        what = (rule.kind, rule.metric, rule.segment)
        if what in said:
            page.mistake(("gates", index), f"says the same as gate {said[what] + 1} ; keep one of them.")
        said.setdefault(what, index)
    return tuple(rule for rule in rules if rule is not None)


def _gate(table: Table, judged: ValidationSpec) -> GateRule | None:
    table.only("metric", *KINDS, "segment", "minimum_rows")
    kinds = [key for key in KINDS if key in table]
    if len(kinds) != 1:
        found = f"has {' and '.join(kinds)}; keep one, and write a gate for each" if kinds else "has no limit"
        table.mistake(None, f"{found}. A gate has exactly one of: {', '.join(KINDS)}.")
        return None
    key = kinds[0]
    metric = _metric(table, key, judged)
    low, high = _range(key, metric)
    if key == "model_size_at_most":
        size = table.size(key, int(low), int(high))
        limit = None if size is None else float(size)
    else:
        limit = table.number(key, low, high)
    if key == "calibration_error_at_most" and judged.task == "regression":
        table.mistake(key, "has no meaning for a regression task, which states no chances; leave it out.")
    segment = _segment(table, key, judged)
    rows = table.whole("minimum_rows", 1, 10**12)
    if rows is not None and key in _RANGES:
        table.mistake("minimum_rows", f"has no meaning beside {key}; leave it out.")
    if limit is None:
        return None
    return GateRule(KINDS[key], metric, limit, segment, rows, table.page.line(table.path))


def _metric(table: Table, key: str, judged: ValidationSpec) -> str | None:
    if key in _RANGES:
        if "metric" in table:
            table.mistake("metric", f"has no meaning beside {key}; leave it out.")
        return None
    metric = table.text("metric", required=True)
    if metric is None:
        return None
    if metric not in judged.metrics:
        said = nearest(metric, judged.metrics) or f"; it measures {', '.join(judged.metrics) or 'nothing'}."
        table.mistake("metric", f"is {shown(metric)}, which [validation] metrics does not measure{said}")
    wrong = "not_below_live_by" if metric in _SMALLER_IS_BETTER else "not_above_live_by"
    if key == wrong:
        right = "not_above_live_by" if wrong == "not_below_live_by" else "not_below_live_by"
        better = "smaller" if metric in _SMALLER_IS_BETTER else "larger"
        table.mistake(key, f"does not fit {shown(metric)}, which is better when it is {better}; use {right}.")
    return metric


def _range(key: str, metric: str | None) -> tuple[float, float]:
    if key in _RANGES:
        return _RANGES[key]
    if "live_by" in key:
        return 0.0, _HUGE
    if metric == "r2":
        return -_HUGE, 1.0
    if metric in ("log_loss", "mae", "rmse", "mape", "median_absolute_error"):
        return 0.0, _HUGE
    return 0.0, 2.0 if metric == "brier" else 1.0


def _segment(table: Table, key: str, judged: ValidationSpec) -> str | None:
    segment = table.text("segment")
    per_segment = key.startswith("every_segment")
    if segment is not None and not per_segment:
        table.mistake("segment", f"has no meaning beside {key}; use every_segment_at_least or every_segment_at_most.")
    elif segment is not None and segment not in judged.segments:
        said = nearest(segment, judged.segments) or "."
        table.mistake("segment", f"is {shown(segment)}, which is not in [validation] segments{said}")
    elif per_segment and not judged.segments:
        table.mistake(key, "needs segments: name columns in [validation] segments.")
    return segment
