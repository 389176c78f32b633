"""Slices: the bad one is found among hundreds, chance is not, and the rows behind it are shown without secrets."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from engine.errors import Invalid
from engine.monitoring.look_parts import Condition, Slice, Slices
from engine.monitoring.performance.periods import cut, mature_rows, performance
from engine.monitoring.performance.scored import Scored
from engine.monitoring.performance.slice_parts import SlicePart, crossed, parts_of_column, rows_of
from engine.monitoring.performance.slice_rows import slice_rows, wrongness
from engine.monitoring.performance.slices import slices
from engine.validation.metrics import Predicted, Truth
from tests.engine.monitoring.monitoring_cases import after, chances, evenly, happened, said, with_labels, with_numbers

N, WEEKS = 8000, 8
DRAW = np.random.default_rng(7)
PLACES = DRAW.choice([f"p{i}" for i in range(30)], N)
HOURS = DRAW.uniform(0, 24, N)
WEEK = np.arange(N) // (N // WEEKS)


def table(**more: Any) -> pa.Table:
    return pa.table({"place": PLACES, "hour": HOURS, "name": [f"Ada {i}" for i in range(N)], **more})


def rows_where(broken: Any, share: float = 0.6) -> Scored:
    """A model that is right about its chances, but for rows in ``broken``, of which ``share`` are a coin's toss."""
    p = chances(N)
    y = happened(p)
    tossed = np.asarray(broken) & (np.random.default_rng(3).random(N) < share)
    y[tossed] = np.random.default_rng(4).integers(0, 2, int(tossed.sum()))
    return with_labels(y, said(p))


def found(rows: Scored, columns: list[str], held: pa.Table | None = None, **more: Any) -> Slices:
    held = table() if held is None else held
    pieces = cut(evenly(N, WEEKS), N, after(WEEKS))
    over = performance(pieces, rows, ["roc_auc"], after(WEEKS))
    return slices(held, columns, "roc_auc", rows, mature_rows(pieces, over, rows), pieces.number, **more)


def of(all_of: Slices, name: str) -> Slice:
    return next(one for one in all_of.found if one.name == name)


def test_the_slice_that_is_bad_comes_first_with_count_interval_and_the_rest() -> None:
    got = found(rows_where(PLACES == "p3"), ["place", "hour"])
    worst = got.found[0]
    assert (worst.name, worst.verdict, worst.n) == ("place=p3", "worse", int((PLACES == "p3").sum()))
    assert worst.low is not None and worst.high is not None and worst.value is not None and worst.rest is not None
    assert worst.low < worst.value < worst.high < worst.rest
    assert [one.name for one in got.found if one.verdict == "worse" and "p3" not in one.name] == []
    assert got.sentence.startswith("place=p3: roc_auc 0.")
    assert "corrected for" in got.sentence
    json.dumps(asdict(got), allow_nan=False)


def test_of_hundreds_of_slices_of_a_model_that_is_equally_good_everywhere_none_is_worse() -> None:
    noise = {f"c{i}": np.random.default_rng(i).choice(list("abcdefgh"), N) for i in range(20)}
    got = found(rows_where(np.zeros(N, dtype=bool)), ["place", "hour", *noise], table(**noise))
    assert got.tried > 190
    assert [one.name for one in got.found if one.verdict == "worse"] == []
    assert got.sentence.startswith("None of ")


def test_two_columns_that_are_bad_only_together_are_crossed() -> None:
    kind = np.where(np.arange(N) % 2 == 0, "even", "odd")
    places = np.where(PLACES < "p15", "north", "south")
    got = found(
        rows_where((kind == "odd") & (places == "north")),
        ["kind", "place"],
        table().set_column(0, "place", [places]).append_column("kind", [kind]),
    )
    assert {c.name for c in got.found[0].conditions} == {"kind=odd", "place=north"}


def test_numbers_are_cut_into_ranges_or_at_edges_of_ones_own() -> None:
    rows = rows_where(HOURS >= 20)
    assert found(rows, ["hour"], bins={"hour": [6, 12, 20]}).found[0].name == "hour=from 20"
    assert len([one for one in found(rows, ["hour"]).found if len(one.conditions) == 1]) == 5


def test_the_trend_of_a_slice_that_gets_worse_is_falling_and_of_the_others_steady() -> None:
    worsening = (PLACES < "p15") & (np.random.default_rng(1).random(N) < WEEK / WEEKS)
    held = table(half=np.where(PLACES < "p15", "first", "second"))
    got = found(rows_where(worsening, 1.0), ["half"], held)
    assert [of(got, f"half={half}").trend for half in ("first", "second")] == ["falling", "steady"]


def test_a_loss_that_rises_is_a_performance_that_falls() -> None:
    said_of = np.zeros(N)
    rows = with_numbers(np.random.default_rng(2).normal(0, 1 + WEEK, N), said_of)
    pieces = cut(evenly(N, WEEKS), N, after(WEEKS))
    got = slices(table(), ["place"], "mae", rows, np.arange(N), pieces.number)
    assert {one.trend for one in got.found if one.value is not None} <= {"falling", "steady"}
    assert sum(one.trend == "falling" for one in got.found) > 20


def test_small_slices_cannot_tell_and_come_last() -> None:
    places = np.where(np.arange(N) < 20, "tiny", PLACES)
    got = found(rows_where(PLACES == "p3"), ["place"], table().set_column(0, "place", [places]))
    assert (got.found[-1].name, got.found[-1].verdict) == ("place=tiny", "cannot tell")
    assert got.found[-1].reason == "20 labelled rows, 50 are needed"


def test_sensitive_columns_are_no_slices_and_lost_columns_are_passed_over() -> None:
    got = found(rows_where(PLACES == "p3"), ["name", "gone", "place"], sensitive=["name"])
    assert "Ada" not in json.dumps(asdict(got))
    assert all(c.column == "place" for one in got.found for c in one.conditions)


@pytest.mark.parametrize("n", [0, 1])
def test_no_row_and_one_row_tell_nothing(n: int) -> None:
    rows = with_labels(happened(chances(n)), said(chances(n)))
    got = slices(table().slice(0, n), ["place", "hour"], "roc_auc", rows, np.arange(n), np.zeros(n, dtype=np.int64))
    assert [one for one in got.found if one.value is not None] == []
    assert got.sentence.endswith("too few to tell slices apart.")


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a", None, "\x1b[31mb", "c"] * 30),
        pa.array([1.0, None, float("nan"), float("inf")] * 30),
        pa.array([*map(float, range(118)), None, float("-inf")]),
        pa.array([None, *[5.0] * 119]),
        pa.array(range(120), pa.timestamp("us", "UTC")),
        pa.array(range(120), pa.duration("s")),
        pa.array(range(120), pa.date32()),
        pa.array([True, False, None, True] * 30),
        pa.nulls(120),
    ],
)
def test_the_rows_of_a_part_are_found_again_by_its_conditions(column: pa.Array) -> None:
    held = pa.table({"c": column})
    parts, _ = parts_of_column("c", held.column("c"))
    assert sum(len(part.rows) for part in parts) == 120
    for part in parts:
        assert np.array_equal(rows_of(held, part.conditions), part.rows)
        assert "\x1b" not in part.conditions[0].name


def test_lists_have_no_parts_and_moments_beyond_the_calendar_are_told_by_their_number() -> None:
    assert parts_of_column("c", pa.chunked_array([[[1], None] * 60])) == ([], 0)
    far = pa.table({"at": pa.array([2**62, -(2**62)] * 60, pa.timestamp("us"))})
    parts, _ = parts_of_column("at", far.column("at"))
    assert [len(part.rows) for part in parts] == [60, 60]
    rows = with_labels([0, 1] * 60, said(chances(120)))
    assert {row[4] for row in slice_rows(far, rows, np.arange(2)).rows} == {str(2**62), str(-(2**62))}


def test_ranges_are_open_at_their_ends_for_rows_still_to_come() -> None:
    parts, _ = parts_of_column("c", pa.chunked_array([np.arange(100.0)]))
    first = min(parts, key=lambda part: part.rows[0]).conditions
    assert first == (Condition("c", "below 20", None, 20.0),)
    assert rows_of(pa.table({"c": [-5.0, 19.9, 20.0]}), first).tolist() == [0, 1]


def test_a_slice_of_a_column_that_is_lost_is_refused_in_words() -> None:
    with pytest.raises(Invalid, match="no column place in these rows any more"):
        rows_of(pa.table({"hour": [1]}), [Condition("place", "p3")])


def test_the_most_wrong_rows_come_first_and_sensitive_columns_never() -> None:
    rows = rows_where(PLACES == "p3")
    positions = rows_of(table(), [Condition("place", "p3")])
    got = slice_rows(table(), rows, positions, sensitive=["name"], most=10)
    assert got.columns == ("row", "actual", "predicted", "error", "place", "hour")
    assert (len(got.rows), got.total) == (10, len(positions))
    errors = [float(str(row[3])) for row in got.rows]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 0.9
    assert {row[4] for row in got.rows} == {"p3"}
    assert "Ada" not in json.dumps(asdict(got))


def test_rows_without_a_label_are_shown_last_and_nothing_in_a_cell_reaches_the_terminal() -> None:
    p = chances(3)
    rows = with_labels([1, None, 0], said(p))
    odd = pa.table(
        {"x": ["\x1b]0;t\x07a\nb", None, "c"], "y": [[1], None, [2]], "z": [float("inf"), float("nan"), 1.0]}
    )
    got = slice_rows(odd, rows, np.arange(3))
    assert got.rows[-1][:4] == ("2", None, got.rows[-1][2], None)
    assert not any(ord(letter) < 32 for row in got.rows for cell in row for letter in cell or "")


def test_of_a_row_that_was_not_predicted_what_happened_is_shown_and_of_the_others_both() -> None:
    predictions = said(np.array([0.9, 0.2, 0.1]))
    predictions = predictions.set_column(0, "prediction", pa.array([1, None, 0]))
    rows = with_labels([0, 1, None], predictions)
    got = slice_rows(pa.table({"x": [1, 2, 3]}), rows, np.array([1, 2, 0]))
    assert got.rows == (("1", "0", "1", "0.9", "1"), ("2", "1", None, None, "2"), ("3", None, "0", None, "3"))
    assert got.total == 3


def test_how_wrong_a_row_is_by_its_error_its_chance_or_else_right_or_wrong() -> None:
    actual = np.array([0, 1, 1])
    chances_of = np.array([[0.9, 0.1], [0.7, 0.3], [0.0, 1.0]])
    truth = Truth("binary", actual, ("no", "yes"))
    assert wrongness(truth, Predicted(np.array([0, 0, 1]), chances_of)).tolist() == pytest.approx([0.1, 0.7, 0.0])
    assert wrongness(truth, Predicted(np.array([0, 0, 1]), None)).tolist() == [0.0, 1.0, 0.0]
    numbers = Truth("regression", np.array([1.0, 5.0]))
    assert wrongness(numbers, Predicted(np.array([3.0, 4.5]))).tolist() == [2.0, 0.5]


def test_a_cell_says_something_new_where_it_and_what_is_left_of_its_slice_have_rows_enough() -> None:
    def part(column: str, value: str, rows: Any) -> SlicePart:
        return SlicePart((Condition(column, value),), np.asarray(rows))

    parent = part("place", "p3", np.arange(100))
    sizes = {19: False, 20: True, 50: True, 80: True, 81: False, 100: False}
    others = [part("hour", str(size), np.arange(100 - size, 1000)) for size in sizes]
    found = crossed(parent, [*others, part("place", "p4", np.arange(50))], 20)
    assert [(cell.conditions[1].value, len(cell.rows)) for cell in found] == [("80", 80), ("50", 50), ("20", 20)]
    assert all(cell.conditions[0] == parent.conditions[0] for cell in found)


def test_numbers_of_up_to_24_values_are_parts_of_their_own_and_of_more_five_ranges() -> None:
    hours, _ = parts_of_column("hour", pa.chunked_array([np.repeat(np.arange(24), 5)]))
    assert {part.conditions[0].value for part in hours} == {str(hour) for hour in range(24)}
    more, _ = parts_of_column("hour", pa.chunked_array([np.repeat(np.arange(25), 4)]))
    assert [part.conditions[0].value for part in sorted(more, key=lambda part: part.rows[0])] == [
        "below 5", "5 to 10", "10 to 14", "14 to 19", "from 19",
    ]  # fmt: skip
    fine, _ = parts_of_column("x", pa.chunked_array([1 + np.arange(1000) * 1e-7]))
    assert len(fine) == 1, "edges have four digits"


def test_the_intervals_of_slices_hold_all_together_and_the_worst_comes_first() -> None:
    """Errors of 2 in one of four groups and 1 in the others, each with a spread of a tenth: all by hand."""
    n = 4000
    group = np.arange(n) % 4
    wrong = np.where(group == 2, 2.0, 1.0) + np.where(np.arange(n) // 4 % 2, 0.1, -0.1)
    rows = with_numbers(np.zeros(n), wrong)
    held = pa.table({"group": [f"g{each}" for each in group]})
    got = slices(held, ["group"], "mae", rows, np.arange(n), np.zeros(n, dtype=np.int64))
    assert (got.tried, got.rows, got.found[0].name) == (4, n, "group=g2")
    assert [one.verdict for one in got.found] == ["worse", "better", "better", "better"]
    reach = stats.norm.ppf(1 - 0.05 / 2 / 4)
    worst = got.found[0]
    assert worst.value is not None and worst.low is not None and worst.high is not None
    assert (worst.value, worst.rest, worst.difference, worst.share) == pytest.approx((2.0, 1.0, 1.0, 0.25))
    assert worst.high - worst.value == pytest.approx(worst.value - worst.low)
    assert (worst.high - worst.value) / reach == pytest.approx(0.1 / np.sqrt(1000), rel=0.3)
    # The rest is as uncertain as all rows are, for as many as it has.
    spread = np.hypot(0.1 / np.sqrt(1000), wrong.std() / np.sqrt(n) * np.sqrt(4 / 3))
    assert worst.difference_high is not None and worst.difference_low is not None
    assert worst.difference_high + worst.difference_low == pytest.approx(2.0)
    assert (worst.difference_high - 1.0) / reach == pytest.approx(spread, rel=0.3)
    assert "group=g2: mae 2.000 on 1,000 rows, 1.000 on the rest" in got.sentence
    assert got.sentence.endswith("corrected for 4 slices); 1 slice worse than the rest.")
