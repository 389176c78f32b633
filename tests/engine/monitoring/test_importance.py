"""Importance finds what moves the predictions, of numbers and of classes, and ranks drift by it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import Invalid
from engine.monitoring.drift.importance import Importances, importances, ranked
from engine.monitoring.look_parts import ColumnDrift, DriftVerdict

RNG = np.random.default_rng(7)
ROWS = 3000
FEATURES = pa.table(
    {
        "strong": RNG.normal(size=ROWS),
        "weak": pa.array(RNG.normal(size=ROWS), mask=RNG.random(ROWS) < 0.1),
        "none": RNG.random(ROWS),
        "carrier": RNG.choice(["UA", "AA", "B6"], ROWS),
        "infinite": np.where(RNG.random(ROWS) < 0.5, np.inf, 1.0),
        "list": pa.array([[1]] * ROWS),
    }
)
STRONG, WEAK = FEATURES["strong"].to_numpy(), np.nan_to_num(FEATURES["weak"].to_numpy())


def test_shares_of_numbers_are_those_of_the_variance_and_together_one() -> None:
    found = importances(FEATURES, pa.chunked_array([2 * STRONG + 1 * WEAK]))
    assert sum(found.shares.values()) == pytest.approx(1)
    # 4 of 5 of the variance; a tenth of the weak one is missing.
    assert found.shares["strong"] == pytest.approx(0.8, abs=0.05)
    assert found.shares["weak"] == pytest.approx(0.2, abs=0.05)
    assert found.shares["none"] < 0.01 and found.shares["list"] == 0
    assert found.explained is not None and found.explained > 0.9 and found.n == ROWS


def test_shares_of_classes_are_of_changed_decisions() -> None:
    labels = np.where(FEATURES["carrier"].to_numpy(zero_copy_only=False) == "UA", "late", "on time")
    found = importances(FEATURES, pa.chunked_array([pa.array(labels)]))
    assert found.shares["carrier"] > 0.95 and found.explained == pytest.approx(1, abs=0.02)


def test_the_same_rows_and_seed_give_the_same_shares() -> None:
    said = pa.chunked_array([STRONG])
    assert importances(FEATURES, said, seed=3) == importances(FEATURES, said, seed=3)


def test_predictions_that_are_all_one_or_too_few_move_by_nothing() -> None:
    constant = importances(FEATURES, pa.chunked_array([np.ones(ROWS)]))
    assert set(constant.shares.values()) == {0.0} and constant.explained is None
    few = importances(FEATURES.slice(0, 5), pa.chunked_array([STRONG[:5]]))
    assert few.shares == {} and few.n == 5
    missing = importances(FEATURES, pa.chunked_array([pa.nulls(ROWS, pa.float64())]))
    assert missing.shares == {} and missing.n == 0


def test_as_many_predictions_as_rows_are_asked_for() -> None:
    with pytest.raises(Invalid, match="There are 2 predictions for 3,000 rows"):
        importances(FEATURES, pa.chunked_array([[1.0, 2.0]]))


def column(name: str, size: float | None, verdict: DriftVerdict = "some") -> ColumnDrift:
    return ColumnDrift(name, "number", verdict, "", 100, 100, size=size)


def test_columns_are_ranked_by_size_times_importance_the_broken_first_the_unknown_last() -> None:
    drifts = [
        column("unknown", None, "cannot tell"),
        column("large of no use", 2.0, "large"),
        column("small and important", 0.2),
        column("large and important", 0.9, "large"),
        column("gone", None, "lost column"),
        column("new", None, "new column"),
    ]
    known = Importances(
        {"unknown": 0.1, "large of no use": 0.0, "small and important": 0.6, "large and important": 0.3}, 0.9, 1000
    )
    found = ranked(drifts, known)
    assert [one.drift.column for one in found] == [
        "gone", "large and important", "small and important", "large of no use", "unknown", "new",
    ]  # fmt: skip
    assert found[1].weight == pytest.approx(0.27) and found[0].importance is None
    without = ranked(drifts, Importances({}, None, 0))
    assert [one.drift.column for one in without][:2] == ["gone", "large of no use"]
