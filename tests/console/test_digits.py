"""The digits below every screen: each opens the screen whose name stands beside it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from console.actions import anywhere
from console.app import LeverframeApp
from console.screens.page import Page
from console.text import frame
from tests.console.conftest import NARROW, WIDE, Desk

GOES = [action for action in anywhere() if action.id.startswith("go_")]


def test_the_line_below_says_of_each_digit_what_its_action_says() -> None:
    assert [(action.key, action.label) for action in GOES] == list(frame.PLACES)
    assert [(action.key, action.label) for action in GOES] == [
        ("1", "Overview"), ("2", "Candidates"), ("3", "Runs"), ("4", "Versions"), ("5", "Audit"), ("6", "Schedules"),
        ("7", "Disk"), ("8", "Health"), ("9", "Admin"),
    ]  # fmt: skip
    written = "".join(span.text for span in frame.places("Overview", 140))
    assert all(f"{action.key} {action.label}" in written for action in GOES)


def test_an_action_goes_where_its_name_and_its_label_say() -> None:
    for action in GOES:
        assert action.id == f"go_{action.label.lower()}"
        assert hasattr(LeverframeApp, f"do_{action.id}")


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_each_digit_opens_the_screen_of_its_name(console: Callable[..., None], size: tuple[int, int]) -> None:
    async def story(desk: Desk) -> None:
        for action in (*GOES[1:], GOES[0], *reversed(GOES)):
            await desk.press(action.key)
            page = desk.app.screen
            assert isinstance(page, Page)
            assert (page.name_of, page.place) == (action.id.removeprefix("go_"), action.label)

    console(story, size)


def test_the_screen_that_is_shown_is_the_strong_one() -> None:
    for action in GOES:
        strong = [span.text.strip() for span in frame.places(action.label, 140) if span.tone == "strong"]
        assert strong == [action.label]
