"""A server's application without a server, a ledger or a model: what stands around it is here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from engine.access.tokens import Allowed, Why
from engine.projects.manifest.records import ServeSpec
from engine.requests.answered import Answered
from engine.scoring.ready import Maker, Value
from engine.serving import figures
from engine.serving.app import App, Around
from engine.serving.exchange import Answer, Asked
from engine.serving.failover import FallbackCounts
from engine.serving.held import Held
from engine.serving.scoring import Scoring

AT = datetime(2026, 11, 30, 6, 25, tzinfo=UTC)
SCHEMA = {
    "columns": [
        {"name": "carat", "type": "number", "nullable": False},
        {"name": "cut: grade", "type": "text", "nullable": True, "categories": ["Fair", "Ideal"]},
        {"name": "stones", "type": "integer", "nullable": False},
        {"name": "set", "type": "yes/no", "nullable": True},
        {"name": "listed", "type": "time with zone", "nullable": True},
        {"name": "listing", "type": "integer", "nullable": False},
    ]
}
FEATURES = ("carat", "cut: grade", "stones", "set", "listed")
GOOD = {"carat": 0.3, "cut: grade": "Ideal", "stones": 1, "set": True, "listed": None}


class Echo:
    """A scorer that answers with its first feature and how many rows it was asked."""

    maker: Maker = "compiled"
    outputs: tuple[str, ...] = ("prediction", "p_of rows")

    def __init__(
        self, features: Sequence[str] = FEATURES, *, blocks: bool = False, before: Callable[[], Any] = lambda: None
    ) -> None:
        self.features, self.blocks, self._before = tuple(features), blocks, before

    def score(self, features: Any) -> Any:
        raise AssertionError("requests are answered row by row")

    def answer(self, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        self._before()
        return [(row[0], float(len(rows))) for row in rows]

    def close(self) -> None:
        pass


def held(label: str = "gems@3", scorer: Any = None, spec: ServeSpec | None = None, **more: Any) -> Held:
    document: Any = SimpleNamespace(schema=SCHEMA, settings={"data": {"key": ["listing"]}})
    return Held(label, label[-1] * 64, 1, document, scorer or Echo(), spec or ServeSpec(realtime=True), **more)


@dataclass
class Book:
    """Tokens by what they are called."""

    opens: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str | None, str | None, str, str]] = field(default_factory=list)

    def allows(
        self, presented: str | None, project: str | None, scope: Any, now: datetime, *, source: str = ""
    ) -> Allowed | Why:
        self.asked.append((presented, project, scope, source))
        if presented not in self.opens:
            return Why("This token opens nothing here.", 401)
        if self.opens[presented] == "too often":
            return Why("Too many wrong tokens came from there.", 429, 7)
        return Allowed("ci", "lvf") if self.opens[presented] == scope else Why("It is for something else.", 403)


class Place:
    """The application with all around it. ``live`` may be changed; ``noted``, ``kept`` are what was told to others."""

    def __init__(self, live: Held | None = None, *, tokens: Book | None = None, **more: Any) -> None:
        self._live: Held | None = live
        self.tokens = tokens
        self.noted: list[Answered] = []
        self.kept: list[tuple[str, str]] = []
        self.figures = figures.Figures()
        self.seconds = 0.0
        self.counts = FallbackCounts()
        scoring = Scoring(self, lambda: ("gems",), self, self.counts, self.figures, lambda: self.seconds)
        page = lambda: figures.exposition({"1": self.figures.taken()})  # noqa: E731
        around = Around(lambda: ("gems",), tokens, page, lambda number, text: self.kept.append((number, text)))
        self.scoring, self.app = scoring, App(scoring, self.figures, around, **more)

    def live(self, project: str) -> Held | None:
        return self._live if project == "gems" else None

    def why_not(self, project: str) -> str:
        return f"Nothing is live of {project} yet."

    def note(self, answered: Answered) -> None:
        self.noted.append(answered)

    def asked(self, method: str, path: str, body: bytes = b"", **heads: str) -> Asked:
        known = {"host": "localhost:8485", "content-type": "application/json"}
        given = {**known, **{name.replace("_", "-"): value for name, value in heads.items()}}
        return Asked(method, path, given, body, "127.0.0.1", AT, 0.0, "1-a")

    def ask(self, method: str, path: str, body: bytes = b"", **heads: str) -> Answer:
        async def answered() -> Answer:
            found = self.app.answer(self.asked(method, path, body, **heads))
            return found if isinstance(found, Answer) else await found

        return asyncio.run(answered())

    def score(self, content: Any, **heads: str) -> tuple[int, Any]:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        answer = self.ask("POST", "/projects/gems/score", body, **heads)
        return answer.status, json.loads(answer.body)


def place(**spec: Any) -> Place:
    """One whose live version is gems@3."""
    return Place(held(spec=ServeSpec(realtime=True, **spec)))
