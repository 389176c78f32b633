"""Who may come in: on this machine whoever calls the server by its own name, from elsewhere who has the token. Pure.

A web site that a person visits can make the browser ask this server too, under a name that the site has pointed here
(DNS rebinding). So without a token only the loopback's own names are answered to; with one, the cookie belongs to the
name under which it was given, which is no other site's.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from engine.errors import Invalid, Refusal

OWN_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
SHORTEST = 16
VARIABLE = "LEVERFRAME_PAGES_TOKEN"
FORMER = "LEVERFRAME_SERVE_TOKEN"
Answer = Literal["in", "let in now", "wrong name", "no token"]


@dataclass(frozen=True)
class Request:
    """What a request says of itself. ``given`` is a token in the address, ``bearer`` one in the header."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    host: str = ""
    bearer: str = ""
    given: str = ""
    cookies: Mapping[str, str] = field(default_factory=dict)
    from_elsewhere: bool = False


@dataclass(frozen=True)
class Door:
    """``token`` None: anybody on this machine may look. ``cookie`` is the name of the cookie that stands for it."""

    token: str | None = field(default=None, repr=False)
    cookie: str = "leverframe"

    def answer(self, asked: Request) -> Answer:
        """Whether the request is let in."""
        if self.token is None:
            return "in" if _name(asked.host) in OWN_NAMES else "wrong name"
        if asked.given and _same(asked.given, self.token):
            return "let in now"
        known = _same(asked.bearer, self.token) or _same(asked.cookies.get(self.cookie, ""), self.cookie_value())
        return "in" if known else "no token"

    def cookie_value(self) -> str:
        """What stands for the token in a browser: whoever reads it there has not got the token itself."""
        return hmac.digest((self.token or "").encode(), b"leverframe cookie", "sha256").hex()


def door(host: str, port: int, token: str | None) -> Door:
    """The door of a server at ``host``. Raises Refusal where a token must be and is not, Invalid for a bad one."""
    if token is None and not is_here(host):
        raise Refusal(
            f"{host} can be reached from other machines, so a token is needed: set {VARIABLE} or --token-file, "
            "or leave --host out to serve this machine only."
        )
    if token is not None and len(token) < SHORTEST:
        raise Invalid(f"The token has {len(token)} characters; at least {SHORTEST} are needed, drawn at random.")
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise Invalid("The token may hold letters, digits and signs of ASCII only, and no space.")
    return Door(token, f"leverframe-{port}")


def is_here(host: str) -> bool:
    """Whether only this machine reaches ``host``. Raises Invalid when it is no address."""
    return ip_address(address(host)).is_loopback


def address(host: str) -> str:
    """The address that ``host`` stands for. Raises Invalid."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        raise Invalid(
            f"--host {host[:60]!a} is no address; it is one of this machine's, such as 127.0.0.1 or 0.0.0.0."
        ) from None


def _name(host: str) -> str:
    """The name in a Host header, without the port: a tunnel may have another one."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def read_token(environment: Mapping[str, str], file: Path | None) -> str | None:
    """The token in ``file``, else in the environment; None without either. Raises Invalid for a file without one."""
    if file is None:
        return (environment.get(VARIABLE) or environment.get(FORMER, "")).strip() or None
    try:
        held = file.read_text("utf-8").strip()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Invalid(f"The token's file {file} cannot be read ({reason}); --token-file names one that can.") from None
    if not held:
        raise Invalid(f"The token's file {file} is empty; write a token into it.")
    return held
