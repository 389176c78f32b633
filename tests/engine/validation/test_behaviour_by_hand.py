"""What is odd about data and predictions, counted by hand on a few rows, and at the edges of each rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.validation import segments
from engine.validation.gates import behaviour
from engine.validation.gates.behaviour import (
    changed_decisions,
    choose_golden,
    decision_counts,
    predictions_valid,
    predictions_vary,
    target_varies,
)
from engine.validation.holdout.split import after, arrived, newer, split
from engine.validation.metrics import Predicted, Truth
from engine.validation.segments import decidable, parts_of
from tests.engine.validation.validation_cases import manifest

START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def column(values: Any, kind: Any = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, kind)])


def test_right_and_wrong_decisions_by_hand() -> None:
    truth = Truth("binary", np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0]), ("no", "yes"))
    said = Predicted(np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, -1]))
    assert decision_counts(truth, said) == {
        "true_positives": 3, "false_negatives": 1, "false_positives": 2, "true_negatives": 4,
    }  # fmt: skip
    assert decision_counts(truth, None) is None
    assert decision_counts(Truth("multiclass", truth.actual, ("a", "b", "c")), said) is None


def test_changed_decisions_by_hand() -> None:
    truth = Truth("binary", np.zeros(4, np.int64), ("no", "yes"))
    one, other = Predicted(np.array([0, 1, 1, 0])), Predicted(np.array([0, 1, 0, 1]))
    assert (changed_decisions(truth, one, other), changed_decisions(truth, one, one)) == (0.5, 0.0)
    assert changed_decisions(truth, one, None) is None
    assert changed_decisions(truth.take(np.zeros(4, bool)), one, other) is None
    assert changed_decisions(Truth("regression", np.zeros(4)), one, other) is None


def test_gaps_and_infinities_are_counted_per_feature() -> None:
    table = pa.table({
        "a": [1.0, None, float("nan"), float("inf")], "b": [1, 2, 3, None], "c": ["x", None, None, "y"],
        "d": [float("-inf"), float("inf"), 0.0, 1.0],
    })  # fmt: skip
    assert behaviour.missing_fractions(table, ["a", "b", "c"]) == {"a": 0.5, "b": 0.25, "c": 0.5}
    assert behaviour.missing_fractions(table.slice(0, 0), ["a"]) == {"a": 0.0}
    assert behaviour.infinite_counts(table, ["a", "b", "c", "d"]) == {"a": 1, "d": 2}


def test_predictions_that_are_none_fail_with_their_problems() -> None:
    gate = predictions_valid(("2 are missing", "1 is infinite"), 1200)
    assert (gate.name, gate.verdict, gate.evidence, gate.numbers) == (
        "predictions valid", "fail", "Of 1,200 rows: 2 are missing; 1 is infinite.", {"problems": 2},
    )  # fmt: skip
    gate = predictions_valid((), 1200)
    assert (gate.verdict, gate.evidence, gate.numbers) == (
        "pass", "All 1,200 are finite and in range.", {"problems": 0},
    )  # fmt: skip


BINARY = Truth("binary", np.arange(200) % 2, ("no", "yes"))


def vary(values: Any, task: Any = "binary") -> Any:
    values = np.asarray(values, np.float64)
    if task == "regression":
        return predictions_vary(Truth(task, np.arange(200.0)), Predicted(values))
    return predictions_vary(BINARY, Predicted((values > 0.5).astype(np.int64), None, values))


@pytest.mark.parametrize(
    ("same", "verdict"), [(200, "fail"), (199, "warn"), (198, "warn"), (197, "pass"), (100, "pass")]
)
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_model_that_says_the_same_about_nearly_all_rows_is_told(same: int, verdict: str, task: str) -> None:
    values = np.where(np.arange(200) < same, 0.2, np.linspace(0.6, 99.0, 200))
    gate = vary(values, task)
    assert gate.verdict == verdict
    assert gate.numbers["different"] == 201 - same
    if verdict != "fail":
        assert gate.numbers["most_common"] == same / 200
    if verdict == "warn":
        assert gate.evidence == f"The model says the same about {same / 2:.1f} % of the rows."


def test_a_regression_must_spread_a_hundredth_of_the_target() -> None:
    spread = np.arange(200.0)
    assert vary(spread * 0.0101, "regression").verdict == "pass"
    flat = vary(spread * 0.0099, "regression")
    assert flat.verdict == "warn" and flat.evidence.startswith("Predictions spread 0.99 % as far as the target")


def test_scores_that_differ_and_decide_all_alike_pass_and_say_so() -> None:
    gate = vary(np.linspace(0.1, 0.4, 200))
    assert (gate.verdict, gate.evidence) == ("pass", "200 different scores, though every row is decided alike.")
    assert vary(np.linspace(0.1, 0.9, 200)).evidence == "200 different predictions on 200 rows."


def test_of_several_classes_the_chances_are_what_varies_or_else_the_decisions() -> None:
    truth = Truth("multiclass", np.arange(200) % 3, ("a", "b", "c"))
    same = np.tile([0.2, 0.5, 0.3], (200, 1))
    assert predictions_vary(truth, Predicted(np.ones(200, np.int64), same)).verdict == "fail"
    other = same.copy()
    other[:100] = [0.5, 0.2, 0.3]
    assert predictions_vary(truth, Predicted(other.argmax(axis=1), other)).verdict == "pass", "as sure, of another"
    assert predictions_vary(truth, Predicted(np.arange(200) % 3)).numbers["different"] == 3
    assert predictions_vary(truth, Predicted(np.ones(200, np.int64))).verdict == "fail"


@pytest.mark.parametrize(
    ("task", "train", "judged", "verdict", "says"),
    [
        ("regression", [1.0, 1.0], [1.0, 2.0], "fail", "nothing to learn"),
        ("regression", [1.0, 2.0], [1.0, 1.0], "cannot tell", "nothing to judge by"),
        ("regression", [1.0, 2.0], [1.0, 2.0], "pass", "2 different values in the holdout"),
        ("binary", ["no", "no"], [0, 1, 1, 1], "fail", "nothing to learn"),
        ("binary", ["no", "yes"], [1, 1, 1, 1], "cannot tell", "nothing to judge by"),
        ("binary", ["no", "yes"], [0, 1, 1, 1], "pass", "2 classes, the rarest 25.0 % of the holdout"),
    ],
)
def test_a_target_that_does_not_vary_is_told(task: Any, train: Any, judged: Any, verdict: str, says: str) -> None:
    classes = () if task == "regression" else ("no", "yes")
    gate = target_varies(column(train), Truth(task, np.array(judged), classes))
    assert (gate.name, gate.verdict) == ("target varies", verdict)
    assert says in gate.evidence


def test_golden_rows_hold_the_smallest_the_largest_two_gaps_and_a_row_of_each_of_the_rarest() -> None:
    n = 4000
    numbers = np.random.default_rng(1).normal(size=n)
    numbers[[17, 1999]] = [9.0, -9.0]
    gaps = [None if row in (5, 6, 7) else 1.0 for row in range(n)]
    kinds = ["common"] * n
    for row, kind in ((3000, "a"), (3001, "b"), (3002, "c"), (3003, "d")):
        kinds[row] = kind
    table = pa.table({"row": range(n), "x": numbers, "gap": gaps, "kind": kinds})
    rows = choose_golden(table, 40)["row"].to_pylist()
    assert {0, n - 1, 17, 1999, 3000, 3001, 3002, 3003} <= set(rows)
    assert len(rows) == len(set(rows)) == 40 and rows == sorted(rows)
    assert len({5, 6, 7} & set(rows)) >= 2
    assert choose_golden(table.slice(0, 40), 40).num_rows == 40


# Segments


def test_the_values_of_a_column_are_its_parts_the_most_frequent_first() -> None:
    parts, more = parts_of("carrier", column(["B", "A", None, "A", "B", "C", "A"]))
    assert [(part.column, part.value, part.rows.tolist()) for part in parts] == [
        ("carrier", "A", [1, 3, 6]), ("carrier", "B", [0, 4]), ("carrier", "(missing)", [2]), ("carrier", "C", [5]),
    ]  # fmt: skip
    assert more == 0


def test_of_very_many_values_the_most_frequent_are_looked_at_and_the_rest_counted() -> None:
    assert segments.MOST == 50
    values = [f"v{number:02d}" for number in range(53)] + ["v52"]
    parts, more = parts_of("key", column(values))
    assert (len(parts), more, parts[0].value) == (50, 3, "v52")
    assert parts_of("key", column(values[:50]))[1] == 0


def test_numbers_of_many_values_are_cut_into_five_ranges_of_equally_many_rows() -> None:
    parts, more = parts_of("x", column([*map(float, range(100)), None, float("inf")]))
    assert more == 0
    assert sorted(len(part.rows) for part in parts) == [2, 20, 20, 20, 20, 20]
    by_value = {part.value: part.rows.tolist() for part in parts}
    assert by_value["(missing)"] == [100, 101]
    assert by_value["0 to 19.8"] == list(range(20)) and by_value["79.2 to 99"] == list(range(80, 100))
    assert len(parts_of("x", column([*range(50)]))[0]) == 50, "as many values as are looked at are not cut"


@pytest.mark.parametrize(
    ("positive", "rows", "enough"),
    [(10, 100, True), (9, 100, False), (90, 100, True), (91, 100, False), (50, 99, False)],
)
def test_a_segment_has_rows_enough_in_all_and_of_each_class(positive: int, rows: int, enough: bool) -> None:
    truth = Truth("binary", (np.arange(rows) < positive).astype(np.int64), ("no", "yes"))
    assert decidable(truth, 100, 10) == enough
    assert decidable(Truth("regression", np.zeros(rows)), 100, 10) == (rows >= 100)
    assert decidable(Truth("multiclass", np.zeros(rows, np.int64), ("a", "b", "c")), 100, 10) == (rows >= 100)


# The holdout


def days(*numbers: int | None, late: list[Any] | None = None) -> pa.Table:
    times = [None if n is None else START + timedelta(days=n) for n in numbers]
    return pa.table({
        "day": list(numbers), "at": pa.array(times, pa.timestamp("us", "UTC")),
        "late": late if late is not None else [0] * len(numbers),
    })  # fmt: skip


def test_data_of_before_1970_is_learnt_from_as_well() -> None:
    parts = split(days(-40_000, -30_000, -20_000, 1), manifest(timedelta(days=1)), LATER)
    assert parts.train["day"].to_pylist() == [-40_000, -30_000, -20_000]
    assert parts.before_window == 0


def test_the_edges_of_holdout_window_and_as_of() -> None:
    parts = split(days(*range(1, 11)), manifest(timedelta(days=2), window=timedelta(days=3)), START + timedelta(10))
    assert parts.holdout["day"].to_pylist() == [9, 10], "a row at the boundary is learnt from"
    assert parts.train["day"].to_pylist() == [6, 7, 8], "a row as old as the window is not"
    assert (parts.future, parts.undated, parts.unlabelled, parts.before_window) == (0, 0, 0, 5)
    parts = split(days(1, 2, 3, None, 9, late=[0, None, 0, None, None]), manifest(0.5), START + timedelta(3))
    assert (parts.future, parts.undated, parts.unlabelled) == (1, 1, 1)


def test_what_is_newer_is_ordered_by_time_also_where_it_begins_and_ends_like_a_stretch() -> None:
    found = newer(days(2, 4, None, 3, 6, 5, 7), manifest(0.5), days(1), START.isoformat(), START + timedelta(days=6), 9)
    assert found.table["day"].to_pylist() == [2, 3, 4, 5, 6]
    found = newer(days(2, 4, 3, 5), manifest(0.5), days(1), START.isoformat(), START + timedelta(days=6), 9)
    assert found.table["day"].to_pylist() == [2, 3, 4, 5]


def test_what_is_newer_is_ordered_by_time_and_the_newest_are_kept() -> None:
    learnt, as_of = (START + timedelta(days=2)).isoformat(), START + timedelta(days=8)
    table = days(5, 3, 2, 8, 4, 9, 1)
    found = newer(table, manifest(0.5), days(), learnt, as_of, 10)
    assert (found.table["day"].to_pylist(), found.left_out, found.future) == ([3, 4, 5, 8], 0, 1)
    found = newer(table, manifest(0.5), days(), learnt, as_of, 3)
    assert (found.table["day"].to_pylist(), found.left_out) == ([4, 5, 8], 1)
    everything = newer(table, manifest(0.5), days(), None, as_of, 10)
    assert everything.table["day"].to_pylist() == [1, 2, 3, 4, 5, 8]


def test_a_row_of_the_instant_itself_is_not_after_it_and_one_without_a_time_never() -> None:
    assert after(days(1, 2, 3, None), "at", START + timedelta(days=2)).tolist() == [False, False, True, False]


def test_labelled_rows_have_arrived_after_the_instant_and_up_to_as_of() -> None:
    table = days(1, 2, 3, 4, 5, late=[0, 0, 1, None, 1])
    until, as_of = START + timedelta(days=2), START + timedelta(days=5)
    assert arrived(table, manifest(0.5), until, 0, as_of) == 2
    assert arrived(table, manifest(0.5), None, 0, as_of) == 4
    assert arrived(table, manifest(0.5), until, 0, START + timedelta(days=4)) == 1
    assert arrived(table, manifest(0.5, time=None), None, 3, as_of) == 1
    assert arrived(table, manifest(0.5, time=None), None, 9, as_of) == 0
    assert arrived(table.drop_columns(["late"]), manifest(0.5), None, 0, as_of) == 0
