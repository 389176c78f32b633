"""Read a step's log while it is written or long after: its end, or a page of it.

The file holds the bytes as the step printed them, cut in the middle where it printed too much (see ``step_output.py``).
Readers give lines of plain text, without the step's ``::progress`` lines. Offsets count the bytes that were *printed*,
so they stay true when the middle is cut away under a reader; who asks for what was cut gets the line that says so.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from engine.runs.logs.log_files import opened
from engine.text import plain

_CUT = re.compile(rb"\n\[leverframe: (\d{1,15}) bytes were cut here\]\n")
PROGRESS = b"::progress "
_BLOCK = 1 << 16
_LONGEST_TAIL = 1 << 20
# Rules and markers; what R says after its error, Java after each of its exceptions, SQLAlchemy after the database's.
_NOISE = re.compile(
    r"[\s\^~\-=_*#|+.]*|Execution halted|Calls: .*"
    r"|\(Background on this error at: .*|\[SQL: .*|\[parameters: .*"
    r"|\s*at \S+\(\S*\)( ~?\[.*\])?|\s*\.\.\. \d+ (more|common frames omitted)"
)


@dataclass(frozen=True)
class StepLogPage:
    """Some lines of a log; the next page begins at ``next_offset``, ``size`` bytes were printed so far."""

    lines: tuple[str, ...]
    next_offset: int
    size: int


def tail(log: Path, lines: int) -> list[str]:
    """The last ``lines`` lines. Reads only the end of the file; empty when there is no log."""
    try:
        with opened(log) as file:
            data = _end_of(file, lines)
    except (FileNotFoundError, IsADirectoryError):
        return []
    return _shown(data)[-lines:] if lines > 0 else []


def last_words(log: Path) -> str | None:
    """The last line that says something: no blank line, no rule, no row of markers under a traceback, no frame."""
    for line in reversed(tail(log, 50)):
        if not _NOISE.fullmatch(line):
            return line.strip()
    return None


def read_lines(log: Path, start: int, count: int = 500, *, limit: int = 65536, ended: bool = False) -> StepLogPage:
    """At most ``count`` lines and ``limit`` bytes from the offset ``start``.

    A last line without its end is left for the next page unless the step has ``ended`` or the line fills the page.
    """
    try:
        file = opened(log)
    except FileNotFoundError:
        return StepLogPage((), 0, 0)
    with file:
        size = file.seek(0, os.SEEK_END)
        cut = _cut_in(file)
        # Of a cut log the line that says so stands where the cut bytes were.
        gap = cut.bytes - (cut.end - cut.begin) if cut else 0
        start = min(max(start, 0), size + gap)
        at = start
        if cut and start >= cut.begin:
            at = cut.begin + 1 if start < cut.begin + cut.bytes else start - gap
        file.seek(at)
        data = file.read(limit)
        whole = _whole_lines(data, count, full=len(data) == limit or ended)
        following = at + len(whole)
        if cut and following >= cut.end:
            following += gap
        elif cut and following == cut.begin + 1:
            following = cut.begin  # The head's last line ends where the line about the cut begins.
        elif cut and following > cut.begin:
            following = cut.begin + cut.bytes
        return StepLogPage(tuple(_shown(whole)), following, size + gap)


@dataclass(frozen=True)
class _Cut:
    begin: int
    end: int
    bytes: int


def _cut_in(file: BinaryIO) -> _Cut | None:
    # The file is a few megabytes at most: the search costs a millisecond.
    file.seek(0)
    found = _CUT.search(file.read(64_000_000))
    return _Cut(found.start(), found.end(), int(found[1])) if found else None


def _whole_lines(data: bytes, count: int, *, full: bool) -> bytes:
    end = 0
    for _ in range(count):
        next_end = data.find(b"\n", end) + 1
        if next_end == 0:
            return data if full and end == 0 else data[:end]
        end = next_end
    return data[:end]


def _end_of(file: BinaryIO, lines: int) -> bytes:
    """The bytes that hold the last ``lines`` lines and perhaps more, at most a megabyte."""
    position = file.seek(0, os.SEEK_END)
    data = b""
    while position > 0 and data.count(b"\n") <= lines and len(data) < _LONGEST_TAIL:
        step = min(_BLOCK, position)
        position -= step
        file.seek(position)
        data = file.read(step) + data
    return data


def _shown(data: bytes) -> list[str]:
    lines = data.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return [plain_line(line) for line in lines if not line.startswith(PROGRESS)]


def plain_line(line: bytes) -> str:
    """A line as it is shown: safe, with its indentation."""
    # A bar that redraws itself with carriage returns is shown as it stands last.
    text = line.rstrip(b"\r").rpartition(b"\r")[2][:4000].decode("utf-8", "replace")
    return " " * min(len(text) - len(text.lstrip(" ")), 40) + plain(text)
