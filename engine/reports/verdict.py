"""How a project stands, in one sentence for people who do not run it. Pure.

The verdict is that of the overview's own rules, at the end of the period; what a person has snoozed does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.monitoring import status
from engine.monitoring.alerts.changes import is_of_live
from engine.monitoring.performance.key_figures import KnownMetric
from engine.monitoring.records import Look
from engine.records import Deployment, Reason, Run, Verdict
from engine.reports.records import Change, Measure, ReportedAlert, Waiting
from engine.reports.words import digits, of_part
from engine.text import span
from engine.validation.words import number
from engine.vocabulary.gates import GateRule

HEADS: dict[Verdict, str] = {
    "ok": "Works as it should",
    "watch": "Worth watching",
    "failing": "Needs action",
    "unknown": "Cannot be told",
}
GLYPHS: dict[Verdict, str] = {"ok": "●", "watch": "▲", "failing": "■", "unknown": "○"}
CHANGES: dict[Change, str] = {
    "better": "better",
    "worse": "worse",
    "no clear change": "no clear change",
    "not known": "",
}


@dataclass(frozen=True)
class VerdictFacts:
    """What a verdict is made from."""

    title: str
    live: Deployment | None
    key: Measure | None
    known: KnownMetric | None
    gates: Sequence[GateRule]
    last_runs: Sequence[Run]
    looked: Look | None
    patience: timedelta | None
    looks_paused: bool
    troubles: Sequence[ReportedAlert]
    waiting: Sequence[Waiting]


def verdict(found: VerdictFacts, at: datetime) -> tuple[Verdict, str]:
    """The verdict at ``at`` and its sentence."""
    label, looked = found.live.label if found.live else None, found.looked
    facts = status.StatusFacts(
        live=label,
        live_link=label,
        release=label,
        known=found.known,
        gates=found.gates,
        last_run=found.last_runs[0] if found.last_runs else None,
        earlier=found.last_runs[1:],
        looked_at=looked.as_of if looked else None,
        look=(looked.verdict, looked.why) if looked else ("ok", ""),
        looks_paused=found.looks_paused,
        patience=found.patience,
        alerts=[
            Reason(each.severity, _trouble(each, at), each.since)
            for each in found.troubles
            if each.over_at is None and not each.snoozed and is_of_live(each.part)
        ],
    )
    judged = status.judge(facts, at)[0]
    said = _sentence(judged.verdict, judged.why, found)
    return judged.verdict, f"{said}{_waits(found.waiting)}."


def _trouble(found: ReportedAlert, at: datetime) -> str:
    return f"{of_part(found.part, found.why)}, for {span((at - found.since).total_seconds())}"


def _sentence(word: Verdict, why: str, found: VerdictFacts) -> str:
    title, key = found.title, found.key
    if found.live is None:
        return f"{title}: nothing is in use yet"
    if word != "ok" or (found.looked is not None and found.looked.verdict != "ok"):
        return f"{title}: {why.rstrip('.')}"
    if key is None or key.value is None:
        return f"{title}: nothing speaks against it"
    said, change = f"{title}: {key.words} is {number(key.value, digits(key.low, key.high))}", CHANGES[key.change]
    if key.source == "holdout":
        said += ", on cases held back when it was made"
    since = f" since {key.previous_at.day} {key.previous_at:%B}" if key.previous_at else ""
    # Periods differ in how hard they are, so what is worse may still be as it should be.
    still = f", yet within its limit of {number(key.limit)}" if key.change == "worse" and key.limit is not None else ""
    return f"{said}, {change}{since}{still}" if change else said


def _waits(waiting: Sequence[Waiting]) -> str:
    if not waiting:
        return ""
    many = f"{len(waiting)} new versions wait" if len(waiting) > 1 else "a new version waits"
    return f"; {many} for a decision"
