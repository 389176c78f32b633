"""What a value of a request may be: each column of a version's schema, with its words for people. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from engine.errors import Refusal
from engine.scoring.ready import Value
from engine.text import plain

LEAST, MOST = -(2**63), 2**63 - 1
LARGEST = 1.7976931348623157e308
UNSEEN_WORDS = "never seen in training"
_SHOWN = 60
_CATEGORY, _NAME = 80, 120  # as the schema keeps them
_ALLOWED = {
    "integer": "a whole number",
    "number": "a number",
    "decimal": "a number",
    "yes/no": "true or false",
    "text": "a text",
    "date": 'a date such as "2026-11-30"',
    "time": 'a moment without a zone such as "2026-11-30T06:25:00"',
    "time with zone": 'a moment with its zone such as "2026-11-30T06:25:00Z"',
    "time of day": 'a time of day such as "06:25:00"',
    "duration": "a whole number, of the unit that the data has",
    "empty": "null, as it always was",
}
_LISTED = 8


class Odd(str):
    """A number of a request as it was written, which is none that any column takes: NaN, 1e999, one of many digits."""


@dataclass(frozen=True)
class Column:
    """A column of a request. ``kind``: the schema's word for its type; ``known``: its categories, where it has some."""

    name: str
    kind: str
    nullable: bool
    known: frozenset[str] | None = None

    @property
    def allowed(self) -> str:
        """What it takes, in words."""
        known = sorted(self.known or ())
        listed = ""
        if known:
            some = ", ".join(plain(each, 20) for each in known[:_LISTED])
            listed = f": {some}" + (f" and {len(known) - _LISTED} more" if len(known) > _LISTED else "")
        return _ALLOWED[self.kind] + listed + (" or null" if self.nullable and self.kind != "empty" else "")

    def is_unseen(self, value: str) -> bool:
        """Whether a category was never there when the version was made."""
        known = self.known
        return known is not None and value not in known and plain(value, _CATEGORY) not in known

    def taken(self, value: Any) -> Value:
        """``value`` as the scorer takes it. Raises ValueError that says what it is instead."""
        if value is None:
            if self.nullable or self.kind == "empty":
                return None
            raise ValueError("is null, and training had no gap here")
        if isinstance(value, Odd):
            raise ValueError("is a number out of range")
        if isinstance(value, bool):
            if self.kind == "yes/no":
                return value
        elif isinstance(value, int | float):
            if self.kind in ("number", "decimal"):
                if abs(value) <= LARGEST:
                    return float(value)
                raise ValueError("is a number out of range")
            # Of bytes infinity may come, which is no whole number and none of another kind.
            if self.kind in ("integer", "duration") and (value - value != 0 or value == int(value)):
                if LEAST <= value <= MOST:
                    return int(value)
                raise ValueError("is a number out of range")
        elif isinstance(value, str):
            return self._text(value)
        raise ValueError(f"is {_word(value)}")

    def _text(self, value: str) -> str:
        if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
            raise ValueError("holds half of a character")
        if self.kind == "text" or (self.kind in _READ and is_moment(self.kind, value)):
            return value
        raise ValueError("is a text" if self.kind not in _READ else "is not written like that")


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else "a text"


_READ: Mapping[str, Any] = {
    "date": date.fromisoformat,
    "time": lambda text: _zone(datetime.fromisoformat(text), False),
    "time with zone": lambda text: _zone(datetime.fromisoformat(text), True),
    "time of day": time.fromisoformat,
}


def _zone(moment: datetime, wanted: bool) -> None:
    if (moment.tzinfo is not None) != wanted:
        raise ValueError


def is_moment(kind: str, text: str) -> bool:
    """Whether ``text`` is written as dates and times of that ``kind`` are."""
    try:
        _READ[kind](text)
    except ValueError:
        return False
    return True


def columns_of(schema: Mapping[str, Any], names: Sequence[str]) -> tuple[Column, ...]:
    """The columns called ``names``, in that order. Raises Refusal for one that no request can carry."""
    there = {str(each["name"]): each for each in schema["columns"]}
    found = []
    for name in names:
        about = there.get(plain(name, _NAME))
        kind = "" if about is None else str(about["type"])
        if about is None or kind not in _ALLOWED:
            said = f"holds {plain(kind, 40)}" if about is not None else "is not in the schema of its data"
            raise Refusal(f"The column '{plain(name, _SHOWN)}' {said}, which no request can carry.")
        known = about.get("categories")
        found.append(Column(name, kind, bool(about["nullable"]), frozenset(known) if known is not None else None))
    return tuple(found)


def shown(value: Any) -> Any:
    """A value as an answer may repeat it: short and harmless."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value if abs(value) < 10**18 else plain(repr(value), _SHOWN)
    if isinstance(value, str):
        return plain(value, _SHOWN)
    return "[…]" if isinstance(value, list) else "{…}"
