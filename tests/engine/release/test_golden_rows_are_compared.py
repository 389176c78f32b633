"""When two tables of predictions are the same: on both sides of the tolerance, and in every way to be another."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from engine.jobs.retrain.package import TOLERANCE
from engine.release.proof import count_differing

NAN, INF = float("nan"), float("inf")


def floats(*values: float | None) -> pa.Table:
    return pa.table({"p_1": pa.array(values, pa.float64())})


def differing(recorded: pa.Table, scored: pa.Table) -> int:
    """As the proof counts them, in both directions: which of the two is the recorded one makes no difference here."""
    there, back = (count_differing(*tables, TOLERANCE) for tables in ((recorded, scored), (scored, recorded)))
    assert there == back
    return there


@pytest.mark.parametrize("size", [1e-6, 0.2, 1.0, 7.0, 1e6, -0.2, -1e6])
def test_a_number_that_moved_by_more_than_the_last_bits_differs_whatever_its_size(size: float) -> None:
    allowed = TOLERANCE * (1 + abs(size))
    for sign in (1, -1):
        assert differing(floats(size), floats(size + sign * allowed * 0.9)) == 0
        assert differing(floats(size), floats(size + sign * allowed * 1.1)) == 1


def test_what_is_allowed_is_less_than_any_score_that_a_person_would_see_move() -> None:
    assert TOLERANCE <= 1e-8
    for apart in (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.1):
        assert differing(floats(0.5), floats(0.5 + apart)) == 1, apart


@pytest.mark.parametrize(
    ("recorded", "scored", "differs"),
    [
        (NAN, NAN, 0), (NAN, 0.0, 1), (INF, INF, 0), (-INF, -INF, 0), (INF, -INF, 1), (INF, 1e308, 1), (INF, NAN, 1),
        (0.0, -0.0, 0), (0.0, 1e-7, 1), (1.0, -1.0, 1), (None, 0.0, 1), (None, None, 0),
    ],
)  # fmt: skip
def test_what_is_no_number_equals_its_like_alone(recorded: float | None, scored: float | None, differs: int) -> None:
    assert differing(floats(recorded), floats(scored)) == differs


@pytest.mark.parametrize("width", [pa.float32(), pa.float64()])
def test_floats_of_any_width_are_compared(width: pa.DataType) -> None:
    one, other = (pa.table({"score": pa.array([0.25, value], width)}) for value in (0.5, 0.501))
    assert differing(one, one) == 0
    assert differing(one, other) == 1


def labels(*values: Any, name: str = "prediction") -> pa.Table:
    return pa.table({name: pa.array(values)})


@pytest.mark.parametrize(
    ("recorded", "scored", "differs"),
    [
        (labels("a", "b", "c"), labels("a", "b", "c"), 0),
        (labels("a", "b", "c"), labels("a", "c", "b"), 2),
        (labels("a", "b", "c"), labels("a", "b", "C"), 1),
        (labels("a", "b", "c"), labels("a", "b", "c "), 1),
        (labels("a", "b", None), labels("a", "b", None), 0),
        (labels("a", "b", None), labels("a", "b", ""), 1),
        (labels(1, 2, 3), labels(1, 2, 4), 1),
        (labels(2**60), labels(2**60 + 1), 1),
        (labels(True, False), labels(True, True), 1),
        (labels("1", "2"), labels(1, 2), 2),
        (labels(1, 0), labels(0.0, 0.0), 1),
        (labels(1, 0), labels(1.0, 0.0), 0),
    ],
)
def test_labels_are_compared_exactly(recorded: pa.Table, scored: pa.Table, differs: int) -> None:
    assert differing(recorded, scored) == differs


def test_rows_in_another_order_differ() -> None:
    assert differing(floats(0.1, 0.2, 0.3), floats(0.3, 0.2, 0.1)) == 2


def test_another_number_of_rows_makes_every_row_differ_and_no_rows_are_no_proof_of_some() -> None:
    assert count_differing(floats(0.1, 0.2, 0.3), floats(0.1, 0.2), TOLERANCE) == 3
    assert count_differing(floats(0.1, 0.2), floats(0.1, 0.2, 0.3), TOLERANCE) == 2
    assert count_differing(floats(), floats(0.1), TOLERANCE) == 1
    assert count_differing(floats(0.1), floats(), TOLERANCE) == 1


@pytest.mark.parametrize(
    "scored",
    [
        labels("a", "b", name="label"),
        pa.table({"prediction": ["a", "b"], "p_1": [0.1, 0.2]}),
        pa.table({"p_1": [0.1, 0.2], "prediction": ["a", "b"]}),
    ],
    ids=["renamed", "more", "turned round"],
)
def test_other_columns_make_every_row_differ(scored: pa.Table) -> None:
    assert differing(labels("a", "b"), scored) == 2
    one = pa.table({"p_1": ["a", "b"], "x": ["a", "b"]})
    assert differing(one, one.select(["x", "p_1"])) == 2


def test_a_row_that_differs_in_several_columns_is_one_row_and_every_column_is_looked_at() -> None:
    names = ("prediction", "p_0", "p_1")
    whole = {"prediction": ["a", "b", "a"], "p_0": [0.9, 0.2, 0.8], "p_1": [0.1, 0.8, 0.2]}
    for name in names:
        other = {**whole, name: ["b", "b", "a"] if name == "prediction" else [0.5, whole[name][1], whole[name][2]]}
        assert differing(pa.table(whole), pa.table(other)) == 1, name
    every = {"prediction": ["b", "b", "a"], "p_0": [0.1, 0.2, 0.7], "p_1": [0.9, 0.8, 0.3]}
    assert differing(pa.table(whole), pa.table(every)) == 2
