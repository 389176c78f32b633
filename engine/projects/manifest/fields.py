"""Read values out of one table of a manifest, strictly, and note every mistake with its line instead of stopping."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, TypeVar

from engine.errors import Mistake
from engine.projects.manifest.durations import DURATION_FORM, SIZE_FORM, parse_duration, parse_size
from engine.projects.manifest.lines import Path
from engine.text import plain

MISTAKES = 100
_Measure = TypeVar("_Measure", timedelta, int)
_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a table",
}


class Mistakes:
    """The mistakes of one manifest, each with the line that it is on."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self._lines = lines
        self._mistakes: list[Mistake] = []

    def line(self, path: Path) -> int | None:
        """The line of ``path``, or of the nearest table around it that has one."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return None

    def mistake(self, path: Path, message: str) -> None:
        """Note one mistake; beyond a hundred nobody reads on."""
        if len(self._mistakes) < MISTAKES:
            self._mistakes.append(Mistake(self.line(path), _where(path), message))

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """All of them, in the order of the file."""
        return tuple(sorted(self._mistakes, key=lambda m: m.line or 0))


def _where(path: Path) -> str:
    table, rest = path[0], [plain(str(part), 60) for part in path[1:] if isinstance(part, str)]
    if len(path) > 1 and isinstance(path[1], int):  # one of a list of tables
        return " ".join([f"[[{plain(str(table), 60)}]] {path[1] + 1}", *rest])
    return " ".join([f"[{plain(str(table), 60)}]", ".".join(rest)]).strip()


def nearest(word: str, known: Collection[str]) -> str:
    """``; did you mean 'roc_auc'?``, or nothing when no known word is near."""
    near = get_close_matches(word[:80].lower(), [k for k in known if len(k) <= 200][:5000], n=1, cutoff=0.6)
    return f"; did you mean '{plain(near[0], 80)}'?" if near else ""


def shown(value: Any) -> str:
    """A value as it may be quoted in a message: short and harmless."""
    if isinstance(value, str):
        return f"'{plain(value, 60)}'"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else "a number of many digits"
    return str(value) if isinstance(value, float) else _KINDS.get(type(value), "a date or time")


class Table:
    """One table of the manifest. Reading a wrong value notes a mistake and gives the default."""

    def __init__(self, page: Mistakes, path: Path, values: Any) -> None:
        self.page, self.path = page, path
        self.values: dict[str, Any] = values if isinstance(values, dict) else {}
        if not isinstance(values, dict):
            page.mistake(path, f"is {shown(values)}; it must be a table.")

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def only(self, *allowed: str) -> None:
        """Refuse every other key."""
        for key in self.values:
            if key not in allowed:
                said = nearest(key, allowed) or f"; known here: {', '.join(allowed)}."
                self.mistake(key, f"is not a known key{said}")

    def mistake(self, key: str | None, message: str, index: int | None = None) -> None:
        """Note a mistake at one of this table's keys, or at the table."""
        path: Path = self.path if key is None else (*self.path, key)
        self.page.mistake(path if index is None else (*path, index), message)

    def table(self, key: str) -> Table:
        """A table inside this one; an empty one when it is not there."""
        return Table(self.page, (*self.path, key), self.values.get(key, {}))

    def _take(self, key: str, kinds: tuple[type, ...], required: bool) -> Any:
        if key not in self.values:
            if required:
                self.mistake(key, "is missing.")
            return None
        value = self.values[key]
        if type(value) in kinds:  # exactly: a bool is no int
            return value
        self.mistake(key, f"is {shown(value)}; it must be {' or '.join(_KINDS[kind] for kind in kinds)}.")
        return None

    def text(self, key: str, *, required: bool = False, limit: int = 200) -> str | None:
        """A text on one line, not empty."""
        value = self._take(key, (str,), required)
        if value is None:
            return None
        problem = text_problem(value, limit)
        if problem:
            self.mistake(key, problem)
            return None
        return str(value)

    def matching(self, key: str, form: str, meaning: str, *, required: bool = False) -> str | None:
        """A text of the ``form`` (a regular expression) that ``meaning`` puts in words."""
        value = self.text(key, required=required)
        if value is not None and re.fullmatch(form, value) is None:
            self.mistake(key, f"is {shown(value)}; it must be {meaning}.")
            return None
        return value

    def choice(self, key: str, choices: Collection[str]) -> str | None:
        """One of some words."""
        value = self.text(key)
        if value is not None and value not in choices:
            said = nearest(value, choices) or "."
            self.mistake(key, f"is {shown(value)}; it must be one of {', '.join(choices)}{said}")
            return None
        return value

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._take(key, (bool,), False)
        return default if value is None else bool(value)

    def whole(self, key: str, low: int, high: int) -> int | None:
        """A whole number from ``low`` to ``high``."""
        value = self._take(key, (int,), False)
        if value is not None and not low <= value <= high:
            self.mistake(key, f"is {shown(value)}; it must be from {low:,} to {high:,}.")
            return None
        return None if value is None else int(value)

    def number(self, key: str, low: float, high: float) -> float | None:
        """A finite number from ``low`` to ``high``."""
        value = self._take(key, (int, float), False)
        if value is None:
            return None
        if not math.isfinite(value if isinstance(value, float) else 0.0) or not low <= value <= high:
            self.mistake(key, f"is {shown(value)}; it must be a number from {low:g} to {high:g}.")
            return None
        return float(value)

    def duration(self, key: str, low: timedelta, high: timedelta) -> timedelta | None:
        """A length of time from ``low`` to ``high``."""
        return self._measure(key, parse_duration, DURATION_FORM, low, high)

    def size(self, key: str, low: int, high: int) -> int | None:
        """A size in bytes from ``low`` to ``high``."""
        return self._measure(key, parse_size, SIZE_FORM, low, high)

    def _measure(
        self, key: str, parse: Callable[[str], _Measure | None], form: str, low: _Measure, high: _Measure
    ) -> _Measure | None:
        given = self.values.get(key)
        if key in self.values and not isinstance(given, str):
            self.mistake(key, f"is {shown(given)}; it must be a text: {form}.")
            return None
        text = self.text(key)
        if text is None:
            return None
        value = parse(text)
        if value is None:
            self.mistake(key, f"is {shown(text)}; it must be {form}.")
        elif not low <= value <= high:
            self.mistake(key, f"is {shown(text)}, which is too {'short or small' if value < low else 'long or large'}.")
            return None
        return value

    def texts(self, key: str, *, required: bool = False, most: int = 5000, limit: int = 200) -> tuple[str, ...] | None:
        """A list of texts, each on one line and there once; None when it is not there."""
        value = self._take(key, (list,), required)
        if value is None:
            return None
        if len(value) > most:
            self.mistake(key, f"has {len(value):,} entries; at most {most:,} are allowed.")
            return ()
        seen: dict[str, None] = {}
        for index, entry in enumerate(value):
            problem = text_problem(entry, limit) if isinstance(entry, str) else f"is {shown(entry)}; it must be a text."
            if not problem and entry in seen:
                problem = f"names {shown(entry)} twice."
            if problem:
                self.mistake(key, f"entry {index + 1} {problem}", index)
            else:
                seen[entry] = None
        return tuple(seen)


def text_problem(value: str, limit: int) -> str | None:
    """What keeps ``value`` from being one line of text that can be shown, or None."""
    if not value.strip():
        return "is empty."
    if len(value) > limit:
        return f"is {len(value):,} characters long; at most {limit:,} are allowed."
    if plain(value, limit) != value.strip(" "):
        return f"is {shown(value)} with line breaks or characters that cannot be shown; write it without them."
    return None
