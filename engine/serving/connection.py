"""A connection of a client, with a bound for everything that it may do: uvicorn's, and what uvicorn leaves open.

uvicorn waits for ever for a request that began, for one that never begins, and for whoever does not read their answer;
it takes heads of any size, and lets go of a client that has said all it has to say and waits (a half-closed one). What
stands behind the last chunk of a body (a trailer) it takes for a part of the head, however much it is, and of a request
that would go on in another protocol it loses the body.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from engine.serving.exchange import Answer, Unanswered, told

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application
    from uvicorn.config import Config

HEAD_BYTES = 32 * 1024
PATIENCE, READING = 10.0, 30.0  # seconds in which a request has to come, and its answer has to be taken
MOST = 1000  # connections of one worker

HEADS = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
_REASONS = {400: b"Bad Request", 408: b"Request Timeout", 431: b"Request Header Fields Too Large",
            503: b"Service Unavailable"}  # fmt: skip


class State(ServerState):
    """What all connections of a server have in common. ``answer`` answers a request that has come whole; ``ending``:
    each is closed after its next answer."""

    ending = False

    def __init__(self, answer: Callable[[RequestResponseCycle], None]) -> None:
        super().__init__()
        self.answer = answer


class Connection(HttpToolsProtocol):
    """One connection. ``sweep`` is asked once a second whether it is at its end."""

    def __init__(self, config: Config, state: State) -> None:
        super().__init__(config, state, {})
        self._state = state
        self._since = self.loop.time()  # of the request that is coming, or of the connection while none has begun
        self._spoke, self._began, self._in_head, self._head = False, False, True, 0
        self._tail = b""
        self._between = False  # behind the size of a chunk, before what it holds; behind the last one may be trailers
        self._unread: float | None = None
        self._reads = False
        self._begun: tuple[RequestResponseCycle, ASGI3Application] | None = None  # with what is read just now

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST and not self._made_room():
            sorry = "Too many are connected; try again in a moment."
            self.end(told(Unanswered(503, sorry, heads={"Retry-After": "1"})))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        # Each points back to this one: what it came with would stay until all of the memory is looked through.
        self.pipeline.clear()
        self.cycle = None  # type: ignore[assignment]

    def _made_room(self) -> bool:
        """Whether the oldest connection that waits for nothing was ended for this one."""
        idle = [each for each in self.connections if isinstance(each, Connection) and each is not self and each.is_idle]
        if not idle:
            return False
        min(idle, key=lambda each: each.since).transport.abort()
        return True

    @property
    def since(self) -> float:
        return self._since

    @property
    def is_idle(self) -> bool:
        """Whether its client waits for nothing."""
        return not self._began and (self.cycle is None or self.cycle.response_complete)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._in_head:
            # A head that comes in one piece is over before it is counted; its end may come in two.
            end = self._head - len(self._tail) + (self._tail + data).find(b"\r\n\r\n")
            self._head, self._tail = self._head + len(data), data[-3:]
            if end > HEAD_BYTES:
                self._refuse_head()
                return
        elif self._between:
            self._head += len(data)
        self._unset_keepalive_if_required()
        self._reads = True
        while data:
            data = self._parsed(data)
        self._reads = False
        if self._begun is not None:
            self._begin(*self._begun)
        if (self._in_head or self._between) and self._head > HEAD_BYTES and not self.transport.is_closing():
            self._refuse_head()

    def _parsed(self, data: bytes) -> bytes:
        """Hand it to the parser; what it is to be given after that.

        Nobody here speaks another protocol, and then a request that would go on in one (curl and Java ask for HTTP/2 in
        this way) is one of this protocol (RFC 9110, 7.8). The parser ends with its head, so it is given it anew.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            method, version = self.parser.get_method(), self.parser.get_http_version()
            if method != b"CONNECT":
                lines = [b"%b %b HTTP/%b" % (method, self.url, version.encode())]
                lines += [b"%b: %b" % head for head in self.headers if head[0] != b"upgrade"]
                self.parser, self._head, self._tail = httptools.HttpRequestParser(self), 0, b""
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
                return b"\r\n".join([*lines, b"", data[upgrade.args[0] :]])
            self.send_400_response("")
        except httptools.HttpParserError:
            self.send_400_response("")
        return b""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Keep it until all of what came has been read: the whole of it may be there."""
        if self._reads:
            self._begun = cycle, app
        else:  # It has waited for the answer to another one, and its client may wait to be told to go on.
            super()._start_asgi_task(cycle, app)

    def _begin(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """A task for a request costs as much as to read it; one that came whole needs none to wait for the rest."""
        self._begun = None
        if cycle.more_body:
            super()._start_asgi_task(cycle, app)
        else:
            if not self.pipeline:
                self.flow.resume_reading()  # A large body paused it; while it waits its client may go.
            self._state.answer(cycle)

    def _refuse_head(self) -> None:
        self.end(told(Unanswered(431, f"The head of a request has at most {HEAD_BYTES // 1024} KiB.")))

    def on_message_begin(self) -> None:
        self._since, self._spoke, self._began, self._in_head = self.loop.time(), True, True, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._in_head, self._head, self._tail = False, 0, b""
        super().on_headers_complete()
        self.headers = []  # What is told behind the body is no part of the head, which says who may ask.
        if self._state.ending:
            self.cycle.keep_alive = False

    def on_chunk_header(self) -> None:
        self._between, self._head = True, 0

    def on_body(self, body: bytes) -> None:
        self._between = False
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._since, self._began, self._in_head, self._head, self._between = self.loop.time(), False, True, 0, False
        if not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Its client says no more: what it has said whole is answered, then it is at its end."""
        waits = self.cycle is not None and not self.cycle.response_complete and not self._began
        if not waits or self.transport.get_extra_info("ssl_object") is not None:
            return False
        self.cycle.keep_alive = False
        return True

    def send_400_response(self, msg: str) -> None:
        self.end(told(Unanswered(400, "That is no request of HTTP that can be read.")))

    def end(self, answer: Answer) -> None:
        """Say why, and close; whoever has no answer to what came before gets none any more."""
        own = {"Content-Type": answer.kind, "Content-Length": str(len(answer.body)), "Connection": "close"}
        lines = [b"HTTP/1.1 %d %s" % (answer.status, _REASONS[answer.status])]
        lines += [f"{name}: {value}".encode("latin-1") for name, value in (*HEADS, *answer.heads.items(), *own.items())]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + answer.body)
        self.transport.close()

    def pause_writing(self) -> None:
        self._unread = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._unread = None
        super().resume_writing()

    def sweep(self, now: float) -> None:
        """End it where its client takes too long."""
        if self.transport.is_closing():
            return
        if self._unread is not None and now - self._unread > READING:
            self.transport.abort()
        if now - self._since <= PATIENCE:
            return
        # While another of its client's waits for an answer, it may be us whom the rest of this one waits for.
        others = bool(self.pipeline) or (self._in_head and self.cycle is not None and not self.cycle.response_complete)
        if self._began and not others:
            self.end(told(Unanswered(408, f"The request did not come to its end within {PATIENCE:.0f} s.")))
        elif not self._spoke:
            self.transport.close()


def sent_at_once(
    cycle: RequestResponseCycle, status: int, heads: Sequence[tuple[bytes, bytes]], body: bytes
) -> bool:
    """Write a whole answer in one call of the system, in place of uvicorn's ``send``; False: its client has to read
    first.

    uvicorn looks at each name and value, writes the head, then the body: a fifth of what an answer costs. ``heads`` are
    our own words, with the length of ``body`` among them.
    """
    if cycle.transport.is_closing():  # uvicorn says so to the last one of a pipeline alone.
        cycle.disconnected = True
    if cycle.response_started or cycle.disconnected:
        return True
    if cycle.flow.write_paused:
        return False
    lines = [STATUS_LINE[status], *[b"%b: %b\r\n" % head for head in heads]]
    lines.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
    if cycle.scope["method"] != "HEAD":
        lines.append(body)
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"".join(lines))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


def swept(connections: Iterable[Any], now: float) -> None:
    """``sweep`` each."""
    for each in list(connections):
        if isinstance(each, Connection):
            each.sweep(now)


def tls(certificate: str, key: str) -> ssl.SSLContext:
    """What a server shows of itself. Raises OSError (ssl.SSLError is one) for files that do not do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context
