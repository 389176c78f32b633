"""What a project's score step wrote is matched with the holdout, or refused in one sentence."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import Invalid, Refusal, StepFailed
from engine.validation.metrics import Truth, value
from engine.validation.predictions import read_table, readable, truth_of, understand
from engine.validation.rules import Rules

BINARY = Truth("binary", np.array([0, 1, 1]), ("0", "1"), numbers=True)
THREE = Truth("multiclass", np.array([0, 1, 2]), ("a", "b", "c"))
NUMBERS = Truth("regression", np.array([1.0, 2.0, 3.0]))


def truth(values: Any, train: Any = (), **rules: Any) -> Truth:
    given = Rules("late", **{"metrics": ("roc_auc",), **rules})
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
        (["a", "b"], {"metrics": ["mae"]}, "The target holds text, and a regression predicts numbers"),
        ([timedelta(1)] * 2, {"metrics": ["mae"]}, r"holds duration, .* return .dt.total_seconds\(\) of it"),
        ([datetime(2026, 1, 2)] * 2, {"task": "regression", "metrics": ["mae"]}, "holds time, and a regression"),
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


OUTCOMES = Truth("binary", np.array([1, 0, 1, 0]), ("paid", "default"))


@pytest.mark.parametrize("values", [[3.0, -2.0, 0.5, -0.1], [0.9, 0.2, 0.8, 0.1]])
def test_a_score_speaks_for_the_class_in_its_name_and_is_never_a_chance(values: list[float]) -> None:
    said = ["default", "paid", "default", "paid"]
    for name, sign in (("score_default", 1), ("score_paid", -1), ("score", 1)):
        table = pa.table({"prediction": said, name: [sign * value for value in values]})
        found = understand(table, OUTCOMES, ["roc_auc"], "it").predicted
        assert found.ranking is not None and found.ranking.tolist() == values
        assert value("roc_auc", OUTCOMES, found) == 1.0
        assert (found.chances is not None) == (name == "score" and values[1] >= 0)
    both = pa.table({"prediction": said, "score_paid": [-v for v in values], "score_default": values})
    found = understand(both, OUTCOMES, ["roc_auc"], "it").predicted
    assert found.ranking is not None and found.ranking.tolist() == values


def test_scores_that_cannot_be_told_apart_or_speak_for_no_class_are_refused() -> None:
    said = ["default", "paid", "default", "paid"]
    twice = pa.table({"prediction": said, "score": [1.0] * 4, "score_default": [1.0] * 4})
    with pytest.raises(StepFailed, match="two scores for the class 'default': score and score_default"):
        understand(twice, OUTCOMES, ["roc_auc"], "it")
    stranger = pa.table({"prediction": said, "score_late": [1.0] * 4})
    with pytest.raises(StepFailed, match="roc_auc needs p_<class> for each class or a column score_<class>"):
        understand(stranger, OUTCOMES, ["roc_auc"], "it")
    assert understand(stranger, OUTCOMES, ["accuracy"], "it").predicted.ranking is None
    gaps = pa.table({"prediction": said, "score_paid": [1.0, None, float("inf"), 0.0]})
    assert understand(gaps, OUTCOMES, ["roc_auc"], "it").problems == ("2 scores are missing or infinite",)
    three = pa.table({"prediction": ["a", "b", "c"], "score_a": [1.0, 0.0, 0.0]})
    with pytest.raises(StepFailed, match="roc_auc needs p_<class> for each class, and"):
        understand(three, THREE, ["roc_auc"], "it")


@pytest.mark.parametrize(
    ("target", "predictions", "decided"),
    [
        (["250.00", "401.9", "428.0", "V45.81"], ["250.00", "401.9", "428.0", "V45.81"], [0, 1, 2, 3]),
        (["3.10", "3.9", "3.1"], ["3.1", "3.10", "3.9"], [0, 1, 2]),
        (["01", "1", "x"], ["1", "01", "x"], [1, 0, 2]),
        (["a ", "a", ""], ["", "a", "a "], [0, 1, 2]),
        (["e\u0301", "\u00e9", "x"], ["\u00e9", "e\u0301", "x"], [2, 0, 1]),
        ([1, 2, 3], [1.0, 2.0, 3.0], [0, 1, 2]),
        ([1, 2, 3], ["1", "2.0", "03"], [0, 1, -1]),
        (["1", "2", "3"], [1, 2, 3], [0, 1, 2]),
        (["1.0", "2.0", "03"], [1, 2.0, 3], [-1, -1, -1]),
        (pa.array([0.1, 0.2, 0.7], pa.float32()), [0.1, 0.2, 0.7], [0, 1, 2]),
        ([0.1, 0.2, 0.7], pa.array([0.7, 0.1, 0.2], pa.float32()), [2, 0, 1]),
        (pa.array([Decimal("2.50"), Decimal("3"), Decimal("4.00")]), [2.5, 3, 4], [0, 1, 2]),
        ([2**60, 2**60 + 1, 0], [2**60 + 1, 2**60, 0], [2, 1, 0]),
        ([2**60, 2**60 + 1, 0], [float(2**60), 0.0, 0.5], [1, 0, -1]),
    ],
)
def test_classes_of_text_are_matched_as_text_and_numbers_as_numbers(
    target: Any, predictions: Any, decided: list[int]
) -> None:
    known = pa.chunked_array([target])
    happened = truth_of(known, known, Rules("late", ("accuracy",), "multiclass"))
    table = pa.table({"prediction": pa.array(predictions)})
    assert understand(table, happened, ["accuracy"], "it").predicted.decided.tolist() == decided


@pytest.mark.parametrize(
    ("target", "predictions", "decided"),
    [
        ([True, False], ["True", "False"], [1, 0]),
        ([True, False], ["true", "0"], [1, 0]),
        ([True, False], [1, 0], [1, 0]),
        ([0, 1], [True, False], [1, 0]),
        ([0, 1], ["True", "False"], [1, 0]),
        (["True", "False"], [True, False], [1, 0]),
        (["0", "1"], [True, False], [-1, -1]),
        (["yes", "no"], [True, False], [-1, -1]),
    ],
)
def test_yes_and_no_are_the_numbers_1_and_0_and_no_other_words(
    target: Any, predictions: Any, decided: list[int]
) -> None:
    known = pa.chunked_array([target])
    happened = truth_of(known, known, Rules("late", ("accuracy",), "binary"))
    table = pa.table({"prediction": predictions})
    assert understand(table, happened, ["accuracy"], "it").predicted.decided.tolist() == decided


def test_chances_of_classes_that_look_like_numbers_find_their_class() -> None:
    codes = pa.chunked_array([["250.00", "401.9", "250"]])
    happened = truth_of(codes, codes, Rules("late", ("log_loss",)))
    assert happened.classes == ("250", "250.00", "401.9")
    columns = {"prediction": ["250.00", "401.9", "250"]}
    columns |= {"p_250.00": [0.8, 0.1, 0.1], "p_250": [0.1, 0.1, 0.8], "p_401.9": [0.1, 0.8, 0.1]}  # type: ignore[dict-item]
    found = understand(pa.table(columns), happened, ["log_loss"], "it").predicted
    assert found.chances is not None and found.chances[:, 1].tolist() == [0.8, 0.1, 0.1]
    del columns["p_250.00"]
    with pytest.raises(StepFailed, match="have a column 'p_250.0', and the target has no class '250.0'"):
        understand(pa.table({**columns, "p_250.0": [0.8, 0.1, 0.1]}), happened, ["log_loss"], "it")


def test_a_chance_named_for_a_float_of_32_bits_with_all_its_digits_is_that_of_its_class() -> None:
    levels = pa.chunked_array([pa.array([0.1, 0.7], pa.float32())])
    happened = truth_of(levels, levels, Rules("late", ("log_loss",)))
    columns = {"prediction": [0.1, 0.7], "p_0.10000000149011612": [0.8, 0.1], "p_0.699999988079071": [0.2, 0.9]}
    found = understand(pa.table(columns), happened, ["log_loss"], "it").predicted
    assert found.chances is not None and found.chances[:, 1].tolist() == [0.2, 0.9]


@pytest.mark.parametrize(
    ("values", "positive", "classes"),
    [
        (["01", "1"], "01", ("1", "01")),
        (["1.0", "1"], "1.0", ("1", "1.0")),
        ([1.5, 2.5], "2.5", ("1.5", "2.5")),
        ([1, 2], "1.0", ("2", "1")),
        ([True, False], "false", ("True", "False")),
        (["nan", "inf"], None, ("inf", "nan")),
    ],
)
def test_the_positive_class_is_named_as_exactly_as_a_prediction(
    values: Any, positive: str | None, classes: tuple[str, ...]
) -> None:
    assert truth(values, positive=positive).classes == classes
    assert truth(values[:1], train=values, positive=positive).classes == classes


def test_a_class_of_text_is_not_chosen_by_its_number() -> None:
    with pytest.raises(Invalid, match="positive is '1'"):
        truth(["01", "02"], positive="1")


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


@pytest.mark.parametrize(
    ("lost", "says"), [("holdout", "The holdout data has no"), ("training", "The training data has no")]
)
def test_the_part_of_the_data_that_lacks_the_target_is_named(lost: str, says: str) -> None:
    parts = [pa.table({"other" if name == lost else "late": [0, 1, 1]}) for name in ("holdout", "training")]
    rules = Rules("late", ("accuracy",))
    with pytest.raises(Invalid, match=f"{says} column 'late'"):
        readable(pa.table({"prediction": [0, 1, 1]}), *parts, rules, pa.array([0, 1, 2]))


def test_a_bare_score_between_0_and_1_is_the_chance_of_the_positive_class_and_else_none() -> None:
    inside = understand(pa.table({"prediction": [0, 1, 1], "score": [0.0, 0.25, 1.0]}), BINARY, ["roc_auc"], "it")
    assert inside.predicted.chances is not None
    assert inside.predicted.chances.tolist() == [[1.0, 0.0], [0.75, 0.25], [0.0, 1.0]]
    for beyond in (-0.001, 1.001):
        scores = {"prediction": [0, 1, 1], "score": [0.0, beyond, 1.0]}
        assert understand(pa.table(scores), BINARY, ["roc_auc"], "it").predicted.chances is None


def test_scores_and_chances_that_are_none_are_counted_and_rank_nothing() -> None:
    gaps = {"prediction": [0, 1, 1], "score": [0.5, None, float("inf")]}
    found = understand(pa.table(gaps), BINARY, ["roc_auc"], "it")
    assert found.problems == ("2 scores are missing or infinite",) and found.predicted.ranking is None
    numbers = understand(pa.table({"prediction": [1.0, None, float("nan")]}), NUMBERS, ["mae"], "it")
    assert numbers.problems == ("2 predictions are missing or infinite",)
