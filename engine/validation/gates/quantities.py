"""Gates on what is no metric: rows, missing values, time, size, and how far stated chances are off. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.records import Gate, GateVerdict
from engine.validation.columns import listed, shown
from engine.validation.gates.facts import GateFacts
from engine.validation.gates.like_live import rows_as_before
from engine.validation.words import count, limit, number, percent, size
from engine.vocabulary.gates import GateRule, name_of

Judge = Callable[[GateRule, float, GateFacts], Gate]


def _rows(rule: GateRule, bound: float, facts: GateFacts) -> Gate:
    rows = facts.rows + facts.train_rows
    evidence = f"{rows:,} rows with a target: {facts.train_rows:,} to learn from, {facts.rows:,} to judge by."
    numbers = {"rows": rows, "limit": bound}
    name = name_of(rule.kind, limit=limit(bound))
    return Gate(name, rule.kind, "pass" if rows >= bound else "fail", evidence, numbers)


def _rows_of_live(rule: GateRule, bound: float, facts: GateFacts) -> Gate:
    if facts.live is None or not facts.live_rows:
        name = name_of(rule.kind, limit=percent(bound, 0))
        return Gate(name, rule.kind, "pass", "First version: nothing to compare with.")
    return rows_as_before(facts.rows + facts.train_rows, facts.live_rows, facts.live, bound, rule.kind)


def _missing(rule: GateRule, bound: float, facts: GateFacts) -> Gate:
    name = name_of(rule.kind, limit=limit(bound))
    most = {column: max(pair) for column, pair in facts.missing.items()}
    over = {column: part for column, part in most.items() if part > bound}
    numbers = {"limit": bound, "highest": max(most.values(), default=0.0)}
    if over:
        words = listed([f"{shown(column)} {percent(part)}" for column, part in top(over, len(over))], 3)
        return Gate(name, rule.kind, "fail", f"More is missing: {words}.", numbers)
    highest = top(most, 1)
    none = not highest or highest[0][1] == 0
    told = "" if none else f"At most {percent(highest[0][1])}, in {shown(highest[0][0])}."
    evidence = told or "No feature has missing values."
    return Gate(name, rule.kind, "pass", evidence, numbers)


def _train_time(rule: GateRule, bound: float, facts: GateFacts) -> Gate:
    verdict: GateVerdict = "pass" if facts.train_seconds <= bound else "fail"
    numbers = {"seconds": facts.train_seconds, "limit": bound}
    name = name_of(rule.kind, limit=f"{bound:,g}")
    return Gate(name, rule.kind, verdict, f"{number(facts.train_seconds, 1)} s.", numbers)


def _score_time(rule: GateRule, bound: float, facts: GateFacts) -> Gate:
    name = name_of(rule.kind, limit=f"{bound:,g}")
    if facts.score_seconds is None:
        return Gate(name, rule.kind, "cannot tell", "How long scoring took was not measured.")
    verdict: GateVerdict = "pass" if facts.score_seconds <= bound else "fail"
    numbers = {"seconds": facts.score_seconds, "limit": bound, "n": facts.rows}
    evidence = f"{number(facts.score_seconds, 1)} s for {count(facts.rows, 'row')}, the start of the step included."
    return Gate(name, rule.kind, verdict, evidence, numbers)


def _model_size(rule: GateRule, bound: float, facts: GateFacts) -> Gate:
    name = name_of(rule.kind, limit=size(bound))
    if facts.model_bytes is None:
        return Gate(name, rule.kind, "cannot tell", "How large the model is was not measured.")
    verdict: GateVerdict = "pass" if facts.model_bytes <= bound else "fail"
    return Gate(name, rule.kind, verdict, f"{size(facts.model_bytes)}.", {"bytes": facts.model_bytes, "limit": bound})


def _calibration(rule: GateRule, bound: float, facts: GateFacts) -> Gate:
    name = name_of(rule.kind, limit=limit(bound))
    if facts.calibration is None:
        evidence = "The predictions state no chances."
        return Gate(name, rule.kind, "cannot tell", evidence, {"lacks": "chances"})
    error, chance = facts.calibration
    numbers = {"value": error, "by_chance": chance, "limit": bound, "n": facts.rows}
    evidence = f"{number(error)} on {facts.rows:,} rows, of which up to {number(chance)} may be chance"
    if none := facts.held.none_can_tell:
        return Gate(name, rule.kind, "cannot tell", f"{evidence}: {none}.", numbers | {"lacks": "rows"})
    if error <= bound:
        return Gate(name, rule.kind, "pass", f"{evidence}.", numbers)
    if error <= chance:
        evidence = f"{evidence}: they do not decide it."
        return Gate(name, rule.kind, "cannot tell", evidence, numbers | {"lacks": "difference"})
    return Gate(name, rule.kind, "fail", f"{evidence}.", numbers)


def top(values: Mapping[str, float], most: int = 3) -> list[tuple[str, float]]:
    return sorted(values.items(), key=lambda item: (-item[1], item[0]))[:most]


JUDGES: dict[str, Judge] = {
    "rows_at_least": _rows,
    "rows_at_least_of_live": _rows_of_live,
    "missing_at_most": _missing,
    "train_seconds_at_most": _train_time,
    "score_seconds_at_most": _score_time,
    "calibration_error_at_most": _calibration,
    "model_size_at_most": _model_size,
}
