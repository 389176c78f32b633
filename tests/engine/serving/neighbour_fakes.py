"""Workers of one server in one loop, with real sockets between them and a scorer that does what it is told."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine.projects.manifest.records import ServeSpec
from engine.scoring.ready import Maker
from engine.serving.for_neighbours import ForNeighbours
from engine.serving.gathering import Gathering
from engine.serving.held import Held, Key
from engine.serving.neighbour_frames import Answering, Asking, Frames, framed, place_of
from engine.serving.neighbours import Neighbours
from tests.engine.serving.serving_fakes import held

KEY: Key = ("gems@3", "3" * 64)
LONG = 1e6  # seconds


@contextmanager
def short_folder() -> Iterator[Path]:
    """The name of a socket is short, and that of a test's folder need not be."""
    with tempfile.TemporaryDirectory(prefix="lf-", dir="/tmp") as folder:
        yield Path(folder)


class Process:
    """Answers each row with itself. ``asked``: the first values of each batch; ``ends``: as a process has them;
    ``together``: see ``ready.together``."""

    maker: Maker = "process"
    features, outputs, blocks = ("carat",), ("prediction", "p_of"), True

    def __init__(self) -> None:
        self.asked: list[list[Any]] = []
        self.together, self.ends = 100, list[str]()
        self.before: Callable[[Sequence[Sequence[Any]]], object] = lambda rows: None

    def score(self, features: Any) -> Any:
        raise AssertionError("requests are answered row by row")

    def answer(self, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        self.asked.append([row[0] for row in rows])
        self.before(rows)
        return [(row[0], 1) for row in rows]

    def close(self) -> None:
        pass


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Worker:
    """One that others ask. ``looked``: which versions it was asked for; ``takes``: how long its clock says that a batch
    takes."""

    def __init__(self, number: int = 1, key: Key = KEY, takes: float = 0.0) -> None:
        self.process, self.number, self.looked = Process(), number, list[Key]()
        self._key, self._pool, self._clock = key, ThreadPoolExecutor(1), 0.0
        self._takes = takes
        self.gathering = Gathering(self.process.answer, self._pool, lambda: None, 100, self._seconds)
        self.room = ForNeighbours(self._held, lambda scorer: self.gathering)

    async def listen(self, folder: Path) -> None:
        await self.room.listen(place_of(folder, self.number))

    def ask(self, *numbers: Any) -> asyncio.Future[Any]:
        """By a client of its own."""
        return self.gathering.ask([(number,) for number in numbers], lambda: None)

    def _held(self, key: Key) -> Any:
        self.looked.append(key)
        return self.process if key == self._key else None

    def _seconds(self) -> float:
        self._clock += self._takes
        return self._clock


class Asker:
    """A worker that asks others."""

    def __init__(self, folder: Path, number: int = 2, label: str = KEY[0]) -> None:
        self.clock, self.process, self._label = Clock(), Process(), label
        self.neighbours = Neighbours(folder, number, self.clock)

    async def ask(self, *numbers: Any, seconds: float = 240.0) -> Any:
        spec = ServeSpec(realtime=True, timeout=timedelta(seconds=seconds))
        version: Held = held(self._label, self.process, spec)
        return await self.neighbours.ask(version, [(number,) for number in numbers])

    async def connected(self) -> None:
        """Until it is: the first to ask is not kept waiting for that."""
        while await self.ask(0) is None:
            self.clock.now += 0.001
            await asyncio.sleep(0)


class Impostor(asyncio.Protocol):
    """Another worker that says what ``says`` gives for what it hears. ``heard``: all of that."""

    def __init__(self, says: Callable[[Any], Sequence[Any]]) -> None:
        self._says, self.heard = says, list[Any]()
        self.transport: Any = None

    async def listen(self, folder: Path) -> None:
        self._server = await asyncio.get_running_loop().create_unix_server(lambda: self, place_of(folder, 1))

    def connection_made(self, transport: Any) -> None:
        self.transport, self._frames = transport, Frames(Asking)

    def data_received(self, data: bytes) -> None:
        for said in self._frames.taken(data):
            self.heard.append(said)
            for each in self._says(said):
                self.transport.write(each if isinstance(each, bytes) else framed(each))


@asynccontextmanager
async def connection(folder: Path) -> AsyncIterator[tuple[Any, Any]]:
    """By which frames are said and heard to the first worker."""
    reader, writer = await asyncio.open_unix_connection(place_of(folder, 1))
    frames, heard = Frames(Answering), list[Any]()

    async def say(*said: Any) -> None:
        writer.write(b"".join(framed(each) or b"" for each in said))
        await writer.drain()

    async def hear() -> Any:
        while not heard:
            data = await reader.read(1 << 16)
            assert data
            heard.extend(frames.taken(data))
        return heard.pop(0)

    try:
        yield say, hear
    finally:
        writer.close()


async def until(true: Callable[[], Any]) -> None:
    while not true():
        await asyncio.sleep(0)
