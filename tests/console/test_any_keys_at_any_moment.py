"""Keys in any order, at any moment, in any size: the console lives on and nothing fails inside it."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from console import actions
from tests.console.conftest import Desk
from tests.console.records import FakeEngine

Console = Callable[..., None]
# Both lead out: the palette finds "Quit" by most letters, and Enter does it.
OUT = ("quit", "palette")
KEYS = sorted({a.key for a in actions.ACTIONS if a.id not in OUT} | {
    "enter", "escape", "down", "up", "pagedown", "home", "end", "u", "space", "tab", "backspace", "ctrl+c", "b", "left",
})  # fmt: skip
SIZES = ((80, 24), (140, 42), (40, 10), (100, 16), (61, 17))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_monkey_at_the_keyboard_breaks_nothing(console: Console, engine: FakeEngine, seed: int) -> None:
    chance = random.Random(seed)
    pressed: list[str] = []

    async def story(desk: Desk) -> None:
        for step in range(160):
            key = chance.choice(KEYS)
            pressed.append(key)
            await desk.pilot.press(key)
            if step % 25 == 24:
                engine.commits += 1
                await desk.pilot.resize_terminal(*chance.choice(SIZES))
            if step % 10 == 9:
                await desk.settled()
            assert desk.app.is_running, pressed
        await desk.pilot.resize_terminal(140, 42)
        await desk.settled()
        assert desk.text.strip(), pressed

    console(story)
    assert [each.failures for each in (engine, *engine.thens) if each.failures] == [], pressed
