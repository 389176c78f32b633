"""Health in a real terminal: nobody has looked yet, a look is asked for by key, and what it finds comes by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.people import open_engine
from tests.terminal import Terminal

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", [(140, 42), (80, 24)])
def test_a_look_is_asked_for_and_comes_to_the_screen_by_itself(history: Path, size: tuple[int, int]) -> None:
    with Terminal("--home", history, "--operator", "ada", size=size) as terminal:
        terminal.see("tiny")
        terminal.press("8")
        terminal.see("Nobody has looked at its health yet; l looks now.")
        terminal.press("l")
        terminal.see("is queued")
        terminal.press("\r")
        terminal.see("Health of tiny")
        terminal.see("Looked")
        terminal.press("q")
        assert terminal.ended() == 0
    look = open_engine(history, "ada").health("tiny")
    assert look is not None
    assert look.version == "tiny@2"
