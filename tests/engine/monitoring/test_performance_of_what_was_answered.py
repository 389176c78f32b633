"""Live performance by labels that came: joined by key with what was really answered, by which version, at that time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from engine.feedback.reading import Come, Counts, Word, read
from engine.feedback.records import FeedbackRow
from engine.jobs.agreement import fresh
from engine.monitoring.answered_parts import AnsweredPerformance, LabelCounts
from engine.monitoring.performance.answered import LABEL, labelled, labels_of, performance_of
from engine.validation.rules import Rules

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEARNT = pa.chunked_array([pa.array([0, 1])])
RULES = Rules(target="late", metrics=("accuracy", "roc_auc"), task="binary")


def answer(key: str | None, said: float, **others: Any) -> dict[str, Any]:
    return {
        "version": "flights@7",
        "request.role": "live",
        "request.at": AT,
        "request.fallback": None,
        "key.flight": key,
        "answer.prediction": int(said >= 0.5),
        "answer.p_0": 1 - said,
        "answer.p_1": said,
        "feature.carrier": "UA",
        **others,
    }


def table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows).cast(
        pa.schema([
            (name, pa.timestamp("us", "UTC") if name == "request.at" else pa.string()
             if name in ("request.fallback", "key.flight") else kind)
            for name, kind in zip(pa.Table.from_pylist(rows).schema.names, pa.Table.from_pylist(rows).schema.types,
                                  strict=True)
        ])
    )  # fmt: skip


def words(said: dict[str, Any], after: timedelta = timedelta(hours=2)) -> list[Word]:
    return [Word((key,), label, AT + after, 1) for key, label in said.items()]


def measured(rows: Sequence[dict[str, Any]], said: dict[str, Any], **asked: Any) -> tuple[AnsweredPerformance, ...]:
    return performance_of(
        table(rows), labels_of(words(said)), key=["flight"], learnt=LEARNT, rules=RULES, **asked
    )


def hundred(version: str = "flights@7", role: str = "live", wrong: int = 10, first: int = 0) -> list[dict[str, Any]]:
    """A hundred answers, of which the first ``wrong`` are wrong by the labels of ``truth``."""
    return [
        answer(f"k{first + n}", 0.9 if (n % 2 == 1) != (n < wrong) else 0.1, version=version, **{"request.role": role})
        for n in range(100)
    ]


def truth(first: int = 0) -> dict[str, Any]:
    return {f"k{first + n}": n % 2 for n in range(100)}


def test_the_share_of_right_answers_is_what_was_answered() -> None:
    (found,) = measured(hundred(wrong=10), truth())
    accuracy = found.of("accuracy")
    assert accuracy is not None and accuracy.value == pytest.approx(0.9) and accuracy.n == 100
    assert accuracy.low is not None and accuracy.high is not None and accuracy.low < 0.9 < accuracy.high
    assert (found.answers, found.labelled, found.delay) == (100, 100, 7200.0)


def test_each_version_and_role_has_its_own() -> None:
    rows = hundred(wrong=4) + hundred("flights@8", "canary", wrong=30, first=100)
    said = truth() | truth(100)
    both = {(each.version, each.role): each for each in measured(rows, said)}
    values = {whose: each.readings[0].value for whose, each in both.items()}
    assert values == {("flights@7", "live"): pytest.approx(0.96), ("flights@8", "canary"): pytest.approx(0.7)}
    (canary,) = measured(rows, said, version="flights@8", role="canary")
    assert canary == both["flights@8", "canary"]
    assert measured(rows, said, version="flights@7", role="canary") == ()


def test_a_key_that_is_asked_again_counts_once_by_its_newest_answer() -> None:
    later = {"request.at": AT + timedelta(minutes=5)}
    rows = [*hundred(wrong=0), *(answer("k1", 0.1, **later) for _ in range(50)), answer("k0", 0.9)]
    (found,) = measured([*rows[:-1], answer("k0", 0.9, **{"request.at": AT - timedelta(hours=1)})], truth())
    assert (found.answers, found.again, found.readings[0].value) == (100, 51, pytest.approx(0.99))


def test_what_a_rule_answered_is_nobodys_and_what_the_previous_version_answered_is_its_own() -> None:
    ruled = [answer(f"r{n}", 0.9, **{"request.fallback": "rule"}) for n in range(60)]
    before = [answer(f"p{n}", 0.9, version="flights@6", **{"request.fallback": "previous"}) for n in range(60)]
    said = truth() | {f"r{n}": 0 for n in range(60)} | {f"p{n}": n % 2 for n in range(60)}
    found = {each.version: each for each in measured(hundred() + ruled + before, said)}
    assert found["flights@7"].labelled == 100 and found["flights@6"].labelled == 60
    assert found["flights@6"].readings[0].value == pytest.approx(0.5)


def test_answers_without_a_key_are_told_and_measure_nothing() -> None:
    (found,) = measured([answer(None, 0.9) for _ in range(70)], truth())
    assert (found.answers, found.keyless, found.labelled) == (0, 70, 0)
    assert found.readings[0].value is None and "key" in str(found.readings[0].reason)


def test_too_few_labels_tell_nothing_and_say_how_many_there_are() -> None:
    few = {f"k{n}": n % 2 for n in range(30)}
    (found,) = measured(hundred(), few)
    assert (found.answers, found.labelled) == (100, 30)
    assert {reading.value for reading in found.readings} == {None}
    assert found.readings[0].reason == "30 labelled rows, 50 are needed"


def test_a_segment_that_does_badly_is_found() -> None:
    rows = [
        answer(f"k{n}", 0.9 if (n % 2 == 1) != (n < 200 and n % 4 > 1) else 0.1,
               **{"feature.carrier": "UA" if n < 200 else "DL"})
        for n in range(800)
    ]  # fmt: skip
    (found,) = measured(rows, {f"k{n}": n % 2 for n in range(800)}, segments=["carrier"])
    assert found.slices is not None
    worst = found.slices.found[0]
    assert (worst.name, worst.verdict, worst.n) == ("carrier=UA", "worse", 200)


def test_labels_that_found_no_answer_came_late_or_early_or_fit_nothing_are_counted() -> None:
    known = {"k1": timedelta(hours=1), "k2": timedelta(days=8), "k3": -timedelta(hours=1), "gone": timedelta(0)}
    came = [Come(1, "counted", [FeedbackRow((key,), 1, AT + after) for key, after in known.items()])]
    came += [Come(2, "quarantined", [FeedbackRow(("k9",), 1, AT)]), Come(3, "counted", [FeedbackRow(("k4",), "x", AT)])]
    reading = read(came, None, AT + timedelta(days=30))
    joined = labelled(table(hundred()), labels_of(reading.words), reading.counts, ["flight"], LEARNT.type)
    assert joined.counts == LabelCounts(came=6, words=5, found=4, unknown=1, late=1, early=1, unfit=1, held=1)
    assert joined.table.column(LABEL).null_count == 97


def test_labels_that_came_just_now_and_find_no_answer_are_told_apart() -> None:
    came = [Come(1, "counted", [FeedbackRow(("gone",), 1, AT)], AT)]
    came += [Come(2, "counted", [FeedbackRow((key,), 1, AT) for key in ("k1", "new")], AT + timedelta(minutes=2))]
    late = fresh(came, AT + timedelta(minutes=2))
    assert late == {2}, "two minutes are enough to write an answer"
    labels = labels_of(read(came, None, AT).words)
    assert labelled(table(hundred()), labels, Counts(), ["flight"], LEARNT.type, late).counts == LabelCounts(
        words=3, found=1, unknown=2, fresh=1
    )


def test_labels_are_read_as_the_target_is_written() -> None:
    said = {key: str(label) for key, label in truth().items()}
    (found,) = measured(hundred(wrong=0), said)
    assert found.readings[0].value == pytest.approx(1.0)


def test_answers_that_cannot_be_measured_say_why_and_the_others_go_on() -> None:
    strange = [{**answer(f"s{n}", 0.9, version="flights@5"), "answer.p_1": float("inf")} for n in range(60)]
    said = truth() | {f"s{n}": n % 2 for n in range(60)}
    found = {each.version: each for each in measured(hundred() + strange, said)}
    assert found["flights@7"].readings[0].value is not None
    assert found["flights@5"].readings[0].value is None


def test_no_answers_at_all_are_no_versions() -> None:
    joined = labelled(table(hundred()).slice(0, 0), {}, Counts(), ["flight"], LEARNT.type)
    assert joined.table.num_rows == 0 and joined.counts == LabelCounts()


def test_a_version_that_was_a_canary_and_is_live_now_has_both_apart() -> None:
    rows = hundred("flights@8", "canary", wrong=30) + hundred("flights@8", "live", wrong=0, first=100)
    found = {each.role: each for each in measured(rows, truth() | truth(100))}
    assert (found["canary"].answers, found["live"].answers) == (100, 100)
    assert found["canary"].readings[0].value == pytest.approx(0.7)
    assert found["live"].readings[0].value == pytest.approx(1.0)
