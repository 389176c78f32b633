"""What to do about a gate that does not pass: a sentence for each kind, verdict and lack. Pure.

Each way that is named here can be gone, and the verdict changes then: tests/engine/validation/test_ways.py goes them.
A gate says what it lacks in its numbers: ``rows`` (too few for any interval), ``minimum`` (fewer than its own
``minimum_rows``), ``decision`` (an interval on both sides of the limit, of few rows), ``class`` (the same, of few rows
of a class), ``value`` (the metric is not defined), ``live`` (nothing to compare with).
"""

from __future__ import annotations

from dataclasses import replace

from engine.records import Gate
from engine.text import plain

_MORE_ROWS = "Make [validation] holdout larger or let extract return more rows; no key asks for fewer."
_CHANGE = "Retrain when the cause is mended, or change {key} in this gate of leverframe.toml if it asks too much."
_WAIVE = 'or waive it for a reason: [[waivers]] gate = "{name}".'
_KEYS = {"segment_at_least": "every_segment_at_least", "segment_at_most": "every_segment_at_most"}

_FAILED = {
    "schema": f"Let extract return the columns as they were, {_WAIVE}",
    "missing": "Mend their source, or say how much may be missing: a gate with missing_at_most.",
    "target": "Let extract return rows with different outcomes.",
    "predictions": "Let score write a class of the target, or a finite prediction in range, for each row.",
    "constant": f"Look at its features and its settings, {_WAIVE}",
    "classes": f"Let extract return rows of each class, {_WAIVE}",
    "dead_feature": f"Mend its source, put it into [data] exclude, {_WAIVE}",
    "rows_against_live": "Let extract return the rows that are missing, say how many are enough: a gate with "
    f"rows_at_least_of_live, {_WAIVE}",
    "guessing": f"Train it otherwise, take the metric out of [validation] metrics, {_WAIVE}",
    "guessing binary": "See whether score speaks for the class that [validation] positive names, train it otherwise, "
    f"take the metric out of [validation] metrics, {_WAIVE}",
    "leakage": "If it is known only afterwards, put it into [data] exclude; if it is known before, name it in "
    "[validation] known_before.",
}  # fmt: skip
_UNTOLD = {
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
    if gate.verdict == "fail":
        way = _FAILED.get(f"{gate.kind} {gate.numbers.get('task')}") or _FAILED.get(gate.kind, _CHANGE)
    elif gate.verdict == "cannot tell":
        way = _UNTOLD.get(str(gate.numbers.get("lacks")), "")
    else:
        return ""
    return way.format(key=_KEYS.get(gate.kind, gate.kind), name=gate.name, rows=gate.numbers.get("n"))


def with_way(gate: Gate) -> Gate:
    """``gate`` with its way out at the end of its evidence."""
    way = way_out(gate)
    return replace(gate, evidence=f"{gate.evidence} {way}") if way else gate
