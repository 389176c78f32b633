"""What a session's process knows of the client's terminal, and of anything else in its environment. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

COLUMNS, LINES = (1, 500), (1, 200)
USUAL = (80, 24)
FALLBACK = "xterm"
_TERM = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}")
# Terminals that name themselves and have 24-bit colour; of "xterm-256color" nobody can tell, so it gets 256.
_DIRECT = re.compile(
    r".*-(direct|truecolor)|(xterm-)?(kitty|ghostty)|alacritty(-direct)?|foot(-extra)?|wezterm|contour|rio|iterm2"
)
# What is of the terminal that the door was started from, or of whoever started it; the rest is the engine's.
_OF_A_TERMINAL = {
    "TERM", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "LINES", "COLUMNS", "NO_COLOR", "FORCE_COLOR",
    "CLICOLOR", "CLICOLOR_FORCE", "PAGER", "EDITOR", "VISUAL", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "MAIL",
    "LEVERFRAME_HOME", "LEVERFRAME_OPERATOR", "_LEVERFRAME_COMPLETE", "LANG", "LANGUAGE", "PYTHONIOENCODING",
    "PYTHONINSPECT", "PYTHONSTARTUP",
}  # fmt: skip
_PREFIXES = ("LC_", "SSH_", "TEXTUAL", "TMUX", "SUDO_", "XDG_SESSION")


def name(said: str) -> str:
    """The terminal's name as the client said it, or a plain one where that cannot be a name."""
    return said if _TERM.fullmatch(said) else FALLBACK


def size(columns: int, lines: int) -> tuple[int, int]:
    """A size that can be drawn: what the client said within bounds, and the usual one where it said nothing."""
    return _within(columns or USUAL[0], COLUMNS), _within(lines or USUAL[1], LINES)


def _within(number: int, bounds: tuple[int, int]) -> int:
    return max(bounds[0], min(number, bounds[1]))


def environment(own: Mapping[str, str], term: str | None) -> dict[str, str]:
    """A session's environment: that of the door, whose runs it may start, in UTF-8, and the terminal's name.

    Nothing else comes from the client. ``term``: None where there is no terminal.
    """
    kept = {key: value for key, value in own.items() if key not in _OF_A_TERMINAL and not key.startswith(_PREFIXES)}
    kept |= {"LANG": "C.UTF-8", "TERM": name(term) if term is not None else "dumb"}
    if term is not None and _DIRECT.fullmatch(kept["TERM"]):
        kept["COLORTERM"] = "truecolor"
    return kept
