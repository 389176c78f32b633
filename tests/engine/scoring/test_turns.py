"""Whoever waits while a batch is answered is in the next; and who spoils a batch spoils it for nobody else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pytest

from engine.errors import StepFailed
from engine.scoring.turns import Turns
from engine.scoring.warm_pipes import RowsRefused


def table(*values: int) -> pa.Table:
    return pa.table({"x": pa.array(values, pa.int64())})


class Asked:
    """Answers ten times a value, in batches of which the first waits until a test lets it go."""

    def __init__(self, most_rows: int = 100) -> None:
        self.batches: list[list[int]] = []
        self._held, self._go = threading.Event(), threading.Event()
        self.turns = Turns(self._answer, most_rows)

    def _answer(self, features: pa.Table) -> pa.Table:
        values = features.column("x").to_pylist()
        self.batches.append(values)
        if len(self.batches) == 1:
            self._held.set()
            self._go.wait(60)
        if -1 in values:
            raise RowsRefused("no such row")
        if -2 in values:
            raise StepFailed("it has ended")
        return pa.table({"prediction": [10 * value for value in values]})

    def all_while_the_first_is_held(self, *tables: pa.Table) -> list[Any]:
        """What each is answered, or how it fails, when all of them come while the first batch is being answered."""

        def one(each: pa.Table) -> Any:
            try:
                return self.turns.taken(each).column("prediction").to_pylist()
            except StepFailed as failed:
                return str(failed)

        with ThreadPoolExecutor(len(tables) + 1) as pool:
            first = pool.submit(one, table(0))
            assert self._held.wait(60)
            others = [pool.submit(one, each) for each in tables]
            while self.turns.waiting < len(tables):
                threading.Event().wait(0.001)
            self._go.set()
            assert first.result() == [0]
            return [each.result() for each in others]


def test_all_that_wait_are_answered_together_each_with_its_own_rows() -> None:
    asked = Asked()
    assert asked.all_while_the_first_is_held(table(1, 2), table(3), table()) == [[10, 20], [30], []]
    assert [len(batch) for batch in asked.batches] == [1, 3]


def test_how_long_a_batch_has_been_answered_is_known_and_nothing_when_none_is() -> None:
    hand, seen = [100.0], list[float]()

    def answer(features: pa.Table) -> pa.Table:
        hand[0] += 7.5
        seen.append(turns.busy)
        return features

    turns = Turns(answer, monotonic=lambda: hand[0])
    assert turns.busy == 0.0
    turns.taken(table(1))
    assert seen == [7.5] and turns.busy == 0.0


def test_a_batch_has_an_end_and_what_is_left_is_the_next() -> None:
    asked = Asked(most_rows=2)
    found = asked.all_while_the_first_is_held(table(1, 2, 3), table(4), table(5), table(6))
    assert sorted(found) == [[10, 20, 30], [40], [50], [60]]
    assert all(len(batch) <= 2 or batch == [1, 2, 3] for batch in asked.batches)


def test_a_table_of_other_types_is_answered_apart() -> None:
    asked = Asked()
    other = pa.table({"x": pa.array([2], pa.int8())})
    assert asked.all_while_the_first_is_held(table(1), other, table(3)) == [[10], [20], [30]]
    assert len(asked.batches) == 3


def test_rows_that_are_refused_spoil_nothing_for_others() -> None:
    found = Asked().all_while_the_first_is_held(table(1), table(-1), table(3))
    assert found == [[10], "no such row", [30]]


def test_where_it_has_ended_all_of_the_batch_are_told_and_nobody_is_asked_again_for_them() -> None:
    asked = Asked()
    assert asked.all_while_the_first_is_held(table(1), table(-2)) == ["it has ended", "it has ended"]
    assert len(asked.batches) == 2


def test_one_alone_is_raised_as_it_is() -> None:
    def never(features: pa.Table) -> pa.Table:
        raise KeyboardInterrupt

    turns = Turns(never)
    with pytest.raises(KeyboardInterrupt):
        turns.taken(table(1))
    with pytest.raises(KeyboardInterrupt):
        turns.taken(table(1))
