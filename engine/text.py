"""Text from outside (logs, files, commit messages, data values) made safe to show in a terminal."""

from __future__ import annotations

import re
import unicodedata

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def span(seconds: float) -> str:
    """A duration in the one unit that matters: ``0.4 s``, ``41 s``, ``18 min``, ``2 h``, ``12 d``."""
    seconds = max(0.0, seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    for size, word in ((86400, "d"), (3600, "h")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds / 60:.0f} min"


def plain(text: str, limit: int = 400) -> str:
    """One line of ``text`` with escape sequences, control and direction-changing characters removed.

    Line breaks and tabs become spaces; at most ``limit`` characters are kept, an ellipsis marks a cut.
    """
    text = text[: limit * 4]
    if not (text.isascii() and text.isprintable()):  # As nearly all of it is.
        text = _without_unsafe(text)
    text = text.strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def short_revision(revision: str) -> str:
    """A revision as people write it: of a digest the beginning, of Subversion's numbers all."""
    return revision[:8] if _DIGEST.fullmatch(revision) else plain(revision, 30)


def _without_unsafe(text: str) -> str:
    text = _ESCAPES.sub("", text)
    text = text.replace("\n", " ").replace("\t", " ").replace("\r", " ")
    return "".join(c for c in text if unicodedata.category(c) not in _UNSAFE)
