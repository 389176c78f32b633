"""Dark, light and sixteen colours: what each tone looks like. A glyph and a word always say the same as the colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from console.text.lines import Tone

if TYPE_CHECKING:
    from rich.style import Style
    from textual.theme import Theme

DARK, LIGHT, SIXTEEN = "leverframe-dark", "leverframe-light", "leverframe-16"
NAMES = (DARK, LIGHT, SIXTEEN)

_TONES: dict[str, dict[Tone, str]] = {
    DARK: {
        "": "#d5d9de", "dim": "#868e99", "strong": "bold #f2f4f6", "head": "#868e99", "rule": "#3a404a",
        "key": "bold #7fb4e6", "ok": "#84b98a", "watch": "#e0b45c", "failing": "bold #ec7a70", "unknown": "#b39ddb",
    },
    LIGHT: {
        "": "#24292f", "dim": "#66707b", "strong": "bold #0b0f14", "head": "#66707b", "rule": "#c9ced4",
        "key": "bold #0b5cad", "ok": "#2c6b34", "watch": "#8a5a00", "failing": "bold #b3261e", "unknown": "#6a4bb0",
    },
    SIXTEEN: {
        "": "default", "dim": "bright_black", "strong": "bold default", "head": "bold default", "rule": "bright_black",
        "key": "bold cyan", "ok": "green", "watch": "yellow", "failing": "bold red", "unknown": "magenta",
    },
}  # fmt: skip
_SCROLLBAR = ("scrollbar", "scrollbar-hover", "scrollbar-active")
_GROUNDS = {DARK: ("#15181d", "#262c35"), LIGHT: ("#fafbfc", "#e2e8ef"), SIXTEEN: ("default", "")}


def tone_table(theme: str) -> Mapping[Tone, str]:
    """What each tone looks like, in Rich's words."""
    return _TONES.get(theme, _TONES[DARK])


def tones(theme: str) -> Mapping[Tone, Style]:
    """The style of each tone in ``theme``; the ground is given by the widget."""
    from rich.style import Style

    return {tone: Style.parse(text) for tone, text in tone_table(theme).items()}


def cursor(theme: str) -> Style:
    """What the row under the cursor looks like, over its tones."""
    from rich.style import Style

    ground = _GROUNDS.get(theme, _GROUNDS[DARK])[1]
    return Style.parse(f"on {ground}") if ground else Style(reverse=True)


def textual_themes() -> tuple[Theme, ...]:
    """The three themes as Textual wants them, for its own widgets (input, palette, notifications)."""
    from textual.theme import BUILTIN_THEMES, Theme

    def made(name: str, *, dark: bool) -> Theme:
        look = {tone: text.removeprefix("bold ") for tone, text in _TONES[name].items()}
        ground, panel = _GROUNDS[name]
        return Theme(
            name=name, dark=dark, primary=look["key"], accent=look["key"], success=look["ok"], warning=look["watch"],
            error=look["failing"], foreground=look[""], background=ground, surface=ground, panel=panel,
        )  # fmt: skip

    sixteen = Theme(
        name=SIXTEEN, dark=True, ansi=True, primary="ansi_cyan", accent="ansi_cyan", success="ansi_green",
        warning="ansi_yellow", error="ansi_red", foreground="ansi_default", background="ansi_default",
        surface="ansi_default", panel="ansi_default",
        variables={**BUILTIN_THEMES["ansi-dark"].variables, **dict.fromkeys(_SCROLLBAR, "ansi_bright_black")},
    )  # fmt: skip
    return made(DARK, dark=True), made(LIGHT, dark=False), sixteen


def colourless(environment: Mapping[str, str]) -> bool:
    """Whether whoever opened the terminal wants no colours at all (NO_COLOR)."""
    return "NO_COLOR" in environment


def fitting(environment: Mapping[str, str]) -> str:
    """The theme for a terminal that says this of itself: sixteen colours where it promises no more, or wants none."""
    if colourless(environment):
        return SIXTEEN
    if environment.get("COLORTERM", "") in ("truecolor", "24bit") or "256color" in environment.get("TERM", ""):
        return DARK
    return SIXTEEN
