"""No sentence that somebody decides by is cut where there is room; where there is none, a key has it whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.queries.health_questions import Health, HealthOverTime
from console.text.card_lines import card_lines
from console.text.health_lines import parts, standing
from console.text.lines import plain_text, width_of
from console.text.section_lines import sections, whole
from engine.monitoring.records import Look
from engine.records import Gate
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.health_records import FELL, LOOK, packed
from tests.console.records import AUDIT, CARD, CHURN, NOW, FakeEngine
from tests.look_documents import look_document

Console = Callable[..., None]
LONG = ", ".join(f"word {number} of a sentence" for number in range(30)) + ", and it ENDS"
PASSES = Gate("roc_auc of every segment of the data at least 0.55", "segment", "pass", LONG)


def shown(text: str) -> str:
    """Words as they follow each other, whatever the line they stand in."""
    return " ".join(text.split())


@pytest.mark.parametrize("width", [80, 140])
def test_evidence_is_whole_on_the_card_where_its_rows_are_enough(width: int) -> None:
    card = replace(CARD, gates=(PASSES,), segments=(), changes=())
    for rows, whole_there in ((100, True), (12, False)):
        lines = card_lines(card, NOW, width, rows=rows)
        assert all(width_of(each) <= width for each in lines)
        text = shown(plain_text(lines))
        assert ("ENDS" in text, "…" in text.replace(" … ", "")) == (whole_there, not whole_there)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_key_of_the_card_shows_all_of_it(console: Console, engine: FakeEngine, size: tuple[int, int]) -> None:
    engine.card_now = replace(CARD, gates=(PASSES,) * 20)

    async def story(desk: Desk) -> None:
        await desk.press("2", "enter")
        await desk.see("word 0")
        assert "ENDS" not in desk.text
        await desk.press("w")
        await desk.see("Esc close")
        for _ in range(30):
            if "ENDS" in desk.text:
                break
            await desk.press("pagedown")
        assert "ENDS" in desk.text

    console(story, size)


@pytest.mark.parametrize("width", [78, 138])
def test_the_health_of_a_project_says_every_sentence_to_its_end(width: int) -> None:
    check = {"kind": "missing", "column": "age", "verdict": "watch", "sentence": LONG}
    document = look_document({
        "version": "churn@22", "verdict": "failing", "rows": 1, "labelled": 1, "quality": [check],
        "parts": {"quality": {"verdict": "ok", "why": LONG}, "drift": {"verdict": "failing", "why": LONG}},
    })  # fmt: skip
    look: Look = replace(LOOK, kept=packed(document))
    health = Health(replace(CHURN, why=LONG), look, (replace(FELL, why=LONG, act=LONG),))
    said = [
        *standing(health, NOW, width, whole=True), *parts(health, width),
        *whole(sections(HealthOverTime(health), NOW, width))[0],
    ]  # fmt: skip
    assert all(width_of(each) <= width + 4 for each in said)
    assert shown(plain_text(said)).count("ENDS") == 6


@pytest.mark.parametrize(
    ("size", "reason", "at_once"), [(WIDE, LONG[:200] + " ENDS", True), (WIDE, LONG, False), (NARROW, LONG, False)]
)
def test_the_reason_in_a_row_of_the_trail_is_there_where_there_is_room_and_else_a_key_away(
    console: Console, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], reason: str, at_once: bool
) -> None:
    monkeypatch.setattr("tests.console.records.AUDIT", (replace(AUDIT[0], reason=reason), *AUDIT[1:]))

    async def story(desk: Desk) -> None:
        await desk.press("5")
        await desk.see("word 0")
        assert ("ENDS" in desk.text) == at_once
        await desk.press("enter")
        await desk.see("Esc close")
        await desk.press("end")
        await desk.see("ENDS")

    console(story, size)


@pytest.mark.parametrize("width", [80, 140])
def test_the_whole_card_leaves_no_segment_and_no_particular_of_a_change_out(width: int) -> None:
    segments = tuple(replace(CARD.segments[0], value=f"C{number:02}") for number in range(12))
    change = replace(CARD.changes[0], what="data", details=(f"it goes on {'and on ' * 40}to its END",))
    card = replace(CARD, segments=segments, changes=(change,))
    whole_card = plain_text(card_lines(card, NOW, width, whole=True))
    assert all(each.name in whole_card for each in segments) and "more" not in whole_card.split("carrier=C11")[1]
    assert "END" in whole_card
    assert "and 4 more" in plain_text(card_lines(card, NOW, width)), "the short one names the worst"
    assert max(map(width_of, card_lines(card, NOW, width, whole=True))) <= width
