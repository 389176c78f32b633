"""What an app does so that little is sent."""

from __future__ import annotations

import asyncio

from textual.app import ComposeResult
from textual.widgets import Input

from console.terminal.sparing import SparingApp


class Form(SparingApp):
    def compose(self) -> ComposeResult:
        yield Input()


def test_no_cursor_blinks_where_somebody_types() -> None:
    async def story() -> None:
        form = Form()
        async with form.run_test() as pilot:
            typed = form.query_one(Input)
            typed.focus()
            await pilot.pause()
            assert typed.has_focus and not typed.cursor_blink

    asyncio.run(story())


def test_whatever_the_terminal_shows_is_painted_anew_when_somebody_asks() -> None:
    form = Form()
    form.repaint.fit(10, 4)
    painted = "\x1b[1;1Hhello"
    first = form.repaint.sent(painted)
    assert form.repaint.sent(painted) == ""

    async def story() -> None:
        async with form.run_test():
            form.do_redraw()

    asyncio.run(story())
    assert form.repaint.sent(painted) == first
