"""On which line each key of a TOML document stands. tomllib does not say.

The scanner walks text that tomllib has accepted already, so it only has to find the ends of keys and values, not to
judge them. Whatever it cannot follow costs a line number, never an error.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from contextlib import suppress

Path = tuple[str | int, ...]

# Loops are written out, so that nothing is tried twice. Possessive groups say the same in fewer characters, but with
# them the scan was once seen to stop (CPython 3.11.7) at a string that it finds otherwise.
_BLANK = re.compile(r"[ \t\r\n]*(?:#[^\n]*[ \t\r\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""[^\\"]*(?:(?:\\.|"(?!""))[^\\"]*)*"{3,5}'
    r"|'''[^']*(?:'(?!'')[^']*)*'{3,5}"
    r'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_PLAIN_VALUE = re.compile(r"[^,\]}\n#]*")
_ESCAPE = re.compile(r'\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[btnfr"\\])')
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


class _Lost(Exception):
    """The scanner cannot follow the text any further."""


def lines_of(text: str) -> dict[Path, int]:
    """The line, from 1, of every table and key: ``("gates", 0, "metric")``. What it could not find is left out."""
    scanner = _Scanner(text)
    # The lines found so far are right, and the caller falls back to the table's line for the rest.
    with suppress(_Lost, IndexError, RecursionError):
        scanner.document()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._arrays: dict[Path, int] = {}
        self.lines: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while True:
            self._skip(_BLANK)
            if self._at >= len(self._text):
                return
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        start = self._at
        array = self._text.startswith("[[", start)
        self._at += 2 if array else 1
        path = self._within_arrays(self._key(), own=not array)
        self._expect("]]" if array else "]")
        if array:
            self._arrays[path] = self._arrays.get(path, -1) + 1
            self.lines.setdefault(path, self._line(start))
            path = (*path, self._arrays[path])
        self.lines.setdefault(path, self._line(start))
        return path

    def _within_arrays(self, key: tuple[str, ...], own: bool) -> Path:
        """``[gates.more]`` after ``[[gates]]`` belongs to the newest gate."""
        path: Path = ()
        for number, part in enumerate(key):
            path = (*path, part)
            if path in self._arrays and (own or number < len(key) - 1):
                path = (*path, self._arrays[path])
        return path

    def _pair(self, table: Path) -> None:
        line = self._line(self._at)
        path = table
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._expect("=")
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> tuple[str, ...]:
        parts = []
        while True:
            self._skip(_SPACE)
            parts.append(self._key_part())
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return tuple(parts)
            self._at += 1

    def _key_part(self) -> str:
        start = self._at
        if self._text[start] in "\"'":
            self._skip(_STRING)
            inner = self._text[start + 1 : self._at - 1]
            return inner if self._text[start] == "'" else _ESCAPE.sub(_unescaped, inner)
        self._skip(_BARE)
        return self._text[start : self._at]

    def _value(self, path: Path) -> None:
        opening = self._text[self._at]
        if opening in "\"'":
            self._skip(_STRING)
        elif opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            self._skip(_PLAIN_VALUE)

    def _array(self, path: Path) -> None:
        self._at += 1
        for index in range(len(self._text)):
            self._skip(_BLANK)
            if self._text[self._at] == "]":
                break
            self.lines.setdefault((*path, index), self._line(self._at))
            self._value((*path, index))
            self._skip(_BLANK)
            if self._text[self._at] == ",":
                self._at += 1
        self._expect("]")

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while True:
            self._skip(_BLANK)
            if self._text[self._at] == "}":
                break
            self._pair(path)
            self._skip(_BLANK)
            if self._text[self._at] == ",":
                self._at += 1
        self._expect("}")

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        # Blanks may be empty; a key or a string that is empty means that the walk is lost and would not move on.
        if match is None or (match.end() == self._at and pattern in (_BARE, _STRING, _PLAIN_VALUE)):
            raise _Lost
        self._at = match.end()

    def _expect(self, what: str) -> None:
        if not self._text.startswith(what, self._at):
            raise _Lost
        self._at += len(what)

    def _line(self, position: int) -> int:
        return bisect_right(self._breaks, position - 1) + 1


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    return _ESCAPED[code] if code in _ESCAPED else chr(int(code[1:], 16))
