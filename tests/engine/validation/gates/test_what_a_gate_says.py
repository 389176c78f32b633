"""Gates word for word and number for number: what the card shows and what other programs read. And where they turn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.records import Gate
from engine.validation.calibration import calibration_error
from engine.validation.gates.floors import RowsToJudge
from engine.validation.gates.judges import enough_rows, few_missing, judge_rule, no_segment_worse
from engine.validation.gates.like_live import classes_as_before, no_dead_feature, rows_as_before
from engine.validation.metrics import Predicted, Truth
from engine.validation.segments import JudgedSegments
from engine.validation.words import size
from engine.vocabulary.gates import GateRule
from tests.engine.validation.gates.test_judges import against, facts, segment
from tests.engine.validation.validation_cases import said


def rule(kind: str, limit: float, **more: Any) -> GateRule:
    return GateRule(kind, more.pop("metric", None), limit, **more)


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(2.0, "pass"), (1.0, "pass"), (2.000001, "fail"), (None, "cannot tell")]
)
def test_latency_is_held_against_its_limit_and_unmeasured_it_cannot_tell(seconds: float | None, verdict: str) -> None:
    gate = judge_rule(rule("score_seconds_at_most", 2.0), facts(score_seconds=seconds))
    assert (gate.name, gate.kind, gate.verdict) == ("score time at most 2 s", "score_seconds_at_most", verdict)
    if seconds is None:
        assert (gate.evidence, gate.numbers) == ("How long scoring took was not measured.", {})
    else:
        assert gate.evidence == f"{seconds:.1f} s for 5,000 rows, the start of the step included."
        assert gate.numbers == {"seconds": seconds, "limit": 2.0, "n": 5000}


@pytest.mark.parametrize(
    ("stored", "verdict"), [(2 << 20, "pass"), ((2 << 20) + 1, "fail"), (None, "cannot tell"), (0, "pass")]
)
def test_a_model_is_held_against_its_limit_and_unmeasured_it_cannot_tell(stored: int | None, verdict: str) -> None:
    gate = judge_rule(rule("model_size_at_most", 2 << 20), facts(model_bytes=stored))
    assert (gate.name, gate.kind, gate.verdict) == ("model at most 2.0 MiB", "model_size_at_most", verdict)
    if stored is None:
        assert (gate.evidence, gate.numbers) == ("How large the model is was not measured.", {})
    else:
        assert (gate.evidence, gate.numbers) == (f"{size(stored)}.", {"bytes": stored, "limit": 2 << 20})


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (99.9 * 1024, "99.9 KiB"), (100 * 1024, "100 KiB"),
     (1 << 20, "1.0 MiB"), (1 << 30, "1.0 GiB"), (1 << 40, "1.0 TiB"), (5000 << 40, "5000.0 TiB")],
)  # fmt: skip
def test_a_size_is_written_in_the_unit_that_a_manifest_has(amount: float, words: str) -> None:
    assert size(amount) == words


@pytest.mark.parametrize(
    ("error", "chance", "rows", "verdict", "lacks"),
    [
        (0.05, 0.02, 5000, "pass", None), (0.0501, 0.06, 5000, "cannot tell", "difference"),
        (0.06, 0.06, 5000, "cannot tell", "difference"), (0.0601, 0.06, 5000, "fail", None),
        (0.01, 0.5, 9, "cannot tell", "rows"), (0.9, 0.02, 9, "cannot tell", "rows"), (0.9, 0.02, 10, "fail", None),
    ],
)  # fmt: skip
def test_calibration_fails_beyond_its_limit_and_beyond_chance(
    error: float, chance: float, rows: int, verdict: str, lacks: str | None
) -> None:
    seen = facts(rows=rows, smallest_class=5, calibration=(error, chance))
    gate = judge_rule(rule("calibration_error_at_most", 0.05), seen)
    assert (gate.name, gate.verdict, gate.numbers.get("lacks")) == ("calibration error at most 0.05", verdict, lacks)
    told = {name: gate.numbers[name] for name in ("value", "by_chance", "limit", "n")}
    assert told == {"value": error, "by_chance": chance, "limit": 0.05, "n": rows}
    assert f"on {rows:,} rows, of which up to" in gate.evidence


def test_without_chances_calibration_cannot_be_told() -> None:
    gate = judge_rule(rule("calibration_error_at_most", 0.05), facts())
    assert (gate.verdict, gate.evidence, gate.numbers) == (
        "cannot tell", "The predictions state no chances.", {"lacks": "chances"},
    )  # fmt: skip


def test_the_error_of_calibration_is_the_mean_gap_of_its_bins() -> None:
    """Ten bins of a hundred rows: in each a tenth less happened than was said."""
    chance = np.repeat(np.linspace(0.15, 0.95, 10), 100)
    came = np.concatenate([np.arange(100) < round(100 * (c - 0.1)) for c in np.linspace(0.15, 0.95, 10)])
    found = calibration_error(Truth("binary", came.astype(np.int64), ("0", "1")), said(chance))
    assert found is not None and found[0] == pytest.approx(0.1, abs=0.004)
    # A chance that rounding took beyond 0 or 1 is one of 0 or 1.
    beyond = calibration_error(Truth("binary", np.arange(200) // 100, ("0", "1")), said(np.repeat([-0.01, 1.01], 100)))
    assert beyond == (0.0, 0.0)


def test_of_several_classes_the_error_is_that_of_the_chance_of_the_class_that_was_named() -> None:
    truth = Truth("multiclass", np.array([0, 0, 0, 0, 1] * 200), ("a", "b", "c"))
    right = Predicted(np.zeros(1000, np.int64), np.tile([0.8, 0.15, 0.05], (1000, 1)))
    sure = Predicted(np.zeros(1000, np.int64), np.tile([0.95, 0.03, 0.02], (1000, 1)))
    for said_so, error in ((right, 0.0), (sure, 0.15)):
        found = calibration_error(truth, said_so)
        assert found is not None and found[0] == pytest.approx(error, abs=1e-9)
    assert calibration_error(truth, Predicted(np.zeros(1000, np.int64))) is None


@pytest.mark.parametrize(
    ("rows", "smallest", "task", "none", "few"),
    [
        (9, 4, "binary", "9 holdout rows cannot decide", "4 rows of the rarest class"),
        (10, 5, "binary", None, "5 rows of the rarest class"),
        (10, 4, "binary", "the rarest class has 4 holdout rows and cannot decide", "4 rows of the rarest class"),
        (1, None, "regression", "1 holdout row cannot decide", "1 row"),
        (10, None, "regression", None, "10 rows"),
        (199, None, "regression", None, "199 rows"),
        (200, None, "regression", None, None),
        (200, 19, "binary", None, "19 rows of the rarest class"),
        (200, 20, "binary", None, None),
        (199, 20, "binary", None, "199 rows"),
        (200, 1, "multiclass", None, None),
        (100, 1, "multiclass", None, "100 rows"),
    ],
)
def test_how_many_rows_bear_an_interval_and_how_many_a_value(
    rows: int, smallest: int | None, task: Any, none: str | None, few: str | None
) -> None:
    held = RowsToJudge(rows, smallest, task)
    assert (held.none_can_tell is None) == (none is None) and (none or "") in (held.none_can_tell or "")
    assert (held.few() or (None,))[0] == few
    if task == "binary":
        assert RowsToJudge(rows, smallest) == held, "two classes, unless it is said otherwise"


@pytest.mark.parametrize(
    ("metric", "minimum", "few"),
    [("roc_auc", 50, ("3 rows of the rarest class", "class")), ("balanced_accuracy", None, ("3 rows", "class")),
     ("accuracy", 50, None), ("accuracy", None, ("100 rows", "decision")), (None, None, ("100 rows", "decision"))],
)  # fmt: skip
def test_of_several_classes_the_rarest_counts_where_a_metric_looks_at_each(
    metric: str | None, minimum: int | None, few: tuple[str, str] | None
) -> None:
    found = RowsToJudge(100, 3, "multiclass").few(metric, minimum)
    assert (found is None) == (few is None)
    if found and few:
        assert found[0].startswith(few[0]) and found[1] == few[1]


def test_rows_to_judge_by_are_told_with_what_an_interval_takes() -> None:
    assert enough_rows(facts()) == Gate(
        "rows to judge by", "rows", "pass", "5,000 holdout rows, 900 of the rarest class.",
        {"rows": 5000, "minimum": 10, "smallest_class": 900, "of_class": 5},
    )  # fmt: skip
    small = enough_rows(facts(rows=120, smallest_class=None, task="regression"))
    assert small.evidence == "120 holdout rows; so few that the whole interval decides." and small.verdict == "pass"
    none = enough_rows(facts(rows=9, smallest_class=None, task="regression"))
    assert (none.verdict, none.numbers["lacks"]) == ("cannot tell", "rows")
    assert none.evidence == "9 holdout rows cannot decide; an interval takes at least 10."


def test_infinite_values_are_told_and_gaps_come_before_them() -> None:
    gate = few_missing(facts(infinite={"a": 3, "b": 4000, "c": 1, "d": 2}))
    assert (gate.verdict, gate.evidence) == ("warn", "Infinite values: b 4,000, a 3, d 2.")
    both = few_missing(facts(infinite={"a": 3}, missing={"x": (0.0, 0.6)}))
    assert both.verdict == "fail" and "x 60 % of the holdout has none" in both.evidence


def test_a_rule_about_missing_values_names_three_columns_the_most_first() -> None:
    seen = facts(missing={"a": (0.11, 0.0), "b": (0.0, 0.3), "c": (0.2, 0.1), "d": (0.12, 0.0), "e": (0.1, 0.1)})
    gate = judge_rule(rule("missing_at_most", 0.1), seen)
    assert gate == Gate(
        "missing at most 0.10 of a column", "missing_at_most", "fail",
        "More is missing: b 30.0 %, c 20.0 %, d 12.0 % and 1 more.", {"limit": 0.1, "highest": 0.3},
    )  # fmt: skip
    fine = judge_rule(rule("missing_at_most", 0.3), seen)
    assert (fine.verdict, fine.evidence) == ("pass", "At most 30.0 %, in b.")
    none = judge_rule(rule("missing_at_most", 0.3), facts(missing={}))
    assert none.evidence == "No feature has missing values." and none.numbers == {"limit": 0.3, "highest": 0.0}


def test_segments_that_lost_are_told_by_three_and_the_rest_counted() -> None:
    losers = [segment(name, 0.6, verdict="worse") for name in "abcd"]
    seen = JudgedSegments((*losers, segment("e", 0.7), segment("f", None)), {})
    gate = no_segment_worse(seen, "roc_auc", "flights@9")
    assert (gate.name, gate.verdict, gate.numbers) == (
        "no segment worse than flights@9", "warn", {"segments": 6, "worse": 4},
    )  # fmt: skip
    assert gate.evidence.endswith("carrier=c −0.050 (500 rows) and 1 more.")
    three = no_segment_worse(JudgedSegments(tuple(losers[:3]), {}), "roc_auc", "flights@9")
    assert three.evidence.endswith("carrier=c −0.050 (500 rows).")
    none = no_segment_worse(JudgedSegments((segment("e", 0.7), segment("f", None)), {}), "roc_auc", "flights@9")
    assert none.evidence == "roc_auc is surely worse in none of 2 segments; 1 have too few rows."
    assert none.verdict == "pass"


@pytest.mark.parametrize(
    ("kind", "name", "low", "high", "verdict"),
    [
        ("not_below_live_by", "roc_auc", -0.0049, 0.01, "pass"),
        ("not_below_live_by", "roc_auc", -0.005, 0.01, "cannot tell"),
        ("not_below_live_by", "roc_auc", -0.02, -0.005, "cannot tell"),
        ("not_below_live_by", "roc_auc", -0.02, -0.0051, "fail"),
        ("not_above_live_by", "log_loss", -0.01, 0.0049, "pass"),
        ("not_above_live_by", "log_loss", -0.01, 0.005, "cannot tell"),
        ("not_above_live_by", "log_loss", 0.005, 0.02, "cannot tell"),
        ("not_above_live_by", "log_loss", 0.0051, 0.02, "fail"),
    ],
)
def test_an_interval_that_ends_at_the_limit_neither_keeps_nor_breaks_it(
    kind: str, name: str, low: float, high: float, verdict: str
) -> None:
    gate = judge_rule(rule(kind, 0.005, metric=name), against(low, (low + high) / 2, high, name))
    assert gate.verdict == verdict, gate.evidence
    side = "below" if kind == "not_below_live_by" else "above"
    assert gate.name == f"{name} not {side} live by 0.005"
    assert gate.numbers["limit"] == 0.005 and gate.numbers["n"] == 5000
    if verdict == "fail":
        assert gate.evidence.startswith(f"{name} is {side} flights@9 by more than 0.005: ")


@pytest.mark.parametrize(("bound", "verdict"), [(0.70, "pass"), (0.7001, "cannot tell"), (0.7399, "cannot tell")])
def test_of_few_rows_a_limit_at_the_end_of_the_interval_is_kept(bound: float, verdict: str) -> None:
    seen = facts(rows=150, smallest_class=40)
    assert judge_rule(rule("at_least", bound, metric="roc_auc"), seen).verdict == verdict
    assert judge_rule(rule("at_least", 0.74, metric="roc_auc"), seen).verdict == "fail"
    blind = facts(rows=150, smallest_class=40, measured={"roc_auc": replace(seen.measured["roc_auc"], low=None)})
    assert judge_rule(rule("at_least", 0.5, metric="roc_auc"), blind).verdict == "cannot tell"


@pytest.mark.parametrize(
    ("rows", "before", "verdict", "says"),
    [(50, 100, "pass", "50 rows with a target; t@1 was made from 100."), (49, 100, "fail", "from 100: under 50 %."),
     (0, 0, "pass", "from 0.")],
)  # fmt: skip
def test_rows_are_told_beside_those_of_the_live_version(rows: int, before: int, verdict: str, says: str) -> None:
    gate = rows_as_before(rows, before, "t@1")
    assert (gate.name, gate.kind, gate.verdict) == ("rows as before", "rows_against_live", verdict)
    assert gate.evidence.endswith(says)
    assert gate.numbers == {"rows": rows, "before": before, "limit": 0.5}
    assert rows_as_before(rows, before, "t@1", 0.9, "rows_at_least_of_live").name == "rows at least 90 % of live"


def classes(train: str, holdout: str, known: str | None, live: str | None) -> Gate:
    every = sorted({*train, *holdout})
    truth = Truth("multiclass", np.array([every.index(each) for each in holdout]), tuple(every))
    return classes_as_before(truth, pa.chunked_array([pa.array(list(train))]), list(known) if known else None, live)


def test_lost_and_new_classes_are_counted() -> None:
    lost = classes("abx", "abx", "abcd", "t@1")
    assert (lost.kind, lost.numbers) == ("classes", {"classes": 3, "lost": 2, "new": 1})
    assert classes("abx", "ab", "ab", "t@1").numbers == {"classes": 3, "lost": 0, "new": 1}
    assert classes("a", "a", None, None).evidence == "1 class, the reference from now on."
    assert classes("ab", "ab", "ab", "t@1").evidence == "2 classes, as t@1 knows them."
    assert classes("ab", "ab", "ab", None).evidence == "2 classes, the reference from now on."


def stopped(train: Any, holdout: Any) -> str:
    learnt, judged = pa.table({"x": train}), pa.table({"x": holdout})
    return no_dead_feature(learnt, judged, ["x"], [], None, None).verdict


def test_a_feature_of_more_than_twenty_values_is_a_sensor_and_of_fewer_a_flag() -> None:
    mixed = np.random.default_rng(1).permutation(np.repeat(np.arange(21.0), 100))
    assert stopped(mixed, np.full(300, 3.0)) == "fail"
    assert stopped(mixed[mixed < 20], np.full(300, 3.0)) == "warn"


@pytest.mark.parametrize(("rows", "verdict"), [(341, "pass"), (342, "warn")])
def test_one_value_alone_is_told_where_it_is_rarer_than_one_in_a_thousand(rows: int, verdict: str) -> None:
    """Of 49 in 50 rows: 0.98 to the power of 341 is just over a thousandth, to that of 342 just under."""
    assert 0.98**342 < 0.001 < 0.98**341
    flag = np.arange(2000) % 50 == 0
    assert stopped(flag, np.zeros(rows, dtype=bool)) == verdict
    gap = np.where(flag, 1.0, np.nan)  # that a value is missing is told alike
    assert stopped(gap, np.full(rows, np.nan)) == ("pass" if verdict == "pass" else "fail")


@pytest.mark.parametrize(("rows", "verdict"), [(200, "pass"), (201, "warn")])
def test_what_stood_still_as_long_while_it_was_learnt_may_stand_still(rows: int, verdict: str) -> None:
    assert stopped(np.repeat(np.arange(10.0), 200), np.full(rows, 11.0)) == verdict


def test_dead_features_are_named_by_three_sensors_first_and_the_rest_counted() -> None:
    many, few = np.random.default_rng(2).normal(size=500), np.arange(500) % 3
    learnt = pa.table({"f1": few, "f2": few, "s1": many, "s2": many, "still": np.ones(500)})
    judged = pa.table({name: np.ones(100) for name in learnt.column_names})
    gate = no_dead_feature(learnt, judged, learnt.column_names, ["still"], ["still"], "t@1")
    assert gate == Gate(
        "no dead feature", "dead_feature", "fail",
        "Varied while it was learnt and no more in the holdout: s1 is 1.0, s2 is 1.0, f1 is 1.0 and 1 more.",
        {"dead": 4},
    )  # fmt: skip
    three = no_dead_feature(learnt, judged, ["f1", "s1", "s2"], [], None, None)
    assert three.evidence.endswith("f1 is 1.0.") and three.numbers == {"dead": 3}
    dead = no_dead_feature(learnt, judged, [], ["f1", "f2", "s1", "s2"], [], "t@1")
    assert dead.evidence == (
        f"Nothing to learn from what varied for t@1: f1 is 0, f2 is 0, s1 is {many[0]} and 1 more."
    )
    assert dead.numbers == {"dead": 4}
    well = no_dead_feature(learnt, learnt, ["f1"], ["still"], ["still"], "t@1")
    assert well.evidence == "What varied still does; still never did." and well.numbers == {"dead": 0}


@pytest.mark.parametrize(("rows", "verdict"), [(9, "pass"), (10, "fail")])
def test_ten_rows_of_a_holdout_can_show_that_a_sensor_died(rows: int, verdict: str) -> None:
    assert stopped(np.random.default_rng(2).normal(size=500), np.ones(rows)) == verdict
