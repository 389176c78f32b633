"""Predictions that say which row they are for are put to it; those that are not one for each row are refused."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import StepFailed
from engine.scoring.row_order import COLUMN, one_for_each


def said(rows: Any, **more: Any) -> pa.Table:
    """Predictions that are ten times the row that they say they are for."""
    return pa.table({COLUMN: rows, "prediction": [10 * int(row or 0) for row in rows], **more})


@given(st.integers(0, 40).flatmap(lambda rows: st.permutations(range(rows))))
def test_whatever_their_order_each_comes_to_its_row(rows: list[int]) -> None:
    table = one_for_each(said(pa.array(rows, pa.int64()).to_pylist()) if rows else said([]), len(rows), "score")
    assert table.column_names == ["prediction"]
    assert table.column("prediction").to_pylist() == [10 * row for row in range(len(rows))]


def test_whole_numbers_may_come_as_floats_as_csv_and_databases_write_them() -> None:
    assert one_for_each(said([1.0, 0.0]), 2, "score").column("prediction").to_pylist() == [0, 10]


def test_without_the_column_the_order_is_taken_as_it_is() -> None:
    table = pa.table({"prediction": [3, 1, 2]})
    assert one_for_each(table, 3, "score") is table


def test_another_number_of_them_is_refused_first() -> None:
    with pytest.raises(StepFailed, match="score gave 2 predictions for 3 rows"):
        one_for_each(said([0, 1]), 3, "score")


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([0, 0, 2], r"1 rows more than one prediction and 1 none, .* the first of them row 0"),
        ([0, 1, 3], "not the number of a row, from 0 to 2"),
        ([-1, 1, 2], "not the number of a row"),
        ([0.5, 1.0, 2.0], "not the number of a row"),
        ([0, None, 2], "not the number of a row"),
        (["0", "1", "2"], "not the number of a row"),
        ([float("nan"), 1.0, 2.0], "not the number of a row"),
        ([2.0**70, 1.0, 2.0], "not the number of a row"),
    ],
)
def test_what_names_no_row_or_one_twice_is_refused(rows: list[Any], why: str) -> None:
    with pytest.raises(StepFailed, match=why):
        one_for_each(pa.table({COLUMN: rows, "prediction": [1, 2, 3]}), 3, "score")


def test_two_such_columns_are_refused() -> None:
    twice = pa.table([pa.array([0, 1]), pa.array([0, 1]), pa.array([1, 2])], names=[COLUMN, COLUMN, "prediction"])
    with pytest.raises(StepFailed, match="two columns leverframe_row"):
        one_for_each(twice, 2, "score")
