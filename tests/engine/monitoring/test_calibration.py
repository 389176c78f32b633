"""Calibration: chances that can be taken at their word stay quiet, others are told by how much and what to do."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from engine.monitoring.look_parts import Calibration
from engine.monitoring.performance.calibration import calibration
from engine.validation.metrics import Predicted, Truth
from tests.engine.monitoring.monitoring_cases import chances, happened

Array = np.ndarray[Any, np.dtype[np.float64]]


def of(p: Array, y: Any, reference: Calibration | None = None) -> Calibration:
    said = Predicted((p > 0.5).astype(np.int64), np.stack([1 - p, p], axis=1), p)
    return calibration(Truth("binary", np.asarray(y), ("no", "yes")), said, reference=reference)


def of_values(actual: Array, said: Array, reference: Calibration | None = None) -> Calibration:
    return calibration(Truth("regression", actual), Predicted(said), reference=reference)


def sharper(p: Array, by: float) -> Array:
    odds = np.log(p / (1 - p)) * by
    return np.asarray(1 / (1 + np.exp(-odds)))


@pytest.mark.parametrize("n", [100, 1000, 20_000])
def test_chances_that_come_true_as_often_as_said_are_ok_however_few_the_rows(n: int) -> None:
    alarms = 0
    for seed in range(20):
        found = of(p := chances(n, seed), happened(p, seed + 100))
        alarms += found.verdict != "ok"
        assert found.error is not None and found.chance is not None
    assert alarms <= 1
    json.dumps(asdict(found), allow_nan=False)


def test_slope_and_intercept_are_found_with_their_errors() -> None:
    p = chances(20_000)
    found = of(sharper(p, 2.0), happened(p))
    assert found.slope is not None and found.slope_error is not None and found.intercept is not None
    assert found.slope == pytest.approx(0.5, abs=4 * found.slope_error)
    assert found.intercept == pytest.approx(0.0, abs=0.1)


def test_a_model_that_is_too_sure_is_told_so() -> None:
    p = chances(5000)
    p = 0.3 + 0.4 * p
    found = of(sharper(p, 6.0), happened(p))
    assert found.verdict == "failing"
    assert "surer than it should be" in found.sentence


def test_chances_that_are_too_high_are_told_with_what_was_said_and_what_happened() -> None:
    p = chances(5000)
    found = of(np.clip(p + 0.06, 0, 1), happened(p))
    assert found.verdict == "watch"
    assert "chances are too high" in found.sentence
    assert found.bias == pytest.approx(0.06, abs=0.02)


def test_a_model_that_was_never_calibrated_is_no_news_and_one_that_lost_it_is() -> None:
    p = chances(5000)
    before = of(sharper(p, 3.0), happened(p, 2))
    assert before.verdict == "failing"
    assert of(sharper(p, 3.0), happened(p, 3), before).verdict == "ok"
    assert of(sharper(p, 12.0), happened(p, 3), of(p, happened(p, 2))).verdict != "ok"


def test_bins_hold_equally_many_rows_and_their_intervals_hold_the_truth() -> None:
    p = chances(10_000)
    bins = of(p, happened(p)).bins
    assert [b.n for b in bins] == [1000] * 10
    assert sum(b.observed_low <= b.predicted <= b.observed_high for b in bins) >= 8
    few = of(np.round(p), happened(np.round(p)))
    assert [b.n for b in few.bins] == [int((p < 0.5).sum()), int((p >= 0.5).sum())]


def test_of_several_classes_the_predicted_one_is_looked_at() -> None:
    draw = np.random.default_rng(0)
    chance = draw.dirichlet([1, 1, 1], 6000)
    actual = (draw.random(6000)[:, None] > chance.cumsum(axis=1)).sum(axis=1)
    found = calibration(Truth("multiclass", actual, ("a", "b", "c")), Predicted(chance.argmax(axis=1), chance))
    assert (found.verdict, found.subject) == ("ok", "the predicted class")


def test_without_chances_or_with_few_rows_or_one_class_it_cannot_tell() -> None:
    truth = Truth("binary", np.arange(100) % 2, ("no", "yes"))
    assert calibration(truth, Predicted(np.arange(100) % 2)).sentence.startswith("The predictions hold no chances")
    for n in (0, 1, 30):
        assert of(chances(n), np.ones(n, dtype=np.int64)).verdict == "cannot tell"
    assert of(chances(100), np.ones(100, dtype=np.int64)).verdict == "cannot tell"


def test_chances_that_divide_the_rows_perfectly_have_no_slope() -> None:
    y = np.arange(200) % 2
    found = of(np.where(y == 1, 0.9, 0.1), y)
    assert (found.slope, found.verdict) == (None, "watch")
    assert of(np.full(200, 0.5), y).slope is None


def test_a_bias_of_a_regression_is_told_with_its_interval() -> None:
    draw = np.random.default_rng(0)
    actual = draw.normal(100, 20, 2000)
    fine = of_values(actual, actual + draw.normal(0, 5, 2000))
    assert fine.verdict == "ok"
    assert fine.spread == pytest.approx(5, abs=0.4)
    assert of_values(actual, actual + draw.normal(1.5, 5, 2000), fine).verdict == "watch"
    off = of_values(actual, actual + draw.normal(3, 5, 2000), fine)
    assert off.verdict == "failing"
    assert off.bias is not None and off.bias_low is not None and off.bias_high is not None
    assert off.bias_low < 3.0 < off.bias_high
    assert "when it was validated" in off.sentence


def test_errors_that_spread_wider_than_when_it_was_validated_are_watched() -> None:
    draw = np.random.default_rng(1)
    actual = draw.normal(100, 20, 2000)
    before = of_values(actual, actual + draw.normal(0, 5, 2000))
    assert of_values(actual, actual + draw.normal(0, 7, 2000), before).verdict == "watch"
    assert of_values(actual, actual + draw.normal(0, 10, 2000), before).verdict == "failing"


def test_a_regression_that_says_one_number_has_no_line_and_does_not_stop_it() -> None:
    found = of_values(np.arange(100.0), np.full(100, 49.5))
    assert (found.slope, found.verdict) == (None, "ok")
    assert of_values(np.full(100, 3.0), np.full(100, 3.0)).spread == 0.0


def errors(tail: str, n: int, generator: np.random.Generator) -> Array:
    if tail == "long":
        return generator.lognormal(0, 1, n) - float(np.exp(0.5))
    return generator.normal(size=n)


@pytest.mark.parametrize("tail", ["normal", "long"])
@pytest.mark.parametrize("n", [60, 300])
def test_numbers_that_are_as_wrong_as_before_call_nobody_however_few_the_rows(tail: str, n: int) -> None:
    generator, alarms = np.random.default_rng(3), 0
    for _ in range(100):
        then, now = 3 * generator.normal(size=n), 3 * generator.normal(size=n)
        before = of_values(then + errors(tail, n, generator), then)
        alarms += of_values(now + errors(tail, n, generator), now, before).verdict != "ok"
    assert alarms <= 4, "it was 24 to 41 of 100"


@pytest.mark.parametrize(("bias", "wider"), [(0.8, 1.0), (0.0, 2.5)])
def test_numbers_that_are_more_wrong_are_told_on_a_hundred_rows(bias: float, wider: float) -> None:
    generator, found = np.random.default_rng(4), 0
    for _ in range(50):
        then, now = 3 * generator.normal(size=100), 3 * generator.normal(size=100)
        before = of_values(then + generator.normal(size=100), then)
        found += of_values(now + bias + wider * generator.normal(size=100), now, before).verdict != "ok"
    assert found >= 48


def test_a_model_that_was_never_calibrated_is_not_told_of_again_and_again() -> None:
    alarms = 0
    for seed in range(40):
        p, q = chances(300, seed), chances(300, seed + 1000)
        before = of(np.clip(p + 0.15, 0.01, 0.99), happened(p, seed + 2000))
        alarms += of(np.clip(q + 0.15, 0.01, 0.99), happened(q, seed + 3000), before).verdict != "ok"
    assert alarms == 0
    p, q = chances(1000, 1), chances(1000, 2)
    before = of(np.clip(p + 0.15, 0.01, 0.99), happened(p, 3))
    assert of(np.clip(q + 0.35, 0.01, 0.99), happened(q, 4), before).verdict != "ok", "what got worse still is told"


def test_a_regression_that_is_off_is_told_with_where_to_look_and_one_that_is_well_without() -> None:
    actual = np.random.default_rng(0).normal(100, 20, 500)
    noise = np.random.default_rng(1).normal(0, 5, 500)
    fine = of_values(actual, actual + noise)
    assert fine.sentence.endswith(".") and "look at" not in fine.sentence
    off = of_values(actual, actual + noise + 5, fine)
    assert off.sentence.endswith("; look at the worst slices and at the newest periods, then retrain.")
