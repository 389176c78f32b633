"""The newest part is what a model is judged by, and nothing of it leaks into training."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import StepFailed
from engine.validation.holdout.split import arrived, as_recorded, newer, split
from tests.engine.validation.validation_cases import manifest

START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def days(*numbers: int | None) -> pa.Table:
    times = [None if n is None else START + timedelta(days=n) for n in numbers]
    return pa.table(
        {"day": list(numbers), "at": pa.array(times, pa.timestamp("us", "UTC")), "late": [0] * len(numbers)}
    )


def test_the_newest_days_are_the_holdout_and_the_order_of_rows_stays() -> None:
    parts = split(days(9, 1, 10, 3, 8), manifest(timedelta(days=2)), LATER)
    assert parts.holdout["day"].to_pylist() == [9, 10]
    assert parts.train["day"].to_pylist() == [1, 3, 8]
    assert parts.boundary == "2026-01-09T00:00:00.000000Z"


def test_rows_after_as_of_are_left_out_and_counted() -> None:
    parts = split(days(1, 2, 3, 4, 99), manifest(timedelta(days=1)), START + timedelta(days=4))
    assert parts.holdout["day"].to_pylist() == [4]
    assert parts.future == 1


def test_data_that_ends_long_before_as_of_still_has_its_holdout() -> None:
    assert split(days(1, 2, 3), manifest(timedelta(days=1)), LATER).holdout["day"].to_pylist() == [3]


def test_rows_without_time_or_target_are_in_neither_part_and_counted() -> None:
    table = days(1, 2, 3, None)
    table = table.set_column(2, "late", pa.array([0.0, float("nan"), None, 1.0]))
    parts = split(table, manifest(0.5), LATER)
    assert parts.train.num_rows + parts.holdout.num_rows == 1
    assert (parts.undated, parts.unlabelled) == (1, 2)


def test_a_window_limits_training_to_what_is_recent() -> None:
    parts = split(days(*range(1, 11)), manifest(timedelta(days=2), window=timedelta(days=3)), LATER)
    assert parts.train["day"].to_pylist() == [6, 7, 8]
    assert parts.before_window == 5


def test_a_fraction_without_time_is_drawn_and_not_the_end_of_the_file() -> None:
    parts = split(days(*range(10)), manifest(0.3, time=None), LATER)
    assert parts.holdout.num_rows == 3 and parts.holdout["day"].to_pylist() != [7, 8, 9]
    assert sorted(parts.train["day"].to_pylist() + parts.holdout["day"].to_pylist()) == list(range(10))
    assert parts.boundary is None and parts.cut is not None and parts.cut.by == ("day", "at")


def test_a_version_from_before_rows_were_drawn_keeps_the_parts_that_it_was_made_with() -> None:
    parts = as_recorded(days(*range(10)), manifest(0.3, time=None), LATER, None)
    assert parts.holdout["day"].to_pylist() == [7, 8, 9]
    drawn = split(days(*range(10)), manifest(0.3, time=None), LATER)
    again = as_recorded(days(*range(10)), manifest(0.3, time=None), LATER, drawn.cut)
    assert again.holdout.equals(drawn.holdout) and again.train.equals(drawn.train)


@pytest.mark.parametrize(
    ("numbers", "fraction", "holdout"),
    [
        ((1, 2, 3, 4, 4), 0.2, [4, 4]),
        ((1, 2, 3, 3, 4), 0.4, [4]),
        ((1, 1, 1, 1, 2), 0.2, [2]),
        ((5, 5, 5), 0.5, []),
    ],
)
def test_rows_of_one_moment_are_never_divided(numbers: tuple[int, ...], fraction: float, holdout: list[int]) -> None:
    assert split(days(*numbers), manifest(fraction), LATER).holdout["day"].to_pylist() == holdout


@pytest.mark.parametrize(
    "times",
    [
        pa.array([date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)]),
        pa.array(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"]),
        pa.array(["2026-01-01", "2026-01-02", "2026-01-03"]).dictionary_encode(),
        pa.array([datetime(2026, 1, n) for n in (1, 2, 3)], pa.timestamp("ns")),
        pa.array([datetime(2026, 1, n, tzinfo=UTC) for n in (1, 2, 3)], pa.timestamp("s", "America/New_York")),
    ],
    ids=["dates", "text with zones", "text in a dictionary", "nanoseconds", "another zone"],
)
def test_times_are_understood_however_they_are_stored(times: pa.Array) -> None:
    parts = split(pa.table({"at": times, "late": [1, 2, 3]}), manifest(timedelta(days=1)), LATER)
    assert parts.holdout["late"].to_pylist() == [3]


@pytest.mark.parametrize("times", [["soon", "later"], [1, 2], [None, "x"]])
def test_a_time_column_without_times_is_refused_with_its_name(times: list[object]) -> None:
    with pytest.raises(StepFailed, match="'at' holds"):
        split(pa.table({"at": times, "late": [1, 2]}), manifest(timedelta(days=1)), LATER)


def test_a_table_without_any_usable_row_gives_two_empty_parts() -> None:
    parts = split(days(None, None), manifest(0.5), LATER)
    assert (parts.train.num_rows, parts.holdout.num_rows) == (0, 0)


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=40),
    st.one_of(st.floats(0.05, 0.95), st.integers(1, 20).map(lambda n: timedelta(days=n))),
    st.integers(0, 35),
)
def test_every_training_row_is_older_than_every_holdout_row_and_none_is_lost(
    numbers: list[int], holdout: float | timedelta, as_of: int
) -> None:
    parts = split(days(*numbers), manifest(holdout), START + timedelta(days=as_of))
    train, judged = parts.train["day"].to_pylist(), parts.holdout["day"].to_pylist()
    assert sorted(train + judged) == sorted(n for n in numbers if n <= as_of)
    assert max(train, default=-1) < min(judged, default=99)


def test_a_row_has_arrived_when_it_is_later_than_the_newest_version_labelled_and_not_of_the_future() -> None:
    table = days(1, 2, 3, 4, 5, 99, None)
    table = table.set_column(2, "late", pa.array([0.0, 1.0, 0.0, None, 1.0, 1.0, 1.0]))
    until = START + timedelta(days=2)
    assert arrived(table, manifest(0.5), until, 0, START + timedelta(days=9)) == 2


def test_rows_that_cannot_be_placed_are_not_among_the_newer_ones_and_are_counted() -> None:
    learnt, as_of = (START + timedelta(days=2)).isoformat(), START + timedelta(days=9)
    found = newer(days(1, 2, 3, 99, None, None), manifest(0.5), days(1), learnt, as_of, 10)
    assert found.table["day"].to_pylist() == [3]
    assert (found.undated, found.future, found.left_out) == (2, 1, 0)


@pytest.mark.parametrize("keys", [[[1], [2], [3]], [{"a": 1}, {"a": 2}, {"a": 3}], ["a", "b", "c"], [1.0, 2.0, 3.0]])
def test_without_times_the_newer_rows_are_those_of_other_keys_whatever_a_key_is(keys: list[object]) -> None:
    timeless = manifest(0.5, time=None, key=("id",))
    table = pa.table({"id": keys, "late": [0, 1, 0]})
    assert newer(table, timeless, table.slice(0, 2), None, LATER, 10).table["id"].to_pylist() == keys[2:]
