"""When performance is said to have fallen, and when it only swings."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engine.monitoring.look_parts import Fall, MetricPeriod, MetricValue
from engine.monitoring.performance.fall import fallen, minimum_effect

VALIDATED = MetricValue("roc_auc", 2000, 0.80, 0.78, 0.82)


def weeks(
    values: list[float], half: float = 0.03, metric: str = "roc_auc", mature: bool = True, days: int = 7
) -> list[MetricPeriod]:
    """Periods of 400 rows, one after the other from 1 January on."""
    starts = [datetime(2026, 1, 1, tzinfo=UTC) + i * timedelta(days=days) for i in range(len(values) + 1)]
    moments = [start.strftime("%Y-%m-%dT%H:%M:%SZ") for start in starts]
    return [
        MetricPeriod(
            moments[i], moments[i + 1], 400, 400, 1.0, True, mature, None,
            (MetricValue(metric, 400, value, value - half, value + half),),
        )
        for i, value in enumerate(values)
    ]  # fmt: skip


def fall(values: list[float], half: float = 0.03, reference: MetricValue = VALIDATED) -> Fall | None:
    return fallen(reference, weeks(values, half, reference.metric))


def test_a_fall_that_lasts_says_since_when_from_what_to_what_on_how_many_rows() -> None:
    found = fall([0.80, 0.81, 0.79, 0.72, 0.70])
    assert found is not None
    assert (found.since, found.periods, found.n, found.reference) == ("2026-01-22T00:00:00Z", 2, 800, 0.80)
    assert found.value == pytest.approx(0.71)
    assert found.sentence == (
        "roc_auc is 0.710 (95 % between 0.675 and 0.745) on 800 labelled rows since 2026-01-22; when it was validated "
        "it was 0.800. Look at the worst slices and at drift, then retrain or roll back."
    )
    json.dumps(asdict(found))


@pytest.mark.parametrize(
    "values",
    [
        [0.80, 0.79, 0.81, 0.80],
        [0.80, 0.81, 0.79, 0.74],  # one bad week
        [0.80, 0.70, 0.80, 0.81],  # it is over
        [0.80, 0.79, 0.79, 0.79],  # too small to matter
        [],
        [0.80],
    ],
)
def test_no_fall(values: list[float]) -> None:
    assert fall(values) is None


def test_one_period_that_collapses_is_enough() -> None:
    found = fall([0.80, 0.81, 0.79, 0.55])
    assert found is not None
    assert (found.periods, found.verdict) == (1, "failing")


def test_a_fall_shows_in_a_window_although_with_few_rows_no_week_alone_is_sure() -> None:
    found = fall([0.80, 0.80, 0.615, 0.615, 0.615, 0.615], half=0.19)
    assert found is not None
    assert found.periods == 4


def test_weeks_that_swing_and_a_validation_of_two_weeks_are_not_trusted_beyond_that() -> None:
    sure = fallen(VALIDATED, weeks([0.80, 0.745, 0.745], 0.01), validated_periods=20)
    assert sure is not None
    assert fallen(VALIDATED, weeks([0.80, 0.745, 0.745], 0.01), validated_periods=1) is None


def test_a_metric_that_always_swung_so_has_not_fallen() -> None:
    swinging = [0.72, 0.86, 0.74, 0.88, 0.71, 0.87, 0.73, 0.88]
    assert fall([*swinging, 0.73, 0.72], half=0.02) is None
    assert fall([0.80, 0.81, 0.80, 0.79, 0.80, 0.81, 0.80, 0.79, 0.73, 0.72], half=0.02) is not None


def test_of_a_loss_more_is_worse() -> None:
    reference = MetricValue("log_loss", 2000, 0.50, 0.48, 0.52)
    assert fall([0.50, 0.50, 0.40, 0.40], reference=reference) is None
    assert fall([0.50, 0.50, 0.62, 0.60], reference=reference) is not None
    assert minimum_effect("log_loss", 0.5) == pytest.approx(0.025)
    assert minimum_effect("roc_auc", 0.5) == minimum_effect("r2", -3.0) == 0.02


def test_better_than_validated_is_no_fall() -> None:
    assert fall([0.95] * 6) is None


def test_periods_that_are_not_mature_and_metrics_without_a_value_say_nothing() -> None:
    assert fallen(VALIDATED, weeks([0.5] * 5, mature=False)) is None
    assert fallen(VALIDATED, weeks([0.5] * 5, metric="accuracy")) is None
    assert fallen(MetricValue("roc_auc", 0), weeks([0.5] * 5)) is None


def test_half_a_year_of_weekly_looks_at_a_steady_model_raises_hardly_any_alarm() -> None:
    draw = np.random.default_rng(0)
    alarmed = 0
    for _ in range(200):
        reference = MetricValue("roc_auc", 2000, (v := 0.80 + draw.normal(0, 0.01)), v - 0.02, v + 0.02)
        seen = list(0.80 + draw.normal(0, 0.025, 26))
        alarmed += any(fall(seen[:n], half=0.05, reference=reference) for n in range(1, 27))
    assert alarmed <= 10


def test_a_fall_that_stays_goes_on_being_said() -> None:
    draw = np.random.default_rng(1)
    seen = [*(0.80 + draw.normal(0, 0.015, 8)), *(0.70 + draw.normal(0, 0.015, 16))]
    assert all(fall(seen[:n], half=0.03) for n in range(11, 25))


def test_a_weekend_is_no_fall_where_periods_are_days_and_four_days_are() -> None:
    weekend = [*[0.80] * 5, 0.70, 0.70]
    assert fallen(VALIDATED, weeks([*weekend, *weekend], 0.02, days=1)) is None
    assert fallen(VALIDATED, weeks([*weekend, *[0.70] * 4], 0.02, days=1)) is not None
