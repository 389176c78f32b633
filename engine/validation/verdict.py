"""The judgement of a candidate in one plain sentence (or two), for the top of the decision card. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from engine.records import Comparison, Gate, GateVerdict
from engine.validation import undefined
from engine.validation.intervals import MeasuredMetric
from engine.validation.words import between, count, decimals_for, number, signed

_HEADS: dict[Comparison, str] = {
    "better": "BETTER THAN LIVE.",
    "worse": "WORSE THAN LIVE.",
    "same": "SAME AS LIVE.",
    "cannot tell": "NEITHER SURELY BETTER NOR WORSE THAN LIVE.",
    "not compared": "NOT COMPARED WITH LIVE.",
    "first": "FIRST VERSION.",
}
_LINKED: dict[GateVerdict, str] = {"fail": "fails", "cannot tell": "cannot tell", "warn": "warns", "pass": "passes"}


def sentence(
    verdict: GateVerdict,
    comparison: Comparison,
    gates: Sequence[Gate],
    key: MeasuredMetric,
    live: str | None,
    live_problem: str | None,
) -> str:
    """What an operator reads first."""
    parts = (_head(verdict, comparison), _gates(verdict, gates), _measure(key, live, live_problem))
    return " ".join(part for part in parts if part)


def _head(verdict: GateVerdict, comparison: Comparison) -> str:
    if verdict == "fail":
        return "NOT FIT TO GO LIVE."
    if verdict == "cannot tell":
        return "CANNOT TELL."
    return _HEADS[comparison]


def _gates(verdict: GateVerdict, gates: Sequence[Gate]) -> str:
    if verdict == "pass":
        return f"All {count(len(gates), 'gate')} pass." if len(gates) > 1 else "The one gate passes."
    concerned = [gate for gate in gates if gate.verdict == verdict]
    told = f"{_capital(concerned[0].name)}: {concerned[0].evidence}" if concerned else ""
    others = f" {len(concerned) - 1} more of {count(len(gates), 'gate')} {_others(verdict, len(concerned) - 1)}."
    return told + (others if len(concerned) > 1 else "")


def _others(verdict: GateVerdict, amount: int) -> str:
    if amount == 1:
        return _LINKED[verdict]
    return {"fail": "fail", "warn": "warn"}.get(verdict, "cannot tell")


def _measure(key: MeasuredMetric, live: str | None, live_problem: str | None) -> str:
    if key.value is None:
        return f"{_capital(undefined.sentence(key.name, key.n))}."
    rows = count(key.n, "row")
    sure = between(key.low, key.high)
    digits = decimals_for(key.high - key.low) if key.low is not None and key.high is not None else 3
    alone = f"{key.name} {number(key.value, digits)}{f' ({sure})' if sure else ''}"
    if live is None:
        return f"On {rows}: {alone}."
    if key.live is None or key.difference is None:
        why = f": {live_problem.rstrip('.')}" if live_problem else ""
        return f"On {rows}: {alone}. {live} could not be measured on them{why}."
    low, high = key.difference_low, key.difference_high
    digits = decimals_for(high - low) if low is not None and high is not None else 3
    sure = between(low, high, sign=True)
    return (
        f"On the same {rows}: {key.name} {number(key.value, digits)} against {number(key.live, digits)}, "
        f"difference {signed(key.difference, digits)}{f' ({sure})' if sure and key.comparison != 'same' else ''}."
    )


def _capital(text: str) -> str:
    """A sentence may begin with a metric's name, which is written as it is."""
    return text if "_" in text.split(" ")[0] else text[:1].upper() + text[1:]
