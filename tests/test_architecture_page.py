"""docs/architecture.md: every file and folder that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/architecture.md").read_text("utf-8")


def test_every_place_on_the_map_is_there() -> None:
    named = re.findall(r"`((?:engine|console|docs|tests)/[\w./-]*)`", PAGE)
    assert len(named) > 50
    assert [place for place in named if not (ROOT / place).exists()] == []


def test_every_room_of_the_engine_is_on_the_map() -> None:
    code = {path.relative_to(ROOT / "engine").parts[0] for path in (ROOT / "engine").rglob("*.py")}
    rooms = {name.removesuffix(".py") for name in code if not name.startswith("_")}
    assert [room for room in sorted(rooms) if room not in PAGE] == []
