"""Long lists, newest first, read a page at a time while others may be adding to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from console.cli.printing import documents as print_all
from console.cli.printing import say
from console.cli.session import Session
from console.text.lines import Span

T = TypeVar("T")
PAGE = 500
MOST_SHOWN = 50  # in a table, where nobody says how many


def newest(
    fetch: Callable[[int, int], Sequence[T]], key: Callable[[T], int], limit: int | None
) -> Iterator[T]:
    """The newest ``limit`` (None: all) of what ``fetch(offset, count)`` gives, each once.

    What is added meanwhile moves the rest further back, so rows may come twice; their falling ``key`` tells.
    """
    last: int | None = None
    left, offset = limit, 0
    while left is None or left > 0:
        page = fetch(offset, PAGE if left is None else min(PAGE, left))
        if not page:
            return
        offset += len(page)
        for row in page:
            if last is None or key(row) < last:
                last = key(row)
                yield row
                if left is not None:
                    left -= 1


def newest_of(
    session: Session, fetch: Callable[[int, int], Sequence[T]], key: Callable[[T], int], limit: int | None,
    document: Callable[[T], object],
) -> list[T] | None:  # fmt: skip
    """What a table is to show, of which --limit says how much; None where all of it was printed for --json.

    ``fetch(offset, count)`` gives them newest first, each with its falling ``key`` and its ``document``.
    """
    if session.json:
        print_all(document(each) for each in newest(fetch, key, limit))
        return None
    return list(newest(fetch, key, limit or MOST_SHOWN))


def rest_of(shown: int, count: int | None, way: str = "--limit") -> None:
    """Say that there is more than was shown; ``count`` is None where nobody counted.

    ``way``: what shows more, where that is not an option of the very words that were typed.
    """
    if count is not None and count > shown:
        say(Span(f"The newest {shown} of {count:,}; {way} shows more.", "dim"))
