"""One mail to one recipient: what is taken, and everything else that a mail server can do."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Invalid
from engine.outbox.channel import Letter, Undelivered
from engine.outbox.mail_server import Folder, Server, from_environment
from tests.engine.outbox.mail_server import SENDER, Handler, certificate, here, raw, running

TO = "business@example.org"
LETTER = Letter(TO, "Häufig verspätet", "ja", "<p>ja</p>", "f00d", datetime(2026, 11, 23, tzinfo=UTC))
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")


def hand_over(server: Server, recipient: str = TO) -> None:
    server.send(replace(LETTER, recipient=recipient))


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def server(handler: Handler) -> Iterator[Server]:
    with running(handler) as port:
        yield here(port)


def test_a_mail_that_is_taken_arrives_as_it_was_written(handler: Handler, server: Server) -> None:
    hand_over(server)
    ((recipient, taken),) = handler.taken
    assert recipient == TO
    assert (taken["Subject"], taken["To"], taken["Message-ID"]) == (LETTER.subject, TO, "<f00d@example.org>")
    body = taken.get_body(("html",))
    assert body is not None and body.get_content().strip() == "<p>ja</p>"


def test_whatever_happens_after_the_acceptance_does_not_make_it_unsent(handler: Handler, server: Server) -> None:
    handler.drop_at_quit = True
    hand_over(server)
    assert len(handler.taken) == 1


@pytest.mark.parametrize(
    ("answer", "for_good"), [("550 no such user", True), ("450 greylisted, come again", False), ("452 full", False)]
)
def test_a_refused_recipient_is_told_with_the_servers_words(
    handler: Handler, server: Server, answer: str, for_good: bool
) -> None:
    handler.refuse[TO] = answer
    with pytest.raises(Undelivered, match=f"refused the recipient .{answer[:3]}: {answer[4:]}") as told:
        hand_over(server)
    assert told.value.for_good is for_good
    hand_over(server, "ops@example.org")
    assert [recipient for recipient, _ in handler.taken] == ["ops@example.org"]


@pytest.mark.parametrize(
    ("on_data", "said", "for_good"),
    [
        ("554 looks like spam", "refused the mail .554: looks like spam", True),
        ("451 try later", "refused the mail .451: try later", False),
        ("drop before", "could not be talked to", False),
        ("take and drop", "could not be talked to", False),
    ],
)
def test_a_refused_or_dropped_mail_is_not_sent(
    handler: Handler, server: Server, on_data: str, said: str, for_good: bool
) -> None:
    handler.on_data = on_data
    with pytest.raises(Undelivered, match=said) as told:
        hand_over(server)
    assert told.value.for_good is for_good


def test_a_server_that_hangs_in_the_middle_is_let_go_of(handler: Handler) -> None:
    handler.on_data = "hang"
    with running(handler) as port, pytest.raises(Undelivered, match="did not answer within"):
        hand_over(here(port, timeout=0.3))
    assert handler.taken == []


def _silent(connection: socket.socket, over: threading.Event) -> None:
    over.wait(60)


def _dripping(connection: socket.socket, over: threading.Event) -> None:
    """A greeting without end: each wait is short, the whole is for ever."""
    with suppress(OSError):
        while not over.wait(0.02):
            connection.sendall(b"2")


def _rude(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 \x1b[31mOK\r\n\r\n")
    connection.close()


def _hasty(connection: socket.socket, over: threading.Event) -> None:
    connection.close()


@pytest.mark.parametrize("answer", [_silent, _dripping, _rude, _hasty])
@pytest.mark.parametrize("tls", ["none", "tls"])
def test_what_is_no_mail_server_is_told_in_a_line_and_in_time(answer: Any, tls: str) -> None:
    with raw(answer) as port, pytest.raises(Undelivered) as told:
        hand_over(here(port, tls=tls, timeout=0.3, whole=0.6))
    assert told.value.for_good is False
    assert "\x1b" not in str(told.value) and "\n" not in str(told.value)


def test_nobody_at_the_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Undelivered, match="refused"):
        hand_over(here(port))


def test_a_server_without_starttls_gets_nothing_in_the_clear(handler: Handler, server: Server) -> None:
    with pytest.raises(Undelivered, match="STARTTLS"):
        hand_over(Server(server.host, server.port, SENDER, tls="starttls", user="ada", password="secret"))
    assert handler.asked == []


@needs_openssl
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it does not see the TLS that is there
@pytest.mark.parametrize("implicit", [False, True])
def test_tls_with_user_and_password(
    handler: Handler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, implicit: bool
) -> None:
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    known: dict[str, Any] = {"tls": "tls" if implicit else "starttls", "user": "ada"}
    with running(handler, tls=context, implicit=implicit, auth_required=True, auth_require_tls=not implicit) as port:
        hand_over(here(port, **known, password="secret"))
        assert len(handler.taken) == 1
        with pytest.raises(Undelivered, match="did not take the user and password") as told:
            hand_over(here(port, **known, password="sesame"))
        with pytest.raises(Undelivered, match="530"):
            hand_over(here(port, tls=known["tls"]))
    assert "sesame" not in str(told.value) and "sesame" not in repr(here(1, password="sesame"))
    assert len(handler.taken) == 1


@needs_openssl
@pytest.mark.parametrize("name", ["127.0.0.1", "mail.example.org"])
def test_a_certificate_that_nobody_vouches_for_or_of_another_is_not_trusted(
    handler: Handler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    context, trusted = certificate(tmp_path, name)
    if name != "127.0.0.1":
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with running(handler, tls=context) as port, pytest.raises(Undelivered, match="not to be trusted"):
        hand_over(here(port, tls="starttls"))
    assert handler.asked == []


def test_the_dry_run_writes_a_file_that_a_mail_reader_opens(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "mails")
    folder.send(LETTER)
    written = folder.file_of(LETTER).read_bytes()
    assert folder.file_of(LETTER).name == "f00d.eml"
    assert b"\r\n" in written and b"Message-ID: <f00d@localhost>" in written


ENVIRONMENT = {"LEVERFRAME_SMTP_HOST": "mail.example.org", "LEVERFRAME_SMTP_FROM": SENDER}


def test_the_environment_names_the_server_and_its_defaults() -> None:
    assert from_environment({}) is None
    assert from_environment(ENVIRONMENT) == Server("mail.example.org", 587, SENDER, "starttls")
    other = {"LEVERFRAME_SMTP_TLS": "tls", "LEVERFRAME_SMTP_USER": "ada", "LEVERFRAME_SMTP_PASSWORD": "s p"}
    assert from_environment(ENVIRONMENT | other) == Server("mail.example.org", 465, SENDER, "tls", "ada", "s p")
    local = {"LEVERFRAME_SMTP_HOST": "127.0.0.1", "LEVERFRAME_SMTP_TLS": "none", "LEVERFRAME_SMTP_PORT": "2525"}
    assert from_environment(ENVIRONMENT | local) == Server("127.0.0.1", 2525, SENDER, "none")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TLS", "none", "on this machine only"),
        ("TLS", "ssl", "one of starttls, tls, none"),
        ("PORT", "smtp", "from 1 to 65535"),
        ("PORT", "70000", "from 1 to 65535"),
        ("FROM", "", "must be the address"),
        ("FROM", "a@b.org\r\nBcc: x@y.org", "must be the address"),
    ],
)
def test_settings_that_cannot_be_are_named(name: str, value: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        from_environment(ENVIRONMENT | {f"LEVERFRAME_SMTP_{name}": value})
