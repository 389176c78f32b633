"""The manifest's ``[report]``: who gets the report, who hears of events, in which words, and what errors cost.

The ledger keeps manifests as they were when they were last read, so ``spec_of`` reads ``[report]`` from there too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.projects.manifest.fields import Mistakes, Table, nearest, shown, text_problem
from engine.projects.manifest.records import CostSpec, ReportSpec

EVENTS = ("candidate", "swap", "rollback", "red", "report-failed")
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_MOST = 1e9


def is_address(text: str) -> bool:
    """Whether mail can be sent there."""
    return _ADDRESS.fullmatch(text) is not None


def report(table: Table, task: str | None) -> ReportSpec:
    """Who gets what, and in which words."""
    table.only("to", "events", "period", "words", "costs")
    to = table.texts("to", most=100, limit=300) or ()
    for index, address in enumerate(to):
        if not is_address(address):
            table.mistake("to", f"names {shown(address)}, which is no mail address.", index)
    return ReportSpec(
        to=tuple(address for address in to if is_address(address)),
        events=_events(table),
        period="month" if table.choice("period", ("week", "month")) == "month" else "week",
        words=_words(table.table("words")),
        costs=_costs(table.table("costs"), task) if "costs" in table else None,
    )


def spec_of(document: Mapping[str, Any]) -> ReportSpec:
    """``[report]`` of a manifest that was checked when it was read; what an older Leverframe let pass is left out."""
    return report(Table(Mistakes({}), ("report",), document.get("report", {})), None)


def _events(table: Table) -> tuple[str, ...]:
    named = table.texts("events", most=20)
    for index, event in enumerate(named or ()):
        if event not in EVENTS:
            said = nearest(event, EVENTS) or f"; known: {', '.join(EVENTS)}."
            table.mistake("events", f"names {shown(event)}, which is no event{said}", index)
    return EVENTS if named is None else tuple(event for event in named if event in EVENTS)


def _words(table: Table) -> dict[str, str]:
    if len(table.values) > 500:
        table.mistake(None, f"has {len(table.values):,} entries; at most 500 are allowed.")
        return {}
    found = {}
    for key in table.values:
        if text_problem(key, 100):
            table.mistake(key, "is not a name that can be shown.")
        text = table.text(key, limit=4000)
        if text is not None:
            found[key] = text
    return found


def _costs(table: Table, task: str | None) -> CostSpec | None:
    table.only("currency", "false_alarm", "missed", "right_alarm", "right_all_clear")
    if task is not None and task != "binary":
        table.mistake(None, f"tells what wrong decisions between two classes cost, and the task is {task}.")
    currency = table.text("currency", required=True, limit=20)
    for key in ("false_alarm", "missed"):
        if key not in table:
            table.mistake(key, "is missing.")
    wrong = [table.number(key, 0, _MOST) for key in ("false_alarm", "missed")]
    right = [table.number(key, -_MOST, _MOST) for key in ("right_alarm", "right_all_clear")]
    if currency is None or wrong[0] is None or wrong[1] is None:
        return None
    return CostSpec(currency, wrong[0], wrong[1], right[0] or 0.0, right[1] or 0.0)
