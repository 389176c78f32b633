"""Lines of toned text: what every screen, dialog and picture is made of. Pure, and without a terminal library.

A tone says what a piece of text means (``failing``, ``dim``, ``key``); a theme says what that looks like.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, NamedTuple, TypeVar

Tone = Literal["", "dim", "strong", "head", "rule", "key", "ok", "watch", "failing", "unknown"]
R = TypeVar("R")


class Span(NamedTuple):
    """A piece of text and what it means."""

    text: str
    tone: Tone = ""


Line = tuple[Span, ...]
EMPTY: Line = ()
SENTENCE = 4000  # characters of one that is shown to its end


def line(*parts: str | Span) -> Line:
    """A line of its parts; a plain string has no tone."""
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts)


def indented(lines: Iterable[Line]) -> list[Line]:
    """Each a cell further to the right; empty ones stay empty."""
    return [line(" ", *each) if each else EMPTY for each in lines]


def cells_of(text: str) -> int:
    """How many cells of a terminal ``text`` takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def width_of(parts: Line) -> int:
    """How many cells the line takes."""
    text = "".join([part.text for part in parts])
    return len(text) if text.isascii() else sum([cells_of(part.text) for part in parts])


def cut(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells; an ellipsis marks what is missing."""
    if cells_of(text) <= width:
        return text
    if width <= 0:
        return ""
    if text.isascii():
        return text[: width - 1] + "…"
    from rich.cells import set_cell_size

    return set_cell_size(text, width - 1).rstrip() + "…"


def cut_front(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells, of a longer one its end: ``…project@12``."""
    while cells_of(text) > max(width, 1):
        text = "…" + text[2:]
    return text


def pad(text: str, width: int, *, right: bool = False, front: bool = False) -> str:
    """``text`` in exactly ``width`` cells; with ``front`` a longer one loses its beginning instead of its end."""
    text = cut_front(text, width) if front else cut(text, width)
    gap = " " * (width - cells_of(text))
    return gap + text if right else text + gap


def fit(parts: Line, width: int) -> Line:
    """The line in exactly ``width`` cells: cut with an ellipsis, or filled with spaces."""
    total = width_of(parts)
    if total <= width:
        return (*parts, Span(" " * (width - total))) if total < width else parts
    kept: list[Span] = []
    left = width
    for part in parts:
        taken = cells_of(part.text)
        if taken < left or (taken == left and part is parts[-1]):
            kept.append(part)
            left -= taken
            continue
        kept.append(Span(pad(cut(part.text + "…", left), left), part.tone))
        break
    return tuple(kept)


def ends(left: Line, right: Line, width: int) -> Line:
    """``left`` and ``right`` at the two ends of a line; where there is no room the right end goes first."""
    gap = width - width_of(left) - width_of(right)
    if gap < 2:
        return fit(left, width)
    return (*left, Span(" " * gap), *right)


def wrapped(text: str, width: int, *, tone: Tone = "", indent: str = "", first: str | None = None) -> list[Line]:
    """``text`` broken at spaces into lines of at most ``width`` characters."""
    found = textwrap.wrap(text, max(10, width), initial_indent=indent if first is None else first,
                          subsequent_indent=indent, break_long_words=True)  # fmt: skip
    return [(Span(each, tone),) for each in found]


def beside(left: Sequence[Line], right: Sequence[Line], left_width: int, right_width: int) -> list[Line]:
    """Two columns of lines, side by side with two cells between them."""
    rows = max(len(left), len(right))
    lefts, rights = ([*lines, *[EMPTY] * (rows - len(lines))] for lines in (left, right))
    return [
        (*fit(a, left_width), Span("  "), *fit(b, right_width)) for a, b in zip(lefts, rights, strict=True)
    ]


def plain_text(lines: Iterable[Line]) -> str:
    """The lines without tones, for goldens and for logs."""
    return "\n".join("".join(part.text for part in each).rstrip() for each in lines)


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column of a table: what stands in it, and what gives way where the terminal is narrow.

    Columns with the highest ``yields`` are left out first. Half of what room is left (all of it where none ``grows``)
    goes to others up to their ``most``, the rest to those that grow, in equal shares. Text that is too long loses its
    end, or its ``front``.
    """

    title: str
    width: int
    cell: Callable[[R, datetime], Span]
    right: bool = False
    yields: int = 0
    most: int = 0
    grows: bool = False
    front: bool = False


def widths(columns: Sequence[Column[R]], available: int) -> tuple[int, ...]:
    """The width of each column, 0 for one that is left out; two cells stand between columns."""
    kept = list(columns)
    while len(kept) > 1 and sum(c.width + 2 for c in kept) - 2 > available:
        most = max(c.yields for c in kept)
        if most == 0:
            break
        kept.remove(next(c for c in reversed(kept) if c.yields == most))
    spare = max(0, available - sum(c.width + 2 for c in kept) + 2)
    growing = [c for c in kept if c.grows]
    names, found = spare // 2 if growing else spare, []
    for column in columns:
        more = min(max(0, column.most - column.width), names) if column in kept else 0
        found.append(column.width + more if column in kept else 0)
        names, spare = names - more, spare - more
    share = spare // len(growing) if growing else 0
    return tuple(width + (share if c in growing else 0) for c, width in zip(columns, found, strict=True))


def heading(columns: Sequence[Column[R]], available: int) -> Line:
    """The titles of the columns."""
    found = widths(columns, available)
    titles = [pad(c.title, w, right=c.right) for c, w in zip(columns, found, strict=True) if w]
    return (Span("  ".join(titles), "head"),)


def row(columns: Sequence[Column[R]], record: R, now: datetime, available: int) -> Line:
    """One record as a line of the table."""
    parts: list[Span] = []
    for column, width in zip(columns, widths(columns, available), strict=True):
        if not width:
            continue
        if parts:
            parts.append(Span("  "))
        found = column.cell(record, now)
        parts.append(Span(pad(found.text, width, right=column.right, front=column.front), found.tone))
    return tuple(parts)
