"""The first line of a console that shows an earlier moment cannot be taken for that of now."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from console.__main__ import open_console
from console.opening import last_seen
from console.text import frame
from console.text.lines import Line
from engine.errors import Refusal

THEN = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)
WHO = frame.Who("ada", "operator", "prod-1", "/srv/home", THEN)
TOLD = "AS OF Tue 3 Nov 2026 02:00 UTC, nothing can be changed here"


def text(parts: Line) -> str:
    return "".join(part.text for part in parts)


@pytest.mark.parametrize("width", [80, 140])
def test_the_first_line_says_of_when_it_is_on_every_screen(width: int) -> None:
    said = text(frame.head("Overview", WHO, THEN, width))
    assert said.strip() == f"{TOLD}  Overview"
    assert len(said) == width


def test_the_narrowest_terminal_still_says_it() -> None:
    assert text(frame.head("Overview", WHO, None, frame.LEAST_WIDTH)).startswith(f" {TOLD[:-2]}")


def test_a_console_of_then_never_begins_with_the_picture_of_the_last_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(*_: object) -> None:
        raise Refusal("a picture of another moment was shown")

    monkeypatch.setattr(last_seen, "show", shown)
    assert open_console(None, "ada", "2026-11-03") == 1
