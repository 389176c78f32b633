"""From what a look measured to what is wrong: what calls somebody, what does not, and the verdict of the whole."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.monitoring import findings
from engine.monitoring.drift.alarm import Alarm
from engine.monitoring.drift.predictions import PREDICTION
from engine.monitoring.look_document import LookFinding, LookPart
from engine.monitoring.look_parts import TOGETHER, Calibration, Fall, MetricValue, QualityCheck
from engine.monitoring.records import Severity
from engine.vocabulary.gates import GateRule

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SEEN = "2026-11-25T00:00:00.000000Z"


def alarm(column: str, size: float | None = 0.3) -> Alarm:
    return Alarm(column, NOON, NOON, size, "large", f"{column}: mean moved.")


def check(kind: Any, verdict: Any, column: str | None = "delay", sentence: str = "delay: odd; look there.") -> Any:
    return QualityCheck(kind, column, verdict, sentence)


def quality(*checks: QualityCheck, told: tuple[str, ...] = (), **shares: float) -> list[LookFinding]:
    return list(findings.of_quality(checks, told, shares, SEEN))


def test_a_check_that_is_not_well_is_told_with_what_to_do() -> None:
    assert quality(check("missing", "failing")) == [
        LookFinding("missing:delay", "quality", "failing", "delay: odd", "look there", SEEN),
    ]
    (found,) = quality(check("freshness", "watch", None, "nothing came for 3 d."))
    assert (found.key, found.severity, found.why, found.act) == (
        "freshness", "watch", "nothing came for 3 d", "look at the data source",
    )  # fmt: skip


@pytest.mark.parametrize("verdict", ["ok", "cannot tell"])
def test_a_check_that_is_well_or_cannot_tell_calls_nobody(verdict: str) -> None:
    assert quality(check("missing", verdict)) == []


@pytest.mark.parametrize("kind", ["out-of-range", "new-category"])
def test_values_beyond_those_that_were_learnt_are_watched_and_told_once(kind: str) -> None:
    (found,) = quality(check(kind, "failing"))
    assert found.severity == "watch"
    assert quality(check(kind, "failing"), told=("delay",)) == []
    assert len(quality(check(kind, "failing"), told=("other",))) == 1
    assert len(quality(check("missing", "failing"), told=("delay",))) == 1, "a gap is more than drift"


def test_a_range_of_a_column_that_moves_nothing_calls_nobody() -> None:
    assert findings.IDLE == 0.02
    assert quality(check("out-of-range", "failing"), delay=0.019) == []
    assert len(quality(check("out-of-range", "failing"), delay=0.02)) == 1
    assert len(quality(check("new-category", "failing"), delay=0.0)) == 1
    assert len(quality(check("missing", "failing"), delay=0.0)) == 1


def test_a_new_column_calls_nobody_and_the_checks_after_it_do() -> None:
    found = quality(check("new-column", "watch"), check("missing", "ok"), check("missing", "failing"))
    assert [each.key for each in found] == ["missing:delay"]


def drift(*alarms: Alarm, **shares: float) -> list[str]:
    return [each.key.removeprefix("drift:") for each in findings.of_drift(alarms, shares)]


def test_drift_is_watched_since_its_alarm_and_the_weightiest_comes_first() -> None:
    (found,) = findings.of_drift([alarm("delay")], {})
    assert found == LookFinding(
        "drift:delay", "drift", "watch", "delay: mean moved",
        "look at where delay comes from; retrain if the world changed", "2026-11-24T12:00:00.000000Z",
    )  # fmt: skip
    assert drift(alarm("a", 0.3), alarm("b", 0.4), a=0.5, b=0.3) == ["a", "b"]
    assert drift(alarm("a", 0.3), alarm("b", 0.6), a=0.5, b=0.3) == ["b", "a"]
    assert drift(alarm("a", None), alarm("b", 0.1), a=0.9, b=0.1) == ["b", "a"]
    assert drift(alarm("a", 0.9), alarm("b", 0.1), b=0.1) == ["b", "a"], "what is not known has no weight"


def test_drift_of_a_column_that_moves_nothing_is_listed_and_calls_nobody() -> None:
    assert drift(alarm("a"), alarm("b"), a=0.0199, b=0.02) == ["b"]
    assert findings.idle([alarm("a"), alarm("b"), alarm("c")], {"a": 0.0199, "b": 0.02}) == ["a"]


def test_that_all_together_differ_is_told_only_where_no_column_tells_it() -> None:
    (found,) = findings.of_drift([alarm(TOGETHER)], {})
    assert found.act == "look at the columns that it names; retrain if the world changed"
    assert found.why == f"{TOGETHER}: mean moved"
    assert drift(alarm(TOGETHER), alarm("a")) == ["a"]
    assert drift(alarm("a"), alarm(TOGETHER), alarm("b")) == ["a", "b"]


def test_drift_of_the_predictions_is_told_as_that() -> None:
    (found,) = findings.of_drift([alarm(PREDICTION)], {})
    assert found.why == "the predictions moved: mean moved"
    assert found.act == "see which features moved with them, then retrain or look at their source"


@pytest.mark.parametrize(("verdict", "told"), [("ok", 0), ("cannot tell", 0), ("watch", 1), ("failing", 1)])
def test_calibration_that_is_off_is_watched(verdict: Any, told: int) -> None:
    found = list(findings.of_calibration(Calibration("chances", "yes", verdict, "it is off; recalibrate.", 90), SEEN))
    assert len(found) == told
    if found:
        assert found[0] == LookFinding("calibration", "calibration", "watch", "it is off", "recalibrate", SEEN)
    (bare,) = findings.of_calibration(Calibration("chances", "yes", "watch", "it is off.", 90), SEEN)
    assert bare.act == "retrain"
    assert list(findings.of_calibration(None, SEEN)) == []


def test_a_fall_is_told_with_what_the_version_before_would_do() -> None:
    fall = Fall("roc_auc", "failing", "2026-11-20", 0.8, 0.6, 0.5, 0.7, 0.2, 900, 3, "roc_auc fell. Look at slices.")
    (found,) = findings.of_performance(fall, None, SEEN)
    assert found == LookFinding(
        "performance:roc_auc", "performance", "failing", "roc_auc fell",
        "look at the worst slices and at drift, then retrain", "2026-11-20",
    )  # fmt: skip
    (found,) = findings.of_performance(fall, "tiny@1 has 0.8", SEEN)
    assert found.act == "tiny@1 has 0.8; roll back, or retrain"
    (found,) = findings.of_performance(Fall("f1", "watch", None, 1, 1, 1, 1, 1, 9, 3, "f1 fell."), None, SEEN)
    assert (found.since, found.severity) == (SEEN, "watch")
    assert list(findings.of_performance(None, "x", SEEN)) == []


def reading(low: float | None, high: float | None, value: float | None = 0.7) -> MetricValue:
    return MetricValue("auc", 1234, value, low, high)


@pytest.mark.parametrize(
    ("kind", "low", "high", "word"),
    [
        ("at_least", 0.5, 0.74, "below"), ("at_least", 0.5, 0.75, None), ("at_least", 0.76, 0.9, None),
        ("at_least", 0.5, None, None), ("at_most", 0.76, 0.9, "above"), ("at_most", 0.75, 0.9, None),
        ("at_most", 0.5, 0.74, None), ("at_most", None, 0.9, None), ("not_below_live_by", 0.0, 0.1, None),
        ("segment_at_least", 0.0, 0.1, None),
    ],
)  # fmt: skip
def test_a_limit_is_broken_where_the_whole_interval_breaks_it(
    kind: str, low: float | None, high: float | None, word: str | None
) -> None:
    gates = [GateRule("rows_at_least", limit=9), GateRule(kind, "auc", 0.75)]
    said = list(findings.limits_broken(gates, {"auc": reading(low, high)}))
    assert said == ([f"auc 0.7 is {word} its limit 0.75 on 1,234 labelled rows"] if word else [])


def test_a_limit_of_what_was_not_measured_is_not_broken_and_the_next_may_be() -> None:
    gates = [
        GateRule("at_least", "f1", 0.9), GateRule("at_least", "auc", None), GateRule("at_least", "brier", 0.9),
        GateRule("at_least", "auc", 0.75),
    ]  # fmt: skip
    readings = {"auc": reading(0.5, 0.6), "brier": reading(0.1, 0.2, None)}
    assert len(list(findings.limits_broken(gates, readings))) == 1


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        (["ok"], "ok"), (["ok", "cannot tell"], "cannot tell"), (["watch", "cannot tell"], "watch"),
        (["watch", "failing", "ok"], "failing"), ([], "cannot tell"),
    ],
)  # fmt: skip
def test_the_worst_of_some(verdicts: list[Any], worst: str) -> None:
    assert findings.worst(verdicts) == findings.worst(reversed(verdicts)) == worst


def found(severity: Severity, why: str) -> LookFinding:
    return LookFinding("k", "drift", severity, why, "act", SEEN)


OK, SILENT = LookPart("ok", "w"), LookPart("cannot tell", "too few rows")


@pytest.mark.parametrize(
    ("told", "parts", "verdict", "why"),
    [
        ([found("watch", "a")], {"drift": OK}, "watch", "a"),
        ([found("watch", "a"), found("failing", "b")], {}, "failing", "b; and 1 more"),
        ([found("watch", "a"), found("watch", "b"), found("watch", "c")], {}, "watch", "a; and 2 more"),
        ([], {"drift": OK}, "ok", "drift is well"),
        ([], {"drift": OK, "quality": OK, "performance": OK}, "ok", "drift, quality and performance are well"),
        ([], {"drift": OK, "quality": SILENT, "x": SILENT}, "ok", "drift is well; quality: too few rows"),
        ([], {"drift": SILENT, "quality": LookPart("watch", "odd")}, "unknown", "too few rows; odd"),
        ([], {}, "unknown", "nothing could be measured"),
    ],
)  # fmt: skip
def test_the_verdict_of_a_look_is_its_worst_finding_and_never_ok_where_nothing_could_tell(
    told: list[LookFinding], parts: dict[str, LookPart], verdict: str, why: str
) -> None:
    assert findings.verdict_of(told, parts) == (verdict, why)
