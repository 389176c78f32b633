"""All that the command line prints goes through here: made safe, aligned, and coloured only where colour is wanted.

Text from projects, files, commits and people cannot reach the terminal unfiltered, because nothing else writes to it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from console.text import cells
from console.text.lines import Line, Span, Tone, cells_of, cut, pad
from engine.records import GateVerdict, Verdict
from engine.text import plain

Cell = str | Span
LONGEST = 4000
WIDEST = 120
WITHOUT_END = 10_000
NARROW = 24  # a column of text that has less room gets lines of its own
GAP = "  "
_COLOURS: dict[Tone, str] = {
    "dim": "2", "strong": "1", "head": "1", "key": "1", "ok": "32", "watch": "33", "failing": "31", "unknown": "35",
}  # fmt: skip
_TONES: dict[str, Tone] = {
    "ok": "ok", "watch": "watch", "failing": "failing", "unknown": "unknown",
    "pass": "ok", "warn": "watch", "fail": "failing", "cannot tell": "unknown",
}  # fmt: skip


def safe(text: str) -> str:
    """``text`` as one line without anything that a terminal would obey; spaces at its ends stay."""
    body = plain(text, LONGEST)
    if not body:
        return ""
    return " " * (len(text) - len(text.lstrip(" "))) + body + " " * (len(text) - len(text.rstrip(" ")))


def verdict(value: Verdict | GateVerdict) -> Span:
    """A verdict with its glyph and its tone."""
    return Span(cells.verdict(value), _TONES[value])


def say(text: Cell = "", *, indent: int = 0, hang: int = 0) -> None:
    """Print a sentence; on a terminal it is broken at spaces, later lines with ``hang`` more spaces before them."""
    text, tone = _parts(text)
    width = _width()
    margin = " " * indent
    lines = [margin + text]
    if width is not None:
        lines = [margin + line for line in _lines(text, width - indent, hang)]
    for line in lines:
        _write(_coloured(line.rstrip(), tone))


def lines(found: Iterable[Line]) -> None:
    """Print the very lines that a screen is made of."""
    for each in found:
        _write("".join(_coloured(_spaced(part.text), part.tone) for part in each).rstrip())


def _spaced(text: str) -> str:
    """What is safe of ``text``; what only keeps columns apart stays."""
    return safe(text) if text.strip(" ") else text


def room() -> int:
    """How wide lines may be that are made before they are printed; without end where a program reads them."""
    return _width() or WITHOUT_END


def table(
    rows: Iterable[Sequence[Cell]],
    headings: Sequence[str] = (),
    *,
    indent: int = 0,
    right: Sequence[str] = (),
    give_way: Sequence[str] = (),
) -> None:
    """Print aligned columns; the last may be long text.

    ``right`` names the columns of numbers, ``give_way`` those that are left out, in this order, where the terminal
    has no room for all.
    """
    heads: list[tuple[str, Tone]] = [(heading, "dim") for heading in headings]
    every = [*([heads] if heads else []), *([_parts(cell) for cell in row] for row in rows)]
    if not every:
        return
    widths = [max(cells_of(row[i][0]) for row in every) for i in range(len(every[0]))]
    kept = _kept(widths, headings, give_way, indent)
    before = indent + sum(widths[i] + len(GAP) for i in kept[:-1])
    numbers = {i for i, heading in enumerate(headings) if heading in right}
    for row in every:
        columns = [_coloured(pad(row[i][0], widths[i], right=i in numbers), row[i][1]) for i in kept[:-1]]
        text, tone = row[kept[-1]]
        if kept[-1] in numbers:
            text = pad(text, widths[kept[-1]], right=True)
        beside, below, margin = _broken(text, before, indent)
        _write((" " * indent + GAP.join([*columns, _coloured(beside, tone)])).rstrip())
        for line in below:
            _write(" " * margin + _coloured(line, tone))


def _kept(widths: Sequence[int], headings: Sequence[str], give_way: Sequence[str], indent: int) -> list[int]:
    """The columns that are shown. A last column of text counts as narrow, for it can be broken."""
    kept, width = list(range(len(widths))), _width()
    for name in give_way:
        needed = indent + sum(widths[i] + len(GAP) for i in kept[:-1]) + min(widths[-1], NARROW)
        if width is not None and needed > width:
            kept.remove(list(headings).index(name))
    return kept


def _broken(text: str, before: int, indent: int) -> tuple[str, list[str], int]:
    """Text for the last column: what stands in its row, the lines below, and how far in those are."""
    width = _width()
    if width is None or cells_of(text) <= max(NARROW, width - before):
        return text, [], 0
    room = width - before
    if room < NARROW or (room < WIDEST // 2 and cells_of(text) > 2 * room):
        margin = indent + 4
        return "", _lines(text, max(NARROW, width - margin)), margin
    lines = _lines(text, room)
    return lines[0], lines[1:], before


def _lines(text: str, width: int, hang: int = 0) -> list[str]:
    """``text`` broken at spaces, but not between a number and its per cent sign."""
    kept = re.sub(r"(?<=\d) %", "\u00a0%", text)
    found = textwrap.wrap(kept, max(NARROW, width), subsequent_indent=" " * hang)
    return [line.replace("\u00a0%", " %") for line in found] or [""]


def document(content: Any) -> None:
    """Print one JSON document. Everything but ASCII is written as \\u escapes, so no text in it is obeyed."""
    _write(json.dumps(content, indent=2))


def documents(contents: Iterable[Any]) -> None:
    """Print a JSON list of any length without holding it."""
    start = "["
    for content in contents:
        _write(f"{start}\n  {json.dumps(content)}", end="")
        start = ","
    _write("[]" if start == "[" else "\n]")


def complain(text: str, more: Iterable[str] = ()) -> None:
    """One line on standard error, and line by line below what belongs to it and is not in it already."""
    sys.stdout.flush()
    for line in (text, *(f"  {each}" for each in more if each not in text)):
        _write(safe(line), to=sys.stderr)


def ask(text: str) -> str:
    """What a person answers to ``text``, which goes to standard error: what is printed may be a document."""
    sys.stdout.flush()
    _write(f"{safe(text)}: ", end="", to=sys.stderr)
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        _write("", to=sys.stderr)
    return answer


class ProgressLine:
    """How far something is: one line that is written over on a terminal, else a line for each new phase."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._phase = ""

    def show(self, done: float, phase: str) -> None:
        """Say that ``phase`` is at hand and ``done`` (0 to 1) of the whole is behind it."""
        text = safe(f"{done:4.0%}  {phase}")
        if self._terminal:
            bar = "█" * round(20 * done)
            room = shutil.get_terminal_size().columns - 1
            _write(f"\r{cut(f'{bar:·<20} {text}', room)}\x1b[K", end="")
        elif phase.split(" ")[0] != self._phase.split(" ")[0]:
            _write(text)
        self._phase = phase

    def clear(self) -> None:
        """Take the line away again."""
        if self._terminal and self._phase:
            _write("\r\x1b[K", end="")


def _parts(cell: Cell) -> tuple[str, Tone]:
    return (safe(cell.text), cell.tone) if isinstance(cell, Span) else (safe(cell), "")


def _coloured(text: str, tone: Tone) -> str:
    code = _COLOURS.get(tone)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text and _colourful() else text


def _colourful() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _width() -> int | None:
    """How wide lines may be; None where nobody reads them on a terminal, and a program may want whole lines."""
    return min(WIDEST, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None


def _write(text: str, *, end: str = "\n", to: TextIO | None = None) -> None:
    stream = to or sys.stdout
    stream.write(text + end)
    if end == "" or to is not None:
        stream.flush()
