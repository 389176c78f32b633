"""JSON of strangers, held against how Leverframe writes it, before anybody works through it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from engine.audit.chain import canonical
from engine.errors import Damage
from engine.text import plain

DEEPEST = 50  # of lists and objects in each other; those of a version's document are ten
_STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
LARGEST = (1 << 63) - 1  # of whole numbers: what a database takes for one


def parsed(content: bytes, what: str) -> Any:
    """What the JSON in ``content`` says. Raises Damage for what is none, is so deep that who works through it comes to
    no end, or holds a number that no database takes."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise Damage(f"{what} is no JSON document.") from None
    level = [found]
    for _ in range(DEEPEST):
        if any(isinstance(each, int) and abs(each) > LARGEST for each in level):
            raise Damage(f"{what} holds a larger number than any real one.")
        level = [each for one in level for each in _parts(one)]
    if level:
        raise Damage(f"{what} is deeper than any real one.")
    return found


def _parts(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def check_words(document: Mapping[str, Any]) -> None:
    """Raise Damage where a word of a version's document would steer a terminal: ours never do, and are shown as they
    are. What the data's categories are is shown by nobody."""
    data = document.get("data")
    told = {**document, "data": {**data, "types": None} if isinstance(data, dict) else data}
    level: list[Any] = [told]
    while level:
        words = [each for each in level if isinstance(each, str)]
        words += [key for each in level if isinstance(each, dict) for key in each]
        if odd := next((word for word in words if _STEERS.search(word)), None):
            raise Damage(f"Its version.json says '{plain(odd, 60)}' with letters that steer a terminal.")
        level = [each for one in level for each in _parts(one)]


def check_canonical(content: bytes, what: str) -> None:
    """Raise Damage for JSON in another spelling than ours: a key twice, a number that is none, half a letter."""
    try:
        same = canonical(parsed(content, what)).encode() == content
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise Damage(f"{what} is not written as Leverframe writes one.")
