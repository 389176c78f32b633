"""ADWIN on the errors of a learner: when it is drift, since when, and how often nothing is taken for something."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from engine.clock import stamp
from engine.jobs.learn.drift import DELTA, Stretch, drift_in, of_history, of_rows, scale_of
from engine.versions.records import CurvePoint

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def errors(chances: list[float], seed: int = 0) -> list[float]:
    draw = random.Random(seed)
    return [float(draw.random() < chance) for chance in chances]


def stretches(found: list[float], scale: float = 1.0) -> list[Stretch]:
    return of_rows(found, [BEGIN + timedelta(hours=n) for n in range(len(found))], scale)


def test_errors_that_grow_are_drift_since_about_when_they_did() -> None:
    found = drift_in(stretches(errors([0.08] * 400 + [0.45] * 200)))
    assert found is not None
    assert abs((found.since - BEGIN) - timedelta(hours=400)) <= timedelta(hours=40)
    assert found.before < 0.15 and found.after > 0.3 and found.rows <= 100


def test_errors_that_fall_are_none_and_what_comes_is_held_against_the_better_ones() -> None:
    assert drift_in(stretches(errors([0.5] * 300 + [0.05] * 300))) is None
    found = drift_in(stretches(errors([0.5] * 300 + [0.05] * 300 + [0.4] * 150)))
    assert found is not None and found.before < 0.1


def test_errors_that_stay_are_taken_for_drift_as_rarely_as_is_said() -> None:
    alarms = sum(drift_in(stretches(errors([0.2] * 500, seed))) is not None for seed in range(300))
    assert alarms <= 300 * DELTA * 5


def allowed(rows: tuple[int, int], variance: float, apart: float) -> float:
    """By how much chance may set the means of two stretches apart, by the bound of the paper's section 3.1."""
    n = sum(rows)
    whole = variance + rows[0] * rows[1] / n**2 * apart**2
    m, delta = 1 / (1 / rows[0] + 1 / rows[1]), DELTA / math.log(n)
    return math.sqrt(2 / m * whole * math.log(2 / delta)) + 2 / (3 * m) * math.log(2 / delta)


@pytest.mark.parametrize("rows", [(400, 400), (2000, 100)])
def test_chance_is_allowed_as_much_as_the_paper_does(rows: tuple[int, int]) -> None:
    def found(apart: float) -> bool:
        both = zip(rows, (0.2, 0.2 + apart), strict=True)
        return drift_in([Stretch(of, mean, 0.1, BEGIN, BEGIN) for of, mean in both]) is not None

    least = next(apart for apart in (n / 10_000 for n in range(10_000)) if apart > allowed(rows, 0.1, apart))
    assert 0.05 < least < 0.4
    assert not found(least - 0.001) and found(least + 0.001)


def test_a_slow_change_is_found_too() -> None:
    found = drift_in(stretches(errors([0.05 + 0.5 * n / 1500 for n in range(1500)])))
    assert found is not None and found.after > found.before


@pytest.mark.parametrize("rows", [0, 1, 9, 19])
def test_a_few_rows_say_nothing(rows: int) -> None:
    assert drift_in(stretches([1.0] * rows)) is None


def test_what_earlier_runs_measured_is_what_the_new_rows_are_held_against() -> None:
    points = [
        CurvePoint(stamp(BEGIN + timedelta(hours=n - 40)), 50, 0.92, 0.85, 0.97, 0.9) for n in range(0, 40, 5)
    ]
    history = of_history(points, 1.0, numbers=False)
    new = stretches(errors([0.5] * 80))
    assert drift_in(new) is None, "by themselves they are all alike"
    found = drift_in([*history, *new], known=len(history))
    assert found is not None and found.since == BEGIN and found.before == pytest.approx(0.08)


def test_a_drift_that_an_earlier_run_saw_is_none_of_this_one() -> None:
    whole = stretches(errors([0.05] * 300 + [0.6] * 300))
    assert drift_in(whole, known=len(whole)) is None
    assert drift_in([*whole, *stretches(errors([0.6] * 100, 1))], known=len(whole)) is None


def test_errors_of_numbers_are_held_on_the_scale_on_which_they_began() -> None:
    draw = random.Random(3)
    before, after = ([abs(draw.gauss(0, width)) for _ in range(300)] for width in (5.0, 15.0))
    scale = scale_of(before, (), numbers=True)
    assert scale == pytest.approx(4 * sum(before[:10]) / 10) and scale_of(before, (), numbers=False) == 1.0
    found = drift_in(stretches(before + after, scale))
    assert found is not None and abs(found.since - BEGIN - timedelta(hours=300)) <= timedelta(hours=50)
    assert drift_in(stretches(before + before, scale)) is None


def test_the_variance_of_numbers_is_told_by_the_interval_of_their_mean() -> None:
    half = 1.959964 * (4.0 / 100) ** 0.5  # a hundred rows with a variance of four
    point = CurvePoint(stamp(BEGIN), 100, 5.0, 5.0 - half, 5.0 + half, 6.0)
    (found,) = of_history([point], 20.0, numbers=True)
    assert (found.mean, found.variance, found.rows) == (0.25, pytest.approx(4.0 / 400), 100)
