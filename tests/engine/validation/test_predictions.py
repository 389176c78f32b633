"""What a project's score step wrote is matched with the holdout, or refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import Invalid, Refusal, StepFailed
from engine.validation.metrics import Truth
from engine.validation.predictions import read_table, truth_of, understand

BINARY = Truth("binary", np.array([0, 1, 1]), ("0", "1"))
THREE = Truth("multiclass", np.array([0, 1, 2]), ("a", "b", "c"))
NUMBERS = Truth("regression", np.array([1.0, 2.0, 3.0]))


def truth(values: Any, train: Any = (), **rules: Any) -> Truth:
    given = {"metrics": ["roc_auc"], "task": None, "positive": None} | rules
    return truth_of(pa.chunked_array([values]), pa.chunked_array([list(train) or values]), given)


@pytest.mark.parametrize(
    ("values", "positive", "classes", "actual"),
    [
        ([0, 1, 1], None, ("0", "1"), [0, 1, 1]),
        ([0, 1, 1], "0", ("1", "0"), [1, 0, 0]),
        ([0.0, 1.0, 1.0], None, ("0", "1"), [0, 1, 1]),
        ([True, False, True], None, ("False", "True"), [1, 0, 1]),
        ([True, False, True], "1", ("False", "True"), [1, 0, 1]),
        (["no", "yes", "no"], None, ("no", "yes"), [0, 1, 0]),
        (["bad", "good", "bad"], "bad", ("good", "bad"), [1, 0, 1]),
        ([9, 10, 9], None, ("9", "10"), [0, 1, 0]),
        ([0, 0, 0], None, ("0", "1"), [0, 0, 0]),
        ([True, True, True], None, ("False", "True"), [1, 1, 1]),
        (["no", "no", "no"], "yes", ("no", "yes"), [0, 0, 0]),
    ],
)
def test_the_positive_class_is_the_manifests_or_the_larger(
    values: list[Any], positive: str | None, classes: tuple[str, ...], actual: list[int]
) -> None:
    found = truth(values, positive=positive)
    assert found.task == "binary"
    assert found.classes == classes
    assert found.actual.tolist() == actual


def test_the_task_is_told_from_the_metrics_and_the_number_of_classes() -> None:
    assert truth([1, 2, 3]).task == "multiclass"
    assert truth([1, 2, 2]).task == "binary"
    assert truth([1, 2, 3], metrics=["mae"]).task == "regression"
    assert truth([0, 0], train=[0, 1, 2]).classes == ("0", "1", "2")


@pytest.mark.parametrize(
    ("values", "rules", "says"),
    [
        ([0, 1], {"metrics": ["roc_auc", "mae"]}, "mae cannot be measured for a binary target"),
        ([0, 1], {"metrics": ["fame"]}, "'fame' is no metric"),
        ([0, 1, 2], {"task": "binary"}, "said to be binary and has 3 values"),
        ([0, 1], {"positive": "late"}, "positive is 'late'"),
        ([0, 1], {"task": "guess"}, "'guess' is no task"),
        ([0, None], {}, "1 holdout rows have no target"),
        (list(range(500)), {}, "500 different values"),
        ([1.0, float("inf")], {"metrics": ["mae"]}, "no finite number"),
        (["a", "b"], {"metrics": ["mae"]}, "no finite number"),
    ],
)
def test_a_target_that_does_not_fit_is_refused(values: list[Any], rules: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        truth(values, **rules)


@pytest.mark.parametrize(
    ("columns", "positive"),
    [
        ({"prediction": [0, 1, 0], "p_0": [0.8, 0.3, 0.6], "p_1": [0.2, 0.7, 0.4]}, [0.2, 0.7, 0.4]),
        ({"prediction": [0, 1, 0], "p_1": [0.2, 0.7, 0.4], "p_0": [0.8, 0.3, 0.6]}, [0.2, 0.7, 0.4]),
        ({"prediction": [0.0, 1.0, 0.0], "p_0.0": [0.8, 0.3, 0.6], "p_1.0": [0.2, 0.7, 0.4]}, [0.2, 0.7, 0.4]),
        ({"prediction": [False, True, False], "p_True": [0.2, 0.7, 0.4]}, [0.2, 0.7, 0.4]),
        ({"prediction": ["0", "1", "0"], "p_0": [0.8, 0.3, 0.6]}, [0.2, 0.7, 0.4]),
        ({"prediction": [0, 1, 0], "score": [0.2, 0.7, 0.4]}, [0.2, 0.7, 0.4]),
    ],
)
def test_probabilities_are_found_by_the_name_of_their_class(columns: dict[str, Any], positive: list[float]) -> None:
    found = understand(pa.table(columns), BINARY, ["roc_auc", "log_loss"], "it")
    assert found.problems == ()
    assert found.predicted.decided.tolist() == [0, 1, 0]
    assert found.predicted.ranking is not None and found.predicted.chances is not None
    assert found.predicted.ranking.tolist() == pytest.approx(positive)
    assert found.predicted.chances[:, 1].tolist() == pytest.approx(positive)


def test_a_score_that_is_no_probability_ranks_but_has_no_chances() -> None:
    found = understand(pa.table({"prediction": [0, 1, 1], "score": [-3.0, 2.0, 9.0]}), BINARY, ["roc_auc"], "it")
    assert found.predicted.ranking is not None and found.predicted.chances is None
    with pytest.raises(StepFailed, match="log_loss needs p_<class> for each class"):
        understand(pa.table({"prediction": [0, 1, 1], "score": [-3.0, 2.0, 9.0]}), BINARY, ["log_loss"], "it")


def test_a_class_that_the_model_never_saw_gets_probability_zero() -> None:
    table = pa.table({"prediction": ["a", "b", "b"], "p_a": [0.9, 0.1, 0.4], "p_b": [0.1, 0.9, 0.6]})
    found = understand(table, THREE, ["log_loss"], "it")
    assert found.predicted.chances is not None
    assert found.predicted.chances[:, 2].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("columns", "case", "says"),
    [
        ({"guess": [1, 2, 3]}, BINARY, "no column 'prediction', only guess"),
        ({"prediction": [1, 0]}, BINARY, "have 2 rows for 3 rows"),
        ({"prediction": [1, 0, 1]}, BINARY, "roc_auc needs p_<class> for each class or a column score"),
        ({"prediction": [1, 0, 1], "p_7": [0, 0, 0]}, BINARY, "target has no class '7', only 0, 1"),
        ({"prediction": [1, 0, 1], "p_1": [0, 0, 0], "p_1.0": [0, 0, 0]}, BINARY, "name one class twice"),
        ({"prediction": ["a", "b", "c"]}, NUMBERS, "a regression predicts numbers"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(columns: dict[str, Any], case: Truth, says: str) -> None:
    with pytest.raises(StepFailed, match=says):
        understand(pa.table(columns), case, ["roc_auc"], "the candidate")


@pytest.mark.parametrize(
    ("columns", "case", "says"),
    [
        ({"prediction": [1.0, float("nan"), float("inf")]}, NUMBERS, "2 predictions are missing or infinite"),
        ({"prediction": [1, None, 0], "score": [0, 0, 1]}, BINARY, "1 predictions are missing"),
        ({"prediction": [1, 5, 0.5], "score": [0, 0, 1]}, BINARY, "2 predictions are no class of the target"),
        ({"prediction": [1, 0, 1], "score": [0.0, None, float("inf")]}, BINARY, "2 scores are missing or infinite"),
        ({"prediction": [1, 0, 1], "p_0": [0.5, None, 0.5], "p_1": [0.5] * 3}, BINARY, "1 rows have a missing"),
        ({"prediction": [1, 0, 1], "p_0": [-0.5, 0.5, 0.5], "p_1": [1.5, 0.5, 0.5]}, BINARY, "outside of 0 to 1"),
        ({"prediction": [1, 0, 1], "p_0": [0.5, 0.5, 0.4], "p_1": [0.5, 0.5, 0.5]}, BINARY, "do not add up to 1"),
        ({"prediction": [1, 0, 1], "p_0": ["x", "y", "z"]}, BINARY, "3 rows have a missing"),
    ],
)
def test_values_that_are_no_predictions_are_counted(columns: dict[str, Any], case: Truth, says: str) -> None:
    metric = "mae" if case.task == "regression" else "roc_auc"
    problems = understand(pa.table(columns), case, [metric], "it").problems
    assert len(problems) == 1
    assert says in problems[0]


def test_a_file_that_is_missing_or_no_parquet_is_refused_without_its_bytes(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="There is no predictions file"):
        read_table(str(tmp_path / "predictions.parquet"), "predictions")
    (tmp_path / "bad.parquet").write_bytes(b"\x1b[2J" * 100)
    with pytest.raises(StepFailed, match="cannot be read") as refused:
        read_table(str(tmp_path / "bad.parquet"), "predictions")
    assert "\x1b" not in str(refused.value)
