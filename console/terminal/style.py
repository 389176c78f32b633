"""How a cell looks (SGR), and the fewest bytes that lead from one look to another."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

MOST = 4096  # styles, and ways from one to another, that are remembered
# What turns an attribute off. Bold and dim go together.
_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "8": "28", "9": "29"}
_COLOURS, _GROUNDS = {*range(30, 40), *range(90, 98)}, {*range(40, 50), *range(100, 108)}
# Those that can be seen where nothing is written: underlined, reversed, struck through.
_ON_BLANKS = frozenset("479")


class Style(NamedTuple):
    """Colours as SGR has them ("" is the terminal's own), and the attributes that are on."""

    colour: str = ""
    ground: str = ""
    attributes: frozenset[str] = frozenset()


PLAIN = Style()


@lru_cache(MOST)
def styled(style: Style | None, sgr: str) -> Style | None:
    """What a terminal's style is after ``sgr``, which stood between ``ESC [`` and ``m``; None: that cannot be known."""
    words = sgr.split(";")
    while words:
        word = words.pop(0).lstrip("0")
        if not word:
            style = PLAIN
        elif style is None:
            continue
        elif word in _OFF:
            style = style._replace(attributes=style.attributes | {word})
        elif word in _OFF.values():
            style = style._replace(attributes=frozenset(a for a in style.attributes if _OFF[a] != word))
        elif (colour := _colour(word, words)) is None:
            style = None
        elif int(word) in _GROUNDS:
            style = style._replace(ground=colour)
        else:
            style = style._replace(colour=colour)
    return style


def _colour(word: str, words: list[str]) -> str | None:
    """The colour or ground that ``word`` begins, whose numbers are taken from ``words``; None when it is none."""
    number = int(word)
    if number in (38, 48):
        count = {"5": 2, "2": 4}.get(words[0] if words else "", 0)
        numbers = words[:count]
        if not count or len(numbers) < count or not all(numbers):
            return None
        del words[:count]
        return ";".join((word, *numbers))
    if number in (39, 49):
        return ""
    return word if number in _COLOURS or number in _GROUNDS else None


@lru_cache(MOST)
def blank(style: Style) -> Style:
    """What of ``style`` can be seen where nothing is written."""
    return style if style.attributes & _ON_BLANKS else Style(ground=style.ground)


@lru_cache(MOST)
def for_blank(pen: Style | None, wanted: Style) -> Style:
    """The style nearest to ``pen`` in which a blank looks as ``wanted``."""
    if pen is None or wanted.attributes or pen.attributes & _ON_BLANKS:
        return wanted
    return pen._replace(ground=wanted.ground)


@lru_cache(MOST)
def change(before: Style | None, after: Style) -> str:
    """The shortest sequence from ``before`` (None: nobody knows) to ``after``."""
    anew = ["", *sorted(after.attributes), *filter(None, (after.colour, after.ground))]
    found = [";".join(anew) if len(anew) == 1 else "0" + ";".join(anew)]
    if before is not None:
        off = sorted({_OFF[a] for a in before.attributes - after.attributes})
        stay = frozenset(a for a in before.attributes if _OFF[a] not in off)
        words = [*off, *sorted(after.attributes - stay)]
        if before.colour != after.colour:
            words.append(after.colour or "39")
        if before.ground != after.ground:
            words.append(after.ground or "49")
        if not words:
            return ""
        found.append(";".join(words))
    return f"\x1b[{min(found, key=len)}m"
