"""Where one case ends and the next begins: the last value that still counts, the row at the very moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from engine.monitoring.drift.columns import drift
from engine.monitoring.drift.predictions import Baseline, before_window
from engine.monitoring.profile import profile_of
from engine.monitoring.quality.arrivals import volume
from engine.monitoring.quality.columns import out_of_range, retyped, unknown
from engine.monitoring.timestamps import DAY, microseconds
from engine.validation.columns import Codes

MONDAY = microseconds(datetime(2026, 1, 5, tzinfo=UTC))


def arriving(first: int, counts: Sequence[int]) -> Codes:
    """``counts`` rows on each day from the ``first`` after MONDAY on, evenly through the day."""
    return np.concatenate(
        [MONDAY + (first + day) * DAY + np.arange(n) * (DAY // max(1, n)) for day, n in enumerate(counts)]
    )


@pytest.mark.parametrize(("weeks", "usual"), [(2, 100.0), (4, 100.0), (5, 10.0)])
def test_a_day_is_compared_with_its_weekday_from_four_of_them_on_and_else_with_all(weeks: int, usual: float) -> None:
    """The last day of the reference may be cut off and does not count, so that five weeks hold four whole Sundays."""
    week = [*[100] * 6, 10]
    now = arriving(7 * weeks, [*week, 100])
    found = volume(arriving(0, week * weeks), now, MONDAY + (7 * weeks + 7) * DAY + DAY // 2)
    assert (found.rows, found.usual) == (10, usual), found.sentence


def test_weeks_are_compared_with_all_weeks_and_not_with_every_seventh() -> None:
    counts = [n for week in range(40) for n in ([200 if week % 7 == 5 else 50] + [0] * 6)]
    now = arriving(7 * 40, [50, *[0] * 6, 50])  # the 41st week, the 6th of its seven
    found = volume(arriving(0, counts), now, MONDAY + 7 * 41 * DAY + DAY // 2)
    assert (found.verdict, found.rows, found.usual) == ("ok", 50, 50.0), found.sentence


@pytest.mark.parametrize(
    ("value", "beyond", "far"),
    [
        (110.0, 0, False), (110.001, 40, False), (150.0, 40, False), (150.001, 40, True),
        (-10.0, 0, False), (-10.001, 40, False), (-50.0, 40, False), (-50.001, 40, True),
    ],
)  # fmt: skip
def test_a_tenth_of_the_range_is_the_next_extreme_and_more_than_half_of_it_is_another_unit(
    value: float, beyond: int, far: bool
) -> None:
    was = pa.chunked_array([np.linspace(0, 100, 501)])
    found = out_of_range(was, pa.chunked_array([[50.0] * 160 + [value] * 40]), None)
    assert (found.count, found.n, found.far) == (beyond, 200, far)


def test_values_that_are_far_off_are_a_failure_from_one_row_in_five_on() -> None:
    was = pa.chunked_array([np.linspace(0, 100, 501)])
    assert not out_of_range(was, pa.chunked_array([[50.0] * 161 + [999.0] * 39]), None).far
    assert not out_of_range(was, pa.chunked_array([pa.array([], pa.float64())]), None).far


@pytest.mark.parametrize("rows", [600, 650])
def test_what_is_usual_is_told_by_the_newer_half_of_the_reference(rows: int) -> None:
    """A value that was new between the first third and the middle says nothing of what comes now."""
    counted, texts = np.zeros(rows), np.full(rows, "a", dtype=object)
    counted[rows // 3 : rows // 2], texts[rows // 3 : rows // 2] = 7.0, "b"
    counted[rows - 20 :], texts[rows - 20 :] = 9.0, "c"
    stretches = np.arange(rows) // 50
    for found in (
        out_of_range(pa.chunked_array([counted]), pa.chunked_array([[0.0]]), stretches),
        unknown(pa.chunked_array([pa.array(texts)]), pa.chunked_array([["a"]]), stretches),
    ):
        assert (found.reference_count, found.reference_n) == (20, rows - rows // 2)


def test_whole_numbers_with_gaps_are_whole_and_an_infinity_among_them_is_no_other_type() -> None:
    whole, gaps = pa.chunked_array([[1, 2]]), pa.chunked_array([[1.0, None, float("inf")]])
    assert retyped(whole, gaps) is None
    changed = retyped(whole, pa.chunked_array([[1.5, None]]))
    assert changed is not None and not changed.broken
    assert retyped(pa.chunked_array([[1.5]]), whole) is None


def test_a_row_at_the_moment_at_which_the_window_begins_is_in_it_and_not_before_it() -> None:
    times = np.arange(100, dtype=np.int64)
    learnt = profile_of(pa.table({"p": [0.0, 1.0]}), ["p"]).columns[0]
    held = Baseline(learnt, pa.chunked_array([np.linspace(0, 1, 100)]), times)
    before = before_window(held, np.arange(40, 200), np.arange(20, 160))  # the window begins at 60
    assert before is not None and before.rows == 60
    assert before_window(held, np.arange(40, 200), np.array([], dtype=np.int64)) is None


def test_predictions_without_times_are_compared_where_what_came_since_can_tell() -> None:
    learnt = profile_of(pa.table({"p": [0.0, 1.0]}), ["p"]).columns[0]
    held = Baseline(learnt, pa.chunked_array([np.linspace(0, 1, 100)]), None)
    assert before_window(held, None, np.arange(129)) is None
    before = before_window(held, None, np.arange(130))
    assert before is not None and before.rows == 100
    few = Baseline(learnt, pa.chunked_array([np.linspace(0, 1, 29)]), None)
    assert before_window(few, None, np.arange(500)) is None


def test_a_label_that_is_called_missing_is_a_label() -> None:
    """Only the last three bins are ours; somebody's own word for a gap is one of the data's labels."""
    before = pa.table({"place": ["A"] * 300 + ["(missing)"] * 100})
    now = pa.table({"place": ["A"] * 100 + ["(missing)"] * 300})
    [found] = drift(profile_of(before, ["place"]), now)
    assert "'A' went from 75 % to 25 % of rows" in found.why or "'(missing)' went from 25 % to 75 %" in found.why
    [gone] = drift(profile_of(before, ["place"]), pa.table({"place": pa.array(["A"] * 100 + [None] * 300)}))
    assert "missing in 75 % of rows, in 0 % in training" in gone.why
