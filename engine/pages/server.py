"""The HTTP server: waitress, so that a slow client holds no thread, with a bound for everything that a client may do.

Waitress takes a byte now and then for a sign of life, so a hundred clients that never come to their point would keep
everybody else out for ever. Here only an answer is one: a request has ``PATIENCE`` as a whole to arrive, and no
connection, however it behaves, is kept for longer than ``LONGEST``. Who comes is always let in: of more connections
than ``CONNECTIONS`` the oldest that waits for nothing goes, of the address that has the most.
"""

from __future__ import annotations

import errno
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from engine.errors import Refusal

PATIENCE, LONGEST = 5, 300  # seconds
CONNECTIONS, THREADS = 100, 4
# Waitress's own answer to many connections is to take in nobody, and a line in the log each time.
NEVER_REACHED = 1_000_000
HEAD_BYTES, BODY_BYTES = 16_384, 1
_STOP_SECONDS = 3.0


class PageServer:
    """``application`` at ``host`` and ``port`` (0: any that is free), from ``start`` until ``stop``."""

    def __init__(
        self,
        application: Callable[..., Any],
        host: str,
        port: int,
        *,
        patience: int = PATIENCE,
        longest: float = LONGEST,
    ) -> None:
        self._server = _bound(application, host, port, patience, longest)
        self._thread = threading.Thread(target=self._server.run, name="pages", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.effective_port)

    def start(self) -> None:
        """Answer, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; what is being answered has a moment to come to its end."""
        from waitress import wasyncore

        self._server.task_dispatcher.shutdown(timeout=_STOP_SECONDS)
        if self._thread.is_alive():
            # On the server's own thread, which alone may touch its sockets; without any it ends. It may have done so
            # before it was woken, which closes what wakes it.
            with suppress(OSError):
                self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map, ignore_all=True))
            self._thread.join(_STOP_SECONDS)
        else:
            wasyncore.close_all(self._server._map, ignore_all=True)

    @property
    def runs(self) -> bool:
        return self._thread.is_alive()


def _bound(application: Callable[..., Any], host: str, port: int, patience: int, longest: float) -> Any:
    """A server that has its port. Raises Refusal when it cannot get it."""
    from waitress.server import create_server

    try:
        server = create_server(
            application,
            host=host,
            port=port,
            threads=THREADS,
            connection_limit=NEVER_REACHED,
            channel_timeout=patience,
            cleanup_interval=max(1, patience // 3),
            max_request_header_size=HEAD_BYTES,
            max_request_body_size=BODY_BYTES,
            ident=None,
            expose_tracebacks=False,
            asyncore_use_poll=True,
        )
    except OSError as error:
        raise Refusal(why_not_bound(error, host, port)) from None
    channels(server, longest)
    return server


def channels(server: Any, longest: float) -> None:
    """Give ``server`` connections that are bounded."""
    from waitress.channel import HTTPChannel

    class Channel(HTTPChannel):  # type: ignore[misc]
        def handle_read(self) -> None:
            since = self.last_activity  # type: ignore[has-type]
            super().handle_read()
            self.last_activity = since

    usual = server.maintenance

    def maintenance(now: float) -> None:
        usual(now)
        for channel in server.active_channels.values():
            if now - channel.creation_time > longest:
                channel.will_close = True

    accept = server.handle_accept

    def handle_accept() -> None:
        accept()
        there = list(server.active_channels.values())
        if len(there) > CONNECTIONS:
            goes = one_too_many([(each.addr[0], each.creation_time, _waits(each)) for each in there])
            there[goes].handle_close()

    server.channel_class, server.maintenance, server.handle_accept = Channel, maintenance, handle_accept


def _waits(channel: Any) -> bool:
    """Whether a client has asked for something that it has not got whole."""
    return bool(channel.requests) or channel.total_outbufs_len > 0


def one_too_many(there: Sequence[tuple[str, float, bool]]) -> int:
    """Which of the connections (address, since when, whether its client waits for an answer) makes room. Pure.

    Of those whose clients wait for nothing, or else of all, the oldest of the address that has the most of them.
    """
    idle = [number for number, (_, _, waits) in enumerate(there) if not waits] or list(range(len(there)))
    held = Counter(there[number][0] for number in idle)
    most = max(held.values())
    return min((number for number in idle if held[there[number][0]] == most), key=lambda number: there[number][1])


def why_not_bound(error: OSError, host: str, port: int) -> str:
    """Why a server has not got its address, and what to do, as a sentence."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken by another process; --port chooses another one."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine; --host takes one of its own, or 0.0.0.0 for all of them."
    if error.errno == errno.EACCES:
        return f"Port {port} is not for this account; --port takes one from 1024 up."
    return f"Nothing can be served at {host}, port {port} ({error.strerror or error})."
