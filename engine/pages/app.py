"""From a request to an answer: who may come in, which page, and what stands in the head of every answer.

A WSGI application of a dozen addresses; whatever is not one of them is not found. No file is ever named by a request.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from engine.clock import moment
from engine.errors import Invalid, LeverframeError, NotFound, bug
from engine.pages import assets, frame, front_page, project_page
from engine.pages.access import Door, Request
from engine.pages.frame import Live
from engine.pages.prometheus_format import KIND, exposition
from engine.pages.view import View

_HTML, _TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"
# A page may load what lies here and nothing else, run no script but ours, and stand in no other site's frame.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A kept report brings its own style sheet, of whatever day it is from, and no script.
_KEPT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_COOKIE_SECONDS = 30 * 86400
_FOR_GOOD = "private, max-age=31536000, immutable"


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: str
    kind: str
    body: bytes
    headers: Mapping[str, str]


def _answer(status: str, body: str | bytes, kind: str = _HTML, **headers: str) -> Answer:
    content = body.encode("utf-8", "replace") if isinstance(body, str) else body
    return Answer(status, kind, content, {name.replace("_", "-"): value for name, value in headers.items()})


def _told(status: str, title: str, sentence: str, **headers: str) -> Answer:
    return _answer(status, frame.said(title, sentence), **headers)


class App:
    """The application. ``tell`` gets a line for whoever runs the server, never for who asks."""

    def __init__(
        self,
        view: View,
        door: Door,
        now: Callable[[], datetime],
        tell: Callable[[str], None],
        keep_traceback: Callable[[str], Any],
    ) -> None:
        self._view, self._door, self._now, self._tell, self._keep = view, door, now, tell, keep_traceback
        self._trouble = ""

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = read(environ)
        found = self.answer(asked)
        headers = {**_HEADERS, "Content-Type": found.kind, **found.headers, "Content-Length": str(len(found.body))}
        start_response(found.status, list(headers.items()))
        return [b"" if asked.method == "HEAD" else found.body]

    def answer(self, asked: Request) -> Answer:
        """The answer to a request; a bug becomes one that says nothing of it."""
        if asked.method not in ("GET", "HEAD"):
            return _told("405 Method Not Allowed", "Only to look at", "Nothing can be changed here.", Allow="GET, HEAD")
        try:
            return self._guarded(asked)
        except NotFound:
            return _told("404 Not Found", "Not here", "There is no such page; the first page lists every project.")
        except Invalid as wrong:
            return _told("400 Bad Request", "That cannot be shown", str(wrong))
        except LeverframeError as problem:
            self._complain(str(problem))
        except Exception as error:  # noqa: BLE001  a bug: kept for who runs it, and the server outlives it
            self._keep(traceback.format_exc())
            self._complain(bug(error, "over a page"))
        sorry = "The workspace cannot be read now. Whoever runs Leverframe has been told why; try again in a while."
        return _told("503 Service Unavailable", "Not now", sorry, Retry_After="30")

    def _guarded(self, asked: Request) -> Answer:
        answer = self._door.answer(asked)
        if answer == "wrong name":
            sorry = "This server answers to localhost only. For another name it needs a token."
            return _told("421 Misdirected Request", "Not under this name", sorry)
        if asked.path == "/healthz":  # so that a watchdog needs no token, and says no more than that
            self._view.answers()
            self._trouble = ""
            return _answer("200 OK", "ok\n", _TEXT)
        # The page that asks for a token is styled too.
        if asset := assets.BY_NAME.get(asked.path.removeprefix("/static/")):
            return _answer("200 OK", asset.content, asset.kind, Cache_Control=_FOR_GOOD)
        if answer == "let in now":
            return self._let_in(asked)
        if answer == "no token":
            sorry = "A token is needed. Open the link that you were given, or ask whoever runs Leverframe for one."
            return _told("401 Unauthorized", "Who is there?", sorry, WWW_Authenticate="Bearer")
        return self._page(asked)

    def _let_in(self, asked: Request) -> Answer:
        """Once, by the address: a cookie instead, and on to the same page without the token in its address."""
        held = f"{self._door.cookie}={self._door.cookie_value()}"
        cookie = f"{held}; HttpOnly; SameSite=Strict; Path=/; Max-Age={_COOKIE_SECONDS}"
        target = quote("/" + asked.path.strip("/")) + (f"?{urlencode(asked.query)}" if asked.query else "")
        if asked.from_elsewhere:
            return _answer("200 OK", frame.let_in(target), Set_Cookie=cookie)
        return _answer("303 See Other", b"", _TEXT, Set_Cookie=cookie, Location=target)

    def _page(self, asked: Request) -> Answer:
        now = self._now()
        match asked.path.split("/")[1:]:
            case [""]:
                live = Live("/changed", self._view.marker(now), now)
                return _answer("200 OK", front_page.page(self._view.front(now), live))
            case ["metrics"]:
                return _answer("200 OK", exposition(self._view.figures(now)), KIND)
            case ["changed"]:
                return _answer("200 OK", self._view.marker(now), _TEXT)
            case ["projects", name]:
                live = Live(f"/projects/{quote(name)}/changed", self._view.marker(now, name), now)
                return _answer("200 OK", project_page.page(self._view.project(name, now), live))
            case ["projects", name, "changed"]:
                return _answer("200 OK", self._view.marker(now, name), _TEXT)
            case ["projects", name, "report"]:
                period = _period(asked.query, now)
                return _answer("200 OK", project_page.page(self._view.project(name, now, period), None))
            case ["projects", name, "reports", number] if number.isascii() and number.isdigit() and len(number) < 10:
                kept = self._view.kept(name, int(number))
                return _answer("200 OK", kept, Content_Security_Policy=_KEPT_POLICY)
        raise NotFound("There is no such page.")

    def _complain(self, said: str) -> None:
        if said != self._trouble:
            self._trouble = said
            self._tell(said)


def _period(query: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    if "since" not in query:
        raise Invalid("The address names no period; it is written like ?since=2026-11-02&until=2026-11-09.")
    return moment(query["since"]), moment(query["until"]) if "until" in query else now


def read(environ: Mapping[str, Any]) -> Request:
    """What a WSGI server says of a request. What cannot be read is as if it were not there."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), errors="replace")[:20])
    scheme, _, bearer = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    asked = Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace"),
        host=environ.get("HTTP_HOST", ""),
        bearer=bearer.strip() if scheme.lower() == "bearer" else "",
        given=query.pop("token", ""),
        cookies=_cookies(environ.get("HTTP_COOKIE", "")),
        from_elsewhere=environ.get("HTTP_SEC_FETCH_SITE", "none") in ("cross-site", "same-site"),
    )
    return replace(asked, query=query)


def _cookies(said: str) -> Mapping[str, str]:
    try:
        return {name: held.value for name, held in SimpleCookie(said).items()}
    except CookieError:
        return {}
