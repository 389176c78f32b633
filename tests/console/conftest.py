"""The console on an engine that answers at once, in a terminal that is not there."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from textual.css.model import RuleSet
from textual.css.parse import parse
from textual.css.tokenize import Token
from textual.css.types import CSSLocation
from textual.message import Message
from textual.pilot import Pilot

from console.acting.messages import Answered, Unanswered
from console.app import LeverframeApp
from console.queries.question import Question
from console.text.frame import Who
from tests.console.records import NOW, FakeEngine

WIDE, NARROW = (140, 42), (80, 24)
Story = Callable[["Desk"], Awaitable[None]]
LONG = 50  # rounds of 10 ms: what takes longer ``settled`` does not wait for
# Threads of the console that go on for as long as it does.
LASTING = {"watcher", "asyncio"}


class Watched(LeverframeApp):
    """The console; it is known which of its questions have not been answered."""

    CSS_PATH: ClassVar[str] = str(Path(inspect.getfile(LeverframeApp)).parent / str(LeverframeApp.CSS_PATH))

    open: Question | None = None
    open_beside: Question | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        self.not_ours = set(threading.enumerate())  # Whatever other tests left behind never ends here.
        super().__init__(*args, **options)

    def ask(self, question: Question | None, beside: Question | None = None) -> None:
        self.open = question
        super().ask(question, beside)

    def ask_beside(self, question: Question | None) -> None:
        self.open_beside = question
        super().ask_beside(question)

    def post_message(self, message: Message) -> bool:
        if isinstance(message, (Answered, Unanswered)):
            self.open = None if self.open == message.question else self.open
            self.open_beside = None if self.open_beside == message.question else self.open_beside
        return super().post_message(message)

    @property
    def at_work(self) -> bool:
        """Whether the engine has not answered yet, or a thread carries something out."""
        names = {thread.name.partition("_")[0] for thread in set(threading.enumerate()) - self.not_ours}
        asks = self.open is not None or self.open_beside is not None
        return asks or not names <= LASTING or not all(worker.is_finished for worker in self.workers)


class Desk:
    """The console as its operator has it: keys go in, the text of the screen comes out."""

    def __init__(self, app: Watched, pilot: Pilot[None], engine: FakeEngine) -> None:
        self.app, self.pilot, self.engine = app, pilot, engine

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.settled()

    async def type(self, text: str) -> None:
        await self.press(*(" ".join(text).replace("   ", " space ").split()))

    async def settled(self) -> None:
        """Until the engine has answered, nothing is carried out, and everything is drawn."""
        for _ in range(LONG):
            await self.pilot.pause(0.01)
            if not self.app.at_work:
                break
        await self.pilot.pause(0.02)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Until ``condition`` holds; a test that waits for ever is ended by its time limit."""
        while not condition():
            await self.pilot.pause(0.02)

    async def see(self, text: str) -> None:
        """Until ``text`` is on the screen."""
        for _ in range(500):
            if text in self.text:
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"'{text}' never came; the screen shows\n{self.text}")

    @property
    def text(self) -> str:
        """What stands on the screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    @property
    def said(self) -> str:
        """What was said to the operator, newest last."""
        return "\n".join(n.message for n in self.app._notifications)


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path)


async def a_moment(*_: float) -> None:
    """Textual waits after each key for its process to have nothing to do, 0.04 to 2 s; it is known what is to come."""
    await asyncio.sleep(0.002)


_PARSED: dict[tuple[object, ...], list[RuleSet]] = {}


def parsed_once(
    scope: str, css: str, read_from: CSSLocation, variable_tokens: dict[str, list[Token]], **options: Any
) -> list[RuleSet]:
    """Textual parses all styles again for each app that begins, which is a third of what such a test costs."""
    words = tuple((name, *(token.value for token in tokens)) for name, tokens in variable_tokens.items())
    key = (scope, css, read_from, words, *sorted(options.items()))
    if key not in _PARSED:
        _PARSED[key] = list(parse(scope, css, read_from, variable_tokens=variable_tokens, **options))
    return _PARSED[key]


@pytest.fixture
def console(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run a story at the console: ``console(story, size=(80, 24))``; ``toasts``: what is said is drawn, too."""
    monkeypatch.setattr("textual.app.wait_for_idle", a_moment)
    monkeypatch.setattr("textual.css.stylesheet.parse", parsed_once)

    def run(
        story: Story, size: tuple[int, int] = WIDE, seen: datetime | None = None, *, toasts: bool = False
    ) -> None:
        who = Who("ada", "operator", "prod-1", "home")

        async def told() -> None:
            app = Watched(engine, who, last_visit=seen, now=lambda: NOW)
            async with app.run_test(size=size, notifications=toasts) as pilot:
                await tell(Desk(app, pilot, engine))

        async def tell(desk: Desk) -> None:
            await desk.see("UTC")
            await story(desk)
            if desk.app.return_code is None:  # It is left when it has nothing to do, unless the story left it.
                await desk.settled()

        asyncio.run(told())

    return run


