"""``[health]`` and ``[[triggers]]``: how a live version is watched, and what besides time starts a retrain."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.projects.manifest.reader import parse_manifest
from engine.projects.manifest.records import HealthSpec, TriggerSpec
from tests.engine.projects.manifests import SMALL, mistakes

DAY = timedelta(days=1)


def test_without_the_sections_there_are_defaults_and_no_triggers() -> None:
    manifest = parse_manifest(SMALL)
    assert manifest.health == HealthSpec(None, 3 * DAY) and manifest.triggers == ()


def test_what_is_asked_for_is_read() -> None:
    manifest = parse_manifest(
        SMALL
        + '[health]\nwindow = "7d"\nbake = "12h"\n'
        + '[[triggers]]\non = "new-data"\nrows = 5000\ncool_down = "2d"\n[[triggers]]\non = "performance"\n'
    )
    assert manifest.health == HealthSpec(7 * DAY, DAY / 2)
    assert manifest.triggers == (TriggerSpec("new-data", 5000, 2 * DAY), TriggerSpec("performance", None, DAY))


@pytest.mark.parametrize(
    ("lines", "where", "said"),
    [
        ('[health]\nwindow = "soon"', "[health] window", "it must be a number and one of"),
        ('[health]\nwindow = "1s"', "[health] window", "too short"),
        ('[health]\nfalling_behind = "panic"', "[health] falling_behind", "propose, roll back"),
        ("[health]\nbins = { x = [2, 1] }", "[health] bins.x", "a list of rising numbers"),
        ('[health]\nbins = { x = ["a"] }', "[health] bins.x", "a list of rising numbers"),
        ("[health]\nwindows = 1", "[health] windows", "did you mean 'window'"),
        ('[[triggers]]\non = "new-data"', "[[triggers]] 1 rows", "after how many new rows"),
        ('[[triggers]]\non = "drift"\nrows = 5', "[[triggers]] 1 rows", "no meaning beside drift"),
        ('[[triggers]]\non = "drfit"', "[[triggers]] 1 on", "did you mean 'drift'"),
        ("[[triggers]]\nrows = 5", "[[triggers]] 1 on", "is missing"),
        ('[[triggers]]\non = "new-data"\nrows = 0', "[[triggers]] 1 rows", "from 1 to"),
        ('[[triggers]]\non = "drift"\n[[triggers]]\non = "drift"', "[[triggers]] 2", "a second one on drift"),
        ('triggers = "drift"', "[triggers]", "each trigger begins with a line [[triggers]]"),
        ("triggers = [1]", "[[triggers]] 1", ""),
        ("[triggers]", "[triggers]", "each trigger begins with"),
    ],
)
def test_a_mistake_is_told_with_its_place(lines: str, where: str, said: str) -> None:
    text = f"{lines}\n{SMALL}" if lines.startswith("triggers =") else f"{SMALL}\n{lines}\n"
    assert any(where == found.where and said in found.message for found in mistakes(text)), mistakes(text)
