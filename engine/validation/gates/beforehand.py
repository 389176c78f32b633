"""Gates that look at rows only, for ``check``: what they fail every candidate would fail, whatever it learns. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.records import Gate
from engine.vocabulary.gates import GATES, replaced

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.validation.rules import Rules


def failing(train: pa.Table, holdout: pa.Table, features: Sequence[str], rules: Rules) -> list[Gate]:
    """The gates of these rows that fail and that nobody waived, each with its way out.

    Raises Invalid for a target that cannot be judged.
    """
    from engine.validation.gates import behaviour, judges, leakage
    from engine.validation.gates.ways import with_waiver, with_way
    from engine.validation.predictions import truth_of
    from engine.validation.segments import JudgedSegments

    names, target = list(features), rules.target
    learnt, judged = (behaviour.missing_fractions(side, names) for side in (train, holdout))
    truth = truth_of(holdout.column(target), train.column(target), rules)
    facts = judges.GateFacts(
        rows=holdout.num_rows,
        train_rows=train.num_rows,
        smallest_class=None,
        measured={},
        segments=JudgedSegments((), {}),
        missing={name: (learnt[name], judged[name]) for name in names},
        train_seconds=0.0,
        task=truth.task,
    )
    asked = [rule for rule in rules.gates if GATES[rule.kind].rows_only]
    found = [judges.judge_rule(rule, facts) for rule in asked]
    found += [
        behaviour.target_varies(train.column(target), truth),
        leakage.no_leak(train, names, target, truth, rules.known_before),
    ]
    if "missing" not in replaced(rule.kind for rule in asked):
        found.append(judges.few_missing(facts))
    told = (with_way(with_waiver(gate, rules.waivers.get(gate.name))) for gate in found)
    return [gate for gate in told if gate.verdict == "fail"]
