"""The pure rule of quarantine, as a table of cases at the edges that its docstring states."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.feedback.quarantine import tally, why_held
from engine.feedback.records import FeedbackRow, Scalar, Tally
from engine.feedback.usual import Usual, together

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
USUAL = Tally(1000, {"0": 500, "1": 500})
NOTHING = Tally()


def labels(**counts: int) -> Tally:
    """``labels(_0=3)``: three of the class 0."""
    found = {name.strip("_"): count for name, count in counts.items()}
    return Tally(sum(found.values()), found)


def numbers(*values: Scalar) -> Tally:
    return tally([FeedbackRow((1,), value, NOON) for value in values], numbers=True)


def hours(*each: Tally) -> Usual:
    return Usual(Tally(), each)


HALVES = Usual(USUAL)  # a holdout
STEADY = hours(*[labels(_0=25, _1=25)] * 40)
# The same in all, but in one hour nearly all are late, and in the next nearly none.
STORMS = hours(*[labels(_0=48, _1=2), labels(_0=2, _1=48)] * 20)
CALM = hours(*[numbers(*range(60))] * 20)
WAVES = hours(*[numbers(*range(low, low + 20)) for low in (0, 400, 800)] * 7)
MOSTLY_NOUGHT = hours(*[numbers(*[0] * 54, 5, 7, 9, 20, 30, 40)] * 20)

CASES = {
    "as usual": (labels(_0=52, _1=48), NOTHING, HALVES, None),
    "few rows of one label": (labels(_1=19), NOTHING, Usual(labels(_0=999, _1=1)), None),
    "a flood": (labels(_1=60), NOTHING, HALVES, "100% of it is '1' (60 rows), and usually 50%"),
    "what may be chance": (labels(_1=20), NOTHING, HALVES, None),
    "a flood of what is rare": (labels(_1=20), NOTHING, Usual(labels(_0=950, _1=50)), "100% of it is '1' (20 rows)"),
    "a flood with a few others": (labels(_1=95, _0=5), NOTHING, HALVES, "95% of it is '1'"),
    "less than a flood": (labels(_1=94, _0=6), NOTHING, Usual(labels(_0=300, _1=700)), None),
    "one label, which is the usual one": (labels(_0=300), NOTHING, Usual(Tally(1000, {"0": 985, "1": 15})), None),
    "an honest batch that once was held": (labels(_1=43, _0=14), NOTHING, Usual(labels(_0=78, _1=62)), None),
    "far off": (labels(_1=85, _0=15), NOTHING, STEADY, "35% of it would have to be of another class"),
    "far off, and known by few": (labels(_1=85, _0=15), NOTHING, Usual(labels(_0=25, _1=25)), None),
    "far off, where hours are": (labels(_1=85, _0=15), NOTHING, STORMS, None),
    "surely off, but not far": (labels(_1=790, _0=210), NOTHING, STEADY, None),
    "far off, of few": (labels(_1=49), NOTHING, Usual(labels(_0=700, _1=300)), "100% of it is '1'"),
    "far off in sum": (labels(_a=50, _b=40, _c=5, _d=5), NOTHING, hours(*[labels(_a=10, _b=10, _c=15, _d=15)] * 40),
                       "50% of it would have to be of another class"),
    "nobody knows what is usual": (labels(_1=200), NOTHING, Usual(Tally(49, {"0": 25, "1": 24})), None),
    "never learnt": (labels(_0=50, spam=1), NOTHING, HALVES, "1 of 51 labels, such as 'spam', are classes"),
    "one in a hundred": (labels(_0=50, _1=49, spam=1), NOTHING, HALVES, None),
    "one by one": (labels(_1=1), labels(_1=59), HALVES, "100% of what came within the hour is '1'"),
    "numbers as usual": (numbers(*range(40)), NOTHING, CALM, None),
    "numbers far off": (numbers(*range(900, 940)), NOTHING, CALM, "the labels of it are 919.5"),
    "a holdout of numbers alone": (numbers(*range(900, 940)), NOTHING, hours(numbers(*range(60))), "the labels of it"),
    "numbers further off than hours are": (numbers(*range(9000, 9040)), NOTHING, WAVES, "the labels of it are 9020"),
    "numbers as far off as hours are": (numbers(*range(1390, 1420)), NOTHING, WAVES, None),
    "numbers all the same": (numbers(*[30] * 20), NOTHING, CALM, "all 20 labels of it are 30"),
    "which they usually are": (numbers(*[30] * 20), NOTHING, hours(numbers(*[30] * 60)), None),
    "which they often are": (numbers(*[0] * 20), NOTHING, MOSTLY_NOUGHT, None),
    "but not so often": (numbers(*[0] * 400), NOTHING, MOSTLY_NOUGHT, "all 400 labels of it are 0"),
    "nobody knows how often": (numbers(*[30] * 20), NOTHING, hours(Tally(60, {}, 1770.0, 70210.0)), "all 20 labels"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_held(case: str) -> None:
    batch, lately, usual, said = CASES[case]
    why = why_held(batch, lately, usual, () if "a" in batch.counts else ("0", "1"))
    assert why is None if said is None else why is not None and why.startswith(said), why


def test_of_very_many_classes_the_rest_is_counted_together() -> None:
    found = tally([FeedbackRow((place,), f"class {place}", NOON) for place in range(500)], numbers=False)
    assert found.rows == 500 and len(found.counts) == 201 and found.counts["(others)"] == 300
    assert together((found, labels(_0=3))).rows == 503
