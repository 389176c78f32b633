"""The whole card shows every form that was tried for a version, why where one may not answer, and the evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.text.card_lines import card_lines
from console.text.lines import plain_text
from console.text.scorer_lines import scorer_lines
from engine.scoring import here
from engine.scoring.parity import EXACT
from engine.versions.parity import Group, Parity, WorstRow
from engine.versions.records import ScorerSection, Tried
from engine.versions.split import BetweenColumn, SplitSection
from tests.console.records import CARD, NOW

WORST = tuple(
    WorstRow(100 + each, f"1 (p_1 0.5{each})", f"0 (p_1 0.4{each})", 0.1, ("boundary", "gaps")) for each in range(10)
)
FLIPPED = Parity(
    False, ("594 of 4,000 decisions change that are not at the boundary",), "the label and 2 probabilities", 4000, 4000,
    0.25, 0.02, None, 594, 0.1485, 0, Group(60, 0.21, 12), Group(400, 0.25, 594), Group(0, None, 0), WORST, EXACT,
    "skl2onnx 1.20.0, ONNX Runtime 1.32.0",
)  # fmt: skip
ALIKE = replace(
    FLIPPED, holds=True, why=(), largest=2e-16, mean=1e-17, changed=0, changed_share=0.0, gaps=Group(400, 2e-16, 0),
    boundary=Group(60, 0.0, 0), worst=(),
)  # fmt: skip
TABLES = Tried("compiled", "a MLPClassifier is none of those that tables can stand for")
REFUSED = ScorerSection("process", f"it answers otherwise: {FLIPPED.why[0]}", (), FLIPPED, (TABLES,))
USED = ScorerSection("onnx", "", (), ALIKE, (TABLES,))
OLD = ScorerSection("process", "its tables answer otherwise: 3 decisions change", (), FLIPPED)


@pytest.mark.parametrize("width", [78, 138])
def test_all_that_was_found_is_shown_of_one_that_was_refused(width: int) -> None:
    lines = scorer_lines(REFUSED, width)
    said = plain_text(lines)
    for part in (
        "SCORED BY a process of its own", "compiled tables: not used, a MLPClassifier is none of those",
        "ONNX: not used, it answers otherwise: 594 of 4,000 decisions", "largest difference", "2.5e-01",
        "mean difference", "2.0e-02", "594 (14.85%)", "at the boundary of the decision", "with a missing value", "400",
        "with a category training had not", "nothing is known of such", "WORST ROW", "VERSION", "ONNX", "109",
        "ONNX Runtime 1.32.0",
    ):  # fmt: skip
        assert part in said, part
    assert max(sum(len(each.text) for each in line) for line in lines) <= width


def test_of_one_that_is_used_the_evidence_is_shown_too_and_why_no_tables_are() -> None:
    said = plain_text(scorer_lines(USED, 100))
    assert "SCORED BY ONNX" in said and "compiled tables: not used" in said and "ONNX: used" in said
    assert "It answers as the version does" in said and "2.0e-16" in said and "No row differs." in said
    nobody = replace(USED, parity=replace(ALIKE, measured_by=""))
    assert "\nby " in said and "\nby " not in plain_text(scorer_lines(nobody, 100)), "a head without a word"


def test_of_tables_behind_first_steps_it_is_said_who_does_what_and_why_the_whole_is_not_compiled() -> None:
    why = "its step Own is not scikit-learn's own, so that nobody can say what it does"
    columns = tuple(BetweenColumn(str(each), "float64") for each in range(1200))
    split = SplitSection(("Own", "PC\x1b[31mA"), True, columns)
    used = ScorerSection("split", "", (), ALIKE, (Tried("compiled", why),), split=split)
    lines = scorer_lines(used, 78)
    said = plain_text(lines).replace("\n", " ")
    for part in (
        "SCORED BY compiled tables behind its own first steps", "its process does Own, PC", "and makes 1,200 columns",
        f"compiled tables: not used, {why}", "tables behind its first steps: used", "It answers as the version does",
    ):  # fmt: skip
        assert part in said, part
    assert "\x1b" not in said and max(sum(len(each.text) for each in line) for line in lines) <= 78
    tried = (Tried("compiled", why), Tried("split", "they differ", FLIPPED))
    refused = ScorerSection("process", "none", (), None, tried)
    said = plain_text(scorer_lines(refused, 100))
    assert "tables behind its first steps: not used, they differ" in said and "ONNX: not used, none" in said


def test_tables_that_were_refused_before_onnx_was_known_are_called_what_they_are() -> None:
    said = plain_text(scorer_lines(OLD, 100))
    assert "compiled tables: not used, its tables answer otherwise" in said and "COMPILED TABLES" in said


def test_nothing_is_shown_where_nobody_asked_and_the_short_card_has_one_line() -> None:
    assert scorer_lines(ScorerSection(), 100) == []
    card = replace(CARD, scorer=USED, scored_by=USED.sentence)
    assert "WORST ROW" not in plain_text(card_lines(card, NOW, 140)) and "scored by ONNX: 4,000" in plain_text(
        card_lines(card, NOW, 140)
    )
    assert "ONNX: used" in plain_text(card_lines(card, NOW, 140, whole=True))


def test_where_the_runtime_is_missing_card_and_doctor_say_who_answers_and_what_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert here.said_here(USED) == USED.sentence and here.finding("flights@3", USED) is None
    monkeypatch.setattr(here, "runtime", lambda: False)
    said, found = here.said_here(USED), here.finding("flights@3", USED)
    assert "here a process of its own answers" in said and "leverframe[onnx]" in said
    assert found is not None and (found.what, found.verdict) == ("scorer flights@3", "watch")
    assert "leverframe[onnx]" in found.sentence
    assert here.said_here(REFUSED) == REFUSED.sentence and here.finding("flights@3", REFUSED) is None
