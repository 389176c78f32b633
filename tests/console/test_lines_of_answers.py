"""How versions answered by labels that came, in lines: each version and role, what became of labels, samples."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.text.answered_lines import answered_lines
from console.text.drift_lines import request_drift_lines
from console.text.learn_lines import curve_of, learner_lines
from console.text.section_lines import answer_lines
from engine.feedback.resetting import Reset
from engine.jobs.learn.lessons import LearnerReset
from engine.monitoring.answered_parts import AnsweredLook, AnsweredPerformance, LabelCounts
from engine.monitoring.look_document import DriftWindow, LookDocument
from engine.monitoring.look_parts import ColumnDrift, MetricValue
from tests.console.health_records import NOW
from tests.console.learn_records import AT, CURVE, LEARNER

LIVE = AnsweredPerformance(
    "churn@22", "live", 2480, 620, again=3, keyless=7, delay=7200.0,
    readings=(MetricValue("recall", 620, 0.91, 0.88, 0.93),),
)  # fmt: skip
CANARY = AnsweredPerformance(
    "churn@23", "canary", 120, 12, readings=(MetricValue("recall", 12, reason="12 labelled rows, 50 are needed"),)
)
COUNTS = LabelCounts(came=700, words=680, found=632, unknown=48, late=5, early=2, held=20)
FOUND = AnsweredLook(0.5, "2026-10-27T14:32:00Z", True, 0, COUNTS, (LIVE, CANARY))


def text(found: AnsweredLook | None, width: int = 120) -> list[str]:
    return ["".join(span.text for span in line).rstrip() for line in answered_lines(found, NOW, width)]


def test_each_version_and_role_has_a_line_and_the_labels_are_counted() -> None:
    found = text(FOUND)
    assert found[1].split() == [
        "churn@22", "2,480", "620", "(25", "%)", "0.910", "0.880", "to", "0.930", "half", "within", "2", "h",
    ]  # fmt: skip
    assert "churn@23 canary" in found[2] and found[2].endswith("○ 12 labelled rows, 50 are needed")
    assert "churn@22: 7 rows had no key, so no label can find them; 3 were answered once more later." in found
    said = " ".join(found)
    assert "700 labels came: 632 found an answer, 48 found no answer in the log, 5 came more than 7 days after" in said
    assert "as they were given and not scored again; 0.5 of the requests are logged." in said


def test_in_eighty_columns_the_interval_is_whole() -> None:
    found = text(FOUND, 78)
    assert found[1].endswith("0.880 to 0.930") and all(len(each) <= 78 for each in found)


def test_labels_of_just_now_are_none_that_found_no_answer() -> None:
    fresh = replace(FOUND, counts=LabelCounts(came=60, words=60, unknown=60, fresh=60))
    said = " ".join(text(fresh, 200))
    assert "60 labels came: 60 came just now, and their answers need not be written yet." in said
    assert {span.tone for line in answered_lines(fresh, NOW, 200) for span in line} & {"watch"} == set()


@pytest.mark.parametrize("found", [None, AnsweredLook()])
def test_where_nothing_came_and_nothing_was_answered_there_are_no_lines(found: AnsweredLook | None) -> None:
    assert text(found) == []


def test_a_log_that_is_off_or_was_not_read_to_its_end_says_so() -> None:
    assert text(replace(FOUND, share=0.0))[-1] == 'Requests are not logged (log = "off"): no label finds an answer.'
    assert "and of these the newest were read; 2 blocks could not be read" in " ".join(
        text(replace(FOUND, whole=False, unread=2))
    )


def test_the_page_of_health_has_the_drift_of_requests_with_its_age() -> None:
    moved = ColumnDrift("age", "number", "large", "age: mean moved from 41 to 47, PSI 0.3, on 900 rows.", 9, 9, psi=0.3)
    window = DriftWindow("2026-11-20T10:00:00Z", "2026-11-24T12:32:00Z", 900)
    look = LookDocument(version="churn@22", requested=(moved,), asked=window, answered=FOUND)
    said = " ".join("".join(span.text for span in line) for line in request_drift_lines(look, NOW, 120))
    assert "DRIFT OF REQUESTS" in said and "mean moved from 41 to 47" in said
    assert "900 logged rows of 20 Nov 10:00 to 24 Nov 12:32 UTC, the newest of 2 h ago" in said
    few = replace(look, requested=(replace(moved, verdict="cannot tell"),))
    assert len(request_drift_lines(few, NOW, 120)) == 2
    assert request_drift_lines(LookDocument(), NOW, 120) == []
    assert len(answer_lines(look, NOW, 120)) == len(answered_lines(FOUND, NOW, 120))


def test_a_learner_that_was_reset_says_so_and_has_its_mark_in_the_curve() -> None:
    reset = Reset(
        "flights", AT, "the learning policy", 45, "b" * 64, "c" * 64, AT, 0.078, 0.43, 60, "accuracy", CURVE, "so"
    )
    found = replace(LEARNER, resets=(LearnerReset(reset, "flights@11"),), begins="flights@11")
    said = " ".join("".join(span.text for span in line) for line in learner_lines(found, NOW, 400, strip=True))
    assert "↺ reset to flights@11" in said and "errors 7.8%, then 43.0% on 60 labels" in said
    drawn = curve_of(found)
    assert drawn is not None and [(mark.label, mark.kind) for mark in drawn.marks] == [("reset", "reset")]
    alone = curve_of(replace(found, lessons=()))
    assert alone is not None and len(alone.points) == 2 * len(CURVE)
