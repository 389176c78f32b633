"""A metric that is surely worse than guessing is never well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.validation.gates import guessing
from engine.validation.gates.guessing import better_than_guessing, learnt
from engine.validation.intervals import MeasuredMetric, measure_all
from engine.validation.metrics import Predicted, Truth, value
from engine.vocabulary.metrics import CLASSIFICATION, REGRESSION
from tests.engine.validation.validation_cases import binary, gate, job, judged, predictions, world

TRAIN, HOLDOUT = world(3000, seed=1), world(1200, seed=2)


def turned(table: pa.Table) -> pa.Table:
    """The same predictions with the classes the wrong way round."""
    return pa.table({"prediction": 1 - table["prediction"].to_numpy(), "p_0": table["p_1"], "p_1": table["p_0"]})


@pytest.mark.parametrize("metric", CLASSIFICATION)
def test_a_score_that_is_upside_down_fails_by_every_metric(tmp_path: Path, metric: str) -> None:
    right = job(tmp_path, HOLDOUT, TRAIN, predictions(HOLDOUT), metrics=[metric], gates=[])
    assert gate(judged(right), "better than guessing")["verdict"] == "pass"
    found = judged(job(tmp_path, HOLDOUT, TRAIN, turned(predictions(HOLDOUT)), metrics=[metric], gates=[]))
    wrong = gate(found, "better than guessing")
    assert (wrong["verdict"], found["verdict"]) == ("fail", "fail")
    assert f"{metric} 0." in wrong["evidence"] or f"{metric} 1." in wrong["evidence"]
    assert "surely worse than" in wrong["evidence"] and "[validation] positive" in wrong["evidence"]


@pytest.mark.parametrize("metric", REGRESSION)
def test_a_regression_that_is_worse_than_its_constant_fails_by_every_metric(tmp_path: Path, metric: str) -> None:
    rng = np.random.default_rng(3)
    y = 50 + rng.normal(size=4000)
    table = pa.table({"x": y + 0.5 * rng.normal(size=4000), "y": y})
    train, holdout = table.slice(0, 3000), table.slice(3000)
    good, bad = holdout["x"].to_numpy(), 100 - holdout["x"].to_numpy()
    rules: dict[str, Any] = {"metrics": [metric], "target": "y", "segments": [], "gates": []}
    for said, verdict in ((good, "pass"), (bad, "fail")):
        document = job(tmp_path, holdout, train, pa.table({"prediction": said}), features=["x"], **rules)
        found = gate(judged(document), "better than guessing")
        assert found["verdict"] == verdict
    assert "positive" not in found["evidence"]


def test_any_metric_counts_not_the_first_alone(tmp_path: Path) -> None:
    # It ranks well, and its chances are worse than those of somebody who knows how often each class comes.
    said = predictions(HOLDOUT)
    never = np.round(said["p_0"].to_numpy() ** 30, 6)
    sure = pa.table({"prediction": said["prediction"], "p_0": never, "p_1": 1 - never})
    found = gate(judged(job(tmp_path, HOLDOUT, TRAIN, sure, gates=[])), "better than guessing")
    assert found["verdict"] == "fail" and found["evidence"].startswith("log_loss ")


def test_what_may_be_a_guess_is_told_and_does_not_fail(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    chance = rng.random(1200)
    said = pa.table({"prediction": (chance > 0.5).astype(int), "p_0": 1 - chance, "p_1": chance})
    found = gate(judged(job(tmp_path, HOLDOUT, TRAIN, said, metrics=["roc_auc"], gates=[])), "better than guessing")
    assert found["verdict"] == "warn" and "1,200 rows do not tell them apart" in found["evidence"]


def test_a_handful_of_rows_is_surely_nothing(tmp_path: Path) -> None:
    few = HOLDOUT.slice(0, 9)
    found = judged(job(tmp_path, few, TRAIN, turned(predictions(few)), gates=[]))
    assert gate(found, "better than guessing")["verdict"] != "fail"
    assert found["verdict"] == "cannot tell"


def test_a_key_metric_that_is_not_defined_decides_nothing(tmp_path: Path) -> None:
    one = HOLDOUT.set_column(3, "late", pa.array([1] * 1200))
    found = gate(judged(job(tmp_path, one, TRAIN, predictions(one), gates=[])), "better than guessing")
    assert found["verdict"] == "cannot tell"


@pytest.mark.parametrize("name", CLASSIFICATION)
def test_predictions_in_an_order_of_chance_are_at_the_level_of_guessing_in_the_mean(name: str) -> None:
    truth, model = binary(2000, seed=4)
    rng = np.random.default_rng(9)
    guess = learnt(pa.chunked_array([pa.array(np.asarray(truth.actual))]), truth)
    level = measure_all([name], truth, model, None, seed=0, resamples=100, guess=guess)[name].guess
    assert level is not None
    if name in ("accuracy", "log_loss", "brier"):
        known = {"accuracy": 0.7, "log_loss": 0.611, "brier": 0.21}[name]
        assert level == pytest.approx(known, abs=0.02)
        return
    shuffled = [value(name, truth, model.take(rng.permutation(2000))) for _ in range(100)]
    assert level == pytest.approx(np.mean(shuffled), abs=0.01)


@pytest.mark.parametrize("name", [n for n in CLASSIFICATION if n not in ("accuracy", "log_loss", "brier")])
def test_several_classes_have_their_level_too(name: str) -> None:
    rng = np.random.default_rng(2)
    actual = rng.choice(3, 3000, p=[0.6, 0.3, 0.1])
    chances = rng.dirichlet([1, 1, 1], 3000) + np.eye(3)[actual]
    chances /= chances.sum(axis=1, keepdims=True)
    truth, model = Truth("multiclass", actual, ("a", "b", "c")), Predicted(chances.argmax(axis=1), chances)
    guess = learnt(pa.chunked_array([pa.array(np.array(["a", "b", "c"])[actual])]), truth)
    m = measure_all([name], truth, model, None, seed=0, resamples=100, guess=guess)[name]
    shuffled = [value(name, truth, model.take(rng.permutation(3000))) for _ in range(60)]
    assert m.guess == pytest.approx(np.mean(shuffled), abs=0.01)
    assert m.over_guess_low is not None and m.over_guess_low > 0


def test_a_constant_is_no_better_and_no_worse_than_the_same_constant() -> None:
    actual = np.array([0] * 80 + [1] * 40)
    truth = Truth("binary", actual, ("0", "1"))
    guess = learnt(pa.chunked_array([pa.array(actual)]), truth)
    constant = Predicted(np.zeros(120, dtype=np.int64))
    m = measure_all(["accuracy"], truth, constant, None, seed=0, guess=guess)["accuracy"]
    assert m.guess == m.value
    assert m.over_guess_low is not None and m.over_guess_high is not None
    assert m.over_guess_low <= 0 <= m.over_guess_high


@pytest.mark.parametrize(
    ("value", "guess", "told"),
    [(0.0042, 0.0, "r2 0.0042 against 0.0000 by"), (0.42, 0.0, "r2 0.420 against 0.000 by"),
     (0.0, 0.0042, "r2 0.0000 against 0.0042 by")],
)  # fmt: skip
def test_a_figure_and_its_guess_show_the_digits_that_tell_them_apart(value: float, guess: float, told: str) -> None:
    m = MeasuredMetric("r2", 500, value, guess=guess, over_guess_low=-0.1, over_guess_high=0.1)
    gate = better_than_guessing({"r2": m}, "r2", Truth("regression", np.zeros(3)), None)
    assert gate.verdict == "warn" and gate.evidence.startswith(told), gate.evidence


@pytest.mark.parametrize(
    ("name", "low", "high", "said"),
    [
        ("roc_auc", 0.01, 0.1, "better"), ("roc_auc", 0.0, 0.1, "cannot tell"), ("roc_auc", -0.1, 0.0, "cannot tell"),
        ("roc_auc", -0.1, -0.01, "worse"), ("mae", -0.1, -0.01, "better"), ("mae", 0.01, 0.1, "worse"),
        ("mae", 0.0, 0.1, "cannot tell"), ("mae", None, 0.1, "cannot tell"), ("mae", 0.1, None, "cannot tell"),
    ],
)  # fmt: skip
def test_better_or_worse_than_a_guess_is_what_the_whole_interval_says(
    name: str, low: float | None, high: float | None, said: str
) -> None:
    assert guessing.verdict(MeasuredMetric(name, 500, 0.5, over_guess_low=low, over_guess_high=high)) == said


def test_a_class_that_neither_came_nor_was_named_has_no_part_in_the_level_of_guessing() -> None:
    """Half are of a, half of b, and as many are named: in an order of chance half of each are right. c never comes."""
    truth = Truth("multiclass", np.repeat([0, 1], 50), ("a", "b", "c"))
    named = Predicted(np.tile([0, 1], 50))
    guess = learnt(pa.chunked_array([pa.array(["a", "b", "c"] * 40)]), truth)
    for name in ("f1", "precision", "recall", "balanced_accuracy"):
        level = guess.measure(name, truth, named)(np.ones((1, 100)))
        assert level.tolist() == pytest.approx([0.5]), name
