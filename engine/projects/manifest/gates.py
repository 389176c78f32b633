"""The [[gates]] of a manifest: one limit each, of one kind."""

from __future__ import annotations

from typing import Any

from engine.projects.manifest.fields import Mistakes, Table, nearest, shown
from engine.projects.manifest.records import ValidationSpec
from engine.vocabulary.gates import ASKED, GateKind, GateRule
from engine.vocabulary.metrics import METRICS, more_is_better

MOST = 200
_HUGE = 1e15


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
    table.only("metric", *ASKED, "segment", "minimum_rows")
    keys = [key for key in ASKED if key in table]
    if len(keys) != 1:
        found = f"has {' and '.join(keys)}; keep one, and write a gate for each" if keys else "has no limit"
        table.mistake(None, f"{found}. A gate has exactly one of: {', '.join(ASKED)}.")
        return None
    key = keys[0]
    gate = ASKED[key]
    metric = _metric(table, gate, judged)
    low, high = _range(gate, metric)
    if gate.size:
        size = table.size(key, int(low), int(high))
        limit = None if size is None else float(size)
    else:
        limit = table.number(key, low, high)
    if gate.not_of_regression and judged.task == "regression":
        table.mistake(key, f"has no meaning for a regression task, {gate.not_of_regression}; leave it out.")
    segment = _segment(table, gate, judged)
    rows = table.whole("minimum_rows", 1, 10**12)
    if rows is not None and gate.of == "quantity":
        table.mistake("minimum_rows", f"has no meaning beside {key}; leave it out.")
    if limit is None:
        return None
    return GateRule(gate.kind, metric, limit, segment, rows, table.page.line(table.path))


def _metric(table: Table, gate: GateKind, judged: ValidationSpec) -> str | None:
    key = gate.key
    if gate.of == "quantity":
        if "metric" in table:
            table.mistake("metric", f"has no meaning beside {key}; leave it out.")
        return None
    metric = table.text("metric", required=True)
    if metric is None:
        return None
    if metric not in judged.metrics:
        said = nearest(metric, judged.metrics) or f"; it measures {', '.join(judged.metrics) or 'nothing'}."
        table.mistake("metric", f"is {shown(metric)}, which [validation] metrics does not measure{said}")
    if gate.of == "difference" and (gate.breaks == "below") != more_is_better(metric):
        right = next(each.key for each in ASKED.values() if each.of == gate.of and each.breaks != gate.breaks)
        better = "larger" if more_is_better(metric) else "smaller"
        table.mistake(key, f"does not fit {shown(metric)}, which is better when it is {better}; use {right}.")
    return metric


def _range(gate: GateKind, metric: str | None) -> tuple[float, float]:
    if gate.of == "quantity":
        return gate.lowest, gate.highest
    if gate.of == "difference":
        return 0.0, _HUGE
    if metric is None or metric not in METRICS:
        return 0.0, 1.0
    return max(METRICS[metric].lowest, -_HUGE), min(METRICS[metric].highest, _HUGE)


def _segment(table: Table, gate: GateKind, judged: ValidationSpec) -> str | None:
    segment = table.text("segment")
    if segment is not None and gate.of != "segments":
        ways = " or ".join(each.key for each in ASKED.values() if each.of == "segments")
        table.mistake("segment", f"has no meaning beside {gate.key}; use {ways}.")
    elif segment is not None and segment not in judged.segments:
        said = nearest(segment, judged.segments) or "."
        table.mistake("segment", f"is {shown(segment)}, which is not in [validation] segments{said}")
    elif gate.of == "segments" and not judged.segments:
        table.mistake(gate.key, "needs segments: name columns in [validation] segments.")
    return segment
