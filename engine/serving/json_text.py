"""The text of a request, read so that nothing in it is lost: doubled keys, NaN, numbers of many digits.

The slow way, some twenty times slower than msgspec's: for what that has refused, or could not tell.
"""

from __future__ import annotations

import json
from typing import Any

from engine.serving.columns import Odd
from engine.serving.exchange import Unanswered

_DIGITS = 19


class Doubled(dict[str, Any]):
    """An object in which a name stands more than once; ``names`` are those."""

    names: tuple[str, ...] = ()


def loaded(body: bytes) -> Any:
    """What ``body`` says. Raises Unanswered for what is no JSON in UTF-8."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unanswered(400, f"The body is no UTF-8 text from byte {error.start} on; send JSON in UTF-8.") from None
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=Odd, parse_int=_whole, parse_float=_number
        )  # fmt: skip
    except RecursionError:
        raise Unanswered(400, "The body is nested too deeply; a request needs four levels.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Unanswered(400, f"The body is no JSON ({error.msg[:1].lower()}{error.msg[1:]}, {where}).") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled, seen = Doubled(found), set[str]()
    doubled.names = tuple(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return doubled


def doubled(content: Any) -> str | None:
    """The first name in what ``loaded`` read that stands twice in its object."""
    if isinstance(content, Doubled):
        return content.names[0]
    inside = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    below = (doubled(each) for each in inside if isinstance(each, dict | list))
    return next((name for name in below if name is not None), None)


def _whole(text: str) -> int | Odd:
    return int(text) if len(text) <= _DIGITS + 1 else Odd(text) if len(text) > 310 else int(text)


def _number(text: str) -> float | Odd:
    value = float(text)
    return value if value - value == 0 else Odd(text)
