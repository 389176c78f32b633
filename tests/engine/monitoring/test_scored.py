"""Predictions and labels of a look: the class that a score speaks for, and labels of another type."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import Invalid
from engine.monitoring.performance.scored import predicted, scored
from engine.validation.metrics import value
from engine.validation.rules import Rules

LEARNT = pa.chunked_array([["default", "paid", "default", "paid"]])
RULES = Rules("loan", ("roc_auc",), "binary", "default")


def test_a_score_for_the_other_class_ranks_the_other_way_round_and_an_odd_one_costs_its_row() -> None:
    columns = {"prediction": ["default", "paid", "default"], "score_paid": [-2.0, 1.5, None], "score_note": ["x"] * 3}
    said = pa.table(columns)
    rows = scored(pa.chunked_array([["default", "paid", "default"]]), LEARNT, said, RULES)
    assert rows.usable.tolist() == [True, True, False]
    assert predicted(rows).to_pylist() == [2.0, -1.5, None]
    assert value("roc_auc", *rows.take(np.flatnonzero(rows.known))) == 1.0


@pytest.mark.parametrize(
    ("learnt", "now"),
    [
        ([True, False], [1, 0]),
        ([1, 0], [True, False]),
        ([1.0, 0.0], ["1", "0"]),
        (pa.array([0.1, 0.2], pa.float32()), [0.1, 0.2]),
        (["1", "0"], [1, 0]),
    ],
)
def test_labels_that_come_as_another_type_are_the_classes_that_were_learnt(learnt: object, now: object) -> None:
    known = pa.chunked_array([learnt])
    said = pa.table({"prediction": pa.array(learnt)})
    rows = scored(pa.chunked_array([now]), known, said, Rules("loan", ("accuracy",), "binary"))
    assert value("accuracy", rows.truth, rows.predicted) == 1.0
    assert len(rows.truth.classes) == 2


@pytest.mark.parametrize("now", [[250.0, 401.9], [1.0, 2.0]])
def test_labels_that_lost_their_text_are_refused_by_name(now: list[float]) -> None:
    learnt = pa.chunked_array([["250.00", "401.9"]])
    said = pa.table({"prediction": ["250.00", "401.9"]})
    with pytest.raises(Invalid, match="label column code was text in training and is number now"):
        rules = Rules("loan", ("accuracy",), "binary")
        scored(pa.chunked_array([now]), learnt, said, rules, name="code")


def test_a_row_without_a_prediction_is_decided_for_nothing() -> None:
    said = pa.table({"prediction": ["default", None, "paid"]})
    rules = replace(RULES, metrics=("accuracy",))
    rows = scored(pa.chunked_array([["default", "default", "paid"]]), LEARNT, said, rules)
    places = [rows.truth.classes.index(name) for name in ("default", "paid")]
    assert rows.predicted.decided.tolist() == [places[0], -1, places[1]]
    assert predicted(rows).to_pylist() == ["default", None, "paid"]
    assert rows.problems == ("1 rows have no prediction, or an infinite one",)


def test_a_number_that_was_not_predicted_is_none_and_not_some_number() -> None:
    said = pa.table({"prediction": [2.5, None, float("inf"), -1.0]})
    rules = Rules("load", ("mae",), "regression")
    rows = scored(pa.chunked_array([[2.0, 2.0, 2.0, float("inf")]]), pa.chunked_array([[0.5, 1.5]]), said, rules)
    assert np.array_equal(rows.predicted.decided, [2.5, np.nan, np.nan, -1.0], equal_nan=True)
    assert predicted(rows).to_pylist() == [2.5, None, None, -1.0]
    assert (rows.usable.tolist(), rows.labelled.tolist()) == ([True, False, False, True], [True, True, True, False])
    assert "1 labels are infinite" in rows.problems


def test_a_chance_that_is_no_number_costs_its_row() -> None:
    said = pa.table({"prediction": ["default", "paid"], "p_default": [0.9, float("nan")], "p_paid": [0.1, 0.8]})
    rows = scored(pa.chunked_array([["default", "paid"]]), LEARNT, said, RULES)
    assert rows.usable.tolist() == [True, False] and rows.known.tolist() == [True, False]
