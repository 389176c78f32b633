"""Values of a request become the columns that the version learnt, and what is none of theirs is refused by name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from engine.errors import StepFailed
from engine.scoring.row_table import RowTable

LIKE = pa.table({
    "x": pa.array([1.5], pa.float64()),
    "count": pa.array([1], pa.int32()),
    "late": pa.array([True]),
    "at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("us", "UTC")),
    "day": pa.array([date(2026, 1, 1)]),
    "price": pa.array([Decimal("1.50")], pa.decimal128(6, 2)),
    "kind": pa.array(["b", "a"]).dictionary_encode().slice(0, 1),
}).replace_schema_metadata({"leverframe.types": "{}"})  # fmt: skip
TABLE = RowTable(LIKE, ("prediction", "score"))
ROW = (2, 7, False, "2026-03-01T12:00:00Z", "2026-03-01", 2.25, "a")


def test_each_value_becomes_one_of_its_column_s_type_and_what_was_kept_of_types_stays() -> None:
    found = TABLE.table([ROW, (None,) * 7])
    assert found.schema.equals(LIKE.schema, check_metadata=True)
    assert list(found.slice(0, 1).to_pylist()[0].values()) == [
        2.0, 7, False, datetime(2026, 3, 1, 12, tzinfo=UTC), date(2026, 3, 1), Decimal("2.25"), "a",
    ]  # fmt: skip
    assert set(found.slice(1, 1).to_pylist()[0].values()) == {None}


def test_a_category_keeps_its_place_among_all_that_were_learnt_and_a_new_one_comes_last() -> None:
    column = TABLE.table([ROW, (*ROW[:6], "new")]).column("kind").chunk(0)
    assert column.dictionary.to_pylist() == ["b", "a", "new"] and column.indices.to_pylist() == [1, 2]


@pytest.mark.parametrize(
    ("place", "value", "column"),
    [(0, "much", "x"), (1, 2.5, "count"), (1, 2**40, "count"), (2, "yes", "late"), (3, "soon", "at"), (4, "x", "day"),
     (5, 1.234, "price"), (6, 3, "kind")],
)  # fmt: skip
def test_a_value_that_is_none_of_its_column_is_refused_with_the_column(place: int, value: object, column: str) -> None:
    row = (*ROW[:place], value, *ROW[place + 1 :])
    with pytest.raises(StepFailed, match=f"The column {column} takes .*, and a row has something else"):
        TABLE.table([row])  # type: ignore[list-item]


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(StepFailed, match="Row 1 has 2 values; this version takes 7"):
        TABLE.table([ROW, (1, 2)])


def test_answers_stand_in_the_order_of_outputs_and_moments_are_texts() -> None:
    said = pa.table({"score_1": [0.5, None], "prediction": [date(2026, 1, 1), date(2026, 1, 2)]})
    named = TABLE.named(said, "scoring")
    assert TABLE.answers(named) == [("2026-01-01", 0.5), ("2026-01-02", None)]


def test_other_columns_than_were_recorded_are_refused() -> None:
    with pytest.raises(StepFailed, match="gave the columns prediction; when the version was made it gave prediction, "):
        TABLE.named(pa.table({"prediction": [1]}), "scoring")
