"""Numbers and verdicts in words."""

from __future__ import annotations

import pytest

from engine.records import Gate
from engine.validation import words
from engine.validation.gates.ways import with_way
from engine.validation.intervals import MeasuredMetric
from engine.validation.verdict import sentence


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.7244, "0.724"),
        (-0.5, "−0.500"),
        (0.00012, "0.00012"),
        (123.44, "123.4"),
        (12345.6, "12,346"),
        (None, "not defined"),
        (float("nan"), "not defined"),
        (0.0, "0.000"),
    ],
)
def test_a_number_has_the_digits_it_is_worth(value: float | None, text: str) -> None:
    assert words.number(value) == text


def test_an_interval_shows_digits_enough_to_tell_its_ends_apart() -> None:
    assert words.between(0.011, 0.025, sign=True) == "95 % between +0.011 and +0.025"
    assert words.between(0.00011, 0.00025, sign=True) == "95 % between +0.00011 and +0.00025"
    assert words.between(None, 0.1) == ""


@pytest.mark.parametrize(
    ("value", "text"), [(0.7, "0.70"), (0.005, "0.005"), (1000, "1,000"), (1.0, "1.00"), (12.5, "12.50")]
)
def test_a_limit_is_written_as_a_person_wrote_it(value: float, text: str) -> None:
    assert words.limit(value) == text


PASSED, FAILED = (
    Gate("rows", "rows", "pass", "5 rows."),
    with_way(Gate("roc_auc at least 0.60", "at_least", "fail", "0.580 is below.")),
)
KEY = MeasuredMetric("roc_auc", 6410, 0.724, 0.71, 0.74, None, 0.706, 0.018, 0.011, 0.025, None, "better")


def test_a_better_candidate_is_told_in_two_sentences() -> None:
    assert sentence("pass", "better", [PASSED] * 9, KEY, "flights@9", None) == (
        "BETTER THAN LIVE. All 9 gates pass. On the same 6,410 rows: roc_auc 0.724 against 0.706, "
        "difference +0.018 (95 % between +0.011 and +0.025)."
    )


def test_a_failed_gate_comes_first_with_what_to_do() -> None:
    told = sentence("fail", "better", [PASSED, FAILED, FAILED], KEY, "flights@9", None)
    assert told.startswith(
        "NOT FIT TO GO LIVE. roc_auc at least 0.60: 0.580 is below. Retrain when the cause is mended, or change "
        "at_least in this gate of leverframe.toml if it asks too much. 1 more of 3 gates fails."
    )


def test_what_cannot_be_measured_says_so() -> None:
    nothing = MeasuredMetric("roc_auc", 12, None)
    assert sentence("cannot tell", "first", [], nothing, None, None).endswith(
        "roc_auc has no value: the 12 rows lack one of the classes, and it tells the rows of each from all others."
    )
    alone = MeasuredMetric("roc_auc", 500, 0.7, 0.6, 0.8)
    assert sentence("pass", "cannot tell", [PASSED], alone, "flights@9", "it is gone.").endswith(
        "flights@9 could not be measured on them: it is gone."
    )
