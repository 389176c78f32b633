"""Any line of a log by its number, and a search, without reading what lies before: a sparse index of line numbers.

Lines are numbered from 1 as they are shown, so without the ``::progress`` lines that drive the bar. The index knows how
many lines precede each block of a quarter of a megabyte. It is made by counting line ends (a million lines in some
hundredths of a second), kept in memory and continued as the log grows. Where a log was cut in the middle (see
``step_output.py``) the numbers are those of the lines that are left, the line that says so among them.
"""

from __future__ import annotations

import os
import re
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from engine.runs.logs.log_files import opened
from engine.runs.logs.step_log import PROGRESS, plain_line

BLOCK = 1 << 18
KEPT = 32
_COLOURS = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")


@dataclass(frozen=True)
class LogLine:
    """A line of a log, safe to show, with its number from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class LogWindow:
    """Some lines in a row, of ``total`` that there are by now; ``ended``: there will be no more."""

    lines: tuple[LogLine, ...]
    total: int
    ended: bool


@dataclass
class _Index:
    """``before[i]`` lines precede the byte ``starts[i]``; ``count`` lines precede ``end``, where the rest begins."""

    identity: tuple[int, int]
    starts: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    end: int = 0
    count: int = 0


class LogReader:
    """Reads logs by line number and remembers where their lines are. Any thread may call it."""

    def __init__(self) -> None:
        self._indexes: OrderedDict[Path, _Index] = OrderedDict()
        self._guard = threading.Lock()

    def window(self, log: Path, line: int | Literal["end"], count: int, *, ended: bool = True) -> LogWindow:
        """At most ``count`` lines from the one numbered ``line`` on, or the last ones. Empty when there is no log."""
        try:
            file = opened(log)
        except FileNotFoundError:
            return LogWindow((), 0, ended)
        with file, self._guard:
            index, rest = self._current(log, file)
            total = index.count + _count(rest)
            first = max(total - count, 0) if line == "end" else max(line - 1, 0)
            lines: list[LogLine] = []
            for number, block in _blocks(file, index, rest, first):
                wanted = _lines(block)[max(first - number, 0) :][: count - len(lines)]
                begin = max(first, number)
                lines += [LogLine(begin + i + 1, plain_line(raw)) for i, raw in enumerate(wanted)]
                if len(lines) >= count:
                    break
        return LogWindow(tuple(lines), total, ended)

    def search(self, log: Path, text: str, *, after_line: int = 0, limit: int = 100) -> tuple[int, ...]:
        """The numbers of the first ``limit`` lines after ``after_line`` that hold ``text``, in either case."""
        if not text:
            return ()
        try:
            file = opened(log)
        except FileNotFoundError:
            return ()
        needles = {form.encode() for form in (text, text.lower(), text.upper())}
        needles |= {needle.lower() for needle in needles}
        found: list[int] = []
        with file, self._guard:
            index, rest = self._current(log, file)
            for number, block in _blocks(file, index, rest, max(after_line, 0)):
                # Most blocks hold nothing and are never taken apart into lines.
                flat = _flat(block)
                if any(needle in flat for needle in needles):
                    hits = _matching(block, text, needles)
                    found += [number + i + 1 for i in hits if number + i + 1 > after_line]
                if len(found) >= limit:
                    break
        return tuple(found[:limit])

    def _current(self, log: Path, file: BinaryIO) -> tuple[_Index, bytes]:
        """The index as the file is now, and the bytes behind what it covers."""
        size = file.seek(0, os.SEEK_END)
        status = log.stat()
        identity = status.st_dev, status.st_ino
        index = self._indexes.get(log)
        # A log that was cut is written anew, as another file.
        if index is None or index.identity != identity or index.end > size:
            index = self._indexes[log] = _Index(identity)
        self._indexes.move_to_end(log)
        if len(self._indexes) > KEPT:
            self._indexes.popitem(last=False)
        return index, _continue(index, file, size)


def _continue(index: _Index, file: BinaryIO, size: int) -> bytes:
    file.seek(index.end)
    while size - index.end >= BLOCK:
        block = file.read(BLOCK)
        if not block.endswith(b"\n"):
            block += file.readline()
        if not block.endswith(b"\n"):
            break  # The line is still being written.
        index.starts.append(index.end)
        index.before.append(index.count)
        index.count += _count(block)
        index.end += len(block)
    file.seek(index.end)
    return file.read()


def _blocks(file: BinaryIO, index: _Index, rest: bytes, first: int) -> Iterator[tuple[int, bytes]]:
    """The blocks from the one that holds the line after ``first`` lines on, each with how many lines precede it."""
    if first < index.count:
        for place in range(bisect_right(index.before, first) - 1, len(index.starts)):
            end = index.starts[place + 1] if place + 1 < len(index.starts) else index.end
            file.seek(index.starts[place])
            yield index.before[place], file.read(end - index.starts[place])
    yield index.count, rest


def _count(data: bytes) -> int:
    """How many lines of ``data``, which begins where a line begins, are shown."""
    unfinished = bool(data) and not data.endswith(b"\n")
    progress = data.count(b"\n" + PROGRESS) + data.startswith(PROGRESS)
    return data.count(b"\n") + unfinished - progress


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line for line in lines if not line.startswith(PROGRESS)]


def _flat(data: bytes) -> bytes:
    """``data`` in small letters and without colours, which may stand in the middle of a word."""
    return (_COLOURS.sub(b"", data) if b"\x1b" in data else data).lower()


def _matching(block: bytes, text: str, needles: set[bytes]) -> list[int]:
    """Which of the block's lines hold ``text`` as they are shown: not within what is taken out, such as colours."""
    wanted = text.casefold()
    return [
        i
        for i, line in enumerate(_lines(block))
        if any(needle in _flat(line) for needle in needles) and wanted in plain_line(line).casefold()
    ]
