"""The drift of logged requests in a look: large changes by rows enough are told, and what was told before goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.monitoring.drift.requested import FEWEST, PART, told
from engine.monitoring.look_document import LookDocument, LookPart
from engine.monitoring.look_parts import ColumnDrift, DriftVerdict

LOOK = LookDocument(
    version="tiny@1", as_of="2026-11-24T13:00:00Z", verdict="ok", why="quality is well",
    parts={"quality": LookPart("ok", "all checks are well")}, measured=("quality",),
)  # fmt: skip
MOVED = ColumnDrift("x", "number", "large", "x: mean moved from 1 to 2.", 5000, FEWEST, size=0.4)


@pytest.mark.parametrize(
    ("verdict", "rows", "finds"),
    [
        ("large", FEWEST, True), ("large", FEWEST - 1, False), ("some", 9000, False), ("none", 9000, False),
        ("changed type", FEWEST, True),
    ],
)  # fmt: skip
def test_a_large_change_by_rows_enough_is_told(verdict: DriftVerdict, rows: int, finds: bool) -> None:
    found = told(LOOK, [replace(MOVED, verdict=verdict)], rows)
    assert [each.key for each in found.findings] == (["requested:x"] if finds else [])
    assert found.verdict == ("watch" if finds else "ok")
    assert (PART in found.measured) == (rows >= FEWEST)
    assert [each.column for each in found.requested] == ["x"]


def test_the_largest_comes_first_and_gives_the_reason() -> None:
    small = replace(MOVED, column="y", why="y: moved.", size=0.3)
    found = told(LOOK, [small, MOVED], FEWEST)
    assert [each.key for each in found.findings] == ["requested:x", "requested:y"]
    assert found.why == "requests: x: mean moved from 1 to 2; and 1 more"
    assert found.parts[PART] == LookPart("watch", "requests: x: mean moved from 1 to 2")


def test_what_is_as_in_training_again_is_over() -> None:
    again = told(told(LOOK, [MOVED], FEWEST), [replace(MOVED, verdict="none")], FEWEST)
    assert (again.verdict, again.findings) == ("ok", ())
    assert again.parts[PART].why == "1,000 logged rows are as in training"
