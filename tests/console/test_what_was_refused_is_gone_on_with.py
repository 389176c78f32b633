"""What the engine refused stands in its dialog again, and the next key goes on with it, however long that took."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.widgets import Input

from engine.errors import Refusal
from tests.console.conftest import Desk
from tests.console.records import FakeEngine

Console = Callable[..., None]
# How each is opened and filled in, what stands in its first field then, and a key that may be written there.
DIALOGS = {
    "a column": (["8", "enter", "b"], ["c", "a"], "ca", "r"),
    "a backtest": (["B", "b"], [], "26", "5"),
    "an operator": (["9", "enter", "plus"], ["e", "tab", "tab", "tab", "x"], "e", "v"),
    "a report": (["s"], [], "days", "x"),
    "a route": (["9", *["down"] * 5, "enter", "plus"], ["p", "tab", "x"], "p", "a"),
}


@pytest.mark.parametrize("name", DIALOGS)
def test_the_next_key_goes_on_with_what_was_refused(console: Console, engine: FakeEngine, name: str) -> None:
    opened, filled, stands, key = DIALOGS[name]

    async def story(desk: Desk) -> None:
        await desk.press(*opened, *filled)
        engine.refuse = Refusal("Not so.")
        await desk.press("enter")
        await desk.see("■ Not so.")
        field = desk.app.screen.query(Input).first()
        assert field.value == stands and field.has_focus
        desk.app.screen.set_focus(None)  # As it has gone from the field where the engine takes its time.
        field.focus()
        await desk.press(key)
        assert field.value == stands + key

    console(story)
    assert engine.done == []
