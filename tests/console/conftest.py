"""The console on an engine that answers at once, in a terminal that is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot

from console.app import LeverframeApp
from console.text.frame import Who
from tests.console.records import NOW, FakeEngine

WIDE, NARROW = (140, 42), (80, 24)
Story = Callable[["Desk"], Awaitable[None]]


class Desk:
    """The console as its operator has it: keys go in, the text of the screen comes out."""

    def __init__(self, app: LeverframeApp, pilot: Pilot[None], engine: FakeEngine) -> None:
        self.app, self.pilot, self.engine = app, pilot, engine

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settled()

    async def type(self, text: str) -> None:
        await self.press(*(" ".join(text).replace("   ", " space ").split()))

    async def settled(self) -> None:
        """Until the watcher has answered and everything is drawn."""
        for _ in range(6):
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


@pytest.fixture
def console(engine: FakeEngine) -> Callable[..., None]:
    """Run a story at the console: ``console(story, size=(80, 24))``; ``toasts``: what is said is drawn, too."""

    def run(
        story: Story, size: tuple[int, int] = WIDE, seen: datetime | None = None, *, toasts: bool = False
    ) -> None:
        who = Who("ada", "operator", "prod-1", "home")

        async def told() -> None:
            app = LeverframeApp(engine, who, last_visit=seen, now=lambda: NOW)  # type: ignore[arg-type]
            async with app.run_test(size=size, notifications=toasts) as pilot:
                await tell(Desk(app, pilot, engine))

        async def tell(desk: Desk) -> None:
            await desk.see("UTC")
            await story(desk)

        asyncio.run(told())

    return run


