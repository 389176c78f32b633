"""Without a descriptor for the next client a worker goes on with those it has, and does not ask in vain without end."""

from __future__ import annotations

import asyncio
import errno
import socket
from datetime import UTC, datetime

import pytest

from engine.serving import http_server
from engine.serving.exchange import Answer
from engine.serving.http_server import Endpoint, HttpServer
from tests.engine.serving.test_connections import request


class Door(socket.socket):
    """A listening socket for whose first clients there is no descriptor."""

    tries, refusals = 0, 1

    def accept(self) -> tuple[socket.socket, object]:
        self.tries += 1
        if self.tries <= self.refusals:
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def endpoint() -> Endpoint:
    def refused(asked: object, problem: object) -> Answer:
        raise AssertionError("nobody was refused")

    return Endpoint(lambda asked: Answer(200, b"{}"), refused, lambda: datetime.now(UTC), lambda: 0.0, lambda: "1-1")


def opened() -> Door:
    door = Door(socket.AF_INET, socket.SOCK_STREAM)
    door.bind(("127.0.0.1", 0))
    door.listen(8)
    return door


async def status(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request())
    try:
        return await reader.readline()
    finally:
        writer.close()


def test_who_finds_no_descriptor_is_let_in_once_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "FULL", 0.01)

    async def asked() -> bytes:
        with opened() as door:
            server = HttpServer(endpoint(), door, None)
            serving = asyncio.create_task(server.serve())
            found = await status(door.getsockname()[1])
            await server.drain(0.0)
            await serving
            return found

    assert asyncio.run(asked()) == b"HTTP/1.1 200 OK\r\n"


def test_meanwhile_it_does_not_ask_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "FULL", 3600.0)

    async def tries() -> int:
        with opened() as door, socket.create_connection(door.getsockname()):
            door.refusals = 1_000_000
            server = HttpServer(endpoint(), door, None)
            serving = asyncio.create_task(server.serve())
            while not door.tries:
                await asyncio.sleep(0)
            for _ in range(100):
                await asyncio.sleep(0)
            found = door.tries
            await server.drain(0.0)
            await serving
            return found

    assert asyncio.run(tries()) == 1
