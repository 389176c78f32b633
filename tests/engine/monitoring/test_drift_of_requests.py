"""The drift of logged requests in a look: large changes by rows enough are told, and what was told before goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.monitoring.drift.requested import FEWEST, PART, told
from engine.monitoring.look_document import DriftWindow, LookDocument, LookFinding, LookPart
from engine.monitoring.look_parts import ColumnDrift, DriftVerdict, WeighedDrift

LOOK = LookDocument(
    version="tiny@1", as_of="2026-11-24T13:00:00Z", verdict="ok", why="quality is well",
    parts={"quality": LookPart("ok", "all checks are well")}, measured=("quality",),
)  # fmt: skip
MOVED = ColumnDrift("x", "number", "large", "x: mean moved from 1 to 2.", 5000, FEWEST, size=0.4)


def window(rows: int = FEWEST) -> DriftWindow:
    return DriftWindow("2026-11-20T13:00:00Z", "2026-11-24T12:00:00Z", rows)


@pytest.mark.parametrize(
    ("verdict", "rows", "finds"),
    [
        ("large", FEWEST, True), ("large", FEWEST - 1, False), ("some", 9000, False), ("none", 9000, False),
        ("changed type", FEWEST, True),
    ],
)  # fmt: skip
def test_a_large_change_by_rows_enough_is_told(verdict: DriftVerdict, rows: int, finds: bool) -> None:
    found = told(LOOK, [replace(MOVED, verdict=verdict)], window(rows))
    assert [each.key for each in found.findings] == (["requested:x"] if finds else [])
    assert found.verdict == ("watch" if finds else "ok")
    assert (PART in found.measured) == (rows >= FEWEST)
    assert [each.column for each in found.requested] == ["x"]


def test_the_largest_comes_first_and_gives_the_reason() -> None:
    small = replace(MOVED, column="y", why="y: moved.", size=0.3)
    found = told(LOOK, [small, MOVED], window())
    assert [each.key for each in found.findings] == ["requested:x", "requested:y"]
    assert found.why == "requests: x: mean moved from 1 to 2; and 1 more"
    assert found.parts[PART] == LookPart("watch", "requests: x: mean moved from 1 to 2")


def test_what_is_as_in_training_again_is_over() -> None:
    again = told(told(LOOK, [MOVED], window()), [replace(MOVED, verdict="none")], window())
    assert (again.verdict, again.findings) == ("ok", ())
    assert again.parts[PART].why == "1,000 logged rows are as in training"


ANSWERS = replace(MOVED, column="(prediction)", why="(prediction): PSI 0.4 against training.", size=0.5)


def test_answers_that_moved_are_told_with_which_rows_these_are() -> None:
    found = told(LOOK, [replace(MOVED, verdict="none")], window(), ANSWERS)
    assert [(each.key, each.why) for each in found.findings] == [
        ("requested:(prediction)", "answers: PSI 0.4 against training")
    ]
    assert found.answer_drift == ANSWERS
    assert found.asked == window()
    assert dict(each[:2] for each in found.signals) == {"request drift": 0.4, "answer drift": 0.5}


def test_answers_of_too_few_rows_find_nothing() -> None:
    found = told(LOOK, [], window(FEWEST - 1), ANSWERS)
    assert found.findings == () and found.parts[PART].verdict == "cannot tell"


@pytest.mark.parametrize("column", ["x", "(prediction)"])
def test_what_drift_of_the_data_has_told_calls_nobody_twice(column: str) -> None:
    known = LookFinding(f"drift:{column}", "drift", "watch", "it moved", "look", LOOK.as_of)
    moved = replace(MOVED, column=column)
    found = told(replace(LOOK, findings=(known,)), [moved], window())
    assert found.findings == (known,)
    assert found.parts[PART] == LookPart("ok", f"{column} moved in requests too, as drift says; nothing else did")
    if column == "x":  # It moved there too, and calls nobody, as the predictions hardly depend on it.
        quiet = told(replace(LOOK, drift=(WeighedDrift(**vars(moved)),)), [moved], window())
        assert quiet.findings == () and quiet.parts[PART].verdict == "ok"
    alone = told(LOOK, [moved], window())
    assert [each.key for each in alone.findings] == [f"requested:{column}"]
