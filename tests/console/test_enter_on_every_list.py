"""Enter on every list, by who may and who may not; and that of a handler Textual calls the one of each class."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable

import pytest
from textual.message_pump import MessagePump

import console as ours
from console.actions import ACTIONS, ADMIN_LISTS
from tests.console.conftest import Desk
from tests.console.records import FakeEngine

Console = Callable[..., None]
WAYS = {
    **{f"screen {number}": [str(number)] for number in range(1, 10)},
    **{name: ["9", *["down"] * place, "enter"] for place, name in enumerate(ADMIN_LISTS)},
    "bin": ["7", "b"],
}


@pytest.mark.parametrize("may", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_enter_opens_something_or_says_why_not(console: Console, engine: FakeEngine, way: str, may: bool) -> None:
    if not may:
        engine.forbids = {action.does: "vic is a viewer" for action in ACTIONS if action.does}

    async def story(desk: Desk) -> None:
        await desk.press(*WAYS[way], "enter", "escape")
        assert desk.app.is_running

    console(story)
    assert engine.done == []


def test_enter_where_there_is_no_more_to_see_does_nothing(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press(*WAYS["places"], "enter")
        await desk.see("LEVERFRAME  Watched")
        assert desk.said == ""

    console(story)


def test_whoever_may_not_choose_a_setting_is_told_so_once(console: Console, engine: FakeEngine) -> None:
    engine.forbids = {"choose": "vic is a viewer and may not change settings; ask somebody who is an admin."}

    async def story(desk: Desk) -> None:
        await desk.press(*WAYS["settings"], "enter")
        assert desk.said == engine.forbids["choose"]

    console(story)


def test_a_handler_is_not_overridden_for_textual_calls_both() -> None:
    """What begins with ``on_`` is called in each class that has it, so a class below another can only add to it."""
    for module in pkgutil.walk_packages(ours.__path__, "console."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    several = set()
    waiting: list[type] = [MessagePump]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        line = [each for each in kind.__mro__ if each.__module__.startswith("console.")]
        handled = Counter(name for each in line for name in vars(each) if name.startswith("on_"))
        several |= {(kind.__name__, name) for name, times in handled.items() if times > 1}
    added = {("OverviewPage", "on_mount"), ("HandOverDialog", "on_mount")}
    assert several == added, "give what differs a name of its own, as ListPage.chosen, and have one handler call it"
