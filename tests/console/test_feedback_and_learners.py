"""What came as feedback, what waits for a person, and how a learner did, on screens of two sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.text.learn_lines import learner_lines
from engine.versions.records import CurvePoint
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.learn_records import AT, COUNTED, CURVE, HELD, LEARNER, LEARNT, LESSON
from tests.console.records import FakeEngine

Console = Callable[..., None]
BOTH = pytest.mark.parametrize("size", [WIDE, NARROW])
FEEDBACK = ("9", *["down"] * 12, "enter")


@BOTH
def test_a_quarantined_batch_says_why_and_is_let_in_or_thrown_away_with_a_reason(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press(*FEEDBACK)
        await desk.see("quarantined")
        await desk.see("STATE")
        await desk.see("100% of it is '1' (40 rows)")  # in the list already, in 80 columns too
        await desk.press("enter")
        await desk.see("In the list, a lets its rows count and x has them never")
        await desk.press("escape", "a")
        await desk.see("100% of it is '1' (40 rows)")
        await desk.press("x", "enter")
        await desk.see("let in: its 40 rows count")
        await desk.press("enter", "x", "n", "enter")
        await desk.see("never count")
        await desk.press("enter", "down", "a")
        assert desk.said.startswith("Feedback 1 is not quarantined")

    console(story, size)
    assert engine.done == [("let_in_feedback", HELD.id, "x"), ("throw_away_feedback", HELD.id, "n")]


@BOTH
def test_the_learner_shows_its_rule_its_curve_and_what_it_learnt(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("8", "down", "L")
        await desk.see("It learns every 1 h where 100 labels are new")
        await desk.see("accuracy WHILE IT LEARNT")
        await desk.see("Over all 200 labels: the learner 0.835, its parent as it was 0.800.")
        await desk.see("2 batches came, 1 of them quarantined")
        if size == WIDE:
            await desk.see("200 labels on top of flights@11, 3.1% of decisions changed")

    console(story, size)


def test_where_there_is_no_room_for_a_chart_the_newest_stretches_stand_there_and_that_there_are_more() -> None:
    def told(*points: CurvePoint) -> list[str]:
        lesson = replace(LESSON, learnt=replace(LEARNT, curve=points))
        lines = learner_lines(replace(LEARNER, lessons=(lesson,)), AT, 78, strip=True)
        return ["".join(span.text for span in each) for each in lines]

    alike = tuple(replace(each, frozen=each.value) for each in CURVE)
    found = told(*alike)
    assert sum("±" in each for each in found) == len(alike) and not any("○" in each for each in found[6:])
    assert not any("Older stretches" in each for each in found)
    found = told(*CURVE)
    assert sum("±" in each for each in found) < len(CURVE) and any("○" in each for each in found[6:])
    assert found[-1] == "Older stretches stand in the chart, which a larger terminal has."


def test_a_frozen_learner_says_by_whom_and_why_it_learns_nothing(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("8", "L")
        await desk.see("frozen by bob")
        await desk.press("l")
        assert desk.said == "It is frozen, by bob: a broken sensor; u sets it free."

    console(story)


def test_who_has_no_learner_is_told_where_it_is_written_how(console: Console, engine: FakeEngine) -> None:
    engine.learner_now = replace(LEARNER, rule=None, lessons=(), batches=0)

    async def story(desk: Desk) -> None:
        await desk.press("8", "down", "L")
        await desk.see("has no [learn] in its leverframe.toml")
        await desk.see("Nothing was learnt yet")

    console(story)


def test_hostile_words_of_who_sends_feedback_do_not_reach_the_terminal(console: Console, engine: FakeEngine) -> None:
    engine.batches_now = (replace(HELD, by="\x1b[31mred", why="\x1b]0;owned\x07 labels"), COUNTED)

    async def story(desk: Desk) -> None:
        await desk.press(*FEEDBACK)
        await desk.see("quarantined")
        assert "\x1b" not in desk.text and "\x07" not in desk.text

    console(story)
