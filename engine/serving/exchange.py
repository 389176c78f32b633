"""A request and an answer, apart from any server: bytes, and what stands in their heads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
