"""What a client types that is no UTF-8 is read as letters, whatever its bytes."""

from __future__ import annotations

import asyncio
import os
from types import SimpleNamespace

import pytest
from textual.events import Key
from textual.message import Message

from console.terminal.driver import ThriftyDriver
from console.terminal.repaint import Repaint


@pytest.mark.parametrize("typed", [b"\xff\xfe", b"\xe4", b"\xe2\x82", b"\xc3\x28"])
def test_bytes_that_are_no_text_end_nothing_and_what_is_typed_after_them_is_read(typed: bytes) -> None:
    read, write = os.pipe()
    keys: list[str | None] = []

    async def story() -> None:
        driver = ThriftyDriver(SimpleNamespace(repaint=Repaint()))  # type: ignore[arg-type]
        driver.fileno = read

        def take(message: Message) -> None:
            if isinstance(message, Key):
                keys.append(message.character)
            if keys[-1:] == ["q"]:
                driver.exit_event.set()

        driver.process_message = take  # type: ignore[method-assign]
        os.write(write, b"a" + typed + b"q")
        os.close(write)
        driver.run_input_thread()

    asyncio.run(story())
    os.close(read)
    assert (keys[0], keys[-1]) == ("a", "q")
