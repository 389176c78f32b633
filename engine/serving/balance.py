"""Which of a server's workers lets in the next client: one that has as few as any.

The kernel wakes all who wait at the socket, and whoever runs first takes whom it finds. A client that keeps sixteen
connections, as most libraries do, may so have all of them at one worker, while the others have nothing to do. So each
says in memory that all of them share how many it has, and one that has more than another leaves the next one to that,
for a moment. A worker that hangs may be the one with the fewest: nobody is left to it for long.
"""

from __future__ import annotations

import mmap
import os

LEAVES = 0.001  # seconds for which a client is left to the others
MOST_LEFT = 4  # times in a row in which no other worker took one
TAKES_ALL = 0.1  # seconds in which whoever comes is let in after that
_BYTES = 4  # of a count


def shared(workers: int) -> int:
    """A descriptor of memory for the counts of so many, and -1 where the system has no such memory."""
    if not hasattr(os, "memfd_create"):
        return -1
    try:
        found = os.memfd_create("leverframe-clients")
    except OSError:  # A sandbox forbids it.
        return -1
    os.ftruncate(found, workers * _BYTES)
    return found


class Balance:
    """What one worker, the one of ``number`` (from 1 on), says and knows of it. For one thread."""

    def __init__(self, descriptor: int, number: int) -> None:
        # A count is written and read in one piece, whoever else looks at it.
        self._counts, self._place = memoryview(mmap.mmap(descriptor, 0)).cast("I"), number - 1
        self._left, self._others, self._takes_all_until = 0, 0, 0.0
        self.ends()  # Whoever was here before it may have been killed.

    def has(self, clients: int) -> None:
        """How many it has by now. A worker that has not said so, or has ended, is no one to leave a client to."""
        self._counts[self._place] = clients + 1

    def ends(self) -> None:
        """It lets nobody in any more."""
        self._counts[self._place] = 0

    def leaves(self, clients: int, now: float) -> bool:
        """Whether one that has so many leaves who waits at the door to another, for ``LEAVES`` seconds. ``now``: of a
        clock that never goes back."""
        others = [count - 1 for place, count in enumerate(self._counts) if count and place != self._place]
        fewest = min(others, default=clients)
        if clients <= fewest + fewest // 8 or now < self._takes_all_until:
            self._left = 0
            return False
        if self._left and sum(others) > self._others:
            self._left = 0  # Somebody took one. That clients go says nothing of who would take another.
        self._left, self._others = self._left + 1, sum(others)
        if self._left > MOST_LEFT:
            self._left, self._takes_all_until = 0, now + TAKES_ALL
            return False
        return True
