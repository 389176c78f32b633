"""Rows that differ only in combination are told apart, the same rows are not, and it cannot tell from a few."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.json_records import write
from engine.monitoring.drift.alarm import Budget, follow, observed
from engine.monitoring.drift.multivariate import FEWEST_ROWS, separation


def rows(count: int, seed: int, together: float = 0.0, **more: Any) -> pa.Table:
    """``a`` and ``b`` each the same whatever ``together`` is; only how they go along with each other changes."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=count)
    b = together * a + np.sqrt(1 - together**2) * rng.normal(size=count)
    labels = rng.choice(["UA", "AA", "B6"], count)
    return pa.table({"a": a, "b": b, "c": rng.random(count), "carrier": labels, **more})


COLUMNS = ["a", "b", "c", "carrier"]


def test_rows_that_differ_only_in_combination_are_told_apart_and_the_columns_named() -> None:
    found = separation(rows(3000, 0), rows(2000, 1, together=0.9), COLUMNS)
    assert found.verdict == "large" and found.auc is not None and found.auc > 0.75
    assert found.low is not None and found.high is not None and 0.5 < found.low < found.auc < found.high <= 1
    assert {name for name, _ in found.used[:2]} == {"a", "b"}
    assert "A classifier tells these rows" in found.why and "mostly in " in found.why
    assert found == separation(rows(3000, 0), rows(2000, 1, together=0.9), COLUMNS)


def test_the_same_distribution_is_not_told_apart_and_its_chance_is_not_small() -> None:
    found = [separation(rows(1500, seed), rows(500, 100 + seed), COLUMNS) for seed in range(12)]
    assert all(one.verdict == "none" and (one.p or 0) > 0.01 for one in found)


@pytest.mark.parametrize("few", [0, 1, FEWEST_ROWS - 1])
def test_a_few_rows_on_either_side_cannot_tell(few: int) -> None:
    for sides in ((rows(200, 0), rows(few, 1)), (rows(few, 1), rows(200, 0))):
        found = separation(*sides, COLUMNS)
        assert found.verdict == "cannot tell" and f"at least {FEWEST_ROWS}" in found.why and found.auc is None


def test_columns_that_cannot_be_compared_are_left_out_and_named() -> None:
    day = [datetime(2026, 1, 1, tzinfo=UTC)] * 200
    reference = rows(200, 0, lost=range(200), at=day, typed=range(200))
    current = rows(200, 1, at=day, typed=["x"] * 200)
    found = separation(reference, current, [*COLUMNS, "lost", "at", "typed"])
    assert found.left_out == ("lost", "at", "typed") and found.verdict == "none"
    assert separation(reference, current, ["at"]).verdict == "cannot tell"


def test_infinite_huge_missing_and_hostile_values_do_no_harm() -> None:
    rng = np.random.default_rng(0)
    odd = np.where(rng.random(300) < 0.3, np.inf, rng.normal(size=300) * 1e307)
    reference = rows(300, 0, odd=odd, empty=pa.nulls(300), **{"\x1b[31mred": [f"l{i}" for i in range(300)]})
    current = rows(300, 1, odd=pa.nulls(300), empty=pa.nulls(300), **{"\x1b[31mred": [None] * 300})
    found = separation(reference, current, reference.column_names)
    assert found.verdict == "large" and "\x1b" not in found.why
    json.dumps(write(found), allow_nan=False)


def test_a_separation_is_observed_and_raised_like_a_column() -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    reference, current = rows(3000, 0), rows(2000, 1, together=0.9)
    whole, earlier, later = (
        separation(reference, part, COLUMNS) for part in (current, current.slice(0, 1000), current.slice(1000))
    )
    alarm = follow(None, observed(now - timedelta(days=7), now, whole, earlier, later), Budget(13, timedelta(days=1)))
    assert alarm is not None and alarm.column == "(all columns together)" and alarm.level == "large"
