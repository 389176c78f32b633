"""Other workers of the same server, asked for what a process of theirs answers: one process for the clients of all.

A batch costs such a process hardly more than a row, so two processes with half a batch each do nearly twice the work.
Every worker has a process of its own all the same, and asks it where the other one is not there, has not got the
version, or gives no answer within a part of the time that a request has. Only rows that nobody has worked at are asked
again: what a process ended or hangs of would else be the end of two.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import StepFailed
from engine.scoring.ready import Value, together
from engine.scoring.warm_pipes import RowsRefused
from engine.serving.gathering import MOST_ROUNDS, QUIET
from engine.serving.held import Held, Key
from engine.serving.neighbour_frames import Answering, Ask, Back, Begun, Failed, Frames, Quiet, Said, framed, place_of

Rows = Sequence[Sequence["Value"]]
Answers = list[tuple["Value", ...]]
GROUP = 4  # workers that share a process: one alone would be too slow for all clients of a large machine
PART, SIGN = 1 / 4, 1 / 8  # of a request's time: until it is asked about, and until there is a sign of life
ALONE = 5.0  # seconds for which a worker that cannot answer is left alone


@dataclass
class _Asked:
    """One request at another worker. ``said``: the answers, or None where our own process is to be asked."""

    key: Key
    said: asyncio.Future[Answers | None]
    sign: float
    timer: asyncio.TimerHandle | None = None


class Neighbour(asyncio.Protocol):
    """The connection to one other worker, begun when it is wanted, and again some time after it broke."""

    def __init__(self, path: str, monotonic: Callable[[], float]) -> None:
        self._path, self._monotonic = path, monotonic
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._frames = Frames(Answering)
        self._asked: dict[int, _Asked] = {}
        self._numbers = itertools.count(1)
        self._came, self._last = 0, 0
        self._due, self._alone = 0.0, dict[Key, float]()

    def is_there(self, key: Key) -> bool:
        """Whether it can be asked for that version now. Where there is no connection, one is begun."""
        now = self._monotonic()
        if self._transport is None:
            if now >= self._due:
                self._due = now + ALONE
                self._connecting = asyncio.get_running_loop().create_task(self._connect())
            return False
        return now >= self._alone.get(key, 0.0)

    async def _connect(self) -> None:
        with suppress(OSError):
            await asyncio.get_running_loop().create_unix_connection(lambda: self, self._path)

    async def ask(self, key: Key, rows: Rows, seconds: float) -> Answers | None:
        """Its answers; None where it has none and has not worked at the rows. ``seconds``: the time of a request.

        Raises StepFailed: RowsRefused where the model refuses them.
        """
        number = next(self._numbers)
        frame = framed(Ask(number, *key, rows))
        if frame is None or self._transport is None:
            return None
        loop = asyncio.get_running_loop()
        asked = self._asked[number] = _Asked(key, loop.create_future(), seconds * SIGN)
        asked.timer = loop.call_later(seconds * PART, self._late, number, asked)
        self._transport.write(frame)
        self._came += 1
        try:
            return await asked.said
        finally:
            asked.timer.cancel()
            if self._asked.pop(number, None) is not None:
                self._say(Back(number))  # Whoever asked has given up.

    def _late(self, number: int, asked: _Asked) -> None:
        self._leave_alone(asked.key)
        self._say(Back(number))
        asked.timer = asyncio.get_running_loop().call_later(asked.sign, self.close)

    def _leave_alone(self, key: Key) -> None:
        now = self._monotonic()
        self._alone = {each: until for each, until in self._alone.items() if until > now} | {key: now + ALONE}

    def _say(self, said: Back | Quiet) -> None:
        frame = framed(said)
        if self._transport is not None and frame is not None:
            self._transport.write(frame)

    def close(self) -> None:
        """Hear no more of it; what it has not answered is asked of our own process."""
        if self._transport is not None:
            self._transport.abort()

    # What the loop calls

    def connection_made(self, transport: Any) -> None:
        """See ``asyncio.Protocol``."""
        self._transport, self._frames = transport, Frames(Answering)

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        self._transport, self._due = None, self._monotonic() + ALONE
        there, self._asked = self._asked, {}
        for each in there.values():
            _tell(each, None)

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        try:
            last = self._last
            for said in self._frames.taken(data):
                self._hear(said)
            if self._last != last:
                self._go_round(asyncio.get_running_loop(), self._last, QUIET, MOST_ROUNDS, self._came)
        except msgspec.DecodeError:
            self.close()

    def _go_round(self, loop: asyncio.AbstractEventLoop, last: int, quiet: int, most: int, came: int) -> None:
        """As ``Gathering`` does, where the others are: whoever was answered may ask again."""
        if last != self._last:
            return
        if self._came != came:
            quiet, came = QUIET, self._came
        if quiet and most:
            os.sched_yield()
            loop.call_soon(self._go_round, loop, last, quiet - 1, most - 1, came)
        else:
            self._say(Quiet(last))

    def _hear(self, said: Answering) -> None:
        asked = self._asked.get(said.number)
        if asked is None:  # It was given up meanwhile.
            return
        if isinstance(said, Begun):
            if asked.timer is not None:
                asked.timer.cancel()
            return
        del self._asked[said.number]
        if isinstance(said, Said):
            self._last = said.number
            _tell(asked, said.answers)
        elif isinstance(said, Failed):
            _tell(asked, RowsRefused(said.why) if said.of_these_rows else StepFailed(said.why))
        else:
            self._leave_alone(asked.key)
            _tell(asked, None)


def _tell(asked: _Asked, said: Answers | StepFailed | None) -> None:
    if asked.said.done():
        return
    if isinstance(said, StepFailed):
        asked.said.set_exception(said)
    else:
        asked.said.set_result(said)


class Neighbours:
    """The workers that one of this ``number`` asks before its own process: those before it in its group, the first
    that is there. ``folder``: where each listens."""

    def __init__(self, folder: Path, number: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        first = number - (number - 1) % GROUP
        places = (place_of(folder, each) for each in range(first, number))
        self._there = [Neighbour(place, monotonic) for place in places if place is not None]

    async def ask(self, version: Held, rows: Rows) -> Answers | None:
        """The answers of another worker's process; None where our own is to be asked. Raises as ``Neighbour.ask``."""
        if not 0 < len(rows) <= together(version.scorer):
            return None
        key = version.label, version.digest
        for each in self._there:
            if each.is_there(key):
                return await each.ask(key, rows, version.spec.timeout.total_seconds())
        return None

    def close(self) -> None:
        """Ask nobody any more."""
        for each in self._there:
            each.close()
