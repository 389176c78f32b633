"""A real mail server on this machine, on a thread of its own, that a test can make refuse, hang or drop."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from engine.outbox.mail_server import Server

SENDER = "leverframe@example.org"


class Handler:
    """What it has taken, and how it misbehaves."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, EmailMessage]] = []
        self.asked: list[str] = []
        self.refuse: dict[str, str] = {}
        self.on_data = ""
        self.drop_at_quit = False
        self.encrypted: list[bool] = []

    def message_ids(self) -> list[str]:
        return [str(message["Message-ID"]) for _, message in self.taken]

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked.append(address)
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.encrypted.append(session.ssl is not None)
        if self.on_data == "hang":
            await asyncio.sleep(3600)
        if self.on_data == "drop before":
            server.transport.abort()
            return "421 gone"
        if self.on_data.startswith(("4", "5")):
            return self.on_data
        for recipient in envelope.rcpt_tos:
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.taken.append((recipient, message))
        if self.on_data == "take and drop":
            server.transport.abort()
            return "421 gone"
        return "250 Taken"

    async def handle_QUIT(self, server: Any, session: Session, envelope: Envelope) -> str:
        if self.drop_at_quit:
            server.transport.abort()
        return "221 Bye"


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    good = (data.login, data.password) == (b"ada", b"secret")
    return AuthResult(success=good, handled=False)


@contextmanager
def running(
    handler: Handler, *, tls: ssl.SSLContext | None = None, implicit: bool = False, **options: Any
) -> Iterator[int]:
    """The port of a server that is up."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def protocol() -> SMTP:
        context = None if implicit else tls
        return SMTP(handler, loop=loop, tls_context=context, hostname="test", authenticator=_authenticate, **options)

    async def serve() -> asyncio.AbstractServer:
        return await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit else None)

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(server: asyncio.AbstractServer) -> None:
    """Nothing of it is left to be told of later, in the middle of another test."""
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def here(port: int, **changes: Any) -> Server:
    """How to reach it; a test waits for no answer longer than a moment."""
    values: dict[str, Any] = {"tls": "none", "timeout": 5.0, "whole": 20.0, **changes}
    return Server("127.0.0.1", port, SENDER, **values)


@contextmanager
def raw(answer: Any) -> Iterator[int]:
    """A server that is no mail server: ``answer`` gets each connection, on a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection, over), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield listening.getsockname()[1]
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)  # Closing it alone does not wake who waits in accept().
        accepting.join()
        listening.close()


def certificate(folder: Path, name: str = "127.0.0.1") -> tuple[ssl.SSLContext, Path]:
    """A server's context with a throw-away certificate for ``name``, and the file that makes it trusted."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    kind = "IP" if name[0].isdigit() else "DNS"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={kind}:{name}",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert
