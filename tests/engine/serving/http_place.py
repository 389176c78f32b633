"""The server of a worker in a thread of the test, over real sockets."""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from engine.serving.app import App
from engine.serving.http_server import Endpoint, HttpServer


class HttpPlace:
    """``port`` is where it is; ``drain`` ends it and says whether all was answered."""

    def __init__(self, app: App, context: ssl.SSLContext | None = None) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        numbers = map("1-{:x}".format, itertools.count(1))
        endpoint = Endpoint(
            app.answer, app.refused_whole, lambda: datetime.now(UTC), time.monotonic, lambda: next(numbers)
        )
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()

        async def run() -> None:
            self._server = HttpServer(endpoint, self._listening, context)
            self._ready.set()
            await self._server.serve()

        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(run(),), daemon=True)
        self._thread.start()
        assert self._ready.wait(30)

    def drain(self, seconds: float = 20.0, grace: float = 0.0) -> bool:
        """Let nobody in any more, answer what came."""
        whole = asyncio.run_coroutine_threadsafe(self._server.drain(seconds, grace), self._loop).result(60)
        self._thread.join(60)
        return whole

    def close(self) -> None:
        if self._thread.is_alive():
            self.drain(0.0)
        self._listening.close()
        self._loop.close()

    @contextmanager
    def client(self) -> Iterator[socket.socket]:
        """A connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
            yield client


def until_end(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    found = b""
    try:
        while part := client.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return found


def one(client: socket.socket) -> tuple[int, bytes]:
    """One answer: its status and its body."""
    head = b""
    while b"\r\n\r\n" not in head:
        part = client.recv(1)
        if not part:
            return 0, head
        head += part
    length = next(int(line[16:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: "))
    body = b""
    while len(body) < length:
        body += client.recv(length - len(body))
    return int(head.split(b" ", 2)[1]), body
