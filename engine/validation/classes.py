"""Whether two values name one class: exact text first, and as numbers only where the target holds numbers.

Of text every character counts: "250.00" is not "250", "01" not "1", "a " not "a", and two ways to write one letter in
Unicode are two classes. A target of numbers holds 1, 1.0, True and "1" for one; what was rounded to a float of 32 bits
on one side is what it was before on the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from engine.validation.columns import Codes, codes, is_number, unwrapped

# As a number is written, not as text that float() makes one of: no leading zeros, no blanks, no underscores.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_YES_NO = {"True": 1, "true": 1, "False": 0, "false": 0}


def numeric(column: pa.ChunkedArray) -> bool:
    """Whether the values of a column are numbers (yes and no among them), not text that looks like some."""
    return is_number(unwrapped(column).type)


def places(names: Sequence[str], classes: Sequence[str], numbers: bool) -> list[int]:
    """For each name the position of the class that it names, -1 for none. ``numbers``: the classes are numbers."""
    exact = {name: position for position, name in enumerate(classes)}
    sizes = _by_size(classes) if numbers else []
    return [exact[name] if name in exact else _as_number(name, sizes) for name in names]


def placed(column: pa.ChunkedArray, known: pa.ChunkedArray) -> tuple[Codes, list[str]]:
    """As ``codes`` of ``column``, with the names that ``known`` has for the same values."""
    number, names = codes(column)
    classes = codes(known)[1]
    found = places(names, classes, numeric(column) and numeric(known))
    return number, [classes[place] if place >= 0 else name for name, place in zip(names, found, strict=True)]


def order(name: str) -> tuple[int, float, str]:
    """Numbers by size, then words; False before True by their letters."""
    try:
        size = float(name)
    except ValueError:
        size = float("nan")
    return (0, size, name) if np.isfinite(size) else (1, 0.0, name)


def _by_size(classes: Sequence[str]) -> list[dict[float, list[int]]]:
    """The positions of the classes of each size: as they are, then as floats of 32 bits."""
    found: list[dict[float, list[int]]] = [{}, {}]
    for position, name in enumerate(classes):
        size = _number(name)
        if size is not None:
            found[0].setdefault(size, []).append(position)
            found[1].setdefault(_single(size), []).append(position)
    return found


def _as_number(name: str, sizes: list[dict[float, list[int]]]) -> int:
    said = _number(name)
    if said is None or not sizes:
        return -1
    equal = sizes[0].get(said) or sizes[1].get(_single(said), [])
    return equal[0] if len(equal) == 1 else -1


def _number(name: str) -> int | float | None:
    if name in _YES_NO:
        return _YES_NO[name]
    if not _NUMBER.fullmatch(name):
        return None
    # Whole numbers are compared as such: above 2**53 two of them are one float.
    return int(name) if name.lstrip("-").isdigit() else float(name)


def _single(size: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.float32(size)) if abs(size) <= np.finfo(np.float32).max else float(size)
