"""The overview as one still picture, which the next start shows before anything is loaded. See ``last_seen``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from console import themes
from console.text import frame, overview_table
from console.text.lines import Line, Span, fit, heading, row
from console.text.overview_lines import DETAIL, detail, ordered, summary

if TYPE_CHECKING:
    from console.queries.question import Desk

_RGB = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})")
_SIXTEEN = {
    "default": "39", "bright_black": "90", "cyan": "36", "green": "32", "yellow": "33", "red": "31", "magenta": "35",
}  # fmt: skip


def picture(desk: Desk, now: datetime, width: int, height: int) -> list[Line]:
    """All lines below the head, as the overview shows them, with the cursor on the first project."""
    projects = ordered(desk.overview.projects)
    first = projects[0] if projects else None
    below = [
        *_filled(detail(first, now, width) if first else (), DETAIL),
        frame.rule(width),
        frame.keys("overview", lambda action: None, width),
        frame.places("Overview", width),
    ]
    room = height - 1 - 1 - 3 - len(below)
    shown = [(Span("   "), *heading(overview_table.PROJECTS, width - 4))]
    for status in projects[: max(0, room - 1)]:
        mark = Span(" ▸ ", "key") if status is first else Span("   ")
        shown.append((mark, *row(overview_table.PROJECTS, status, now, width - 4)))
    return [frame.rule(width), *summary(desk, now, width), (), *_filled(shown, room), *below]


def _filled(lines: Iterable[Line], count: int) -> list[Line]:
    found = list(lines)[:count]
    return [*found, *[()] * (count - len(found))]


def encoded(lines: Iterable[Line], width: int, theme: str) -> str:
    """The lines as a terminal takes them; nothing from outside can put more into them than its text."""
    looks = {tone: _codes(text) for tone, text in themes.tone_table(theme).items()}
    return "\n".join(
        "".join(f"\x1b[{looks[part.tone]}m{part.text}\x1b[0m" for part in fit(line, width)) for line in lines
    )


def _codes(style: str) -> str:
    codes = ["0"]
    for word in style.split():
        colour = _RGB.fullmatch(word)
        if word == "bold":
            codes.append("1")
        elif colour:
            codes.append("38;2;" + ";".join(str(int(part, 16)) for part in colour.groups()))
        else:
            codes.append(_SIXTEEN[word])
    return ";".join(codes)


def keep(path: Path, desk: Desk, now: datetime, width: int, height: int, theme: str) -> None:
    """Write the picture to ``path``, whole or not at all; a picture is not worth an error."""
    text = f"{width} {height} {now.timestamp():.0f}\n" + encoded(picture(desk, now, width, height), width, theme)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, path)
    except OSError:
        fresh.unlink(missing_ok=True)
