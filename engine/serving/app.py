"""The application, apart from any server: a request in, an answer out, or one that is to be awaited.

Never a traceback to whoever asks: a mistake of ours is kept with the number of the request, which the answer names.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple

from engine.access.tokens import Allowed, Why
from engine.serving import figures, openapi
from engine.serving.contracts import Tokens
from engine.serving.exchange import JSON, TEXT, Answer, Asked, Coming, Unanswered, document, told
from engine.serving.inference_protocol import BINARY, InferenceProtocol
from engine.serving.routes import Handler, Route, Routes, Target
from engine.serving.scoring import Scoring, read_body, write_body

OWN_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_UNSAID = ""  # Triton's client says nothing of what it sends
_BEARER = {"WWW-Authenticate": "Bearer"}
_MOST_KNOWN = 64  # ways of writing this machine's own name, each with a port
# What nobody has is not a name of the figures: whoever asks could make as many of them as they like.
_NOBODYS = frozenset({401, 403, 404, 405, 421, 429})


class Around(NamedTuple):
    """What stands around the application. ``tokens`` None: whoever calls this machine by its own name may ask.

    ``gathered``: the page of figures. ``keep`` has a traceback, with the number of its request.
    """

    projects: Callable[[], Sequence[str]]
    tokens: Tokens | None
    gathered: Callable[[], bytes]
    keep: Callable[[str, str], None]


class App:
    """``feedback``: what a project's own answers are told to, where somebody takes them."""

    def __init__(
        self, scoring: Scoring, counted: figures.Figures, around: Around, feedback: Handler | None = None
    ) -> None:
        self._scoring, self._figures, self._around = scoring, counted, around
        self._hosts: set[str] = set()
        v2 = InferenceProtocol(scoring, around.projects)
        taking = [Route("POST", "/projects/{project}/feedback", "feedback", feedback, (JSON,))] if feedback else []
        model = "/v2/models/{project}"
        self.routes = Routes(
            Route("POST", "/projects/{project}/score", "score", self._score, (JSON,)),
            *taking,
            Route("GET", "/healthz", None, lambda target, asked: Answer(200, b"ok\n", TEXT)),
            Route("GET", "/metrics", "read", lambda target, asked: Answer(200, around.gathered(), figures.KIND)),
            Route("GET", "/openapi.json", "read", self._openapi),
            Route("GET", "/v2", None, v2.server),
            Route("GET", "/v2/health/live", None, v2.live),
            Route("GET", "/v2/health/ready", None, v2.ready),
            *(
                route
                for path in (model, f"{model}/versions/{{version}}")
                for route in (
                    Route("GET", path, "score", v2.model),
                    Route("GET", f"{path}/ready", "score", v2.model_ready),
                    Route("POST", f"{path}/infer", "score", v2.infer, (JSON, BINARY, _UNSAID)),
                )
            ),
        )

    def answer(self, asked: Asked) -> Answer | Awaitable[Answer]:
        """The answer to ``asked``; a bug becomes one that says nothing of it. Never raises."""
        route = None
        project = ""
        try:
            route, target = self.routes.find(asked.method, asked.path)
            project = target.project
            token = self._let_in(route, target, asked)
            if token is not None and route.scope == "feedback":  # What stays behind says who brought it.
                asked = asked._replace(token=token)
            found = route.handler(target, asked)
        except Exception as error:  # noqa: BLE001
            found = self._told(error, asked)
        if isinstance(found, Answer):
            return self._counted(found, route, project)
        if isinstance(found, Coming):
            return found.changed(partial(self._came, route, project, asked))
        return self._awaited(found, route, project, asked)

    def _came(self, route: Route | None, project: str, asked: Asked, found: Answer | Exception) -> Answer:
        return self._counted(found if isinstance(found, Answer) else self._told(found, asked), route, project)

    async def _awaited(self, found: Awaitable[Answer], route: Route | None, project: str, asked: Asked) -> Answer:
        try:
            return self._came(route, project, asked, await found)
        except Exception as error:  # noqa: BLE001
            return self._came(route, project, asked, error)

    def _counted(self, answer: Answer, route: Route | None, project: str) -> Answer:
        known = answer.status not in _NOBODYS
        self._figures.requested(project if known else "", route.path if route else "", answer.status)
        return answer

    def _told(self, error: Exception, asked: Asked) -> Answer:
        if isinstance(error, Unanswered):
            # Its frames hold the body and all that was read of it, in a circle that nobody may break for minutes.
            error.__traceback__ = error.__context__ = None
            return told(error)
        # A bug: kept for whoever runs it, and the server outlives it.
        self._around.keep(asked.number, "".join(traceback.format_exception(error)))
        return told(
            Unanswered(500, f"Leverframe itself failed over request {asked.number}; whoever runs it can look it up.")
        )

    def refused_whole(self, asked: Asked, problem: Unanswered) -> Answer:
        """The answer to a request that is not read to its end."""
        return self._counted(told(problem), None, "")

    def _let_in(self, route: Route, target: Target, asked: Asked) -> Allowed | None:
        """The token that opened it, if one had to. Raises Unanswered for whoever may not ask that, or asks in another
        form."""
        heads, tokens = asked.heads, self._around.tokens
        token: Allowed | None = None
        if tokens is None:
            # A web site that a person visits can point its own name here (DNS rebinding), and post what it likes.
            host = heads.get("host", "")
            if host not in self._hosts and not self._is_own(host):
                raise Unanswered(421, "This server answers to localhost alone; for another name it asks for tokens.")
            if "origin" in heads:  # Only browsers say it, of every page that posts to somewhere else than its own.
                raise Unanswered(403, "No web page is answered without a token; serve --tokens asks for them.")
        elif route.scope is not None:
            scheme, _, bearer = heads.get("authorization", "").partition(" ")
            presented = bearer.strip() if scheme.lower() == "bearer" else None
            said = tokens.allows(presented, target.project or None, route.scope, asked.at, source=asked.source)
            if isinstance(said, Why):
                again = {"Retry-After": str(said.retry_after)} if said.retry_after is not None else {}
                raise Unanswered(said.status, said.sentence, heads={**again, **(_BEARER if said.status == 401 else {})})
            token = said
        if route.kinds and (heads.get("content-type") != JSON or "content-encoding" in heads):
            _form(route, asked)
        return token

    def _is_own(self, host: str) -> bool:
        """Whether a Host header is a name of this machine for itself; what was is known from then on."""
        if _name(host) not in OWN_NAMES:
            return False
        if len(self._hosts) < _MOST_KNOWN:
            self._hosts.add(host)
        return True

    def _score(self, target: Target, asked: Asked) -> Answer | Awaitable[Answer]:
        return self._scoring.answer(target.project, asked, read_body, write_body)

    def _openapi(self, target: Target, asked: Asked) -> Answer:
        forms = {}
        for project in self._around.projects():
            try:
                forms[project] = self._scoring.prepared(project)
            except Unanswered:
                continue
        return document(openapi.described(self.routes, forms, tokens=self._around.tokens is not None))


def _name(host: str) -> str:
    """The name in a Host header, without the port: a tunnel may have another one."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()


def _form(route: Route, asked: Asked) -> None:
    """Raise Unanswered for a body that is sent as what the route does not take."""
    sent = asked.heads.get("content-type", "")
    if sent != JSON:
        kind, _, parameter = sent.partition(";")
        charset = parameter.strip().lower().removeprefix("charset=").strip('"')
        if kind.strip().lower() not in route.kinds or charset not in ("", "utf-8", "utf8"):
            raise Unanswered(415, f"Send the header 'Content-Type: {route.kinds[0]}', and the body in UTF-8.")
    if asked.heads.get("content-encoding", "identity").lower() != "identity":
        raise Unanswered(415, "Send the body as it is, without a Content-Encoding.")
