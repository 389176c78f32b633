"""From what a look measured to what is wrong, why, and what to do; and the verdict of the whole. Pure.

Drift alone is to be watched: a model may bear it. What fails is what it cannot be given, or what it does worse.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from engine.clock import stamp
from engine.monitoring.drift.alarm import Alarm
from engine.monitoring.drift.predictions import PREDICTION
from engine.monitoring.look_document import LookFinding, LookPart
from engine.monitoring.look_parts import TOGETHER, Calibration, Fall, MetricValue, QualityCheck, ShareVerdict
from engine.monitoring.records import Severity
from engine.records import Verdict
from engine.validation.columns import shown
from engine.vocabulary.gates import LIMITS, GateRule

# A value beyond those it learnt is one that a model has to guess at. Whether it guesses well, performance says.
_MOVED = ("out-of-range", "new-category")
# The share of what moves the predictions below which a column's drift calls nobody: with weather in it, most of a table
# drifts all year, and an operator who is called each time stops to listen.
IDLE = 0.02
_RANK = {"ok": 0, "cannot tell": 1, "watch": 2, "failing": 3}


def idle(alarms: Iterable[Alarm], shares: Mapping[str, float]) -> list[str]:
    """Columns that moved and by which the predictions hardly move: the look tells them, and nobody is called."""
    return [each.column for each in alarms if shares.get(each.column, 1.0) < IDLE]


def of_quality(
    checks: Iterable[QualityCheck], told: Collection[str], shares: Mapping[str, float], as_of: str
) -> Iterator[LookFinding]:
    """A finding for each check that is not well. What moved out of its range says so once: ``told`` has its drift."""
    for check in checks:
        moved = check.kind in _MOVED
        if check.verdict not in ("watch", "failing") or (moved and check.column in told):
            continue
        if check.kind == "out-of-range" and shares.get(str(check.column), 1.0) < IDLE:
            continue
        if check.kind == "new-column":
            continue  # The model is given what it learnt; the look tells it, and nobody is called for it.
        why, _, act = _ended(check.sentence).partition("; ")
        severity: Severity = "failing" if check.verdict == "failing" and not moved else "watch"
        what = f":{check.column}" if check.column else ""
        yield LookFinding(f"{check.kind}{what}", "quality", severity, why, act or "look at the data source", as_of)


def of_drift(alarms: Sequence[Alarm], shares: Mapping[str, float]) -> Iterator[LookFinding]:
    """A finding for each alarm that goes on, by size times importance (``shares``, where they are known).

    That all columns together differ is told only where no column tells it by itself.
    """
    quiet = idle(alarms, shares)
    ordered = sorted(alarms, key=lambda each: -(each.size or 0.0) * shares.get(each.column, 0.0))
    for alarm in ordered:
        if alarm.column in quiet or (alarm.column == TOGETHER and len(ordered) > 1):
            continue
        if alarm.column == TOGETHER:
            why, act = _ended(alarm.why), "look at the columns that it names; retrain if the world changed"
        elif alarm.column == PREDICTION:
            why = f"the predictions moved: {_ended(alarm.why.removeprefix(f'{PREDICTION}: '))}"
            act = "see which features moved with them, then retrain or look at their source"
        else:
            act = f"look at where {shown(alarm.column)} comes from; retrain if the world changed"
            why = _ended(alarm.why)
        yield LookFinding(f"drift:{alarm.column}", "drift", "watch", why, act, stamp(alarm.since))


def of_calibration(judged: Calibration | None, as_of: str) -> Iterator[LookFinding]:
    """A finding where chances no longer come true as often as they say, or numbers lie to one side."""
    if judged is not None and judged.verdict in ("watch", "failing"):
        why, _, act = _ended(judged.sentence).partition("; ")
        yield LookFinding("calibration", "calibration", "watch", why, act or "retrain", as_of)


def of_performance(fall: Fall | None, rival: str | None, as_of: str) -> Iterator[LookFinding]:
    """A finding where the key metric fell. ``rival``: what the version before does on the same rows, in words."""
    if fall is None:
        return
    act = f"{rival}; roll back, or retrain" if rival else "look at the worst slices and at drift, then retrain"
    why = _ended(fall.sentence.split(" Look at")[0])
    yield LookFinding(f"performance:{fall.metric}", "performance", fall.verdict, why, act, fall.since or as_of)


def of_guessing(worse: Iterable[str], waived: bool, as_of: str) -> Iterator[LookFinding]:
    """A finding for each metric that is surely worse than guessing: a version that does worse than none at all. Where
    its manifest waives the gate of that name, it is to be watched."""
    for words in worse:
        act = "see whether the score speaks for the right class, then retrain"
        severity: Severity = "watch" if waived else "failing"
        yield LookFinding(f"guess:{words.split()[0]}", "performance", severity, words, act, as_of)


def limits_broken(gates: Sequence[GateRule], readings: Mapping[str, MetricValue]) -> Iterator[str]:
    """In words, each fixed limit of the manifest that the newest mature rows surely break: the whole interval does."""
    for gate in gates:
        row, reading, limit = LIMITS.get(gate.kind), readings.get(str(gate.metric)), gate.limit
        if row is None or reading is None or reading.value is None or limit is None:
            continue
        edge = reading.high if row.breaks == "below" else reading.low
        if edge is not None and row.sign * edge < row.sign * limit:
            value, n = f"{reading.value:.3g}", f"{reading.n:,}"
            yield f"{gate.metric} {value} is {row.breaks} its limit {limit:g} on {n} labelled rows"


def worst(verdicts: Iterable[ShareVerdict]) -> ShareVerdict:
    """The worst of these; ``cannot tell`` when there is none."""
    return max(verdicts, key=lambda each: _RANK[each], default="cannot tell")


def verdict_of(findings: Sequence[LookFinding], parts: Mapping[str, LookPart]) -> tuple[Verdict, str]:
    """The verdict of the whole look and why: its worst finding, or unknown where no part could tell."""
    if findings:
        found = max(findings, key=lambda each: _RANK[each.severity])
        more = len(findings) - 1
        return found.severity, found.why + (f"; and {more} more" if more else "")
    told = [name for name, part in parts.items() if part.verdict == "ok"]
    if not told:
        return "unknown", "; ".join(part.why for part in parts.values()) or "nothing could be measured"
    silent = [f"{name}: {part.why}" for name, part in parts.items() if part.verdict == "cannot tell"]
    well = f"{_listed(told)} well"
    return "ok", f"{well}; {silent[0]}" if silent else well


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last} are" if others else f"{last} is"


def _ended(sentence: str) -> str:
    return sentence.rstrip(".")
