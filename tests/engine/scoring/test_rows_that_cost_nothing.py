"""Whether one process is to answer for all workers: where a row more costs next to nothing beside a batch."""

from __future__ import annotations

from typing import Any, cast

import pyarrow as pa
import pytest

from engine.errors import StepFailed
from engine.scoring.makers import ProcessScorer, rows_beside
from engine.scoring.ready import Maker, together
from engine.scoring.row_table import RowTable
from engine.scoring.warm_process import WarmProcess

GOLDEN = 201
ONE, ROW = 0.01, 0.00001  # seconds


@pytest.mark.parametrize(
    ("one", "many", "rows", "beside"),
    [
        (0.0128, 0.0148, 201, 20),  # a row more takes 10 microseconds, a 64th of the batch 200
        (0.0128, 0.0128, 201, 200),  # nothing at all
        (0.0128, 0.0028, 201, 200),  # by chance
        (0.0128, 0.0384, 201, 1),
        (0.0128, 0.0385, 201, 0),  # rows take more than the batch
        (0.0019, 0.0019, 201, 0),  # a batch takes hardly anything
        (0.0128, 0.0128, 19, 0),  # too few to tell
        (30.0, 30.2, 201, 200),
    ],
)
def test_the_rule(one: float, many: float, rows: int, beside: int) -> None:
    assert rows_beside(one, many, rows) == beside


class Asked:
    """Takes some time for each batch. ``slow``: how much longer, of each in turn."""

    def __init__(self, *slow: float) -> None:
        self.now, self.rows, self.slow = 0.0, list[int](), list(slow)

    def ask(self, features: pa.Table) -> pa.Table:
        self.rows.append(features.num_rows)
        self.now += ONE + ROW * (features.num_rows - 1) + (self.slow.pop(0) if self.slow else 0)
        return pa.table({"prediction": features.column("x")})

    def scorer(self, *, stays: bool = True, maker: Maker = "process") -> ProcessScorer:
        like = RowTable(pa.table({"x": [0.5] * GOLDEN}), ("prediction",))
        process = cast(WarmProcess, object()) if stays else None
        return ProcessScorer(like, self.ask, process, "scoring", maker)


def measured(asked: Asked, **options: Any) -> int:
    scorer = asked.scorer(**options)
    assert together(scorer) == 0
    scorer.measure(lambda: asked.now)
    return together(scorer)


def test_it_is_measured_by_the_golden_rows_twice_for_the_machine_may_be_busy_once() -> None:
    asked = Asked()
    assert measured(asked) == 15
    assert asked.rows == [1, GOLDEN] * 2
    assert measured(Asked(0.4, 0.4)) == measured(Asked(0.0, 0.0, 0.4, 0.4)) == 15
    assert measured(Asked(0.0, 0.4, 0.0, 0.4)) == 0


def test_a_long_batch_is_measured_once() -> None:
    asked = Asked(9.0, 9.0)
    assert measured(asked) == 200
    assert asked.rows == [1, GOLDEN]


def test_what_is_no_process_of_its_own_or_does_not_stay_is_not_measured() -> None:
    asked = Asked()
    assert measured(asked, stays=False) == measured(asked, maker="onnx") == 0
    assert asked.rows == []


def test_one_that_cannot_answer_is_said_so_by_its_proof() -> None:
    asked = Asked()
    scorer = asked.scorer()

    def fails(features: pa.Table) -> pa.Table:
        raise StepFailed("it ended")

    failing = ProcessScorer(RowTable(pa.table({"x": [1.0]}), ("prediction",)), fails, cast(WarmProcess, object()), "x")
    failing.measure(lambda: 0.0)
    assert together(failing) == together(scorer) == 0
