"""The load test: connections to a server on this machine that ask again as soon as they are answered. Bounded.

HTTP is written and read by hand: a client library takes more of the machine than what it is to measure. It asks this
machine alone, and stops after so many seconds or requests, whichever comes first.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from engine.requests.capacity import Level

LEVELS = (1, 4, 16, 64)
MOST_SECONDS = 30.0  # of one level
MOST_REQUESTS = 1_000_000  # of one level
PATIENCE = 30.0  # seconds for what was asked last
_HEAD_END, _LENGTH = b"\r\n\r\n", b"\r\ncontent-length:"
_LONGEST_HEAD = 64 * 1024


@dataclass
class _Tally:
    """What one level came to so far; ``left``: how many more may be asked."""

    left: int
    seconds: list[float] = field(default_factory=list)
    refused: int = 0


def requests_of(project: str, bodies: Sequence[bytes], port: int) -> list[bytes]:
    """Whole requests for ``project``, one for each body."""
    head = (
        f"POST /projects/{project}/score HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    )
    return [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]


async def is_answered(port: int, request: bytes) -> bool:
    """Whether one request has an answer that is a success."""
    return bool((await _asked(port, [request], 1, PATIENCE, _Tally(1))).seconds)


async def level(
    port: int, requests: Sequence[bytes], connections: int, seconds: float, most: int = MOST_REQUESTS
) -> Level:
    """Ask with so many connections for so long; ``requests`` are sent one after the other, over all of them."""
    began = time.monotonic()
    tally = await _asked(port, requests, connections, min(seconds, MOST_SECONDS), _Tally(min(most, MOST_REQUESTS)))
    took, found = max(time.monotonic() - began, 1e-9), sorted(tally.seconds)
    asked = len(found) + tally.refused
    return Level(connections, asked, tally.refused, len(found) / took, _at(found, 0.5), _at(found, 0.99))


async def _asked(port: int, requests: Sequence[bytes], connections: int, seconds: float, tally: _Tally) -> _Tally:
    turn, until = itertools.cycle(requests), time.monotonic() + seconds
    clients = [asyncio.create_task(_client(port, turn, until, tally)) for _ in range(connections)]
    _, late = await asyncio.wait(clients, timeout=seconds + PATIENCE)
    for each in late:
        tally.refused += 1
        each.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    return tally


async def _client(port: int, turn: Iterator[bytes], until: float, tally: _Tally) -> None:
    """One connection after the other: one that broke is opened anew, after a moment, for the server may be gone."""
    loop = asyncio.get_running_loop()
    while time.monotonic() < until and tally.left > 0:
        try:
            transport, connection = await loop.create_connection(
                lambda: _Connection(turn, until, tally, loop), "127.0.0.1", port
            )  # fmt: skip
        except OSError:
            tally.refused += 1
        else:
            try:
                await connection.ended
            finally:
                transport.abort()
        await asyncio.sleep(0.05)


class _Connection(asyncio.Protocol):
    """Asks, reads the answer to its end, asks again; ``ended`` once there is nothing more to ask, or it broke."""

    def __init__(
        self, turn: Iterator[bytes], until: float, tally: _Tally, loop: asyncio.AbstractEventLoop
    ) -> None:  # fmt: skip
        self._turn, self._until, self._tally = turn, until, tally
        self.ended: asyncio.Future[None] = loop.create_future()
        self._read, self._began, self._asks = b"", 0.0, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        self._read, self._began = b"", time.monotonic()
        self._asks = self._began < self._until and self._tally.left > 0
        if not self._asks:
            self._transport.close()
            return
        self._tally.left -= 1
        self._transport.write(next(self._turn))

    def data_received(self, data: bytes) -> None:
        self._read += data
        end = self._read.find(_HEAD_END)
        if end < 0:
            if len(self._read) > _LONGEST_HEAD:
                self._transport.abort()
            return
        try:
            whole = end + len(_HEAD_END) + _length(self._read[: end + 2])
        except ValueError:
            self._transport.abort()
            return
        if len(self._read) < whole:
            return
        if self._read[9:12] == b"200":
            self._tally.seconds.append(time.monotonic() - self._began)
        else:
            self._tally.refused += 1
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if self._asks:
            self._tally.refused += 1
        if not self.ended.done():
            self.ended.set_result(None)


def _length(head: bytes) -> int:
    """How long the body is. Raises ValueError where that is not said, or it is no HTTP."""
    place = head.lower().find(_LENGTH)
    if place < 0 or not head.startswith(b"HTTP/1.1 "):
        raise ValueError("no answer of ours")
    return int(head[place + len(_LENGTH) : head.index(b"\r\n", place + 2)])


def _at(found: Sequence[float], share: float) -> float:
    """The value below which that share of them lies; 0 where there is none."""
    return found[min(len(found) - 1, int(share * len(found)))] if found else 0.0
