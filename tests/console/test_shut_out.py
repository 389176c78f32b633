"""Whoever is disabled while the console is open is shown nothing more: it ends, and says why on the ordinary screen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import ShutOut
from tests.console.conftest import Desk
from tests.console.records import FakeEngine
from tests.people import key_of, open_engine
from tests.terminal import Terminal

Console = Callable[..., None]
GONE = "bob may not work here any more; an admin disabled them, and 'leverframe audit' tells an admin why."


@pytest.mark.parametrize("keys", [(), ("2",), ("9", "enter")])
def test_the_console_ends_whatever_is_open(console: Console, engine: FakeEngine, keys: tuple[str, ...]) -> None:
    async def story(desk: Desk) -> None:
        await desk.press(*keys)

        def shut_out(*_: object) -> None:
            raise ShutOut(GONE)

        for name in ("overview", "candidates", "operators"):
            setattr(engine, name, shut_out)
        engine.commits += 1
        desk.app.watcher.watch(desk.app.question)
        await desk.until(lambda: desk.app.shown_out is not None)
        assert desk.app.shown_out == GONE and desk.app.return_code == 1

    console(story)


@pytest.mark.slow
def test_in_a_terminal_it_is_given_back_and_says_why(tmp_path: Path) -> None:
    with closing(open_engine(tmp_path / "home", "ada", create=True)) as ada:
        ada.add_operator("bob", "operator", "new", keys=[key_of("bob").line])
        with Terminal("--home", tmp_path / "home", "--operator", "bob") as terminal:
            terminal.see("bob (operator)")
            ada.disable_operator("bob", "left the company")
            assert terminal.process.wait(60) == 1
            terminal.see("bob may not work here any more")

