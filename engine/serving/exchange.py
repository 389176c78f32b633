"""A request and an answer, apart from any server: bytes, and what stands in their heads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from engine.access.tokens import Allowed
from engine.text import plain

JSON, TEXT = "application/json", "text/plain; charset=utf-8"
MOST_TOLD = 20
_SHOWN = 2000
_NONE: Mapping[str, str] = {}


class Asked(NamedTuple):
    """A request. ``path``: without its query, decoded; ``heads``: by their names in small letters. ``source``: the
    address that it came from; ``at``: when its last byte came, and ``began`` the same by a clock that does not jump.
    ``token``: by which it came, where what it brings is kept."""

    method: str
    path: str
    heads: Mapping[str, str] = _NONE
    body: bytes = b""
    source: str = ""
    at: datetime = datetime.min
    began: float = 0.0
    number: str = ""
    token: Allowed | None = None


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What goes back. ``heads`` beside those that every answer has."""

    status: int
    body: bytes
    kind: str = JSON
    heads: Mapping[str, str] = _NONE


Change = Callable[["Answer | Exception"], "Answer | Exception"]
Take = Callable[[Any], object]


class Coming:
    """An answer that the server's own thread is about to give, for one who takes it, or awaits it. A future and a task
    for each request cost more than its answer."""

    __slots__ = ("_change", "_found", "_said", "_take")

    def __init__(self) -> None:
        self._change: Change | None = None
        self._take: Take | None = None
        self._found: Answer | Exception | None = None
        self._said: asyncio.Future[Answer | Exception] | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether whoever awaits it has not gone."""
        return self._said is None or not self._said.cancelled()

    def changed(self, change: Change) -> Coming:
        """Itself: what is given goes through ``change`` first."""
        self._change = change
        return self

    def then(self, take: Take) -> None:
        """Have ``take`` called with it, once it is given; with a problem only where ``change`` leaves one."""
        self._take = take
        if self._found is not None:
            take(self._found)

    def give(self, found: Answer | Exception) -> None:
        """Here it is, for whoever has not gone."""
        if not self.is_wanted:
            return
        if self._change is not None:
            found = self._change(found)
        self._found = found
        if self._take is not None:
            self._take(found)

    def __await__(self) -> Generator[Any, None, Answer]:
        said: asyncio.Future[Answer | Exception] = asyncio.get_running_loop().create_future()
        self._said = said
        self.then(said.set_result)
        found = yield from said
        if isinstance(found, Exception):
            raise found
        return found


class Unanswered(Exception):
    """There is no answer but this: a status, and a sentence for whoever asked. ``wrong``: what is, where there is more
    to say; ``more``: of it there is as much again that is not listed."""

    def __init__(
        self, status: int, sentence: str, wrong: Sequence[Mapping[str, Any]] = (), more: int = 0,
        heads: Mapping[str, str] = _NONE,
    ) -> None:  # fmt: skip
        super().__init__(sentence)
        self.status, self.sentence, self.heads = status, plain(sentence, _SHOWN), heads
        self.wrong, self.more = tuple(wrong), more


def told(problem: Unanswered) -> Answer:
    """The answer to a request that has none: ``error`` is a sentence, ``wrong`` names rows and columns."""
    content: dict[str, Any] = {"error": problem.sentence}
    if problem.wrong:
        content["wrong"] = list(problem.wrong)
    if problem.more:
        content["more"] = problem.more
    return Answer(problem.status, written(content), JSON, problem.heads)


def document(content: Any) -> Answer:
    """``content`` as JSON."""
    return Answer(200, written(content))


def written(content: Any) -> bytes:
    """``content`` as JSON without a space between its parts: the one form of every answer."""
    return json.dumps(content, separators=(",", ":")).encode()
