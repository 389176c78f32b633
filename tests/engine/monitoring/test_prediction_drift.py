"""Predictions are held against those for the version's own training data, of which it is surer than of any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from tests.engine.monitoring.test_measure import DAY, START, baseline, current, keys, measured, replaced, table


def said(chance: np.ndarray[Any, np.dtype[np.float64]]) -> pa.Table:
    return pa.table({"prediction": (chance > 0.5).astype(np.int64), "p_0": 1 - chance, "p_1": chance})


def chances(n: int, low: float, high: float, seed: int = 5) -> pa.Table:
    return said(np.random.default_rng(seed).uniform(low, high, n))


def surer(n: int) -> pa.Table:
    """A model that has learnt its rows by heart."""
    chance = np.random.default_rng(7).beta(0.2, 0.2, n)
    return said(np.clip(chance, 0.001, 0.999))


def given(folder: Path, kept: pa.Table) -> dict[str, Any]:
    pyarrow.parquet.write_table(kept, folder / "own.parquet")
    return {"baseline": str(folder / "own.parquet")}


def test_predictions_like_those_for_the_training_rows_are_no_drift(tmp_path: Path) -> None:
    answer = measured(tmp_path, current())
    assert answer["prediction"]["verdict"] == "none"
    assert answer["prediction"]["n_reference"] == 2_100, "the training rows"
    assert answer["prediction"]["bars"]


def test_that_a_model_is_surer_of_the_rows_it_learnt_is_shown_and_is_no_alarm(tmp_path: Path) -> None:
    answer = measured(tmp_path, current(), **given(tmp_path, baseline(learnt=surer(2_100))))
    found = answer["prediction"]
    assert found["psi"] > 0.3, "what is shown is against the training rows"
    assert found["verdict"] == "none" and found["size"] < 0.05
    assert "against training and 0.0" in found["why"] and "a model is surer" in found["why"]
    assert "drift:(prediction)" not in keys(answer)


def test_predictions_that_moved_against_both_are_told(tmp_path: Path) -> None:
    rows = current()
    answer = measured(tmp_path, rows, chances(rows.num_rows, 0.6, 1.0))
    assert answer["prediction"]["verdict"] == "large"
    assert "drift:(prediction)" in keys(answer)
    why = next(each["why"] for each in answer["findings"] if each["key"] == "drift:(prediction)")
    assert why.startswith("the predictions moved: mean moved from 0.")


def test_they_are_as_far_as_the_smaller_change_says(tmp_path: Path) -> None:
    rows = current()
    kept = baseline(learnt=surer(2_100), held=chances(700, 0.2, 0.8))
    answer = measured(tmp_path, rows, chances(rows.num_rows, 0.35, 0.8), **given(tmp_path, kept))
    far = measured(tmp_path, rows, chances(rows.num_rows, 0.35, 0.8), **given(tmp_path, baseline(surer(2_100))))
    assert answer["prediction"]["psi"] == far["prediction"]["psi"], "both are shown against the training rows"
    assert 0 < answer["prediction"]["size"] < far["prediction"]["size"]


def test_while_no_other_rows_are_older_than_the_window_a_change_cannot_be_judged(tmp_path: Path) -> None:
    week = table(7, START + 21 * DAY, 2)
    answer = measured(tmp_path, week, **given(tmp_path, baseline(learnt=surer(2_100))))
    found = answer["prediction"]
    assert (found["verdict"], found["size"]) == ("cannot tell", None)
    assert "too few others to compare with" in found["why"]


def test_a_project_without_times_is_told_as_well(tmp_path: Path) -> None:
    rows = current()
    kept = baseline().drop_columns(["time"])
    plain = measured(tmp_path, rows, time=None, until=None, **given(tmp_path, kept))
    assert plain["prediction"]["verdict"] == "none"
    moved = measured(
        tmp_path, rows, chances(rows.num_rows, 0.6, 1.0), time=None, until=None, **given(tmp_path, kept)
    )
    assert "drift:(prediction)" in keys(moved)


def test_without_a_ground_to_compare_with_it_says_why(tmp_path: Path) -> None:
    problem = "score own rows took more memory than 1 GiB."
    answer = measured(tmp_path, current(), baseline=None, baseline_problem=problem)
    assert answer["prediction"]["verdict"] == "cannot tell"
    assert problem in answer["prediction"]["why"]
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(b"PAR1 not quite")
    assert "cannot be read" in measured(tmp_path, current(), baseline=str(torn))["prediction"]["why"]


def test_labels_beyond_use_are_no_matter_to_predictions(tmp_path: Path) -> None:
    rows = current()
    answer = measured(tmp_path, replaced(rows, "late", ["what"] * rows.num_rows), None)
    assert answer["problem"] and answer["prediction"]["verdict"] == "none"
