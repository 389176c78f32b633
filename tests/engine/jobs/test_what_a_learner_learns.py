"""Which rows a learner learns, in which order, and how its curve is measured."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from engine.errors import StepFailed
from engine.feedback.reading import Come
from engine.feedback.records import FeedbackRow, Scalar
from engine.jobs.learn.curve import changed, curve
from engine.jobs.learn.rows import keys_of, rows_to_learn, said_of
from engine.projects.manifest.reader import parse_manifest
from tests import tiny

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
MANIFEST = parse_manifest(tiny.MANIFEST.format(name="tiny", timeout="1m", floor=0.5, day="mon", approval=""))


def at(hours: int) -> datetime:
    return BEGIN + timedelta(hours=hours)


def table(**columns: Any) -> pa.Table:
    """Ten rows, one an hour, with the keys 0 to 9."""
    found = {"id": list(range(10)), "at": [at(hour) for hour in range(10)], "x": [0.1 * n for n in range(10)]}
    return pa.table({**found, "late": [None] * 10, **columns})


def came(*rows: tuple[Scalar, Scalar, int]) -> list[Come]:
    return [Come(1, "counted", [FeedbackRow((key,), label, at(hour)) for key, label, hour in rows])]


def test_rows_are_learnt_in_the_order_in_which_their_labels_became_known() -> None:
    found = rows_to_learn(table(), came((7, 1, 9), ("5", 0, 8), (9, 1, 8)), MANIFEST, None, (), at(20))
    assert found.table.column("id").to_pylist() == [5, 7, 9], "9 is known from its own hour on"
    assert found.table.column("late").to_pylist() == [0, 1, 1]
    assert found.whole.column("late").to_pylist() == [None] * 5 + [0, None, 1, None, 1]


CASES = {
    "trained on already": (came((3, 1, 12)), at(3), set(), "1 of these were learnt before"),
    "learnt by a parent": (came((7, 1, 12)), at(3), {(("7",), "1")}, "1 of these were learnt before"),
    "no label of the target": (came((7, "perhaps", 12)), at(3), set(), "1 are no label that the target can have"),
    "of a key that no row has": (came((70, 1, 12)), at(3), set(), "1 are of a key that no row has"),
    "of a time to come": (came((7, 1, 40)), at(3), set(), "1 are of a time that is to come"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_learnt_is_counted(case: str) -> None:
    batches, boundary, learnt, said = CASES[case]
    found = rows_to_learn(table(late=pa.nulls(10, pa.int64())), batches, MANIFEST, boundary, learnt, at(20))
    assert found.table.num_rows == 0 and said in said_of(found)


def test_a_row_of_a_time_to_come_or_of_none_is_not_learnt_yet() -> None:
    times = [at(hour) for hour in range(8)] + [at(30), None]
    found = rows_to_learn(table(at=times), came((7, 1, 9), (8, 1, 9), (9, 1, 9)), MANIFEST, None, (), at(20))
    assert found.table.column("id").to_pylist() == [7], "8 happens later, and nobody knows when 9 did"


def test_a_label_that_was_put_right_since_is_learnt_once_more() -> None:
    found = rows_to_learn(table(), came((7, 1, 12), (7, 0, 13)), MANIFEST, at(3), {(("7",), "1")}, at(20))
    assert [(word.key, word.label) for word in found.words] == [(("7",), 0)]


@pytest.mark.parametrize(("kind", "given", "label"), [
    (pa.bool_(), "1", True), (pa.bool_(), True, True), (pa.bool_(), 2, None), (pa.string(), 1, "1"),
    (pa.int8(), "1", 1), (pa.int8(), 1.5, None), (pa.float64(), "2.5", 2.5), (pa.int64(), "x", None),
])  # fmt: skip
def test_a_label_is_of_the_type_of_the_target_or_is_none(kind: pa.DataType, given: Scalar, label: object) -> None:
    found = rows_to_learn(table(late=pa.nulls(10, kind)), came((7, given, 12)), MANIFEST, None, (), at(20))
    assert found.table.column("late").to_pylist() == ([] if label is None else [label])


def test_a_part_of_a_key_that_is_missing_makes_no_key_and_a_column_that_is_gone_is_named() -> None:
    assert keys_of(pa.table({"a": [1, None, 3], "b": ["x", "y", None]}), ["a", "b"]) == [("1", "x"), None, None]
    with pytest.raises(StepFailed, match="no column 'c'"):
        keys_of(pa.table({"a": [1]}), ["c"])


def test_the_curve_has_each_row_once_with_its_interval_and_the_parent_beside_it() -> None:
    rows = 107
    truth = pa.chunked_array([pa.array([1] * rows)])
    ours, theirs = (pa.table({"prediction": pa.array([value] * rows)}) for value in (True, 0.0))
    points = curve(truth, pa.table({"prediction": [1.0] * rows}), theirs, [at(n) for n in range(rows)], numbers=False)
    assert sum(point.rows for point in points) == rows and len(points) == 5
    assert {(point.value, point.frozen) for point in points} == {(1.0, 0.0)}
    assert all(0.8 < point.low < 1.0 == point.high for point in points)
    assert points[-1].until == "2026-11-05T10:00:00.000000Z"
    assert changed(ours, theirs, numbers=False) == 1.0 and changed(ours, theirs, numbers=True) is None


def test_of_numbers_the_curve_is_the_mean_error() -> None:
    truth = pa.chunked_array([pa.array([10.0, 20.0] * 10)])
    said = pa.table({"prediction": [11.0, 22.0] * 10})
    (point,) = curve(truth, said, pa.table({"prediction": [10.0, 20.0] * 10}), [BEGIN] * 20, numbers=True)
    assert (point.value, point.frozen) == (1.5, 0.0)
    assert (point.low, point.high) == pytest.approx((1.5 - 0.224824, 1.5 + 0.224824), abs=1e-5)


def test_the_interval_of_an_accuracy_is_wilsons_of_95_in_100() -> None:
    """Ten of twenty: 0.299 to 0.701, as tables of it have."""
    said = pa.table({"prediction": [0, 1] * 10})
    (point,) = curve(pa.chunked_array([pa.array([1] * 20)]), said, said, [BEGIN] * 20, numbers=False)
    assert (point.value, point.low, point.high) == pytest.approx((0.5, 0.299298, 0.700702), abs=1e-5)


def logged(*rows: tuple[Scalar, float, int]) -> pa.Table:
    """Answers of the request log: key, the feature x, and at which hour; the oldest first."""
    found = sorted(rows, key=lambda row: row[2])
    return pa.table({
        "key.id": [row[0] for row in found], "feature.x": [row[1] for row in found],
        "request.at": pa.array([at(row[2]) for row in found], pa.timestamp("us", "UTC")),
    })  # fmt: skip


def test_a_row_that_extract_does_not_have_yet_is_made_of_what_was_asked() -> None:
    batches = came((7, 1, 12), (70, 0, 13), (71, 1, 14))
    found = rows_to_learn(
        table(late=pa.nulls(10, pa.int64())), batches, MANIFEST, at(3), (), at(20),
        logged=logged((7, 0.9, 11), (70, 0.35, 11)), features=["x"],
    )  # fmt: skip
    assert found.table.column("id").to_pylist() == [7, 70]
    assert found.table.column("x").to_pylist() == [pytest.approx(0.7), 0.35], "what extract has is taken from there"
    assert found.table.column("at").to_pylist()[1] == at(11) and found.table.column("late").to_pylist() == [1, 0]
    assert found.logged == 1 and "1 have no row in extract yet" in said_of(found)
    assert "1 are of a key that no row has" in said_of(found)


def test_of_several_answers_to_a_key_the_newest_of_before_its_label_is_learnt() -> None:
    asked = logged((70, 0.1, 9), (70, 0.2, 11), (70, 0.3, 15))
    found = rows_to_learn(
        table(), came((70, 1, 12)), MANIFEST, None, (), at(20), logged=asked, features=["x"]
    )
    assert found.table.column("x").to_pylist() == [0.2]


def test_what_was_asked_in_another_form_is_left_out() -> None:
    odd = logged((70, 0.1, 9)).set_column(1, "feature.x", pa.array(["much"]))
    found = rows_to_learn(table(), came((70, 1, 12)), MANIFEST, None, (), at(20), logged=odd, features=["x"])
    assert found.table.num_rows == 0 and found.logged == 0
    keyless = logged((70, 0.1, 9)).drop_columns(["key.id"])
    assert rows_to_learn(
        table(), came((70, 1, 12)), MANIFEST, None, (), at(20), logged=keyless, features=["x"]
    ).table.num_rows == 0  # fmt: skip


def test_labels_of_before_the_learner_was_reset_are_left() -> None:
    batches = came((5, 1, 11), (7, 1, 14))
    found = rows_to_learn(table(), batches, MANIFEST, None, (), at(20), since=at(12))
    assert [word.key for word in found.words] == [("7",)] and found.left == 1
    assert "1 are of before the learner was reset" in said_of(found)
