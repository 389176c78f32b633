"""A compiled form stands for its model only where it answers every row of the holdout as that did; why not is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import StepFailed
from engine.scoring.gate import compared
from engine.scoring.ready import Maker, Value

ROWS = pa.table({
    "x": pa.array([0.1 * n for n in range(60)]),
    "place": pa.array(["Z" if n == 5 else None if n % 7 == 0 else "A" for n in range(60)]),
})  # fmt: skip
TRAIN = pa.table({"x": [0.5, 0.6], "place": ["A", "B"]})
FIRST = 0.4999  # the first row is at the boundary


def predicted(chances: Sequence[float]) -> pa.Table:
    found = np.asarray(chances)
    return pa.table({"prediction": (found > 0.5).astype("int64"), "p_0": 1 - found, "p_1": found})


MODEL = predicted([FIRST, *(0.1 + 0.013 * n for n in range(1, 60))])


class Tables:
    """Answers a table and each row of it as a test says."""

    maker: Maker = "compiled"
    blocks = False
    features = ("x", "place")

    def __init__(self, said: pa.Table, alone: Callable[[tuple[Value, ...]], tuple[Value, ...]] = lambda one: one):
        self._said, self._alone = said, alone
        self.outputs = tuple(said.column_names)

    def score(self, features: pa.Table) -> pa.Table:
        return self._said

    def answer(self, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        place = ROWS.to_pylist().index(dict(zip(self.features, rows[0], strict=True)))
        return [self._alone(tuple(self._said.slice(place, 1).to_pylist()[0].values()))]

    def close(self) -> None:
        """It holds nothing."""


def told(said: pa.Table, **how: Any) -> tuple[str, ...]:
    return compared(Tables(said, **how), MODEL, ROWS, TRAIN, regression=False)[1]


def with_(column: str, values: Any) -> pa.Table:
    return MODEL.set_column(MODEL.column_names.index(column), column, pa.array(values))


def moved(by: float, row: int) -> pa.Table:
    return with_("p_1", [each + (by if at == row else 0) for at, each in enumerate(MODEL.column("p_1").to_pylist())])


def test_where_all_is_alike_there_is_nothing_against_it_and_the_evidence_counts_what_is_special() -> None:
    parity, why = compared(Tables(MODEL), MODEL, ROWS, TRAIN, regression=False)
    assert why == () and parity is not None and parity.holds
    assert (parity.rows, parity.largest, parity.changed, parity.worst) == (60, 0.0, 0, ())
    assert parity.boundary is not None
    assert (parity.gaps.rows, parity.unseen.rows, parity.boundary.rows) == (9, 1, 2)
    assert parity.sentence == "60 holdout rows compared, largest difference 0, 0 decisions changed"


def test_the_last_bits_of_a_sum_may_differ_and_no_more() -> None:
    assert told(moved(1e-12, 20)) == ()
    (why,) = told(moved(1e-8, 20))
    assert why.startswith("1 of 60 rows are off by more than 1e-09, the worst by 1e-08")


def test_no_decision_may_change_not_even_at_the_boundary() -> None:
    labels = MODEL.column("prediction").to_pylist()
    assert told(with_("prediction", [1 - labels[0], *labels[1:]])) == (
        "1 decisions at the boundary change, and none may",
    )
    assert told(with_("prediction", [*labels[:-1], 1 - labels[-1]])) == (
        "1 of 60 decisions change that are not at the boundary",
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (MODEL.slice(1), "it gave 59 answers for 60 rows"),
        (MODEL.select(["prediction", "p_1", "p_0"]), "it gives the columns prediction, p_1, p_0, and the model"),
        (with_("prediction", [bool(each) for each in MODEL.column("prediction").to_pylist()]), "its column prediction"),
        (with_("prediction", [str(each) for each in MODEL.column("prediction").to_pylist()]), "prediction is text"),
    ],
)
def test_answers_of_another_shape_are_none(said: pa.Table, why: str) -> None:
    (found,) = told(said)
    assert why in found


def test_a_row_alone_must_be_answered_as_in_the_table() -> None:
    def once(answer: tuple[Value, ...]) -> tuple[Value, ...]:
        return (answer[0], answer[1], math.nextafter(float(answer[2] or 0), 2)) if answer[2] == FIRST else answer

    assert told(MODEL, alone=once) == ("it answers 1 of 60 rows otherwise alone than in a table",)


def test_a_row_that_gets_no_answer_alone_counts_as_answered_otherwise() -> None:
    def never(answer: tuple[Value, ...]) -> tuple[Value, ...]:
        raise StepFailed("no such row")

    assert told(MODEL, alone=never) == ("it answers 60 of 60 rows otherwise alone than in a table",)


def test_other_features_are_told_before_anything_is_asked() -> None:
    other = Tables(MODEL)
    other.features = ("place", "x")
    assert compared(other, MODEL, ROWS, TRAIN, regression=False)[1][0].startswith("it takes other features")


def test_the_score_of_a_classifier_without_chances_is_compared_too() -> None:
    model = pa.table({"prediction": [0, 1] * 30, "score_1": [float(n) for n in range(60)]})
    other = model.set_column(1, "score_1", pa.array([float(n) + (n == 3) for n in range(60)]))
    assert compared(Tables(model), model, ROWS, TRAIN, regression=False)[1] == ()
    assert "1 of 60 rows are off" in compared(Tables(other), model, ROWS, TRAIN, regression=False)[1][0]
