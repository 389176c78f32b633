"""Python's own code for one row of a compiled model, as text: nested ifs, which are the fastest that Python has.

Names in it are made of places (``f3``, ``s12``), and constants are checked numbers as Python writes them. No text of
the model's, such as a column's name or a category, goes into it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from engine.scoring.compiled.plan import Index, Plan
from engine.scoring.compiled.records import Operation

# Nodes in one function, and in all; deeper trees and larger ensembles are walked (see ``walking``). What lies farther
# than 255 places away in a function, a number or the end of a jump, takes Python one step more to name.
MOST_AT_ONCE, MOST_NODES, DEEPEST = 350, 40_000, 80
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
_EARLY = 32  # so many tables are looked up before; of more, each where it is asked for


@dataclass
class Code:
    """``lines`` of functions, and the ``names`` that they know."""

    lines: list[str] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)


def literal(number: float) -> str:
    """A number as Python reads it, to the last bit. Raises ValueError for NaN."""
    number = float(number)
    if number != number:
        raise ValueError("no literal is NaN")
    return float.__repr__(number) if abs(number) != float("inf") else "1e999" if number > 0 else "-1e999"


def columns(plan: Plan, code: Code, *, codes: bool) -> Iterator[str]:
    """Lines that make the slots of the values ``f0, f1, ...``, and the ``codes`` that trees ask for where they do."""
    asked = _codes_asked(plan)
    inline, numbers = _inline(plan, asked), compared(plan)
    indexed: set[int] = set()
    for slot, operation in plan.operations():
        number = plan.index_of.get(slot)
        if number is not None and number not in indexed:
            indexed.add(number)
            yield from _index_lines(plan, number, plan.indices[number], code)
        if number is None:
            yield from _operation_lines(plan, slot, operation, code, inline)
            continue
        if codes and slot in asked:
            code.names[f"C{slot}"] = [operation.codes if each != each else int(each) for each in plan.numbers(slot)]
            yield f"c{slot} = C{slot}[i{number}]"
        if slot in numbers:
            code.names[f"T{slot}"] = [float(each) for each in plan.numbers(slot)]
        if slot in numbers and slot not in inline:
            yield f"s{slot} = T{slot}[i{number}]"


def _codes_asked(plan: Plan) -> set[int]:
    """The slots that trees ask for codes."""
    trees = plan.model.trees
    if trees is None:
        return set()
    feature, place = plan.tables.whole(trees.feature), plan.tables.whole(trees.place)
    return {plan.model.inputs[int(each)] for each in set(feature[place >= 0])}


def _inline(plan: Plan, asked: set[int]) -> frozenset[int]:
    """The slots that are looked up where they are asked for, because they are many or nothing asks for their number."""
    looked_up = set(plan.index_of)
    return frozenset(looked_up if len(looked_up) > _EARLY else looked_up - compared(plan))


def compared(plan: Plan) -> set[int]:
    """The slots that something asks for as numbers, other than by their index or their code."""
    passed = {operation.of for _, operation in plan.operations() if operation.do not in ("number", "look_up")}
    trees = plan.model.trees
    if trees is None:
        return passed
    feature, place = plan.tables.whole(trees.feature), plan.tables.whole(trees.place)
    return passed | {plan.model.inputs[int(each)] for each in set(feature[(place < 0) & (feature >= 0)])}


def name_of(plan: Plan, slot: int, inline: frozenset[int]) -> str:
    """How the number in a slot is asked for."""
    return f"T{slot}[i{plan.index_of[slot]}]" if slot in inline else f"s{slot}"


def inline_slots(plan: Plan) -> frozenset[int]:
    """See ``name_of``."""
    return _inline(plan, _codes_asked(plan))


def _index_lines(plan: Plan, number: int, index: Index, code: Code) -> Iterator[str]:
    if index.text:
        vocabulary = plan.model.vocabularies[index.of]
        known: dict[Any, int] = {value: place for place, value in enumerate(vocabulary.values)}
        code.names[f"V{number}"] = {**known, None: index.count}.get
        feature = vocabulary.feature
        yield f"i{number} = V{number}(f{feature})"
        yield f"if i{number} is None: i{number} = other_text({feature}, f{feature}, {index.count})"
    else:
        code.names[f"V{number}"] = {float(each): place for place, each in enumerate(plan.values(index))}.get
        yield f"i{number} = V{number}(s{index.of})"
        yield f"if i{number} is None: i{number} = {index.count + 1} if s{index.of} == s{index.of} else {index.count}"
        feature = plan.feature(index.of)
    if index.gap:
        yield f"if i{number} == {index.count}: stop({feature}, 'gap')"
    if index.unseen:
        yield f"if i{number} == {index.count + 1}: stop({feature}, 'unseen')"


def _operation_lines(
    plan: Plan, slot: int, operation: Operation, code: Code, inline: frozenset[int]
) -> Iterator[str]:
    do, to, of = operation.do, f"s{slot}", f"s{operation.of}"
    if do == "number":
        feature = operation.of
        if plan.model.features[feature].kind == "narrow":
            yield f"{to} = narrow(number({feature}, f{feature}))"
        else:
            # A call for each whole number would be a tenth of what a row takes.
            given = f"f{feature}"
            kind = f"type({given})"
            other = f"float({given}) if {kind} is int else number({feature}, {given})"
            yield f"{to} = {given} if {kind} is float else {other}"
        return
    of = name_of(plan, operation.of, inline)
    if do == "check":
        yield f"{to} = {of}"
        yield from _check_lines(to, operation, plan.feature(slot))
    elif do == "fill":
        yield f"{to} = {of}"
        yield f"if {to} != {to}: {to} = {literal(operation.by[0])}"
    elif do == "gap":
        yield f"{to} = {of}"
        yield f"{to} = 1.0 if {to} != {to} else 0.0"
    else:
        yield f"{to} = {changed(operation, of, code)}"


def changed(operation: Operation, of: str, code: Code) -> str:
    """An expression of what an operation makes of ``of``, a name."""
    if operation.do == "apply":
        from engine.scoring.compiled.functions import function

        assert operation.function is not None
        code.names[f"apply_{operation.function}"] = function(operation.function)
        return f"float(apply_{operation.function}({of}))"
    if operation.do == "clip":
        low, high = (literal(each) for each in operation.by)
        return f"{low} if {of} < {low} else {high} if {of} > {high} else {of}"
    return f"{of} {_SIGNS[operation.do]} ({literal(operation.by[0])})"


def _check_lines(name: str, operation: Operation, feature: int) -> Iterator[str]:
    if "gap" in operation.refuses:
        yield f"if {name} != {name}: stop({feature}, 'gap')"
    if operation.by[0] is not None:
        limit = literal(operation.by[0])
        yield f"if {name} > {limit} or {name} < -{limit}: stop({feature}, 'large')"
