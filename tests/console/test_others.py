"""Who else is on stands in the head of every screen, where there is room; the others are told what is shown here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.geometry import Size

from console.acting.messages import PeopleSeen
from console.text.frame import Who, head
from console.text.lines import width_of
from engine.presence.sessions import Present
from tests.console.conftest import Desk
from tests.console.records import NOW, FakeEngine

Console = Callable[..., None]
BOB = Present("1-a", "bob", "key SHA256:x", "192.0.2.7", "Decide on flights@12", NOW, NOW)
EVE = Present("2-b", "eve", "key SHA256:y", "192.0.2.8", "Runs", NOW + timedelta(minutes=1), NOW)
ME = Who("ada", "operator", "prod-1", "/srv/leverframe")


def text(others: tuple[Present, ...], width: int) -> str:
    found = head("Overview", ME, NOW, width, others)
    assert width_of(found) == width
    return "".join(span.text for span in found)


@pytest.mark.parametrize(
    ("others", "width", "words"),
    [
        ((BOB,), 140, f"bob is here too: Decide on flights@12 since {NOW:%H:%M} · prod-1 · ada (operator)"),
        ((BOB,), 80, "bob is here too · prod-1 · ada (operator)"),
        ((BOB,), 60, "Overview   "),
        ((BOB, EVE), 140, "bob and eve are here too · prod-1"),
        ((BOB, EVE), 80, "2 others here · prod-1"),
        ((BOB, BOB), 140, "bob is here too: Decide"),
        ((), 140, "  prod-1 · ada (operator)"),
    ],
)  # fmt: skip
def test_the_head_says_who_else_is_on_in_as_many_words_as_fit(
    others: tuple[Present, ...], width: int, words: str
) -> None:
    assert words in text(others, width)
    assert "prod-1 · ada (operator)" in text(others, width)


def test_the_others_come_and_go_while_a_screen_is_shown(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        assert "here too" not in desk.text
        engine.others_now = (BOB,)
        await desk.see("bob is here too: Decide on flights@12")
        await desk.press("3")
        assert "bob is here too" in desk.text
        engine.others_now = ()
        await desk.until(lambda: "here too" not in desk.text)

    console(story)


def test_the_head_says_what_one_is_by_now(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.see("ada (operator)")
        engine.operator = replace(engine.operator, role="viewer")
        await desk.see("ada (viewer)")
        assert "operator" not in desk.text.split("\n")[0]

    console(story)


def test_others_are_told_which_screen_or_dialog_is_shown_and_no_filter(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.until(lambda: engine.places_been[-1:] == ["Overview"])
        await desk.press("4", "slash")
        await desk.type("churn")
        await desk.press("enter")
        await desk.until(lambda: engine.places_been[-1:] == ["Versions"])
        await desk.press("1", "R")
        await desk.until(lambda: engine.places_been[-1].startswith("ROLL BACK"))
        assert not any("churn'" in place for place in engine.places_been)

    console(story)


def test_what_comes_when_the_console_is_left_already_disturbs_nobody(console: Console) -> None:
    """Its screens are gone by then, and messages still come."""
    left: list[Desk] = []

    async def story(desk: Desk) -> None:
        left.append(desk)

    console(story)
    app = left[0].app
    assert app.top is None
    app.on_people_seen(PeopleSeen((BOB,), "viewer"))
    app.find_room(Size(140, 42))
    assert app.others == (BOB,) and app.who.role == "viewer"
