"""The manifest's ``[serve]``: whether requests are answered in real time, within what, and what is kept of them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from engine.projects.manifest.fields import Table, nearest, shown, text_problem
from engine.projects.manifest.records import CanarySpec, Fallback, ServeSpec

UNSEEN = ("tell", "refuse")
PREVIOUS, OFF = "previous", "off"
LOG_WORDS = {"all": 1.0, "off": 0.0}
MOST_ROWS = 1_000_000
_SECOND, _YEAR = timedelta(seconds=1), timedelta(days=3653)
_OUTPUT = re.compile(r"prediction|score|p_.+")


def serve(table: Table) -> ServeSpec:
    """What the section says; a project without it answers no requests."""
    table.only("realtime", "timeout", "rows", "unseen", "fallback", "log", "log_for", "log_size", "canary")
    default = ServeSpec()
    log = _log(table)
    return ServeSpec(
        realtime=table.flag("realtime", default.realtime),
        timeout=table.duration("timeout", _SECOND, timedelta(minutes=10)) or default.timeout,
        rows=table.whole("rows", 1, MOST_ROWS) or default.rows,
        unseen=table.choice("unseen", UNSEEN) or default.unseen,
        fallback=_fallback(table),
        log=default.log if log is None else log,
        log_for=table.duration("log_for", timedelta(hours=1), _YEAR) or default.log_for,
        log_size=table.size("log_size", 2**20, 2**46) or default.log_size,
        canary=_canary(table.table("canary")),
    )


def spec_of(settings: Mapping[str, Any]) -> ServeSpec:
    """The section of a manifest that was read before and kept with a version: read as whole manifests are, so that
    what a newer Leverframe said in it is passed over."""
    from engine.projects.manifest.fields import Mistakes

    return serve(Table(Mistakes({}), ("serve",), settings.get("serve") or {}))


def _canary(table: Table) -> CanarySpec:
    """When a candidate that answers some of the requests is ended by itself."""
    table.only("end", "errors", "slow", "slower", "worse")
    default = CanarySpec()
    return CanarySpec(
        end=table.flag("end", default.end),
        errors=_bound(table, "errors", default.errors, 1),
        slow=_seconds(table, default.slow),
        slower=_bound(table, "slower", default.slower, 1),
        worse=_bound(table, "worse", default.worse, 100),
    )


def _bound(table: Table, name: str, default: float | None, most: float) -> float | None:
    """By how much a canary may be worse; None where that ends none."""
    if name not in table:
        return default
    value = table.values[name]
    if value == OFF:
        return None
    if type(value) in (int, float) and math.isfinite(value) and 0 <= value <= most:
        return float(value)
    table.mistake(name, f'is {shown(value)}; it must be "{OFF}" or a number from 0 to {most:g}.')
    return default


def _seconds(table: Table, default: timedelta) -> timedelta:
    """What a slow answer takes: in seconds, for what is slow here is shorter than any word for a time."""
    value = table.values.get("slow", default.total_seconds())
    if type(value) in (int, float) and math.isfinite(value) and 0.0001 <= value <= 600:
        return timedelta(seconds=float(value))
    table.mistake("slow", f"is {shown(value)}; it must be a number of seconds from 0.0001 to 600, such as 0.5.")
    return default


def _log(table: Table) -> float | None:
    """The share of requests that is kept."""
    if "log" not in table:
        return None
    value = table.values["log"]
    if isinstance(value, str) and value in LOG_WORDS:
        return LOG_WORDS[value]
    if type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 1:
        return float(value)
    near = nearest(value, LOG_WORDS) if isinstance(value, str) else ""
    table.mistake("log", f'is {shown(value)}; it must be "all", "off" or a share from 0 to 1{near or "."}')
    return None


def _fallback(table: Table) -> Fallback:
    """Who answers in place of a version that cannot: the one that was live before, a fixed answer, or nobody."""
    value = table.values.get("fallback")
    if not isinstance(value, dict):
        if value is not None and value != PREVIOUS:
            form = f'it must be "{PREVIOUS}" or a table with an answer, such as {{ prediction = 0 }}'
            table.mistake("fallback", f"is {shown(value)}; {form}.")
            return None
        return value
    answer = table.table("fallback")
    if "prediction" not in answer:
        answer.mistake(None, "names no prediction; the answer that it gives needs one.")
    for name, each in value.items():
        if _OUTPUT.fullmatch(name) is None:
            answer.mistake(name, 'is no part of an answer, which is prediction, score, and "p_" with a class.')
        elif type(each) not in (str, int, float, bool):
            answer.mistake(name, f"is {shown(each)}; it must be a text, a number, true or false.")
        elif isinstance(each, str) and (problem := text_problem(each, 200)):
            answer.mistake(name, problem)
        elif isinstance(each, float) and not math.isfinite(each):
            answer.mistake(name, f"is {shown(each)}; an answer holds finite numbers.")
        elif type(each) is int and abs(each) >= 2**53:
            answer.mistake(name, f"is {shown(each)}; it must be below 2^53, which every reader of JSON keeps exact.")
    return dict(value)
