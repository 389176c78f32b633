"""Read, score and write at the same time: three threads with room for two pieces between each.

What the first of them raises ends all three, and is raised where they were begun. Memory is bounded by the number of
pieces, whatever there is to read. Where others score, the second thread asks for some pieces ahead of the one that it
waits for.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

from engine.errors import Refusal

T = TypeVar("T")
U = TypeVar("U")
Later = Callable[[], U]
"""What waits for a piece that was asked for."""
_BETWEEN = 2
_LOOK = 0.1  # seconds between two looks whether it is over


class _Over(Exception):
    """Another of the threads ended it."""


class _Pipe(Generic[T]):
    """Pieces from one thread to the next, in order; both leave with _Over when ``over`` is set."""

    def __init__(self, over: threading.Event) -> None:
        self._over = over
        self._queue: Queue[tuple[T, ...]] = Queue(_BETWEEN)

    def put(self, *piece: T) -> None:
        """One piece, or none: there will be no other."""
        while not self._over.is_set():
            try:
                return self._queue.put(piece, timeout=_LOOK)
            except Full:
                continue
        raise _Over

    def pieces(self) -> Iterator[T]:
        while not self._over.is_set():
            try:
                piece = self._queue.get(timeout=_LOOK)
            except Empty:
                continue
            if not piece:
                return
            yield piece[0]
            del piece
        raise _Over


class Flow(Generic[T, U]):
    """``read`` gives pieces, ``ask`` has something made of each, ``write`` takes that, each in a thread of its own and
    in order. ``ahead``: so many more are asked for before the first is waited for. ``cancel`` ends it from another
    thread."""

    def __init__(
        self, read: Iterator[T], ask: Callable[[T], Later[U]], write: Callable[[U], None], ahead: int = 0
    ) -> None:
        self._read, self._ask, self._write, self._ahead = read, ask, write, ahead
        self._over, self._guard = threading.Event(), threading.Lock()
        self._pieces, self._answers = _Pipe[T](self._over), _Pipe[U](self._over)
        self._why: BaseException | None = None

    def cancel(self, why: str) -> None:
        """End it; whoever waits is told ``why``. What has ended already stays as it is."""
        self._end(Refusal(f"It was ended before its time: {why}."))

    def run(self) -> None:
        """Until all is written. Raises what any of the three raised, or Refusal where it was cancelled."""
        works = (self._reads, self._writes)
        beside = [threading.Thread(target=self._kept, args=(work,), daemon=True) for work in works]
        for thread in beside:
            thread.start()
        self._kept(self._scores)
        for thread in beside:
            thread.join()
        if self._why is not None:
            raise self._why

    def _reads(self) -> None:
        for piece in self._read:
            self._pieces.put(piece)
        self._pieces.put()

    def _scores(self) -> None:
        asked = deque[Later[U]]()
        for piece in self._pieces.pieces():
            asked.append(self._ask(piece))
            if len(asked) > self._ahead:
                self._answers.put(asked.popleft()())
        while asked:
            self._answers.put(asked.popleft()())
        self._answers.put()

    def _writes(self) -> None:
        for answer in self._answers.pieces():
            self._write(answer)

    def _kept(self, work: Callable[[], None]) -> None:
        try:
            work()
        except _Over:
            return
        except BaseException as error:  # noqa: BLE001 - it is raised by ``run``
            self._end(error)

    def _end(self, why: BaseException) -> None:
        with self._guard:
            if self._why is None:
                self._why = why
            self._over.set()
