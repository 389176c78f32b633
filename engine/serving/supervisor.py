"""The workers of one server: started, started again when one dies, and ended with the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

FIRST_WAIT, LONGEST_WAIT = 0.25, 30.0  # seconds until one that died is started again
LOOK_EVERY = 1.0  # seconds between two looks for one that hangs
AWAY = 5.0  # seconds without a look after which it was the supervisor that did nothing
WELL_AFTER = 60.0  # seconds after which one that dies is taken for the first of its kind


class Process(Protocol):
    """A worker's process; ``subprocess.Popen`` is one."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


@dataclass
class _Place:
    """A worker's place: who is in it, since when, and how often in a row one died there early."""

    number: int
    process: Process | None = None
    since: float = 0.0
    deaths: int = 0
    due: float = 0.0


class Supervisor:
    """``start`` begins a worker for a place, from 1 on; ``tell`` has a line for whoever runs the server.

    ``silent``: which processes live and have said nothing for too long. A move, a rollback too, would wait for them.
    """

    def __init__(
        self, workers: int, start: Callable[[int], Process], tell: Callable[[str], None],
        silent: Callable[[], Collection[int]], monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._start, self._tell, self._silent, self._monotonic = start, tell, silent, monotonic
        self._looked = monotonic()
        self._places = [_Place(number) for number in range(1, workers + 1)]

    def tick(self) -> None:
        """See who died or hangs, and start whoever is due."""
        now = self._monotonic()
        if now - self._looked >= AWAY:
            # The machine was paused, and all were: each has some time to say something before it is taken to hang.
            self._looked = now + AWAY
        elif now - self._looked >= LOOK_EVERY:
            self._looked = now
            self._end_hanging()
        for place in self._places:
            if place.process is not None and (code := place.process.poll()) is not None:
                self._died(place, place.process, code, now)
            if place.process is None and now >= place.due:
                self._begin(place, now)

    def _end_hanging(self) -> None:
        silent = self._silent()
        for place in self._places:
            if place.process is not None and place.process.pid in silent and place.process.poll() is None:
                self._tell(f"Worker {place.number} (process {place.process.pid}) gives no sign of life; it is ended.")
                place.process.kill()

    def _died(self, place: _Place, process: Process, code: int, now: float) -> None:
        place.deaths = 1 if now - place.since >= WELL_AFTER else place.deaths + 1
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (place.deaths - 1))
        place.process, place.due = None, now + wait
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        self._tell(f"Worker {place.number} (process {process.pid}) ended {how}; it is started again in {wait:g} s.")

    def _begin(self, place: _Place, now: float) -> None:
        try:
            place.process, place.since = self._start(place.number), now
        except OSError as error:
            place.deaths += 1
            place.due = now + min(LONGEST_WAIT, FIRST_WAIT * 2**place.deaths)
            self._tell(f"Worker {place.number} cannot be started ({error.strerror or error}); it is tried again.")

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes of workers that are there."""
        return tuple(each.process.pid for each in self._places if each.process is not None)

    def stop(self, seconds: float, pause: Callable[[float], None]) -> bool:
        """End them: what they let in is answered, for ``seconds`` at most. Returns whether none had to be killed."""
        there = [each.process for each in self._places if each.process is not None]
        for process in there:
            process.terminate()
        until = self._monotonic() + seconds
        while any(each.poll() is None for each in there) and self._monotonic() < until:
            pause(0.02)
        late = [each for each in there if each.poll() is None]
        for process in late:
            process.kill()
        while any(each.poll() is None for each in late):
            pause(0.02)
        for place in self._places:
            place.process, place.due = None, float("inf")
        return not late
