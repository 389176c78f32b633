"""Odd data, odd predictions, features that know the answer, and the rows a version is proven by."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.validation.gates.behaviour import changed_decisions, choose_golden, predictions_vary, target_varies
from engine.validation.gates.leakage import no_leak
from engine.validation.metrics import Predicted, Truth
from engine.vocabulary.metrics import Task
from tests.engine.validation.validation_cases import binary, said

N = 3000


def answers(task: Task) -> tuple[np.ndarray[Any, Any], Truth]:
    rng = np.random.default_rng(2)
    if task == "regression":
        return rng.uniform(-1, 1, N), Truth(task, np.zeros(1))
    classes = 2 if task == "binary" else 4
    return rng.integers(0, classes, N), Truth(task, np.zeros(1, np.int64), tuple(map(str, range(classes))))


def leak(feature: Any, y: np.ndarray[Any, Any], truth: Truth) -> Any:
    rng = np.random.default_rng(9)
    table = pa.table({"fair": y + rng.normal(0, 2, N), "leak": feature, "y": y})
    return no_leak(table, ["fair", "leak"], "y", truth)


TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    "make",
    [
        lambda y: y * 3.0 + 1,
        lambda y: -np.exp(y.astype(float)),
        lambda y: np.round(y + 0.0, 1).astype(str),
        lambda y: pa.array(np.round(y + 0.0, 1).astype(str)).dictionary_encode(),
        lambda y: [datetime(2026, 1, 1) + timedelta(days=float(v)) for v in y],
    ],
    ids=["linear", "monotone", "text", "dictionary", "time"],
)
def test_a_feature_that_alone_tells_the_target_fails_and_is_named(task: Task, make: Any) -> None:
    y, truth = answers(task)
    gate = leak(make(y), y, truth)
    assert gate.verdict == "fail"
    assert "leak" in gate.evidence and "fair" not in gate.evidence


def test_a_value_that_is_only_there_for_one_class_leaks() -> None:
    y, truth = answers("binary")
    gate = leak(pa.array([1.0 if v else None for v in y]), y, truth)
    assert gate.verdict == "fail"


@pytest.mark.parametrize("task", TASKS)
def test_a_key_an_honest_feature_and_an_empty_column_do_not_leak(task: Task) -> None:
    y, truth = answers(task)
    honest = y + np.random.default_rng(5).normal(0, 1, N)
    for feature in ([f"row {i}" for i in range(N)], honest, pa.nulls(N), [[1]] * N, [float("inf")] * N, ["one"] * N):
        assert leak(feature, y, truth).verdict == "pass"


def test_a_leak_is_not_looked_for_in_a_handful_of_rows() -> None:
    truth = answers("binary")[1]
    few = pa.table({"x": [0, 1] * 9 + [1], "y": [0, 1] * 9 + [1]})
    gate = no_leak(few, ["x"], "y", truth)
    assert (gate.verdict, gate.evidence.split(" cannot")[0]) == ("cannot tell", "19 training rows")
    enough = pa.table({"x": [0, 1] * 10, "y": [0, 1] * 10})
    assert no_leak(enough, ["x"], "y", truth).verdict == "fail"
    rare = pa.table({"x": [0] * 96 + [1] * 4, "y": [0] * 96 + [1] * 4})
    gate = no_leak(rare, ["x"], "y", truth)
    assert (gate.verdict, gate.evidence.split(" cannot")[0]) == ("cannot tell", "4 training rows of the rarer class")


def test_a_leak_is_found_by_the_few_rows_of_a_rare_class_among_very_many() -> None:
    y = np.zeros(400_000, dtype=np.int64)
    y[[7, 1_003, 55_555, 200_001, 333_333, 399_998]] = 1
    table = pa.table({"x": y * 1.0, "noise": np.random.default_rng(0).normal(size=len(y)), "y": y})
    gate = no_leak(table, ["x", "noise"], "y", answers("binary")[1])
    assert (gate.verdict, "x (AUC 1.000)" in gate.evidence) == ("fail", True)


def test_a_feature_that_is_known_before_tells_what_it_may_and_is_named() -> None:
    truth = answers("binary")[1]
    table = pa.table({"now": [0.0, 1.0] * 50, "later": [0, 1] * 50, "y": [0, 1] * 50})
    both = no_leak(table, ["now", "later"], "y", truth, ["now"])
    assert (both.verdict, both.evidence) == ("fail", "Tells the target alone: later (AUC 1.000).")
    gate = no_leak(table, ["now"], "y", truth, ["now"])
    assert (gate.verdict, gate.evidence) == ("pass", "Said to be known before: now (AUC 1.000).")


def test_a_constant_model_fails_and_one_that_decides_all_alike_by_different_scores_does_not() -> None:
    truth, model = binary(500)
    assert predictions_vary(truth, said(np.full(500, 0.3))).verdict == "fail"
    assert predictions_vary(truth, said(np.linspace(0.1, 0.4, 500))).verdict == "pass"
    assert predictions_vary(truth, said(np.where(np.arange(500) == 3, 0.9, 0.1))).verdict == "warn"
    assert predictions_vary(truth, model).verdict == "pass"


def test_a_regression_that_says_hardly_more_than_its_mean_warns() -> None:
    actual = np.random.default_rng(0).normal(size=500)
    truth = Truth("regression", actual)
    assert predictions_vary(truth, Predicted(actual * 1e-3)).verdict == "warn"
    assert predictions_vary(truth, Predicted(np.full(500, 2.0))).verdict == "fail"
    assert predictions_vary(truth, Predicted(np.full(500, np.nan))).verdict == "fail"


def test_a_target_of_one_class_has_nothing_to_learn_or_to_judge_by() -> None:
    truth = Truth("binary", np.array([0, 0]), ("0", "1"))
    assert target_varies(pa.chunked_array([[0, 0, 0]]), truth).verdict == "fail"
    assert target_varies(pa.chunked_array([[0, 1, 0]]), truth).verdict == "cannot tell"
    assert target_varies(pa.chunked_array([[0, 1, 0]]), binary(100)[0]).verdict == "pass"


def test_changed_decisions_are_a_fraction_of_rows_and_none_without_live_or_classes() -> None:
    truth = Truth("binary", np.array([0, 1, 0, 1]), ("0", "1"))
    one, two = Predicted(np.array([0, 1, 1, 1])), Predicted(np.array([0, 1, 0, 1]))
    assert changed_decisions(truth, one, two) == 0.25
    assert changed_decisions(truth, one, None) is None
    assert changed_decisions(Truth("regression", np.zeros(4)), one, two) is None


def test_golden_rows_include_gaps_rare_categories_and_extremes() -> None:
    n = 5000
    x = np.random.default_rng(0).normal(size=n)
    x[4000], x[4001] = 50.0, -50.0
    table = pa.table(
        {
            "row": np.arange(n),
            "gap": pa.array([None if i == 777 else 1.0 for i in range(n)]),
            "kind": pa.array(["rare" if i == 2345 else "common" for i in range(n)]).dictionary_encode(),
            "x": x,
        }
    )
    rows = choose_golden(table)["row"].to_pylist()
    assert {777, 2345, 4000, 4001} <= set(rows)
    assert rows == sorted(set(rows)) and len(rows) == 200
    assert choose_golden(table, seed=0).equals(choose_golden(table, seed=0))
    assert not choose_golden(table, seed=0).equals(choose_golden(table, seed=1))


@given(st.integers(0, 60), st.integers(1, 30), st.integers(0, 5))
def test_golden_rows_are_as_many_as_asked_for_or_all(rows: int, n: int, columns: int) -> None:
    table = pa.table({"row": np.arange(rows)} | {f"c{i}": pa.nulls(rows) for i in range(columns)})
    assert choose_golden(table, n).num_rows == min(n, rows)
