"""Logged answers held against those of now: what counts as the same, and which rows are kept as evidence."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.requests import skew_book
from engine.requests.records import Value
from engine.requests.skew import WORST, LoggedRow, SkewCheck, compare, spread
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from tests.engine.requests.noted import NOON


def held(before: Sequence[Value], now: Sequence[Value], outputs: Sequence[str] = ("prediction",)) -> SkewCheck:
    return compare("tiny@1", [LoggedRow("r", "t", (1,), tuple(before))], [tuple(now)], ["x"], outputs, NOON)


@pytest.mark.parametrize(
    ("before", "now", "differs"),
    [
        (1.0, 1.0, False), (1, 1.0, False), (0.5, 0.5 + 9e-7, False), (0.5, 0.5 + 2e-6, True), (1e9, 1e9 + 900, False),
        (1e9, 1e9 + 2000, True), (float("nan"), float("nan"), False), (float("inf"), float("inf"), False),
        (float("inf"), 1.0, True), ("a", "a", False), ("a", "b", True), (None, None, False), (None, 0.0, True),
        (True, True, False), (True, False, True), (True, 1, True), ("1", 1, True),
    ],
)  # fmt: skip
def test_what_is_the_same(before: Value, now: Value, differs: bool) -> None:
    assert held((before,), (now,)).differing == differs


def test_another_label_is_another_decision_and_another_number_is_not() -> None:
    classes = ("prediction", "p_0", "p_1")
    assert held((0, 0.6, 0.4), (1, 0.4, 0.6), classes).changed == 1
    assert held((0, 0.6, 0.4), (0, 0.7, 0.3), classes).changed == 0
    assert held((280.0,), (290.0,)).changed == 0
    assert held(("red",), ("blue",)).changed == 1


def test_the_worst_rows_are_kept_what_is_no_number_first() -> None:
    rows = [LoggedRow(f"r{number}", "t", (number,), (0.0,)) for number in range(30)]
    again: list[tuple[Value, ...]] = [(number / 100,) for number in range(29)] + [(None,)]
    found = compare("tiny@1", rows, again, ["x"], ["prediction"], NOON)
    assert (found.rows, found.differing, found.largest) == (30, 29, 0.28)
    assert [row.request for row in found.worst] == ["r29", *(f"r{number}" for number in range(28, 28 - WORST + 1, -1))]
    assert found.worst[1].features == (("x", 28),)
    assert (found.worst[1].answered, found.worst[1].again) == ((("prediction", 0.0),), (("prediction", 0.28),))


@pytest.mark.parametrize(("rows", "most"), [(0, 5), (3, 5), (5, 5), (1000, 7)])
def test_a_sample_is_spread_over_all_rows(rows: int, most: int) -> None:
    places = spread(rows, most)
    assert len(places) == min(rows, most) == len(set(places))
    assert all(0 <= place < rows for place in places)
    if rows > most:
        assert places[0] == 0 and places[-1] >= rows - 2 * rows // most


def test_a_check_is_kept_with_its_rows_and_the_rows_go_with_the_log(served: tuple[Workspace, Ledger]) -> None:
    found = held((0.5,), (0.75,))
    with served[1].write() as db:
        db.execute(
            "INSERT INTO runs (id, project, job, state, requested_by, queued_at, as_of, options)"
            " VALUES (4, 'tiny', 'skew', 'running', 'clock', 't', 't', '{}')"
        )
        skew_book.keep(db, "tiny", 4, found)
    with served[1].read() as db:
        kept = skew_book.last(db, "tiny")
    assert kept is not None
    assert (kept.run, kept.worst, kept.sentence) == (4, found.worst, found.sentence)
    with served[1].write() as db:
        skew_book.forget_rows(db, "tiny", NOON)
        assert skew_book.last(db, "tiny") == kept
        skew_book.forget_rows(db, "tiny", NOON.replace(hour=13))
        after = skew_book.last(db, "tiny")
    assert after is not None
    assert (after.worst, after.differing) == ((), 1)
