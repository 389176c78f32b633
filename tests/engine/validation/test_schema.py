"""Types, gaps and categories of data, and what is said when they change."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from engine.validation.schema import CATEGORIES, compare_schema, differences, infer_schema


def one(values: Any, kind: pa.DataType | None = None) -> dict[str, Any]:
    return infer_schema(pa.table({"c": values if isinstance(values, pa.Array) else pa.array(values, kind)}))


def column(values: Any, kind: pa.DataType | None = None) -> dict[str, Any]:
    found: dict[str, Any] = one(values, kind)["columns"][0]
    return found


@pytest.mark.parametrize(
    ("values", "word"),
    [
        (pa.array([1], pa.int8()), "integer"),
        (pa.array([1.0]), "number"),
        (pa.array([True]), "yes/no"),
        (pa.array(["a"], pa.large_string()), "text"),
        (pa.array(["a"]).dictionary_encode(), "text"),
        (pa.array([date(2026, 1, 1)]), "date"),
        (pa.array([datetime(2026, 1, 1)]), "time"),
        (pa.array([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("ns", "America/New_York")), "time with zone"),
        (pa.nulls(1), "empty"),
        (pa.array([[1]]), "list<item: int64>"),
    ],
)
def test_types_are_spoken_of_by_what_they_mean(values: pa.Array, word: str) -> None:
    assert column(values)["type"] == word


@pytest.mark.parametrize(
    ("before", "after", "severity", "says"),
    [
        (pa.array([1]), pa.array(["1"]), "fail", "was integer and is text"),
        (pa.array([1]), pa.array([1.5]), "fail", "was integer and is number"),
        (pa.array([1]), pa.array([1.5, None]), "fail", "was integer and is number"),
        (pa.array([1.5]), pa.nulls(1), "fail", "was number and is empty"),
        (pa.array([1, 2]), pa.array([1.0, float("nan")]), "warn", "has missing values"),
        (pa.array([1.5]), pa.array([None, 1.5]), "warn", "has missing values"),
        (pa.array(["a", "b"] * 10), pa.array(["a", "z"] * 10), "warn", "new values: z"),
        (pa.array(["a", "b"] * 10), pa.array([str(i) for i in range(200)]), "warn", "many more values"),
    ],
)
def test_a_change_is_named_with_its_weight(before: pa.Array, after: pa.Array, severity: str, says: str) -> None:
    found = differences(one(before), one(after))
    assert [difference.severity for difference in found] == [severity]
    assert says in found[0].words


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (pa.array([1], pa.int32()), pa.array([2], pa.int64())),
        (pa.array(["a"] * 9), pa.array(["a"] * 9).dictionary_encode()),
        (pa.array([1.0, None]), pa.array([1, 2])),
        (pa.array([1.5, None]), pa.array([99.5])),
        (pa.array(["a", "b"] * 10), pa.array(["a"] * 20)),
    ],
    ids=["width", "encoding", "whole numbers without their gaps", "gaps filled", "a category less"],
)
def test_what_does_not_matter_to_a_model_is_no_change(before: pa.Array, after: pa.Array) -> None:
    assert compare_schema(one(before), one(after)) == ()


def test_lost_and_new_columns_fail_and_types_come_before_categories() -> None:
    before = infer_schema(pa.table({"a": ["x"] * 9, "b": [1] * 9, "gone": [1] * 9}))
    after = infer_schema(pa.table({"a": ["y"] * 9, "b": ["1"] * 9, "fresh": [1] * 9}))
    found = differences(before, after)
    assert [d.words for d in found] == [
        "column 'gone' is gone",
        "column 'b' was integer and is text",
        "column 'fresh' is new",
        "column 'a' has new values: y",
    ]
    assert [d.severity for d in found] == ["fail", "fail", "fail", "warn"]


def test_categories_are_listed_only_where_they_are_few_short_and_repeat() -> None:
    assert column(["a", "b", None] * 10)["categories"] == ["a", "b"]
    assert "categories" not in column([str(i) for i in range(CATEGORIES + 1)] * 10)
    assert "categories" not in column(["only", "once"])
    assert column(["a", "b"] * 5 + [None] * 9)["categories"] == ["a", "b"], "each five times in the mean, gaps aside"
    assert "categories" not in column([*["a", "b"] * 4, "a", *[None] * 9])
    assert len(column([f"{i}" for i in range(CATEGORIES)] * 5)["categories"]) == CATEGORIES == 50
    assert column(["x" * 80] * 9)["categories"] == ["x" * 80] and "categories" not in column(["x" * 81] * 9)
    assert "categories" not in column(["x" * 100_000] * 10)
    assert "categories" not in column([str(i) for i in range(10_000)])


def test_values_of_a_sensitive_column_are_never_listed() -> None:
    table = pa.table({"mail": ["ada@example.org"] * 20})
    assert "ada" not in json.dumps(infer_schema(table, sensitive={"mail"}))


def test_a_schema_survives_json_and_holds_no_control_characters() -> None:
    schema = infer_schema(pa.table({"a\x1b[2J": ["b\x07\u202e"] * 9, "n": [None, float("inf"), 1.0] * 3}))
    assert json.loads(json.dumps(schema, allow_nan=False)) == schema
    assert "\x1b" not in str(schema) and "\u202e" not in str(schema)
    assert infer_schema(pa.table({})) == {"columns": []}
