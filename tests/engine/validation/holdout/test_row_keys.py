"""A key that does not tell rows apart is said to, with how often and with the columns that would."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from engine.validation.holdout.row_keys import different, duplicates, rows_told_apart


def table(rows: int = 1500, **columns: object) -> pa.Table:
    return pa.table({"customer": [n % 50 for n in range(rows)], "t": range(rows), "id": range(rows), **columns})


def test_a_key_that_repeats_is_named_with_rows_values_and_the_columns_that_do_tell() -> None:
    found = rows_told_apart(table(), ["customer"], "t")
    assert found is not None and found.verdict == "warn"
    assert found.evidence == (
        "'customer' does not tell rows apart (1,500 rows, 50 values); name in [data] key the columns that do, such as "
        "customer and t together."
    )


@pytest.mark.parametrize(
    ("key", "time", "said"),
    [
        (["customer"], None, "name in [data] key the columns that do."),
        (["customer"], "same", "name in [data] key the columns that do."),
        (["customer", "same"], "t", "customer, same do not tell rows apart (1,500 rows, 50 values)"),
        (["once"], "t", "'once' does not tell rows apart (1,500 rows, 1,499 values); let extract return each row once"),
        (["gaps"], "t", "(1,500 rows, 1,490 values, 10 rows without one)"),
    ],
)
def test_the_way_out_is_one_that_can_be_gone(key: list[str], time: str | None, said: str) -> None:
    once = [max(0, n - 1) for n in range(1500)]
    gaps = [None if n < 10 else n for n in range(1500)]
    found = rows_told_apart(table(same=[1] * 1500, once=once, gaps=gaps), key, time)
    assert found is not None and said in found.evidence


def test_a_key_that_tells_rows_apart_and_no_key_at_all_are_no_doubt() -> None:
    assert rows_told_apart(table(), ["id"], "t") is None
    assert rows_told_apart(table(), ["customer", "t"], "t") is None
    assert rows_told_apart(table(), [], "t") is None
    assert rows_told_apart(table(), ["customer", "gone"], "t") is None, "another gate tells that"


def test_duplicates_are_the_rows_whose_key_another_before_them_has() -> None:
    assert duplicates(pa.table({"a": [1, 1, 2, None, None]}), ["a"]) == 1
    assert duplicates(pa.table({"a": [1]}), ["b"]) is None
    assert duplicates(pa.table({"a": [1, 1]}), ["a", "b"]) is None


@pytest.mark.parametrize("names", [["text"], ["number", "text"], ["day", "number", "text"], ["real"], ["real", "text"]])
def test_as_many_rows_are_different_as_grouping_them_would_find(names: list[str]) -> None:
    drawn = np.random.default_rng(7)
    numbers, texts = drawn.integers(-3, 4, 5000), drawn.integers(0, 40, 5000)
    reals = np.array([0.0, -0.0, np.nan, 1.5, -np.inf])[drawn.integers(0, 5, 5000)]
    whole = table(5000, number=numbers, text=texts.astype(str), real=reals, day=numbers.astype("datetime64[D]"))
    in_pieces = pa.concat_tables([whole.slice(0, 3), whole.slice(3, 0), whole.slice(3)]).select(names)
    assert different(in_pieces) == in_pieces.group_by(names).aggregate([]).num_rows
    assert different(in_pieces.slice(0, 0)) == 0


def test_values_that_each_piece_encodes_in_its_own_way_are_different_by_what_they_are() -> None:
    pieces = [pa.array(words).dictionary_encode() for words in (["a", "b"], ["b", "c"], ["a"])]
    assert different(pa.table({"key": pa.chunked_array(pieces)})) == 3
