"""What a look says where nothing fell and nobody is called: no sentence of it may be about something else."""

from __future__ import annotations

import pytest

from engine.monitoring.look_parts import MetricPeriods, MetricValue
from engine.monitoring.performance.calibration import advice_on
from engine.monitoring.performance.measured import well
from tests.engine.monitoring.test_fall import weeks

VALIDATED = MetricValue("roc_auc", 2000, 0.80, 0.78, 0.82)


@pytest.mark.parametrize(
    ("slope", "gap", "advice"),
    [
        (0.79, 0.0, "it is surer than it should be: recalibrate it or retrain"), (0.8, 0.001, "high"),
        (1.1, 0.001, "high"), (None, -0.001, "low"), (0.5, 0.4, "high"), (0.5, -0.4, "low"),
    ],
)  # fmt: skip
def test_chances_that_are_too_sure_are_told_apart_from_those_that_are_too_high(
    slope: float | None, gap: float, advice: str
) -> None:
    assert advice in advice_on(slope, gap)


def test_where_no_fall_is_sure_the_metric_is_told_beside_what_it_was() -> None:
    two = weeks([0.8, 0.81])
    seen = MetricPeriods(7, tuple(two), 800, 800, 0, 1.0, None, (), (MetricValue("roc_auc", 800, 0.805),), None, "")
    said = f"roc_auc is 0.805 on 800 labelled rows until {two[1].end[:10]}"
    assert well(VALIDATED, seen) == f"{said}; when it was validated it was 0.800, and no fall is sure"
    unknown = MetricValue("roc_auc", 2000, None)
    assert well(unknown, seen) == f"{said}, and no fall is sure"
    assert well(MetricValue("f1", 2000, 0.5), seen) == ""
    nothing = MetricPeriods(7, (), 0, 0, 0, 1.0, None, (), (MetricValue("roc_auc", 0, None),), None, "")
    assert well(VALIDATED, nothing) == ""
