"""What to do about a gate that does not pass: a sentence for each kind (vocabulary/gates), verdict and lack. Pure.

Each way that is named here can be gone, and the verdict changes then: test_ways.py goes them.
A gate says what it lacks in its numbers: ``rows`` (too few for any interval), ``minimum`` (fewer than its own
``minimum_rows``), ``decision`` (an interval on both sides of the limit, of few rows), ``class`` (the same, of few rows
of a class), ``value`` (the metric is not defined), ``live`` (nothing to compare with).
"""

from __future__ import annotations

from dataclasses import replace

from engine.records import Gate
from engine.text import plain
from engine.vocabulary.gates import GATES

_MORE_ROWS = "Make [validation] holdout larger or let extract return more rows; no key asks for fewer."
CHANGE = "Retrain when the cause is mended, or change {key} in this gate of leverframe.toml if it asks too much."
UNTOLD = {
    "rows": _MORE_ROWS,
    "minimum": "Make [validation] holdout larger, let extract return more rows, or lower minimum_rows in this gate.",
    "decision": "It takes more rows; or say minimum_rows = {rows} in this gate, and the value decides from there on.",
    "class": "It takes more rows of that class: make [validation] holdout larger or let extract return more.",
    "value": "Make [validation] holdout larger, so that it holds each class, and mend what other gates found.",
    "live": "Mend what keeps it from being scored, or take this gate out of leverframe.toml.",
    "difference": "It takes more rows, or a larger {key} in this gate of leverframe.toml.",
    "segments": "Make [validation] holdout larger, or ask for fewer rows of a segment: minimum_rows in this gate.",
    "chances": "Let score write p_<class> for each class, or take this gate out of leverframe.toml.",
    "one class": "Make [validation] holdout larger, so that it holds different outcomes.",
    "training rows": "Let extract return more rows, "
    'or waive it for a reason: [[waivers]] gate = "{name}".',
}  # fmt: skip


def with_waiver(gate: Gate, reason: str | None) -> Gate:
    """``gate`` as the manifest waives it: what it found stays, as a warning."""
    if reason is None:
        return gate
    if gate.verdict not in ("fail", "cannot tell"):
        return replace(gate, evidence=f"{gate.evidence} Its waiver is not needed.")
    numbers = {**gate.numbers, "waived": plain(reason, 500), "found": gate.verdict}
    return replace(gate, verdict="warn", evidence=f'Waived ("{plain(reason, 200)}"): {gate.evidence}', numbers=numbers)


def way_out(gate: Gate) -> str:
    """What changes this verdict, in a sentence; '' where nothing has to change."""
    row = GATES.get(gate.kind)
    if gate.verdict == "fail":
        of_two = row.failed_binary if row and gate.numbers.get("task") == "binary" else ""
        way = of_two or (row.failed if row else "") or CHANGE
    elif gate.verdict == "cannot tell":
        way = UNTOLD.get(str(gate.numbers.get("lacks")), "")
    else:
        return ""
    key = row.key if row and row.key else gate.kind
    return way.format(key=key, name=gate.name, rows=gate.numbers.get("n"))


def with_way(gate: Gate) -> Gate:
    """``gate`` with its way out at the end of its evidence."""
    way = way_out(gate)
    return replace(gate, evidence=f"{gate.evidence} {way}") if way else gate
