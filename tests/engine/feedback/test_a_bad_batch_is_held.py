"""The pure rule of quarantine, as a table of cases at the edges that its docstring states."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.feedback.quarantine import tally, together, why_held
from engine.feedback.records import FeedbackRow, Scalar, Tally

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
USUAL = Tally(1000, {"0": 500, "1": 500})
NOTHING = Tally()


def labels(**counts: int) -> Tally:
    """``labels(_0=3)``: three of the class 0."""
    found = {name.strip("_"): count for name, count in counts.items()}
    return Tally(sum(found.values()), found)


def numbers(*values: Scalar) -> Tally:
    return tally([FeedbackRow((1,), value, NOON) for value in values], numbers=True)


CASES = {
    "as usual": (labels(_0=52, _1=48), NOTHING, USUAL, None),
    "few rows of one label": (labels(_1=19), NOTHING, USUAL, None),
    "a flood": (labels(_1=25), NOTHING, USUAL, "100% of it is '1' (25 rows), and usually 50%"),
    "a flood with a few others": (labels(_1=57, _0=3), NOTHING, USUAL, "95% of it is '1'"),
    "less than a flood": (labels(_1=37, _0=9), NOTHING, USUAL, None),
    "one label, which is the usual one": (labels(_0=300), NOTHING, Tally(1000, {"0": 985, "1": 15}), None),
    "far off": (labels(_1=40, _0=10), NOTHING, USUAL, "30% of it would have to be of another class"),
    "not far off": (labels(_1=79, _0=21), NOTHING, USUAL, None),
    "far off, of few": (labels(_1=39, _0=9), NOTHING, USUAL, None),
    "nobody knows what is usual": (labels(_1=200), NOTHING, Tally(49, {"0": 25, "1": 24}), None),
    "never learnt": (labels(_0=50, spam=1), NOTHING, USUAL, "1 of 51 labels, such as 'spam', are classes"),
    "one in a hundred": (labels(_0=50, _1=49, spam=1), NOTHING, USUAL, None),
    "one by one": (labels(_1=1), labels(_1=24), USUAL, "100% of what came within the hour is '1'"),
    "numbers as usual": (numbers(*range(40)), NOTHING, numbers(*range(60)), None),
    "numbers far off": (numbers(*range(900, 940)), NOTHING, numbers(*range(60)), "the labels of it are 919.5"),
    "numbers all the same": (numbers(*[30] * 20), NOTHING, numbers(*range(60)), "all 20 labels of it are 30"),
    "which they usually are": (numbers(*[30] * 20), NOTHING, numbers(*[30] * 60), None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_held(case: str) -> None:
    batch, lately, usual, said = CASES[case]
    why = why_held(batch, lately, usual, ("0", "1"))
    assert why is None if said is None else why is not None and why.startswith(said), why


def test_of_very_many_classes_the_rest_is_counted_together() -> None:
    found = tally([FeedbackRow((place,), f"class {place}", NOON) for place in range(500)], numbers=False)
    assert found.rows == 500 and len(found.counts) == 201 and found.counts["(others)"] == 300
    assert together((found, labels(_0=3))).rows == 503
