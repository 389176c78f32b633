"""T shows an earlier moment on every screen, lets nothing be done there, and comes back to a present that went on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from console.screens.page import Page
from engine.errors import Refusal
from engine.records import Deployment
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import NOW, FakeEngine, ago

Console = Callable[..., None]
TOLD = "AS OF Tue 3 Nov 2026 02:00 UTC, nothing can be changed here"


async def step_back(desk: Desk, text: str = "2026-11-03T02:00") -> None:
    await desk.press("T")
    await desk.see("STEP BACK IN TIME")
    await desk.type(text)
    await desk.press("enter")


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_every_screen_shows_then_and_the_same_key_comes_back(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("3")
        await step_back(desk)
        await desk.see(f"{TOLD}  T now  Runs")
        for key, heading in (("1", "Overview"), ("2", "Candidates"), ("8", "Health"), ("5", "Audit"), ("3", "Runs")):
            await desk.press(key)
            await desk.see(f"{TOLD}  T now  {heading}")
        await desk.press("T")
        await desk.see("LEVERFRAME  Runs")
        assert TOLD not in desk.text
        await desk.until(lambda: engine.thens[0].closed)

    console(story, size)
    assert engine.done == [("as of", "2026-11-03 02:00")]


def test_what_is_shown_is_of_then_and_of_now_again(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        assert "flights" in desk.text and "churn" in desk.text
        await step_back(desk)
        await desk.see(TOLD)
        await desk.see("churn")
        assert "flights" not in desk.text
        await desk.press("T")
        await desk.see("flights")

    console(story)


def test_no_key_acts_there_and_those_that_would_are_dimmed(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await step_back(desk)
        await desk.see(TOLD)
        await desk.press("r", "R")
        assert desk.said.count("This is how things stood on 03 Nov 2026 at 02:00 UTC; go back to now to act.") == 2
        assert "ROLL BACK" not in desk.text
        shown = desk.app.screen
        assert isinstance(shown, Page) and shown.refusal("retrain") and shown.refusal("open") is None
        await desk.press("T")
        await desk.see("LEVERFRAME")
        await desk.press("r")

    console(story)
    assert engine.done[0] == ("as of", "2026-11-03 02:00")
    assert [what for what, *_ in engine.done[1:]] == ["retrain"], "in the present the key works again"
    assert engine.thens[0].done == []


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_newest_swaps_are_offered_each_just_before(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    at = ago(days=3)
    engine.swaps_now = (
        Deployment(1, "churn", 21, None, "release", ago(days=30), "ada", "first"),
        Deployment(2, "churn", 22, 21, "release", at, "ada", "newer"),
    )

    async def story(desk: Desk) -> None:
        await desk.press("T")
        await desk.see("just before churn@22 went live")
        assert desk.text.index("churn@22 went live") < desk.text.index("churn@21 went live"), "the newest first"
        await desk.press("down")
        await desk.see("▸ just before churn@22")
        await desk.press("down")
        await desk.see("▸ just before churn@21")
        await desk.press("up")
        await desk.see("▸ just before churn@22")
        await desk.press("enter")
        await desk.see("nothing can be changed here")

    console(story, size)
    (then,) = engine.thens
    assert at - timedelta(seconds=1) <= then.stands < at


def test_a_moment_that_cannot_be_is_said_and_can_be_written_anew(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("T", "enter")
        await desk.see("Write a moment, such as")
        await desk.type("lastweek")
        await desk.press("enter")
        await desk.see("'lastweek' is not a time; write it like 2026-11-24")
        engine.refuse = Refusal("The workspace was made on 2 November; there is nothing before.")
        await desk.press(*["backspace"] * 8)
        await desk.type("2025-01-01")
        await desk.press("enter")
        await desk.see("there is nothing before.")
        engine.refuse = None
        await desk.press(*["backspace"] * 10)
        await desk.type("2026-11-03T02:00")
        await desk.press("enter")
        await desk.see(TOLD)

    console(story)


def test_who_leaves_while_it_is_made_stays_where_they_are(console: Console, engine: FakeEngine) -> None:
    engine.pace.clear()

    async def story(desk: Desk) -> None:
        await step_back(desk)
        await desk.see("The ledger is being copied and taken back to then.")
        await desk.see("Esc stay in the present")
        await desk.press("enter", "T")
        await desk.press("escape")
        await desk.see("LEVERFRAME  Overview")
        engine.pace.set()
        await desk.until(lambda: bool(engine.thens) and engine.thens[0].closed)
        await desk.settled()
        assert "nothing can be changed" not in desk.text and "LEVERFRAME" in desk.text

    console(story)


def test_the_second_visit_is_to_another_moment_and_quitting_there_leaves_nothing_open(
    console: Console, engine: FakeEngine
) -> None:
    async def story(desk: Desk) -> None:
        await step_back(desk)
        await desk.see(TOLD)
        await desk.press("T")
        await desk.see("LEVERFRAME")
        await step_back(desk, "2026-11-04")
        await desk.see("AS OF Wed 4 Nov 2026 00:00 UTC")

    console(story)
    assert [then.closed for then in engine.thens] == [True, True]


def test_in_the_past_nothing_is_kept_as_the_newest_picture(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.until(lambda: desk.app.desk is not None)
        seen = desk.app.desk
        await step_back(desk)
        await desk.see(TOLD)
        await desk.press("1")
        await desk.settled()
        assert desk.app.desk is seen
        assert desk.app.last_visit is None
        await desk.press("T")
        await desk.see("LEVERFRAME")
        assert desk.app.last_visit == NOW - timedelta(days=2)

    console(story, WIDE, NOW - timedelta(days=2))
