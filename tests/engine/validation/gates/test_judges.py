"""A rule and the numbers in, a verdict out: tables of cases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.records import Gate
from engine.validation.gates.judges import (
    GateFacts,
    enough_rows,
    few_missing,
    judge_rule,
    no_segment_worse,
    schema_unchanged,
    worst,
)
from engine.validation.intervals import MeasuredMetric
from engine.validation.schema import Difference
from engine.validation.segments import JudgedSegments
from engine.versions.records import SegmentValues
from engine.vocabulary.gates import GateRule


def facts(**more: Any) -> GateFacts:
    given: dict[str, Any] = {
        "rows": 5000,
        "train_rows": 20000,
        "smallest_class": 900,
        "measured": {
            "roc_auc": MeasuredMetric("roc_auc", 5000, 0.72, 0.70, 0.74),
            "log_loss": MeasuredMetric("log_loss", 5000, 0.50, 0.48, 0.52),
        },
        "segments": JudgedSegments((), {}),
        "missing": {"x": (0.0, 0.0)},
        "train_seconds": 12.0,
    }
    return GateFacts(**(given | more))


def against(low: float, point: float, high: float, name: str = "roc_auc", **more: Any) -> GateFacts:
    measured = MeasuredMetric(
        name, 5000, 0.7, 0.69, 0.71, live=0.7 - point, difference=point, difference_low=low, difference_high=high
    )
    return facts(measured={name: measured}, live="flights@9", **more)


def segment(value: str, candidate: float | None, n: int = 500, verdict: str = "cannot tell") -> SegmentValues:
    return SegmentValues("carrier", value, n, "roc_auc", candidate, 0.7, -0.05, -0.08, -0.02, verdict)


@pytest.mark.parametrize(
    ("kind", "metric", "limit", "verdict", "says"),
    [
        ("at_least", "roc_auc", 0.70, "pass", "0.72"),
        ("at_least", "roc_auc", 0.72, "pass", "0.72"),
        ("at_least", "roc_auc", 0.75, "fail", "roc_auc 0.720 is below 0.75"),
        ("at_most", "log_loss", 0.60, "pass", "0.500"),
        ("at_most", "log_loss", 0.45, "fail", "log_loss 0.500 is above 0.45"),
        ("at_least", "f1", 0.5, "cannot tell", "not measured"),
        ("rows_at_least", None, 25000, "pass", "25,000 rows"),
        ("rows_at_least", None, 25001, "fail", "25,000 rows"),
        ("train_seconds_at_most", None, 12, "pass", "12.0 s"),
        ("train_seconds_at_most", None, 11, "fail", "12.0 s"),
        ("missing_at_most", None, 0.0, "pass", "No feature"),
        ("invented", None, 1.0, "cannot tell", "no gate"),
    ],
)
def test_a_limit_is_judged_by_the_value(kind: str, metric: str | None, limit: float, verdict: str, says: str) -> None:
    gate = judge_rule(GateRule(kind, metric, limit), facts())
    assert gate.verdict == verdict
    assert says in gate.evidence


@pytest.mark.parametrize(
    ("low", "point", "high", "verdict"),
    [
        (-0.004, 0.002, 0.008, "pass"),
        (0.010, 0.020, 0.030, "pass"),
        (-0.008, -0.001, 0.006, "cannot tell"),
        (-0.012, -0.007, -0.002, "cannot tell"),
        (-0.030, -0.020, -0.006, "fail"),
        (-0.005, -0.005, -0.005, "cannot tell"),
    ],
)
def test_against_live_the_whole_interval_decides(low: float, point: float, high: float, verdict: str) -> None:
    rule = GateRule("not_below_live_by", "roc_auc", 0.005)
    assert judge_rule(rule, against(low, point, high)).verdict == verdict
    # The mirror image, for a metric of which less is better.
    rule = GateRule("not_above_live_by", "log_loss", 0.005)
    assert judge_rule(rule, against(-high, -point, -low, "log_loss")).verdict == verdict


def test_a_first_version_has_nothing_to_be_compared_with_and_passes() -> None:
    gate = judge_rule(GateRule("not_below_live_by", "roc_auc", 0.005), facts())
    assert (gate.verdict, gate.evidence) == ("pass", "First version: nothing to compare with.")


def test_a_live_version_that_could_not_be_scored_cannot_tell_and_says_why() -> None:
    gate = judge_rule(
        GateRule("not_below_live_by", "roc_auc", 0.005),
        against(0.1, 0.2, 0.3, live_problem="the data no longer has wind."),
    )
    assert gate.verdict == "cannot tell"
    assert "the data no longer has wind." in gate.evidence


def test_a_version_that_says_the_same_as_live_is_not_below_it_even_with_a_limit_of_zero() -> None:
    same = replace(against(0.0, 0.0, 0.0).measured["roc_auc"], comparison="same")
    gate = judge_rule(
        GateRule("not_below_live_by", "roc_auc", 0.0), facts(live="flights@9", measured={"roc_auc": same})
    )
    assert gate.verdict == "pass"


@pytest.mark.parametrize(
    ("rows", "smallest", "minimum", "verdict"),
    [
        (9, None, None, "cannot tell"),
        (9, 5, 5, "cannot tell"),
        (10, 5, None, "pass"),
        (10, None, None, "pass"),
        (200, 4, None, "cannot tell"),
        (5000, 0, None, "cannot tell"),
        (5000, None, None, "pass"),
        (5000, 900, 6000, "cannot tell"),
        (60, 30, 50, "pass"),
    ],
)
@pytest.mark.parametrize("rule", [("at_least", 0.6), ("not_below_live_by", 0.005)])
def test_fewer_rows_than_can_decide_cannot_tell(
    rows: int, smallest: int | None, minimum: int | None, verdict: str, rule: tuple[str, float]
) -> None:
    seen = against(0.01, 0.02, 0.03, rows=rows, smallest_class=smallest)
    assert judge_rule(GateRule(rule[0], "roc_auc", rule[1], minimum_rows=minimum), seen).verdict == verdict
    if minimum is None:
        assert enough_rows(seen).verdict == verdict


def test_a_bad_value_on_too_few_rows_cannot_tell_either() -> None:
    assert judge_rule(GateRule("at_least", "roc_auc", 0.99), facts(rows=9)).verdict == "cannot tell"


# An accuracy of 0.725, 95 % between 0.642 and 0.808.
@pytest.mark.parametrize(
    ("rows", "smallest", "minimum", "limit", "verdict"),
    [
        (120, 50, None, 0.55, "pass"),
        (120, 50, None, 0.642, "pass"),
        (120, 50, None, 0.65, "cannot tell"),
        (120, 50, None, 0.725, "cannot tell"),
        (120, 50, None, 0.80, "cannot tell"),
        (120, 50, None, 0.808, "fail"),
        (120, 50, None, 0.85, "fail"),
        (120, 50, 100, 0.65, "pass"),  # the manifest says from when on the value decides
        (120, 50, 100, 0.75, "fail"),
        (120, 50, 121, 0.55, "cannot tell"),
        (199, 50, None, 0.65, "cannot tell"),
        (200, 50, None, 0.65, "pass"),
        (200, 19, None, 0.65, "cannot tell"),
        (200, 19, 100, 0.65, "cannot tell"),  # minimum_rows says nothing of the rarest class
        (200, 19, None, 0.55, "pass"),
        (200, 20, None, 0.65, "pass"),
    ],
)
def test_of_few_rows_the_whole_interval_decides(
    rows: int, smallest: int, minimum: int | None, limit: float, verdict: str
) -> None:
    measured = {"accuracy": MeasuredMetric("accuracy", rows, 0.725, 0.642, 0.808)}
    seen = facts(rows=rows, smallest_class=smallest, measured=measured)
    assert judge_rule(GateRule("at_least", "accuracy", limit, minimum_rows=minimum), seen).verdict == verdict
    # The mirror image: an error rate that may be at most so high.
    measured = {"brier": MeasuredMetric("brier", rows, 0.275, 0.192, 0.358)}
    seen = facts(rows=rows, smallest_class=smallest, measured=measured)
    mirror = GateRule("at_most", "brier", round(1 - limit, 9), minimum_rows=minimum)
    assert judge_rule(mirror, seen).verdict == verdict


@pytest.mark.parametrize(
    ("metric", "task", "verdict"),
    [("accuracy", "multiclass", "pass"), ("f1", "multiclass", "cannot tell"), ("accuracy", "binary", "cannot tell")],
)
def test_a_rare_class_among_several_counts_where_each_class_does(metric: str, task: str, verdict: str) -> None:
    measured = {metric: MeasuredMetric(metric, 500, 0.725, 0.642, 0.808)}
    seen = facts(rows=500, smallest_class=9, measured=measured, task=task)
    assert judge_rule(GateRule("at_least", metric, 0.7), seen).verdict == verdict


def test_a_value_without_an_interval_decides_nothing_on_few_rows() -> None:
    measured = {"accuracy": MeasuredMetric("accuracy", 120, 0.9)}
    seen = facts(rows=120, smallest_class=50, measured=measured)
    assert judge_rule(GateRule("at_least", "accuracy", 0.5), seen).verdict == "cannot tell"


@pytest.mark.parametrize(
    ("task", "smallest", "verdict"),
    [("binary", 4, "cannot tell"), ("multiclass", 1, "pass"), ("regression", None, "pass")],
)
def test_a_rare_class_among_several_is_no_reason_to_judge_nothing(
    task: str, smallest: int | None, verdict: str
) -> None:
    assert enough_rows(facts(rows=500, smallest_class=smallest, task=task)).verdict == verdict


def test_a_value_just_below_its_limit_shows_the_digits_that_make_the_difference() -> None:
    measured = {"roc_auc": MeasuredMetric("roc_auc", 5000, 0.69996, 0.69, 0.71)}
    gate = judge_rule(GateRule("at_least", "roc_auc", 0.7), facts(measured=measured))
    assert "0.69996 is below 0.70" in gate.evidence


@pytest.mark.parametrize(
    ("values", "verdict", "says"),
    [
        ([segment("A", 0.8), segment("B", 0.65)], "pass", "carrier=B 0.650"),
        ([segment("A", 0.8), segment("B", 0.55), segment("C", 0.5)], "fail", "carrier=C 0.500"),
        ([segment("A", 0.8), segment("tiny", None, 7)], "pass", "1 of 2 segments too small"),
        ([segment("tiny", None, 7)], "cannot tell", "No segment"),
        ([], "cannot tell", "No segment"),
    ],
)
def test_every_segment_that_can_be_judged_must_keep_the_limit(
    values: list[SegmentValues], verdict: str, says: str
) -> None:
    gate = judge_rule(GateRule("segment_at_least", "roc_auc", 0.6), facts(segments=JudgedSegments(tuple(values), {})))
    assert (gate.verdict, says in gate.evidence) == (verdict, True)


def test_a_segment_gate_looks_only_at_its_own_column_and_keeps_its_own_minimum() -> None:
    segments = JudgedSegments((segment("A", 0.5), replace(segment("B", 0.9), column="origin")), {})
    rule = GateRule("segment_at_least", "roc_auc", 0.6, segment="origin")
    assert judge_rule(rule, facts(segments=segments)).verdict == "pass"
    assert judge_rule(replace(rule, segment="carrier"), facts(segments=segments)).verdict == "fail"
    assert judge_rule(replace(rule, minimum_rows=501), facts(segments=segments)).verdict == "cannot tell"


def test_a_segment_that_lost_is_told_though_the_whole_may_have_won() -> None:
    segments = JudgedSegments((segment("A", 0.6, verdict="worse"), segment("B", 0.8, verdict="better")), {})
    gate = no_segment_worse(segments, "roc_auc", "flights@9")
    assert gate.verdict == "warn"
    assert "carrier=A −0.050 (500 rows)" in gate.evidence
    assert no_segment_worse(JudgedSegments((segment("B", 0.8),), {}), "roc_auc", "flights@9").verdict == "pass"


@pytest.mark.parametrize(
    ("train", "holdout", "verdict"), [(0.0, 0.9, "fail"), (0.9, 0.9, "warn"), (0.9, 0.1, "warn"), (0.2, 0.3, "pass")]
)
def test_a_column_that_lost_its_values_fails_and_one_that_never_had_them_warns(
    train: float, holdout: float, verdict: str
) -> None:
    assert few_missing(facts(missing={"wind": (train, holdout), "x": (0.0, 0.0)})).verdict == verdict


def test_the_missing_limit_of_a_manifest_names_the_column() -> None:
    gate = judge_rule(GateRule("missing_at_most", None, 0.1), facts(missing={"wind": (0.05, 0.2)}))
    assert gate.verdict == "fail"
    assert "wind 20.0 %" in gate.evidence


def test_infinite_values_warn() -> None:
    assert few_missing(facts(infinite={"wind": 3})).verdict == "warn"


def test_a_schema_that_breaks_fails_and_one_that_grew_warns() -> None:
    grown, broken = Difference("warn", "column 'a' has new values: x"), Difference("fail", "column 'b' is gone")
    assert schema_unchanged((), 3).verdict == "pass"
    assert schema_unchanged(None, 3).verdict == "pass"
    assert schema_unchanged((grown,), 3).verdict == "warn"
    assert schema_unchanged((broken, grown), 3).verdict == "fail"


def test_the_verdict_of_all_is_the_worst_and_of_nothing_is_unknown() -> None:
    gates = {v: Gate(v, v, v, "") for v in ("pass", "warn", "cannot tell", "fail")}
    assert worst([]) == "cannot tell"
    assert worst([gates["pass"]]) == "pass"
    assert worst([gates["pass"], gates["warn"]]) == "warn"
    assert worst([gates["cannot tell"], gates["warn"]]) == "cannot tell"
    assert worst([gates["fail"], gates["cannot tell"]]) == "fail"
