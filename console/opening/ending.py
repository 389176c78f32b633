"""The end of a process that did not leave by itself: the terminal is given back, what must not be lost is seen to, and
then it ends at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from console.opening.last_seen import give_back

SECONDS = 3.0
_first: list[Callable[[], None]] = []


@contextmanager
def seen_to(what: Callable[[], None]) -> Iterator[None]:
    """Have ``what`` called before this process ends, where it is ended at once in the block."""
    _first.append(what)
    try:
        yield
    finally:
        _first.remove(what)


def once(what: Callable[[], None]) -> Callable[[], None]:
    """``what``, which is done by the first who calls; whoever calls meanwhile waits until it is done.

    One who only found that somebody had begun with it could end the process in the middle of it.
    """
    guard, done = threading.Lock(), threading.Event()

    def asked() -> None:
        with guard:
            if not done.is_set():
                what()
                done.set()

    return asked


def at_once(code: int, modes: list[Any] | None = None, end: Callable[[int], object] = os._exit) -> None:
    """Give the terminal back, call what was to be seen to, and ``end``; whatever other threads are at."""
    give_back(modes)
    # On a thread of its own and not for long: the main one may have been stopped in the middle of anything.
    last = threading.Thread(target=_see, daemon=True)
    last.start()
    last.join(SECONDS)
    end(code)


def _see() -> None:
    for each in tuple(_first):
        each()
