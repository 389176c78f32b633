"""On every screen, in every theme and without colours, whatever is written differs from the ground that it is on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.color import Color, ColorType
from rich.style import Style

from console import themes
from tests.console.conftest import Desk

Console = Callable[..., None]
# The keys that lead to each page, dialog and list that there is.
WAYS: dict[str, tuple[str, ...]] = {
    "overview": (), "candidates": ("2",), "runs": ("3",), "versions": ("4",), "audit": ("5",), "schedules": ("6",),
    "disk": ("7",), "health": ("8",), "help": ("question_mark",), "palette": ("ctrl+p",), "card": ("2", "enter"),
    "run": ("3", "enter"), "project health": ("8", "enter"), "approve": ("2", "enter", "a"),
    "reject": ("2", "enter", "x"), "diff": ("2", "enter", "d"), "whole card": ("2", "enter", "w"),
    "roll back": ("R",), "run times": ("i",),
    "due times": ("6", "enter"), "clean up": ("7", "C"), "bin": ("7", "b"), "resume": ("6", "u"), "change": ("6", "e"),
    "filter": ("3", "slash"), "alert": ("8", "enter", "a"), "by column": ("8", "enter", "b"), "step back": ("T",),
    "admin": ("9",), "operators": ("9", "enter"), "let in": ("9", "enter", "plus"),
    "settings": ("9", "down", "enter"), "set": ("9", "enter", "e"), "places": ("9", "down", "enter"),
    "watch": ("9", "enter", "plus"), "allowances": ("9", "down", "enter"), "withdraw": ("9", "enter", "minus"),
    "outbox": ("9", "down", "enter"), "mail": ("9", "enter", "enter"), "hold": ("4", "H"), "add": ("plus",),
    "send report": ("s",), "policy": ("9", "down", "down", "down", "enter"),
    "ask": ("9", "enter", "e"), "trusted keys": ("9", "down", "down", "enter"), "trust": ("9", "enter", "plus"),
    "own key": ("9", "enter", "o"), "bundles": ("9", "down", "enter"), "take in": ("9", "enter", "plus", "x", "enter"),
    "exports": ("9", "down", "enter"), "parity": ("9", "enter", "enter"), "export": ("9", "enter", "plus"),
    "feedback": ("9", "down", "enter"), "a batch": ("9", "enter", "enter"), "give": ("9", "enter", "plus"),
    "learner": ("8", "L"), "requests": ("e",), "predictions": ("4", "p"), "score": ("S",),
    "tokens": ("9", "down", "enter"), "make a token": ("9", "enter", "plus"), "a token": ("9", "enter", "enter"),
    "bundle": ("4", "b"), "send": ("4", "s"), "where": ("4", "W"),
}  # fmt: skip
# What the Web Content Accessibility Guidelines ask of large text and of signs; what lies behind a dialog is dimmed.
LEAST_CONTRAST, BEHIND_A_DIALOG = 3.0, 1.4


def opened(monkeypatch: pytest.MonkeyPatch, *, colourless: bool = False) -> None:
    """A terminal of sixteen colours, or one of all colours whose owner wants none."""
    for name in ("NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    if colourless:
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("COLORTERM", "truecolor")


def luminance(color: Color) -> float:
    def linear(channel: int) -> float:
        value = channel / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = color.get_truecolor()
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def unreadable(style: Style, least: float) -> bool:
    text, ground = style.color, style.bgcolor
    defaults = [color is None or color.type is ColorType.DEFAULT for color in (text, ground)]
    if all(defaults):
        return False
    if any(defaults):  # one of the two is the terminal's own, which may be black or white
        named = text if defaults[1] else ground
        assert named is not None
        return named.name in ("black", "white", "bright_white") or named.type is ColorType.TRUECOLOR
    assert text is not None and ground is not None
    if ColorType.TRUECOLOR not in (text.type, ground.type):  # what the sixteen look like is the terminal's own
        return text == ground
    bright, dark = sorted((luminance(text), luminance(ground)), reverse=True)
    return (bright + 0.05) / (dark + 0.05) < least


async def walked(desk: Desk, names: tuple[str, ...], *, colourless: bool = False) -> dict[str, str]:
    """What cannot be read on what WAYS lead to, each opened once and seen in each of the themes."""
    bad: dict[str, str] = {}
    seen = set()
    for way, keys in WAYS.items():
        await desk.press(*keys)
        assert desk.text not in seen, f"{way} leads nowhere"
        seen.add(desk.text)
        for name in names:
            desk.app.theme = name
            await desk.settled()
            bad |= {f"{name}: {way}: {text}": style for text, style in wrong(desk, colourless)}
        names = names[::-1]  # A change of theme reads all styles anew: one less for each way.
        await desk.press("escape", "escape", "escape", "1")
    return bad


def test_text_differs_from_its_ground(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(monkeypatch)

    async def story(desk: Desk) -> None:
        assert not await walked(desk, themes.NAMES)

    console(story)


def test_without_colours_there_are_none_and_text_differs_from_its_ground(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(monkeypatch, colourless=True)

    async def story(desk: Desk) -> None:
        assert desk.app.no_color
        assert not await walked(desk, (desk.app.theme,), colourless=True)

    console(story)


def wrong(desk: Desk, colourless: bool) -> list[tuple[str, str]]:
    """What cannot be read on the screen, and where there should be no colours whatever has one."""
    least = BEHIND_A_DIALOG if desk.app.screen.is_modal else LEAST_CONTRAST
    segments = [segment for strip in desk.app.screen._compositor.render_strips() for segment in strip]
    found = [
        (segment.text.strip(), segment.style)
        for segment in segments
        if segment.style is not None and any(sign.isalnum() for sign in segment.text)
    ]
    assert found
    return [
        (text, str(style)) for text, style in found if unreadable(style, least) or (colourless and _coloured(style))
    ]


def _coloured(style: Style) -> bool:
    return any(color is not None and color.type is not ColorType.DEFAULT for color in (style.color, style.bgcolor))


def test_without_colours_the_key_for_themes_says_why_there_are_none(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(monkeypatch, colourless=True)

    async def story(desk: Desk) -> None:
        desk.app.do_theme()
        await desk.settled()
        assert desk.app.theme == themes.SIXTEEN and "NO_COLOR is set" in desk.said

    console(story)
