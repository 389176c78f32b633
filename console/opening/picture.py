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
from console.text.overview_lines import DETAIL, detail, ordered, rows_below, summary

if TYPE_CHECKING:
    from console.queries.question import Desk
    from console.queries.recent_question import Recent

HEAD_AND_KEYS = 3  # lines that are not kept
_RGB = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})")
_SIXTEEN = {
    "default": "39", "bright_black": "90", "cyan": "36", "green": "32", "yellow": "33", "red": "31", "magenta": "35",
}  # fmt: skip


def picture(desk: Desk, now: datetime, width: int, height: int, recent: Recent | None = None) -> list[Line]:
    """All lines between the head and the keys, as the overview shows them, with the cursor on the first project.

    There are no keys on a picture: what it is stands there, which ``last_seen`` says with its age.
    """
    projects = ordered(desk.overview.projects)
    first = projects[0] if projects else None
    rows = rows_below(height, len(projects))
    below = [
        *_filled(detail(first, now, width) if first else (), DETAIL),
        *_filled(_lately(recent, now, width, rows) if first else (), rows),
        frame.rule(width),
    ]
    room = height - HEAD_AND_KEYS - 1 - 3 - len(below)
    columns = overview_table.columns(projects)
    shown = [(Span("   "), *heading(columns, width - 4))]
    for status in projects[: max(0, room - 1)]:
        mark = Span(" ▸ ", "key") if status is first else Span("   ")
        shown.append((mark, *row(columns, status, now, width - 4)))
    return [frame.rule(width), *summary(desk, now, width), (), *_filled(shown, room), *below]


def _lately(recent: Recent | None, now: datetime, width: int, rows: int) -> list[Line]:
    if recent is None or not rows:
        return [frame.rule(width)]
    from console.text.recent_lines import recent_lines  # needed when the console is left, not when it opens

    return recent_lines(recent, now, width, rows)


def _filled(lines: Iterable[Line], count: int) -> list[Line]:
    found = list(lines)[:count]
    return [*found, *[()] * (count - len(found))]


def encoded(lines: Iterable[Line], width: int, theme: str) -> str:
    """The lines as a terminal takes them; nothing from outside can put more into them than its text."""
    from console.terminal.style import PLAIN, change, styled  # when the console is left, not when it opens

    looks = {tone: styled(PLAIN, _codes(text)) or PLAIN for tone, text in themes.tone_table(theme).items()}

    def encoded_line(line: Line) -> str:
        pen, text = PLAIN, ""
        for part in fit(line, width):
            if part.text.strip(" "):  # what is blank has no look
                text += change(pen, looks[part.tone])
                pen = looks[part.tone]
            text += part.text
        return text.rstrip(" ") + change(pen, PLAIN)

    return "\n".join(map(encoded_line, lines))


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


def keep(
    path: Path, desk: Desk, now: datetime, width: int, height: int, theme: str, recent: Recent | None = None
) -> None:
    """Write the picture to ``path``, whole or not at all; a picture is not worth an error."""
    lines = picture(desk, now, width, height, recent)
    text = f"{width} {height} {now.timestamp():.0f}\n" + encoded(lines, width, theme)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, path)
    except OSError:
        fresh.unlink(missing_ok=True)
