"""Whether an export answers as its version does: rules over two tables of answers, each with a case that breaks it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.scoring.parity import compare, label
from engine.versions.parity import Parity, Thresholds

CHANCES = np.array([0.9, 0.2, 0.507, 0.4, 0.7])


def said(chances: Any, labels: Any = None) -> pa.Table:
    """The answers of a classifier of two classes that gives the second one these chances."""
    chances = np.asarray(chances, dtype=float)
    decided = (chances > 0.5).astype(int) if labels is None else labels
    return pa.table({"prediction": decided, "p_0": 1 - chances, "p_1": chances})


def numbers(values: Any) -> pa.Table:
    return pa.table({"prediction": pa.array(values, pa.float64())})


def compared(version: pa.Table, export: pa.Table, *, regression: bool = False, **more: Any) -> Parity:
    rows = version.num_rows
    told: dict[str, Any] = {
        "places": np.arange(rows) * 10, "holdout_rows": rows * 10,
        "gaps": np.zeros(rows, dtype=bool), "unseen": np.zeros(rows, dtype=bool),
    }  # fmt: skip
    return compare(version, export, regression=regression, **(told | more))


def test_equal_answers_hold_and_name_no_worst_row() -> None:
    found = compared(said(CHANCES), said(CHANCES))
    assert found.holds and found.why == () and found.worst == ()
    assert (found.largest, found.mean, found.changed, found.changed_share) == (0.0, 0.0, 0, 0.0)
    assert found.boundary is not None and found.boundary.rows == 1


def test_what_32_bits_lose_holds() -> None:
    found = compared(said(CHANCES), said(CHANCES.astype(np.float32)))
    assert found.holds and 0 < (found.largest or 0) < 1e-6


@pytest.mark.parametrize("place", range(5))
def test_one_row_that_is_off_is_enough(place: int) -> None:
    off = CHANCES.copy()
    off[place] += 0.0004
    found = compared(said(CHANCES), said(off))
    assert not found.holds and "1 of 5 rows are off by more than 0.0001" in found.why[0]
    assert [each.row for each in found.worst] == [place * 10], "rows are named by their place in the holdout"
    assert found.worst[0].difference == pytest.approx(0.0004)


def test_many_rows_that_are_a_little_off_are_too() -> None:
    found = compared(said(CHANCES), said(CHANCES + 0.00005))
    assert not found.holds and "on average" in found.why[0]


def test_no_decision_changes_away_from_the_boundary() -> None:
    labels = (CHANCES > 0.5).astype(int)
    labels[0] = 0
    found = compared(said(CHANCES), said(CHANCES, labels))
    assert not found.holds and found.changed == 1 and "not at the boundary" in found.why[0]
    assert found.worst[0].version.startswith("1 (p_0") and found.worst[0].export.startswith("0 (p_0")


@pytest.mark.parametrize(("rows", "holds"), [(999, False), (1000, True)])
def test_at_the_boundary_one_in_a_thousand_may(rows: int, holds: bool) -> None:
    chances = np.full(rows, 0.9)
    chances[0] = 0.5001
    labels = (chances > 0.5).astype(int)
    labels[0] = 0
    found = compared(said(chances), said(chances, labels))
    assert found.holds is holds and found.boundary is not None and found.boundary.changed == 1
    assert found.worst[0].of == ("boundary",)


def test_a_row_without_an_answer_is_told_and_counted_in_no_mean() -> None:
    holes = CHANCES.copy()
    holes[1] = np.nan
    found = compared(said(CHANCES), said(holes))
    assert not found.holds and found.unanswered == 1 and found.largest is None and found.mean is None
    assert "get no answer" in found.why[0]


def test_where_the_version_itself_has_none_none_is_asked_for() -> None:
    holes = [1.0, float("nan"), 3.0]
    assert compared(numbers(holes), numbers(holes), regression=True).holds


def test_a_regression_is_measured_by_the_spread_of_its_answers() -> None:
    values = np.array([1000.0, 2000.0, 3000.0, 4000.0])
    found = compared(numbers(values), numbers(values + np.array([0, 0, 0, 0.03])), regression=True)
    assert found.holds and found.spread == pytest.approx(np.std(values)) and found.changed is None
    worse = compared(numbers(values), numbers(values + np.array([0, 0, 0, 0.5])), regression=True)
    assert not worse.holds and "of the spread" in worse.why[0] and worse.boundary is None


def test_a_constant_regression_has_a_bar_too() -> None:
    assert not compared(numbers([5.0, 5.0]), numbers([5.0, 5.01]), regression=True).holds


def test_rows_with_gaps_and_new_categories_are_told_apart() -> None:
    off = CHANCES + np.array([0.2, 0, 0, 0, 0.001])
    gaps, unseen = np.array([1, 1, 0, 0, 0], bool), np.array([0, 0, 0, 0, 1], bool)
    found = compared(said(CHANCES), said(off), gaps=gaps, unseen=unseen)
    assert (found.gaps.rows, found.unseen.rows) == (2, 1)
    assert found.gaps.largest == pytest.approx(0.2) and found.unseen.largest == pytest.approx(0.001)
    assert found.worst[0].of == ("gaps",) and found.worst[1].of == ("unseen",)


def test_nothing_to_compare_is_no_parity() -> None:
    assert not compared(said([]), said([])).holds


def test_the_ten_worst_are_those_that_changed_and_then_the_furthest() -> None:
    chances = np.linspace(0.01, 0.4, 30)
    off = chances + np.linspace(0.001, 0.03, 30)
    labels = np.zeros(30, int)
    labels[3] = 1
    found = compared(said(chances), said(off, labels))
    assert len(found.worst) == 10 and found.worst[0].row == 30
    assert [each.row for each in found.worst[1:4]] == [290, 280, 270]


def test_labels_alone_are_compared_where_there_is_nothing_else() -> None:
    version, export = pa.table({"prediction": ["a", "b"]}), pa.table({"prediction": ["a", "c"]})
    found = compared(version, export)
    assert found.compared == "the label" and found.largest is None and found.changed == 1 and not found.holds
    assert compared(version, version).holds


@pytest.mark.parametrize(
    ("value", "text"), [(1, "1"), (1.0, "1"), (True, "1"), ("1", "1"), (1.5, "1.5"), (b"hi", "hi"), (None, "None")]
)
def test_a_label_is_the_same_whatever_a_runtime_makes_of_it(value: object, text: str) -> None:
    assert label(value) == text


def test_answers_of_another_length_are_a_bug_and_no_parity() -> None:
    with pytest.raises(ValueError, match="4 answers for 5 rows"):
        compared(said(CHANCES), said(CHANCES[:4]))


def test_the_bars_are_data() -> None:
    off = CHANCES + 0.0004
    assert compared(said(CHANCES), said(off), thresholds=Thresholds(largest=0.001, mean=0.001)).holds
