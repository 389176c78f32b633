"""How versions compare where they are not Python's: R's numbers, and Maven's numbers and words. Pure.

Each order makes a key of a version; keys compare as the versions do. Raises ValueError for what is no version.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import total_ordering
from itertools import zip_longest
from typing import Any

_LONGEST = 100  # Also of one number: Python makes none of a text of thousands of digits.
_R = re.compile(r"[0-9]+(?:[.-][0-9]+)*")
_MAVEN = re.compile(r"[0-9][A-Za-z0-9._+-]*")
# Behind a version, from what comes before it to what comes after it; "" is the version itself.
_WORDS = {"alpha": 0, "beta": 1, "milestone": 2, "rc": 3, "snapshot": 4, "": 5, "sp": 6}
_SAME = {"final": "", "ga": "", "release": "", "cr": "rc"}
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}


def r(version: str) -> tuple[int, ...]:
    """``1.2-3`` as R's ``package_version`` has it: whole numbers, by a dot or a hyphen alike; 1.2 is before 1.2.0."""
    if len(version) > _LONGEST or _R.fullmatch(version) is None:
        raise ValueError(f"no version of R's: {version[:_LONGEST]!r}")
    return tuple(int(each) for each in re.split(r"[.-]", version))


@total_ordering
class MavenVersion:
    """A version in the order of Maven (https://maven.apache.org/pom.html#version-order-specification): ``1-alpha-1``
    is before ``1-rc``, that before ``1`` and ``1.0``, which are the same, and those before ``1-sp`` and ``1.1``."""

    def __init__(self, version: str) -> None:
        if len(version) > _LONGEST or _MAVEN.fullmatch(version) is None:
            raise ValueError(f"no version of Maven's: {version[:_LONGEST]!r}")
        self._tokens = _trimmed(_tokens(version.lower()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MavenVersion) and _compared(self._tokens, other._tokens) == 0

    def __lt__(self, other: MavenVersion) -> bool:
        return _compared(self._tokens, other._tokens) < 0

    def __hash__(self) -> int:
        return hash(tuple(self._tokens))


Token = tuple[str, int | str]
"""What stands before it, a dot or a hyphen, and a number or a word."""


def _tokens(version: str) -> list[Token]:
    """What stands before a word is the same as a hyphen, and so is where a number meets a word."""
    found: list[Token] = []
    for mark, piece in re.findall(r"(^|[._-])([^._-]*)", version):
        parts = re.findall(r"[0-9]+|[^0-9]+", piece) or ["0"]
        for place, part in enumerate(parts):
            if part.isdigit():
                found.append(("." if mark == "." and place == 0 else "-", int(part)))
                continue
            word = _SHORT.get(part, part) if place + 1 < len(parts) else part
            found.append(("-", _SAME.get(word, word)))
    return found


def _trimmed(tokens: list[Token]) -> list[Token]:
    """Without what says nothing, at the end and before each hyphen."""
    kept: list[Token] = []
    for token in reversed(tokens):
        following = kept[-1] if kept else None
        if token[1] in (0, "") and (following is None or following[0] == "-") and len(tokens) > 1:
            continue
        kept.append(token)
    kept.reverse()
    return kept


def _compared(mine: list[Token], theirs: list[Token]) -> int:
    for one, other in zip_longest(mine, theirs):
        left, right = _rank(one, other), _rank(other, one)
        if left != right:
            return -1 if left < right else 1
    return 0


def _rank(token: Token | None, other: Token | None) -> tuple[int, Any, str]:
    """Words, then numbers by a hyphen, then numbers by a dot. What is not there is what says
    nothing where the ``other`` is."""
    if token is None:
        assert other is not None
        token = (other[0], 0 if isinstance(other[1], int) else "")
    before, said = token
    if isinstance(said, int):
        return (2 if before == "." else 1, said, "")
    return (0, _WORDS.get(said, len(_WORDS)), said if said not in _WORDS else "")


def maven(version: str) -> MavenVersion:
    """The key of a version of Maven's; programs of a machine have such numbers, too."""
    return MavenVersion(version)


Order = Callable[[str], Any]
