"""From lines of toned text to what Textual draws, in the theme that is on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from console import themes
from console.text.lines import Line, Tone


@lru_cache(maxsize=8)
def _tones(theme: str) -> Mapping[Tone, Style]:
    return themes.tones(theme)


@lru_cache(maxsize=8)
def _cursor(theme: str) -> Style:
    return themes.cursor(theme)


def strip(line: Line, width: int, theme: str, base: Style, *, under_cursor: bool = False) -> Strip:
    """``line``, which fits ``width``, on the ground of ``base``."""
    looks = _tones(theme)
    over = base + _cursor(theme) if under_cursor else base
    ground = Style(bgcolor=over.bgcolor, reverse=over.reverse)
    if over.reverse:  # sixteen colours: reversed tones would be patches of colour, so the row has none
        segments = [Segment(part.text, Style(bold=looks[part.tone].bold) + ground) for part in line]
    else:
        segments = [Segment(part.text, looks[part.tone] + ground) for part in line]
    return Strip(segments).extend_cell_length(width, ground)
