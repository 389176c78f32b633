"""The HTTP server of one worker: uvicorn's connections over a socket that all workers share.

One socket, so that whoever is free takes the next client, and a worker that dies takes nobody with it who was not let
in yet. Each takes one client a round, and none while another worker has fewer (``balance``): the kernel wakes them all,
and the first would take every one that waits.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config

from engine.serving.balance import LEAVES, Balance
from engine.serving.connection import HEADS, Connection, State, sent_at_once, swept
from engine.serving.exchange import Answer, Asked, Coming, Unanswered

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

BODY_BYTES = 16 * 2**20
KEEP_ALIVE = 75  # seconds
DRAIN, GRACE = 20.0, 1.0
FULL = 0.1  # seconds in which nobody is let in, once no descriptor is left
_ALWAYS = [(name.lower().encode(), value.encode()) for name, value in HEADS]
Answering = Callable[[Asked], Answer | Awaitable[Answer]]


class Endpoint:
    """What connections hand requests to. One that has come whole it answers where it stands; another one it is called
    for as uvicorn calls an application, and reads within bounds."""

    def __init__(
        self, answer: Answering, refused: Callable[[Asked, Unanswered], Answer], now: Callable[[], datetime],
        monotonic: Callable[[], float], numbers: Callable[[], str],
    ) -> None:  # fmt: skip
        self._answer, self._refused, self._now, self._monotonic = answer, refused, now, monotonic
        self._numbers = numbers
        self._under_way: set[asyncio.Task[None]] = set()

    def answer(self, cycle: RequestResponseCycle) -> None:
        """Answer what has come whole: now, or when the answer is there."""
        number = self._numbers()
        body, cycle.body = bytes(cycle.body), bytearray()  # The connection has the cycle until the next one comes.
        found = self._answer(self._asked(cycle.scope, _heads(cycle.scope), body, number))
        if isinstance(found, Answer):
            self._reply(cycle, number, found)
        elif isinstance(found, Coming):
            found.then(partial(self._reply, cycle, number))
        else:
            self._go_on(self._later(cycle, number, found))

    def _reply(self, cycle: RequestResponseCycle, number: str, answer: Answer) -> None:
        if not _sent(cycle, answer, number):
            self._go_on(_send(cycle, answer, number))

    async def _later(self, cycle: RequestResponseCycle, number: str, coming: Awaitable[Answer]) -> None:
        self._reply(cycle, number, await coming)

    def _go_on(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        heads, cycle = _heads(scope), send.__self__
        number = self._numbers()
        try:
            body = await _body(heads, receive)
        except Unanswered as problem:
            await _send(cycle, self._refused(self._asked(scope, heads, b"", number), problem), number)
            return
        if body is None:
            return
        found = self._answer(self._asked(scope, heads, body, number))
        answer = found if isinstance(found, Answer) else await found
        await _send(cycle, answer, number)

    def _asked(self, scope: Any, heads: Mapping[str, str], body: bytes, number: str) -> Asked:
        client = scope["client"]
        raw: bytes = scope["raw_path"]
        path = raw.decode("latin-1")
        return Asked(
            scope["method"], path, heads, body, client[0] if client else "", self._now(), self._monotonic(), number
        )


def _heads(scope: Any) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _body(heads: Mapping[str, str], receive: Any) -> bytes | None:
    """The body; None where whoever sent it has gone. Raises Unanswered for too much."""
    length = heads.get("content-length", "")
    if length.isdigit() and (len(length) > 15 or int(length) > BODY_BYTES):
        raise _too_much()
    message = await receive()
    if message["type"] != "http.request":
        return None
    body: bytes = message["body"]
    if not message["more_body"]:
        return body
    whole = bytearray(body)
    while message["more_body"]:
        message = await receive()
        if message["type"] != "http.request":
            return None
        whole += message["body"]
        if len(whole) > BODY_BYTES:
            raise _too_much()
    return bytes(whole)


def _too_much() -> Unanswered:
    return Unanswered(413, f"The body has more than {BODY_BYTES // 2**20} MiB; send fewer rows at once.")


def _sent(cycle: RequestResponseCycle, answer: Answer, number: str) -> bool:
    """Whether nothing of it is left to be sent."""
    return sent_at_once(cycle, answer.status, _heads_of(answer, number), answer.body)


async def _send(cycle: RequestResponseCycle, answer: Answer, number: str) -> None:
    while not _sent(cycle, answer, number):
        await cycle.flow.drain()


def _heads_of(answer: Answer, number: str) -> list[tuple[bytes, bytes]]:
    return [
        *_ALWAYS,
        (b"x-request-id", number.encode()),
        (b"content-type", answer.kind.encode()),
        (b"content-length", b"%d" % len(answer.body)),
        *((name.lower().encode(), _one_line(value)) for name, value in answer.heads.items()),
    ]


def _one_line(value: str) -> bytes:
    return " ".join(value.split()).encode("latin-1", "replace")


class HttpServer:
    """Lets clients in through ``listening``, which is its own, from ``serve`` until ``drain``. ``balance``: with the
    other workers at the same socket, where there are some."""

    def __init__(
        self, endpoint: Endpoint, listening: socket.socket, context: ssl.SSLContext | None,
        balance: Balance | None = None,
    ) -> None:  # fmt: skip
        _quiet()
        self._config = Config(
            endpoint, http=Connection, ws="none", lifespan="off", log_config=None, access_log=False, interface="asgi3",
            proxy_headers=False, server_header=False, date_header=False, timeout_keep_alive=KEEP_ALIVE, loop="none",
        )  # fmt: skip
        self._config.load()
        listening.setblocking(False)  # It may be drained before it has served.
        self._state, self._listening, self._context = State(endpoint.answer), listening, context
        self._balance = balance
        self._letting_in: set[asyncio.Task[Any]] = set()
        self._ended = asyncio.Event()

    async def serve(self) -> None:
        """Answer until ``drain`` has come to its end."""
        loop = asyncio.get_running_loop()
        self._open_door(loop)
        while not self._ended.is_set():
            swept(self._state.connections, loop.time())
            self._say()
            try:
                await asyncio.wait_for(self._ended.wait(), 1.0)
            except TimeoutError:
                continue

    def _open_door(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._state.ending:
            loop.add_reader(self._listening.fileno(), self._knocked, loop)

    def _knocked(self, loop: asyncio.AbstractEventLoop) -> None:
        self._say()
        if self._balance is not None and self._balance.leaves(self._clients, loop.time()):
            self._shut_door(loop, LEAVES)
            return
        try:
            self._let_in()
        except OSError:  # No descriptor is left: who knocks stays there, and would be asked in again without end.
            self._shut_door(loop, FULL)
        self._say()

    def _shut_door(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        loop.remove_reader(self._listening.fileno())
        loop.call_later(seconds, self._open_door, loop)

    @property
    def _clients(self) -> int:
        return len(self._state.connections) + len(self._letting_in)

    def _say(self) -> None:
        if self._balance is not None and not self._state.ending:
            self._balance.has(self._clients)

    def _let_in(self) -> bool:
        """Whether there was somebody. Raises OSError where no descriptor is left."""
        try:
            client, _ = self._listening.accept()
        except OSError as problem:
            if problem.errno in (errno.EMFILE, errno.ENFILE):
                raise
            return False  # Another worker was faster, or the client has gone.
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._connected(loop, client))
        self._letting_in.add(task)
        task.add_done_callback(self._letting_in.discard)
        return True

    async def _connected(self, loop: asyncio.AbstractEventLoop, client: socket.socket) -> None:
        try:
            await loop.connect_accepted_socket(self.connection, client, ssl=self._context)
        except OSError:  # It has gone, or speaks no TLS.
            client.close()

    def connection(self) -> Connection:
        """One more, which a client is to be handed to."""
        return Connection(self._config, self._state)

    async def drain(self, seconds: float = DRAIN, grace: float = GRACE) -> bool:
        """Let nobody in any more and answer what came, for ``seconds`` at most. Returns whether all was answered.

        A client that keeps its connection may be sending on it at this very moment: it has ``grace`` seconds, and is
        told with the answer that it was the last.
        """
        loop = asyncio.get_running_loop()
        if self._balance is not None:
            self._balance.ends()
        loop.remove_reader(self._listening.fileno())
        with suppress(OSError):
            while self._let_in():  # Who waits at the door by now has been let in by the kernel.
                pass
        self._listening.close()
        self._state.ending = True
        begun = loop.time()
        while (self._letting_in or self._state.connections) and loop.time() < begun + seconds:
            for each in list(self._state.connections):
                if loop.time() >= begun + grace or not (isinstance(each, Connection) and each.is_idle):
                    each.shutdown()
            await asyncio.sleep(0.02)
        whole = not self._state.connections
        for each in list(self._state.connections):
            each.transport.abort()
        self._ended.set()
        return whole


def _quiet() -> None:
    """What clients do wrong is answered, and not a line for whoever runs the server each time."""
    for name in ("uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.handlers = [logging.NullHandler()] if name == "uvicorn.error" else []
