"""A load test asks within its bounds, counts what was not answered, and its line is the best that was kept up with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.api import Engine
from engine.audit import trail
from engine.errors import Refusal
from engine.requests import capacity
from engine.requests.capacity import Capacity, Level
from engine.serving import load, load_test
from engine.storage.ledger import Ledger
from tests.builders import served

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
FINE = b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 2\r\n\r\n{}"
WRONG = b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"


def level(of: int, rate: float, p99: float, refused: int = 0) -> Level:
    return Level(of, 100, refused, rate, p99 / 2, p99)


def kept(*levels: Level) -> Capacity:
    return Capacity("numbers", "numbers@1", "d", NOON, 2, 0.1, levels, "ada", "before the sale")


def asked(
    answers: Callable[[int], bytes | None], connections: int, most: int, seconds: float = 20
) -> tuple[Level, list[bytes]]:
    """What a level comes to with a server that answers its Nth request like that; None: it closes instead."""
    requests = load.requests_of("numbers", [b'{"a":1}', b'{"b":22}'], 1)
    seen: list[bytes] = []

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            while not reader.at_eof():
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                except asyncio.IncompleteReadError:
                    return
                seen.append(await reader.readexactly(int(head.rpartition(b": ")[2])))
                answer = answers(len(seen))
                if answer is None:
                    return
                writer.write(answer[:20])
                await asyncio.sleep(0)
                writer.write(answer[20:])

    async def run() -> Level:
        server = await asyncio.start_server(client, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await load.level(port, requests, connections, seconds, most)

    return asyncio.run(run()), seen


def test_each_connection_asks_again_when_it_is_answered_and_no_more_than_was_said() -> None:
    found, seen = asked(lambda number: FINE, 3, 20)
    assert (found.connections, found.requests, found.refused, len(seen)) == (3, 20, 0, 20)
    assert set(seen) == {b'{"a":1}', b'{"b":22}'} and 0 < found.p50 <= found.p99 and found.per_second > 0


def test_what_is_no_success_is_counted_and_never_among_what_was_answered() -> None:
    found, _ = asked(lambda number: WRONG if number % 2 else FINE, 1, 10)
    assert (found.requests, found.refused) == (10, 5)


@pytest.mark.parametrize(
    "answer",
    [None, b"SSH-2.0-x\r\n\r\n" + b"x" * 30, b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", FINE[:40]],
)  # fmt: skip
def test_a_server_that_breaks_off_or_babbles_is_asked_anew_and_hangs_nothing(
    answer: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "PATIENCE", 0.3)
    found, _ = asked(lambda number: answer, 2, 4, 0.2)
    assert found.requests == found.refused > 0 and found.p99 == 0.0


def test_where_nobody_listens_it_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found = asyncio.run(load.level(1, load.requests_of("numbers", [b"{}"], 1), 2, 0.2))
    assert found.refused == found.requests > 0


@pytest.mark.parametrize(
    ("levels", "best", "said"),
    [
        ((level(1, 500, 0.01), level(4, 900, 0.05), level(16, 950, 0.2)), 4, "took 900 requests a second, p99 50.0 ms"),
        ((level(1, 500, 0.01), level(4, 900, 0.05, refused=1)), 1, "numbers@1 took 500 requests a second"),
        ((level(1, 5, 0.1),), None, "at no load were all answered and 99 of 100 within 0.1 s"),
        ((Level(1, 0, 0, 0.0, 0.0, 0.0),), None, "at no load were all answered"),
    ],
)  # fmt: skip
def test_the_line_is_the_most_that_was_answered_in_time_and_whole(
    levels: tuple[Level, ...], best: int | None, said: str
) -> None:
    found = kept(*levels)
    assert (found.best.connections if found.best else None) == best
    assert said in found.sentence


class Rehearsed:
    """A server that a test starts, with a port at which something else answers."""

    port = 7

    def __init__(self, *given: Any, **named: Any) -> None:
        self.began, self.closed, self.trial = False, False, named["trial"]
        Rehearsed.last = self

    last: Rehearsed

    def start(self, tell: Callable[[str], None]) -> None:
        self.began = True

    def tick(self) -> None:
        """Nothing dies."""

    def close(self) -> bool:
        self.closed = True
        return True


@pytest.fixture
def rehearsed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    async def one(port: int, requests: Any, connections: int, seconds: float) -> Level:
        return level(connections, 100.0 * connections, 0.01)

    async def answered(port: int, request: bytes) -> bool:
        return True

    monkeypatch.setattr(load_test, "Service", Rehearsed)
    monkeypatch.setattr(load, "level", one)
    monkeypatch.setattr(load, "is_answered", answered)
    yield


def test_a_test_is_in_the_trail_and_kept_and_notes_no_request(
    engine: Engine, ledger: Ledger, rehearsed: None
) -> None:
    told: list[str] = []
    served.go(engine, ledger, 1)
    found = engine.load_test(served.PROJECT, "before the sale", told.append, workers=2)
    assert found.best is not None and found.best.per_second == 6400.0 and found.workers == 2
    assert Rehearsed.last.trial and Rehearsed.last.began and Rehearsed.last.closed
    with ledger.read() as db:
        assert capacity.newest(db, served.PROJECT) == found
    (row, *_) = trail.page(ledger, offset=0, limit=1)
    assert (row.action, row.subject, row.reason) == ("load-test", found.version, "before the sale")
    assert "Nothing of it is counted or logged" in told[0] and len(told) == 1 + len(load.LEVELS)
    report = engine.requests(served.PROJECT, found.at)
    assert report.capacity == found and report.figures.requests == 0


def test_a_server_that_never_answers_is_ended_and_nothing_is_kept(
    engine: Engine, ledger: Ledger, rehearsed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(port: int, request: bytes) -> bool:
        return False

    monkeypatch.setattr(load, "is_answered", never)
    monkeypatch.setattr(load_test, "STARTS_WITHIN", 0.0)
    served.go(engine, ledger, 1)
    with pytest.raises(Refusal, match="did not answer for numbers within"):
        engine.load_test(served.PROJECT, "so", lambda line: None, workers=1)
    assert Rehearsed.last.closed
    with ledger.read() as db:
        assert capacity.newest(db, served.PROJECT) is None
