"""Performance without labels: it follows a shift of the inputs, and is blind to a change of the relation.

The second is why it is marked as an estimate wherever it is shown.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.monitoring.look_parts import Estimate, MetricValue
from engine.monitoring.performance.estimate import estimate_classes
from engine.monitoring.performance.estimate_loss import estimate_values
from engine.validation.metrics import Predicted, Truth, value

Array = np.ndarray[Any, np.dtype[np.float64]]
METRICS = ("roc_auc", "average_precision", "log_loss", "brier", "accuracy", "balanced_accuracy", "f1")
CLASSES = ("no", "yes")


def chance_of(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-2 * x)))


def model(x: Array) -> Predicted:
    """It ranks by the truth, and is surer than it should be: its chances need calibrating."""
    p = 1 / (1 + np.exp(-4 * x))
    return Predicted((p > 0.5).astype(np.int64), np.stack([1 - p, p], axis=1), p)


def outcomes(p: Array, seed: int) -> Truth:
    return Truth("binary", (np.random.default_rng(seed).random(len(p)) < p).astype(np.int64), CLASSES)


def learnt(seed: int, n: int = 3000) -> tuple[Truth, Predicted]:
    x = np.random.default_rng(seed).normal(0, 1, n)
    return outcomes(chance_of(x), seed + 1), model(x)


def unlabelled(x: Array, seed: int = 0, **more: Any) -> Estimate:
    return estimate_classes(
        METRICS, Truth("binary", np.zeros(0, dtype=np.int64), CLASSES), model(x), learnt(seed), **more
    )


def reading(found: Estimate, metric: str) -> MetricValue:
    return next(r for r in found.readings if r.metric == metric)


def inside(found: Estimate, metric: str, true: float) -> bool:
    band = reading(found, metric)
    assert band.low is not None and band.high is not None
    return band.low <= true <= band.high


def test_when_inputs_shift_the_estimate_follows_the_true_metric_within_its_band() -> None:
    held = dict.fromkeys(METRICS, 0)
    worlds = 10
    for seed in range(worlds):
        x = np.random.default_rng(seed + 50).normal(0.2, 0.5, 2000)  # nearer to the boundary: harder rows
        true, found = outcomes(chance_of(x), seed + 90), unlabelled(x, seed)
        for metric in METRICS:
            held[metric] += inside(found, metric, value(metric, true, model(x)))
    assert min(held.values()) >= 8, held
    before = value("roc_auc", *learnt(0))
    assert value("roc_auc", true, model(x)) < before - 0.07
    assert (reading(found, "roc_auc").value or 1.0) < before - 0.07


def test_when_the_relation_changes_the_estimate_does_not_see_it_and_says_so() -> None:
    x = np.random.default_rng(3).normal(0, 1, 2000)
    turned = outcomes(chance_of(-x), 4)
    found = unlabelled(x)
    assert value("roc_auc", turned, model(x)) < 0.3
    assert (reading(found, "roc_auc").value or 0.0) > 0.7
    assert not inside(found, "roc_auc", value("roc_auc", turned, model(x)))
    assert found.estimated
    assert any("cannot see" in words for words in found.assumptions)
    assert found.sentence.startswith("Estimated, not measured: roc_auc about 0.8")
    json.dumps(asdict(found), allow_nan=False)


def test_several_classes_are_estimated_within_their_band() -> None:
    draw = np.random.default_rng(0)

    def world(n: int, alpha: float) -> tuple[Truth, Predicted]:
        p = draw.dirichlet([alpha] * 3, n)
        actual = (draw.random(n)[:, None] > p.cumsum(axis=1)[:, :-1]).sum(axis=1)
        return Truth("multiclass", actual, ("a", "b", "c")), Predicted(p.argmax(axis=1), p)

    metrics = ("accuracy", "log_loss", "roc_auc", "f1", "brier")
    held = dict.fromkeys(metrics, 0)
    for _ in range(6):
        true, said = world(2000, 3.0)  # far less sure than the rows it is calibrated on
        found = estimate_classes(metrics, true, said, world(3000, 0.7))
        for metric in metrics:
            held[metric] += inside(found, metric, value(metric, true, said))
    assert min(held.values()) >= 5, held


def test_a_score_that_is_no_chance_is_calibrated_into_one() -> None:
    x = np.random.default_rng(1).normal(0, 1, 2000)
    true, before = outcomes(chance_of(x), 2), learnt(0)
    score = Predicted((x > 0).astype(np.int64), None, x * 100)
    known = Predicted(before[1].decided, None, np.log(before[1].chances[:, 1] / before[1].chances[:, 0]) * 25)  # type: ignore[index]
    found = estimate_classes(("roc_auc", "accuracy", "log_loss"), true, score, (before[0], known))
    assert inside(found, "roc_auc", value("roc_auc", true, score))
    assert reading(found, "log_loss").reason == "log_loss is not defined for what these predictions hold"


def test_without_labelled_rows_chances_are_taken_at_their_word_and_that_is_said() -> None:
    x = np.random.default_rng(1).normal(0, 1, 500)
    found = estimate_classes(METRICS, Truth("binary", np.zeros(0, np.int64), CLASSES), model(x), None)
    assert (found.learnt_on, found.assumptions[0].startswith("The model's chances are taken at their word")) == (
        0,
        True,
    )
    decided = Predicted((x > 0).astype(np.int64))
    none = estimate_classes(METRICS, Truth("binary", np.zeros(0, np.int64), CLASSES), decided, None)
    assert (none.method, {r.value for r in none.readings}) == ("none", {None})


@pytest.mark.parametrize("n", [0, 1, 49])
def test_few_rows_without_a_label_have_no_estimate(n: int) -> None:
    found = unlabelled(np.zeros(n))
    assert found.sentence == f"Performance cannot be estimated: {n} rows without a label, 50 are needed."


def test_labelled_rows_of_other_classes_calibrate_nothing() -> None:
    x = np.random.default_rng(1).normal(0, 1, 500)
    found = estimate_classes(METRICS, Truth("binary", np.zeros(0, np.int64), ("0", "1")), model(x), learnt(0))
    assert found.learnt_on == 0


def load(n: int, seed: int, middle: float) -> tuple[Truth, Predicted, pa.Table]:
    """A regression whose errors grow with one of its inputs."""
    draw = np.random.default_rng(seed)
    x = draw.uniform(0, 1, n) ** (1 / middle)
    actual = 50 + 10 * x + draw.normal(0, 1 + 4 * x, n)
    kind = np.where(draw.random(n) < 0.5, "a", "b")
    return Truth("regression", actual), Predicted(50 + 10 * x), pa.table({"x": x, "kind": kind})


def test_the_error_of_a_regression_follows_a_shift_of_its_inputs() -> None:
    held = 0
    for seed in range(5):
        true, said, inputs = load(2000, seed, 3.0)
        found = estimate_values(["mae", "rmse"], said, inputs, load(3000, seed + 50, 0.7), ["x", "kind", "gone"])
        held += inside(found, "mae", value("mae", true, said)) and inside(found, "rmse", value("rmse", true, said))
    assert held >= 4
    before = load(3000, 50, 0.7)
    assert value("mae", true, said) > 1.2 * value("mae", *before[:2])
    json.dumps(asdict(found), allow_nan=False)


def test_what_needs_the_outcome_itself_is_not_estimated_and_says_why() -> None:
    _, said, inputs = load(500, 1, 1.0)
    found = estimate_values(["r2", "mae"], said, inputs, load(1000, 2, 1.0), ["x"])
    assert (reading(found, "r2").value, reading(found, "r2").reason) == (
        None, "r2 needs how much the outcome itself varies, which only labels tell",
    )  # fmt: skip
    assert found.sentence.startswith("Estimated, not measured: mae about")
    few = estimate_values(["mae"], said, inputs, load(100, 2, 1.0), ["x"])
    assert few.sentence.endswith("100 labelled rows to learn its errors from, 300 are needed.")
    none = estimate_values(["mae"], said, inputs, None, ["x"])
    assert none.method == "none" and none.sentence.endswith("0 labelled rows to learn its errors from, 300 are needed.")


@pytest.mark.parametrize(("rows", "known", "estimated"), [(50, 300, True), (49, 300, False), (50, 299, False)])
def test_fifty_rows_are_estimated_from_three_hundred(rows: int, known: int, estimated: bool) -> None:
    _, said, inputs = load(rows, 1, 1.0)
    values = estimate_values(["mae"], said, inputs, load(known, 2, 1.0), ["x"])
    assert (values.method, values.learnt_on) == (("loss model", known) if estimated else ("none", 0))
    x = np.random.default_rng(1).normal(size=rows)
    nothing_known = Truth("binary", np.zeros(0, np.int64), CLASSES)
    classes = estimate_classes(["roc_auc"], nothing_known, model(x), learnt(3, known))
    assert (classes.method, classes.learnt_on) == (
        "confidence" if rows >= 50 else "none", known if estimated else 0,
    )  # fmt: skip
    assert classes.assumptions[:1] == ((
        f"The model's chances, calibrated on {known} labelled rows it did not learn from."
        if estimated else "The model's chances are taken at their word: too few labelled rows to calibrate them."
    ),)[: rows >= 50]  # fmt: skip


def test_the_rarer_class_needs_thirty_rows() -> None:
    x = np.linspace(-1, 1, 400)
    for rare, calibrated in ((30, 400), (29, 0)):
        known = Truth("binary", (np.arange(400) >= 400 - rare).astype(np.int64), CLASSES), model(x)
        found = estimate_classes(["accuracy"], Truth("binary", np.zeros(0, np.int64), CLASSES), model(x), known)
        assert found.learnt_on == calibrated


def test_errors_that_depend_on_nothing_are_estimated_by_their_mean_with_the_band_of_that() -> None:
    """Errors of 1 and 3 by turns: a mean of 2, and for those of squares 5, whatever the inputs."""
    draw = np.random.default_rng(0)
    inputs = [pa.table({"x": draw.normal(size=n)}) for n in (2000, 1000)]
    truth = Truth("regression", np.where(np.arange(2000) % 2, 3.0, 1.0) * draw.choice([-1, 1], 2000) + 10)
    known = truth, Predicted(np.full(2000, 10.0)), inputs[0]
    found = estimate_values(["mae", "rmse", "mape"], Predicted(np.full(1000, 10.0)), inputs[1], known, ["x"])
    mae, rmse = reading(found, "mae"), reading(found, "rmse")
    assert mae.value == pytest.approx(2.0, abs=0.15) and rmse.value == pytest.approx(np.sqrt(5), abs=0.15)
    assert mae.low is not None and mae.high is not None and mae.value is not None
    assert mae.high - mae.value == pytest.approx(mae.value - mae.low)
    least = 1.959964 * np.sqrt(1 / 2000 + 1 / 1000)  # the scatter of the errors is 1
    assert least <= mae.high - mae.value <= 3 * least
    by_hand = np.abs(truth.actual - 10) / np.abs(truth.actual)
    assert reading(found, "mape").value == pytest.approx(by_hand.mean(), rel=0.1)


def test_inputs_that_are_all_missing_infinite_or_retyped_do_not_stop_it() -> None:
    _, said, inputs = load(200, 1, 1.0)
    truth, given, before = load(600, 2, 1.0)
    odd = pa.table({"x": pa.array(["text"] * 200), "kind": pa.nulls(200), "y": [float("inf")] * 200})
    before = before.append_column("y", pa.array([None] * 600, pa.float64()))
    found = estimate_values(["mae"], said, odd, (truth, given, before), ["x", "kind", "y"])
    assert reading(found, "mae").value is not None
    assert inputs.num_rows == 200
