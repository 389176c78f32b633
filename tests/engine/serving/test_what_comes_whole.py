"""A request that came whole is answered where it was read, in its turn, and to whoever is still there and reads."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import socket
import threading
import time
import weakref
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from engine.serving.connection import Connection
from engine.serving.exchange import Answer, Asked
from engine.serving.http_server import Endpoint, HttpServer
from tests.engine.serving.http_place import HttpPlace, one
from tests.engine.serving.serving_fakes import GOOD, Echo, Place, held
from tests.engine.serving.test_connections import BODY, request


class Wire(asyncio.Transport):
    """A transport that keeps what it is to send."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50000), "sockname": ("127.0.0.1", 8485)})
        self.said: list[bytes] = []
        self.is_closed = self.is_paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.said.append(bytes(data))

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


def connected(answer: Callable[[Asked], Answer | Awaitable[Answer]]) -> tuple[Wire, Connection]:
    numbers = map("1-{:x}".format, itertools.count(1))
    refused = Place(held()).app.refused_whole
    endpoint = Endpoint(answer, refused, lambda: datetime.now(UTC), time.monotonic, lambda: next(numbers))
    with socket.socket() as door:
        wire, connection = Wire(), HttpServer(endpoint, door, None).connection()
    connection.connection_made(wire)
    return wire, connection


def test_what_came_whole_is_answered_without_a_task_of_its_own() -> None:
    async def tasks() -> int:
        wire, connection = connected(Place(held()).app.answer)
        connection.data_received(request())
        found = len(asyncio.all_tasks())
        await asyncio.sleep(0)
        assert [each.split(b"\r\n")[0] for each in wire.said] == [b"HTTP/1.1 200 OK"]
        return found

    assert asyncio.run(tasks()) == 1


def test_what_came_whole_at_once_is_answered_to_its_end_in_its_order() -> None:
    bodies = [json.dumps({"records": [{**GOOD, "carat": number}]}).encode() for number in range(4)]

    async def said() -> list[bytes]:
        wire, connection = connected(Place(held()).app.answer)
        connection.data_received(b"".join(map(request, bodies)))
        for _ in range(30):
            await asyncio.sleep(0)
        return wire.said

    answers = [json.loads(each.partition(b"\r\n\r\n")[2]) for each in asyncio.run(said())]
    assert [each["predictions"][0]["prediction"] for each in answers] == [0, 1, 2, 3]


def test_what_came_whole_and_waits_for_a_process_is_answered_when_that_has() -> None:
    place = Place(held(scorer=Echo(blocks=True)))

    async def said() -> bytes:
        wire, connection = connected(place.app.answer)
        connection.data_received(request())
        async with asyncio.timeout(20):
            while not wire.said:
                await asyncio.sleep(0.001)
        return wire.said[0]

    assert asyncio.run(said()).startswith(b"HTTP/1.1 200 OK")
    place.scoring.close()


@pytest.mark.parametrize(("many", "paused"), [(1, False), (2, True)])
def test_that_who_waits_has_gone_is_seen_and_nobody_says_more_than_is_read(many: int, paused: bool) -> None:
    async def is_paused() -> bool:
        wire, connection = connected(Place(held()).app.answer)
        connection.data_received(request(BODY + b" " * 100_000) * many)
        return wire.is_paused

    assert asyncio.run(is_paused()) is paused


@pytest.mark.parametrize("many", [1, 3])
@pytest.mark.parametrize("reads", [True, False])
def test_whoever_has_gone_is_sent_nothing(many: int, reads: bool) -> None:
    """Of many only the last is told that its client has gone, and a transport that is closed takes nothing."""

    async def said() -> list[bytes]:
        wire, connection = connected(Place(held()).app.answer)
        if not reads:
            connection.pause_writing()
        connection.data_received(request() * many)
        if not reads:
            for _ in range(5):
                await asyncio.sleep(0)
        connection.connection_lost(None)
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1
        return wire.said

    assert asyncio.run(said()) == []


@pytest.mark.parametrize(
    ("came", "rounds"),
    [(request(), 5), (request(), 0), (request() * 3, 0), (request()[:-4], 5), (request() + request()[:-4], 5)],
    ids=["answered", "waits", "many wait", "half", "half behind one that waits"],
)
def test_of_a_connection_that_has_gone_nothing_is_kept_until_all_memory_is_looked_through(
    came: bytes, rounds: int
) -> None:
    async def kept() -> object:
        wire, connection = connected(Place(held()).app.answer)
        connection.data_received(came)
        for _ in range(rounds):
            await asyncio.sleep(0)
        wire.close()
        connection.connection_lost(ConnectionResetError())
        gone = weakref.ref(connection)
        del connection
        for _ in range(8):
            await asyncio.sleep(0)
        return gone()

    gc.disable()
    try:
        assert asyncio.run(kept()) is None
    finally:
        gc.enable()


def test_a_connection_that_waits_for_the_next_request_keeps_no_body_of_the_last() -> None:
    async def kept() -> bytes:
        wire, connection = connected(Place(held()).app.answer)
        connection.data_received(request(BODY + b" " * 100_000))
        async with asyncio.timeout(20):
            while not wire.said:
                await asyncio.sleep(0.001)
        return bytes(connection.cycle.body)

    assert asyncio.run(kept()) == b""


def test_whoever_does_not_read_has_the_answer_once_they_do() -> None:
    async def said() -> list[bytes]:
        wire, connection = connected(Place(held()).app.answer)
        connection.pause_writing()
        connection.data_received(request())
        for _ in range(5):
            await asyncio.sleep(0)
        assert wire.said == []
        connection.resume_writing()
        for _ in range(5):
            await asyncio.sleep(0)
        return wire.said

    (whole,) = asyncio.run(said())
    head, _, body = whole.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK") and json.loads(body)["version"] == "gems@3"


def test_what_came_in_one_piece_with_one_that_waits_is_answered_behind_it() -> None:
    """The second could be answered at once, and is another's answer if it is."""
    goes_on = threading.Event()
    place = Place(held(scorer=Echo(blocks=True, before=lambda: goes_on.wait(30))))
    server = HttpPlace(place.app)
    try:
        with server.client() as client:
            client.sendall(request() + request(b"", "GET", "/healthz"))
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.recv(1)
            goes_on.set()
            client.settimeout(60)
            assert json.loads(one(client)[1])["version"] == "gems@3"
            assert one(client) == (200, b"ok\n")
    finally:
        goes_on.set()
        server.close()
        place.scoring.close()


@pytest.mark.parametrize("before", [b"", request(), request(b"", "GET", "/healthz")], ids=["alone", "score", "healthz"])
def test_a_client_that_waits_to_be_told_to_go_on_is_told(before: bytes) -> None:
    """Behind another request too, whose answer comes when nothing is being read."""
    server = HttpPlace(Place(held()).app)
    try:
        with server.client() as client:
            head, _, body = request(BODY, "POST", "/projects/gems/score", "Expect: 100-continue").partition(b"\r\n\r\n")
            client.sendall(before + head + b"\r\n\r\n")
            if before:
                assert one(client)[0] == 200
            client.settimeout(5)
            assert client.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.sendall(body)
            status, said = one(client)
            assert status == 200 and json.loads(said)["predictions"][0]["prediction"] == GOOD["carat"]
    finally:
        server.close()
