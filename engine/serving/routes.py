"""Which address is what, by which method, and what a token needs for it. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from engine.serving.exchange import Answer, Asked, Unanswered
from engine.text import plain

if TYPE_CHECKING:
    from engine.access.token_records import Scope


class Target(NamedTuple):
    """What a request is about; empty where its address names none."""

    project: str = ""
    version: str = ""


Handler = Callable[[Target, Asked], Answer | Awaitable[Answer]]
_PROJECT, _VERSION = "{project}", "{version}"
_MOST_KNOWN = 1024


@dataclass(frozen=True)
class Route:
    """``path``: as the document of the API writes it. ``scope`` None: nobody is asked who they are."""

    method: str
    path: str
    scope: Scope | None
    handler: Handler
    kinds: tuple[str, ...] = ()
    """The content types of bodies that it takes; none where it takes no body."""


class Routes:
    """A table of them. What was asked for before is found in one look."""

    def __init__(self, *routes: Route) -> None:
        self._routes = tuple((tuple(each.path.split("/")[1:]), each) for each in routes)
        self._known: dict[tuple[str, str], tuple[Route, Target]] = {}

    def __iter__(self) -> Iterator[Route]:
        return iter(route for _, route in self._routes)

    def find(self, method: str, path: str) -> tuple[Route, Target]:
        """The route of an address. Raises Unanswered: 404, or 405 with the methods that there are."""
        found = self._known.get((method, path))
        if found is not None:
            return found
        parts = path.split("/")[1:]
        allowed: list[str] = []
        for pattern, route in self._routes:
            if (target := _matched(pattern, parts)) is None:
                continue
            if route.method == method:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[method, path] = found = route, target
                return found
            allowed.append(route.method)
        if not allowed:
            raise Unanswered(404, f"There is nothing at {plain(path, 200)}; /openapi.json lists what there is.")
        words = " or ".join(sorted(set(allowed)))
        raise Unanswered(405, f"This address takes {words} alone.", heads={"Allow": ", ".join(sorted(set(allowed)))})


def _matched(pattern: tuple[str, ...], parts: list[str]) -> Target | None:
    if len(pattern) != len(parts):
        return None
    held: Mapping[str, str] = {}
    for wanted, part in zip(pattern, parts, strict=True):
        if wanted in (_PROJECT, _VERSION):
            held = {**held, wanted: unquote(part)}
        elif wanted != part:
            return None
    return Target(held.get(_PROJECT, ""), held.get(_VERSION, ""))
