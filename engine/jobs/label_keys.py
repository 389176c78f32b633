"""What to say where the keys of labels and data do not meet: one of each side, as each writes it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from engine.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

_MOST = 10_000
_LONGEST = 40


def example(ours: pa.Table, theirs: pa.Table) -> str:
    """``7 in labels, "000007" in what extract returned``: two keys that would be one if they were written alike, where
    there are such, else the first of each side that the other has not; '' where there is none.

    Both have the key columns only, in the same order.
    """
    met = {tuple(map(str, key)) for key in _keys(ours)} & {tuple(map(str, key)) for key in _keys(theirs)}
    own, asked = (
        {folded(key): key for key in _keys(side) if tuple(map(str, key)) not in met} for side in (ours, theirs)
    )
    if not own or not asked:
        return ""
    alike = sorted((key for key in asked if key in own), key=any, reverse=True)  # Not the zero, which folds to nothing.
    one, other = (alike[0], alike[0]) if alike else (next(iter(asked)), next(iter(own)))
    return f"{written(asked[one])} in labels, {written(own[other])} in what extract returned"


def alike(ours: pa.Table, theirs: pa.Table) -> int:
    """How many keys of one side are keys of the other that are only written otherwise. Of keys that did not meet: of
    ids in which case tells two apart a few are alike by chance, so less than one in twenty counts for none."""
    own, asked = ({folded(key) for key in _keys(side)} for side in (ours, theirs))
    found = len(own & asked)
    return found if found >= 3 and found * 20 >= min(len(own), len(asked)) else 0


def written(key: tuple[Any, ...]) -> str:
    """A key as it is shown: text in quotes, with the blanks at its ends."""
    said = ", ".join(_one(value) for value in key)
    return said if len(key) == 1 else f"({said})"


def folded(key: tuple[Any, ...]) -> tuple[str, ...]:
    """A key without what often differs between two systems: blanks, case, leading zeros, ``.0``."""
    return tuple(_folded(value) for value in key)


def _folded(value: Any) -> str:
    text = str(value).strip().casefold()
    whole, point, rest = text.partition(".")
    return (whole if point and not rest.strip("0") else text).lstrip("0")


def _one(value: Any) -> str:
    if not isinstance(value, str):
        return plain(str(value), _LONGEST)
    inner = plain(value, _LONGEST)
    before, after = len(value) - len(value.lstrip()), len(value) - len(value.rstrip())
    return f'"{" " * min(before, 5)}{inner}{" " * min(after, 5)}"' if inner else '""'


def _keys(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    head = table.slice(0, _MOST)
    return islice(zip(*(column.to_pylist() for column in head.columns), strict=True), _MOST)
