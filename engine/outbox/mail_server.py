"""The mail server: what the environment says of it, and one conversation with it for one recipient.

The settings: LEVERFRAME_SMTP_HOST, LEVERFRAME_SMTP_PORT, LEVERFRAME_SMTP_FROM, LEVERFRAME_SMTP_USER,
LEVERFRAME_SMTP_PASSWORD, and LEVERFRAME_SMTP_TLS: ``starttls`` (default), ``tls``, or ``none`` on this machine only.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.policy import SMTP
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from engine.errors import Invalid
from engine.outbox.channel import Letter, Undelivered
from engine.outbox.mail import message
from engine.projects.manifest.report import is_address
from engine.storage.atomic import write_file
from engine.storage.disk import refused
from engine.text import plain

# For each wait, and for the whole conversation: a server that sends a byte now and then is let go of too.
TIMEOUT_SECONDS = 20.0
WHOLE_SECONDS = 120.0
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_PREFIX = "LEVERFRAME_SMTP_"


@dataclass(frozen=True)
class Server:
    """A mail server and who writes there: a channel."""

    host: str
    port: int
    sender: str
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = TIMEOUT_SECONDS
    whole: float = WHOLE_SECONDS

    @property
    def about(self) -> str:
        return f"by {self.host}, port {self.port}"

    def send(self, letter: Letter) -> None:
        """Hand one mail over; returns only after the server's 250. Raises Undelivered, or Invalid for an address that
        is none.

        One recipient a transaction: a server cannot accept half of it. Whatever goes wrong after the 250 is no matter.
        """
        mail = message(letter, self.sender)
        line: smtplib.SMTP | None = None
        try:
            line = self._connected()
            line.send_message(mail, self.sender, [letter.recipient])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = error.recipients[letter.recipient]
            raise self._refused("refused the recipient", code, said) from None
        except smtplib.SMTPDataError as error:
            raise self._refused("refused the mail", error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPAuthenticationError as error:
            raise Undelivered(f"{self.host} did not take the user and password ({error.smtp_code}).") from None
        except smtplib.SMTPResponseException as error:
            raise Undelivered(f"{self.host} said {_words(error.smtp_code, error.smtp_error)}.") from None
        except ssl.SSLCertVerificationError as error:
            raise Undelivered(f"The certificate of {self.host} is not to be trusted: {error.verify_message}.") from None
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            # Inside a conversation smtplib calls a server that is silent one that hung up.
            if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
                raise Undelivered(f"{self.host} did not answer within {self.timeout:g} s.") from None
            raise Undelivered(f"{self.host} could not be talked to: {plain(_reason(error), 200)}.") from None
        finally:
            if line is not None:
                _say_goodbye(line)

    def _connected(self) -> smtplib.SMTP:
        line = _TlsLine(self, ssl.create_default_context()) if self.tls == "tls" else _Line(self)
        try:
            line.ehlo_or_helo_if_needed()
            if self.tls == "starttls":
                line.starttls(context=ssl.create_default_context())
                line.ehlo()
            if self.user:
                line.login(self.user, self.password)
        except BaseException:
            line.close()
            raise
        return line

    def _refused(self, what: str, code: int, said: bytes | str) -> Undelivered:
        return Undelivered(f"{self.host} {what} ({_words(code, said)}).", for_good=500 <= code < 600)


@dataclass(frozen=True)
class Folder:
    """The dry run, a channel too: every mail becomes a file that any mail reader opens."""

    path: Path
    sender: str = "leverframe@localhost"

    @property
    def about(self) -> str:
        return f"into files in {self.path}"

    def send(self, letter: Letter) -> None:
        """Write the mail into the folder."""
        mail = message(letter, self.sender)
        with refused(f"The mail could not be written to {self.path}"):
            self.path.mkdir(parents=True, exist_ok=True)
            write_file(self.file_of(letter), mail.as_bytes(policy=SMTP), durable=False)

    def file_of(self, letter: Letter) -> Path:
        """The file that a mail is written to: named by its own token, never by what a person wrote."""
        return self.path / f"{''.join(each for each in letter.token if each.isalnum())}.eml"


def from_environment(environment: Mapping[str, str]) -> Server | None:
    """The server that the environment names; None when it names none. Raises Invalid for what cannot be."""
    said = {name: environment.get(_PREFIX + name, "").strip() for name in ("HOST", "PORT", "FROM", "USER", "TLS")}
    if not said["HOST"]:
        return None
    tls = said["TLS"] or "starttls"
    if tls not in _PORTS:
        raise Invalid(f"{_PREFIX}TLS is '{plain(tls, 40)}'; it is one of starttls, tls, none.")
    if tls == "none" and not _is_here(said["HOST"]):
        raise Invalid(f"{_PREFIX}TLS is none, which is for a server on this machine only; use starttls or tls.")
    if not is_address(said["FROM"]):
        raise Invalid(f"{_PREFIX}FROM is '{plain(said['FROM'], 80)}'; it must be the address that mails come from.")
    port = said["PORT"] or str(_PORTS[tls])
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise Invalid(f"{_PREFIX}PORT is '{plain(port, 40)}'; it must be a number from 1 to 65535.")
    words: dict[str, Literal["starttls", "tls", "none"]] = {"starttls": "starttls", "tls": "tls", "none": "none"}
    password = environment.get(_PREFIX + "PASSWORD", "")
    return Server(plain(said["HOST"], 255), int(port), said["FROM"], words[tls], said["USER"], password)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class _Bounded:
    """Cuts a conversation off that takes too long as a whole, whichever step it is at."""

    sock: socket.socket | None

    def __init__(self, server: Server, **more: Any) -> None:
        self._cutter = threading.Timer(server.whole, self._cut)
        self._cutter.daemon = True
        self._cutter.start()
        try:
            super().__init__(server.host, server.port, timeout=server.timeout, **more)  # type: ignore[call-arg]
        except BaseException:
            self._cutter.cancel()
            raise

    def _cut(self) -> None:
        line = getattr(self, "sock", None)
        if line is not None:
            with suppress(OSError, ValueError):
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._cutter.cancel()
        super().close()  # type: ignore[misc]


class _Line(_Bounded, smtplib.SMTP):
    def __init__(self, server: Server) -> None:
        super().__init__(server)


class _TlsLine(_Bounded, smtplib.SMTP_SSL):
    def __init__(self, server: Server, context: ssl.SSLContext) -> None:
        super().__init__(server, context=context)


def _say_goodbye(line: smtplib.SMTP) -> None:
    with suppress(smtplib.SMTPException, OSError):
        line.quit()
    line.close()


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code}: {plain(text, 200)}"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).rstrip(".") or type(error).__name__
