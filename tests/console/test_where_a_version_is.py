"""Where a version is stands in a table across workspaces; asking others keeps no screen waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.console.conftest import Desk
from tests.console.records import FakeEngine
from tests.console.test_versions_travel import BOTH, writes
from tests.console.travel_records import SILENT, THERE

Console = Callable[..., None]


@BOTH
def test_where_a_version_is_stands_in_a_table_across_workspaces(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    engine.stages_now = (THERE, replace(SILENT, via="test.example.org"))

    async def story(desk: Desk) -> None:
        await desk.press("4", "W")
        await desk.see("2 workspaces were asked where flights@11 is; 1 did not say.")
        for words in ("here", "test.example.org", "flights@3", "● live", "prod.example.org", "? not known"):
            assert words in desk.text, words
        await desk.press("end", "enter")
        await desk.see("told of by test.example.org: prod.example.org could not be reached")

    console(story, size)


def test_hosts_that_are_named_are_asked_beside_the_screen(console: Console, engine: FakeEngine) -> None:
    where_else = engine.where_else

    def slowly(*given: Any) -> Any:
        engine.pace.wait()
        return where_else(*given)

    async def story(desk: Desk) -> None:
        engine.stages_now = ()
        await desk.press("4", "W")
        await desk.see("It was sent to no other workspace from here; a asks those that you name.")
        engine.where_else = slowly  # type: ignore[method-assign]
        engine.pace.clear()
        await desk.press("a")
        await writes(desk, "one two one")
        await desk.press("enter")
        await desk.see("Asking one, two …")
        await desk.press("a")
        await writes(desk, "one two")
        await desk.press("enter")
        assert "Wait: other workspaces are being asked where flights@11 is." in desk.said
        engine.pace.set()
        await desk.see("2 workspaces were asked where flights@11 is; 2 did not say.")

    console(story)
