"""What a look says of the live version by labels of what it answered: verdicts, what it cannot tell, samples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.monitoring.answered_parts import AnsweredLook, AnsweredPerformance, LabelCounts, Role
from engine.monitoring.answers import PART, told
from engine.monitoring.look_document import LookDocument, LookFinding, LookPart
from engine.monitoring.look_parts import MetricValue
from engine.validation.rules import Rules
from engine.vocabulary.gates import GateRule

RULES = Rules("late", ("roc_auc", "log_loss"), "binary")
VALIDATED = {
    "roc_auc": {"value": 0.9, "low": 0.86, "high": 0.93}, "log_loss": {"value": 0.3, "low": 0.25, "high": 0.35},
}  # fmt: skip
LOOK = LookDocument(
    version="tiny@2", as_of="2026-11-24T13:00:00Z", verdict="ok", why="quality is well",
    parts={"quality": LookPart("ok", "all checks are well")}, measured=("quality",),
)  # fmt: skip


def performance(
    low: float | None = 0.85, high: float = 0.95, version: str = "tiny@2", role: Role = "live", **other: Any
) -> AnsweredPerformance:
    value = None if low is None else (low + high) / 2
    reading = MetricValue("roc_auc", 620, value, low, None if low is None else high, None if low else "too few")
    known: dict[str, Any] = {"answers": 2480, "labelled": 620, "readings": (reading,)}
    return AnsweredPerformance(version, role, **{**known, **other})


def look(*versions: AnsweredPerformance, **other: Any) -> AnsweredLook:
    known: dict[str, Any] = {"counts": LabelCounts(came=700, words=680, found=650, unknown=30), "versions": versions}
    return AnsweredLook(**{**known, **other})


def said(found: AnsweredLook, rules: Rules = RULES, document: LookDocument = LOOK) -> LookDocument:
    return told(document, found, rules, VALIDATED)


def test_how_well_it_answered_is_told_with_how_many_answers_have_a_label() -> None:
    found = said(look(performance()))
    why = "roc_auc 0.900 (0.850 to 0.950) of what was answered; 620 of 2,480 answers have a label by now"
    assert found.parts[PART] == LookPart("ok", why)
    assert (found.verdict, found.findings, PART in found.measured) == ("ok", (), True)
    assert found.signals == (("answered roc_auc", pytest.approx(0.9), 0.85, 0.95, 620),)
    assert found.answered is not None and found.answered.of("tiny@2") == performance()


CASES = {
    "as validated": (look(performance(0.80, 0.87)), "ok", []),
    "surely worse than validated": (look(performance(0.70, 0.85)), "watch", ["answered:roc_auc"]),
    "the canary's, which is its own": (
        look(performance(), performance(0.5, 0.6, "tiny@3", "canary")), "ok", [],
    ),
    "of another version": (look(performance(0.5, 0.6, "tiny@1")), "cannot tell", []),
    "too few labels": (look(performance(None)), "cannot tell", []),
    "no label finds its answer": (
        look(performance(None), counts=LabelCounts(came=60, words=50, unknown=50)), "watch", ["answered:keys"],
    ),
    "no label finds its answer, and some came just now": (
        look(performance(None), counts=LabelCounts(came=90, words=80, unknown=80, fresh=30)), "watch",
        ["answered:keys"],
    ),
    "no label finds its answer yet, for most came just now": (
        look(performance(None), counts=LabelCounts(came=90, words=80, unknown=80, fresh=31)), "cannot tell", [],
    ),
    "few labels find none": (look(performance(None), counts=LabelCounts(came=60, words=49)), "cannot tell", []),
    "no label finds one in a sample": (
        look(performance(None), share=0.1, counts=LabelCounts(came=60, words=50)), "cannot tell", [],
    ),
    "of a log that was not read to its end": (
        look(performance(None), whole=False, counts=LabelCounts(came=60, words=50)), "cannot tell", [],
    ),
    "the log is off": (look(share=0.0), "cannot tell", []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_part_has_a_verdict_or_says_why_not(case: str) -> None:
    answered, verdict, keys = CASES[case]
    found = said(answered)
    assert (found.parts[PART].verdict, [each.key for each in found.findings]) == (verdict, keys)
    assert (PART in found.measured) == (verdict != "cannot tell")
    assert found.verdict == ("watch" if keys else "ok")


def test_how_many_labels_find_no_answer_leaves_out_those_of_just_now() -> None:
    (finding,) = said(look(counts=LabelCounts(came=90, words=80, unknown=80, fresh=30))).findings
    assert finding.why == "none of 50 labels finds an answer in the request log"


@pytest.mark.parametrize(("high", "breaks"), [(0.79, True), (0.81, False)])
def test_a_fixed_limit_that_the_whole_interval_is_below_is_failing(high: float, breaks: bool) -> None:
    rules = replace(RULES, gates=(GateRule("at_least", "roc_auc", 0.8),))
    found = said(look(performance(0.7, high)), rules)
    assert (found.verdict == "failing") == breaks
    if breaks:
        (finding,) = found.findings
        assert finding.key == "answered:roc_auc"
        below = f"roc_auc {(0.7 + high) / 2:.3g} is below its limit 0.8"
        assert finding.why == f"of what was answered {below} on 620 answers with a label"


def test_of_a_loss_worse_is_more() -> None:
    worse = MetricValue("log_loss", 620, 0.5, 0.4, 0.6)
    rules = replace(RULES, metrics=("log_loss",))
    assert [each.key for each in said(look(performance(readings=(worse,))), rules).findings] == ["answered:log_loss"]
    fine = replace(worse, value=0.3, low=0.2, high=0.4)
    assert said(look(performance(readings=(fine,))), rules).findings == ()


def test_a_sample_and_a_log_that_was_not_read_whole_are_said() -> None:
    why = said(look(performance(), share=0.1, whole=False)).parts[PART].why
    assert why.endswith("have a label by now, and 0.1 of the requests are logged, of the newest that are in the log")


def test_rows_without_a_key_are_why_nothing_is_known() -> None:
    found = said(look(performance(None, answers=0, labelled=0, keyless=70)))
    assert found.parts[PART].why.startswith("none of 70 rows that tiny@2 answered had a key; give the columns")


def test_without_any_feedback_there_is_no_part_and_what_was_said_before_goes() -> None:
    before = replace(
        LOOK, findings=(LookFinding("answered:roc_auc", PART, "watch", "worse", "", LOOK.as_of),),
        parts={**LOOK.parts, PART: LookPart("watch", "worse")}, measured=("quality", PART),
        signals=(("answered roc_auc", 0.5, None, None, 9), ("rows", 1.0, None, None, 1)),
    )  # fmt: skip
    found = said(look(counts=LabelCounts()), document=before)
    assert (found.findings, found.measured, set(found.parts)) == ((), ("quality",), {"quality"})
    assert found.signals == (("rows", 1.0, None, None, 1),)
