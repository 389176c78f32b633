"""The names and the words of the gates that are always on: manifests, cards and people refer to them."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import pytest

from engine.records import Gate
from engine.validation.gates.judges import enough_rows, few_missing, judge_rule, schema_unchanged
from engine.validation.intervals import MeasuredMetric
from engine.validation.schema import Difference, differences
from engine.vocabulary.gates import ALWAYS_ON, ASKED, GATES, GateRule, name_of, replaced
from tests.engine.validation.gates.test_judges import against, facts
from tests.engine.validation.gates.ways_worlds import HOLDOUT, TRAIN
from tests.engine.validation.validation_cases import job, judged, predictions, rule


def test_gates_that_are_always_on_keep_their_names() -> None:
    few = facts(rows=1, smallest_class=0)
    assert enough_rows(facts()).name == enough_rows(few).name == "rows to judge by"
    assert few_missing(facts()).name == "missing values"
    assert schema_unchanged((), 3).name == schema_unchanged(None, 3).name == "schema unchanged"


@pytest.mark.parametrize(
    ("missing", "verdict", "evidence"),
    [
        ({}, "pass", "No feature has missing values."),
        ({"x": (0.0, 0.0)}, "pass", "No feature has missing values."),
        ({"x": (0.0, 0.25), "y": (0.5, 0.0)}, "pass", "At most 50.0 % of a feature, in y."),
        ({"x": (0.5, 0.5)}, "pass", "At most 50.0 % of a feature, in x."),
        ({"x": (0.51, 0.5)}, "warn", "Mostly missing: x 51 %."),
        ({"x": (0.0, 0.51), "y": (0.6, 0.9)}, "fail", "Values went missing since the training rows: x 51 %"),
    ],
)
def test_missing_values_are_told_from_more_than_half_on(
    missing: dict[str, tuple[float, float]], verdict: str, evidence: str
) -> None:
    gate = few_missing(facts(missing=missing))
    assert gate.verdict == verdict and gate.evidence.startswith(evidence)
    assert gate.numbers["highest"] == max((max(pair) for pair in missing.values()), default=0.0)


@pytest.mark.parametrize(("found", "more"), [(4, ""), (5, "; and 1 more"), (9, "; and 5 more")])
def test_four_differences_of_the_schema_are_named_and_the_rest_counted(found: int, more: str) -> None:
    gate = schema_unchanged([Difference("warn", f"d{n}") for n in range(found)], 3)
    assert gate.evidence == f"d0; d1; d2; d3{more}." and gate.numbers == {"differences": found}


def test_what_was_not_measured_on_both_sides_cannot_be_compared_and_never_passes() -> None:
    rule = GateRule("not_below_live_by", "roc_auc", 0.005)
    whole = against(0.1, 0.2, 0.3).measured["roc_auc"]
    for other in ({}, {"roc_auc": MeasuredMetric("roc_auc", 5000, 0.7)}, {"log_loss": whole}):
        gate = judge_rule(rule, facts(measured=other, live="flights@9"))
        assert gate.verdict == "cannot tell"
        assert gate.evidence == "roc_auc of candidate and flights@9 cannot be compared."


@pytest.mark.parametrize(
    ("new", "said"), [("abc", "a, b, c"), ("abcd", "a, b, c and 1 more"), ("abcdef", "a, b, c and 3 more")]
)
def test_three_new_values_of_a_column_are_named_and_the_rest_counted(new: str, said: str) -> None:
    before, after = (
        {"columns": [{"name": "x", "type": "text", "nullable": False, "categories": list(values)}]}
        for values in ("yz", f"yz{new}")
    )
    assert [each.words for each in differences(before, after)] == [f"column 'x' has new values: {said}"]


def test_every_gate_on_a_card_has_the_name_of_its_kind_and_stands_where_the_table_has_it(tmp_path: Path) -> None:
    """With what only the data can tell among them, and an order in the manifest that is not the table's."""
    asked = [rule("at_most", "log_loss", 0.5), rule("not_below_live_by", "roc_auc", 0.5)]
    asked += [rule("segment_at_least", "roc_auc", 0.5), rule("at_least", "roc_auc", 0.5)]
    asked += [rule(row.kind, None, 0.5) for row in reversed(ASKED.values()) if row.of == "quantity"]
    of_data = [asdict(Gate(name_of(kind), kind, "warn", "it is so.")) for kind in ("labels", "imported", "key")]
    for kept in (asked, asked[:4]):
        document = job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT), predictions(HOLDOUT), gates=kept)
        document |= {"doubts": of_data, "reference_rows": 4200, "score_seconds": 0.1, "model_bytes": 9}
        found = judged(document)["gates"]
        kinds = [gate["kind"] for gate in found]
        both = kept == asked
        assert ("missing" in kinds, "rows_against_live" in kinds) == (not both, not both), "replaced by what is asked"
        standing = [kind for kind in ALWAYS_ON if kind not in replaced(each["kind"] for each in kept)]
        assert kinds == [each["kind"] for each in kept] + standing
        for gate in found:
            pattern = re.sub(r"\\{\w+\\}", "[^{}]+", re.escape(GATES[gate["kind"]].name))
            assert re.fullmatch(pattern, gate["name"]), gate
