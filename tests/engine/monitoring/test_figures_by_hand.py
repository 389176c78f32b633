"""What monitoring computes, held against other people's code and against sums done here; and where its lines lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

from engine.monitoring.drift.multivariate import judged, used_most
from engine.monitoring.look_parts import Calibration, Separation
from engine.monitoring.performance import calibration as calibrations
from engine.monitoring.performance.calibration import calibration
from engine.monitoring.performance.fall import minimum_effect
from engine.monitoring.performance.outputs import unusable
from engine.monitoring.performance.previous_version import told_of
from engine.monitoring.performance.scored import Scored
from engine.monitoring.quality.arrivals import freshness, usual_age, volume
from engine.monitoring.timestamps import DAY, UNDATED
from engine.validation.intervals import MeasuredMetric
from engine.validation.metrics import Predicted, Truth
from tests.engine.monitoring.monitoring_cases import chances, happened
from tests.engine.monitoring.test_at_the_edges import MONDAY, arriving
from tests.engine.monitoring.test_calibration import of, of_values

HOUR = DAY // 24


# How old the newest row usually is, and how many come.


def test_at_99_of_100_moments_the_newest_row_is_younger_than_the_usual_age() -> None:
    """Within a gap the newest row is as old as the gap has lasted so far, so the rest of it is beyond a given age."""
    times = np.cumsum(np.random.default_rng(4).exponential(1e9, 500).astype(np.int64) + 1)
    gaps, age = np.diff(times), usual_age(np.append(times, UNDATED))
    older = np.maximum(gaps - age, 0).sum() / gaps.sum()
    assert older == pytest.approx(0.01, abs=1e-6)
    assert usual_age(np.array([0, 100, 100, 200])) == 99, "of equal gaps: all of one but a hundredth"
    assert usual_age(np.array([5, 5, UNDATED])) == usual_age(np.array([], dtype=np.int64)) == 0


@pytest.mark.parametrize(
    ("age", "lag", "verdict"),
    [
        (1 * DAY, 0, "ok"), (1 * DAY + 1, 0, "watch"), (3 * DAY, 0, "watch"), (3 * DAY + 1, 0, "failing"),
        (2 * DAY, DAY, "ok"), (2 * DAY + 1, DAY, "watch"), (4 * DAY, DAY, "watch"), (4 * DAY + 1, DAY, "failing"),
    ],
)  # fmt: skip
def test_hourly_rows_are_watched_after_a_day_and_failing_after_three(age: int, lag: int, verdict: str) -> None:
    hourly = MONDAY + np.arange(500) * HOUR
    newest = int(hourly[-1])
    found = freshness(hourly, np.array([newest, newest + 99 * DAY, UNDATED]), newest + age, lag)
    assert (found.verdict, found.age, found.bound) == (verdict, age / 1e6, (DAY + lag) / 1e6)
    assert found.sentence.endswith("is usual.") == (verdict == "ok")


def test_what_comes_weekly_is_watched_after_half_as_long_again_and_failing_after_three_times() -> None:
    weekly = MONDAY + np.arange(50) * 7 * DAY
    usual = int(0.99 * 7 * DAY)  # a week of each gap, but for a hundredth
    newest = int(weekly[-1])
    for times, before, beyond in ((1.5, "ok", "watch"), (3, "watch", "failing")):
        assert freshness(weekly, weekly, newest + int(usual * times), 0).verdict == before
        assert freshness(weekly, weekly, newest + int(usual * times) + 10, 0).verdict == beyond
    assert freshness(weekly, np.array([UNDATED]), newest, 0).verdict == "ok", "what it learnt from counts too"
    assert freshness(weekly[:0], np.array([UNDATED, newest + 1]), newest, 0).verdict == "cannot tell"


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        (100, "ok"),
        (60, "ok"),
        (59, "watch"),
        (11, "watch"),
        (10, "failing"),
        (0, "failing"),
        (140, "ok"),
        (141, "watch"),
    ],
)
def test_a_day_is_usual_within_four_deviations_each_a_tenth_at_least(rows: int, verdict: str) -> None:
    """Of 100 rows each day the deviation is 10, which is both a tenth of them and the root of their number."""
    now = arriving(42, [100, rows, 100, 100])
    found = volume(arriving(0, [100] * 42), now, MONDAY + 44 * DAY + DAY // 2)
    assert (found.verdict, found.rows, found.usual, found.low, found.high) == (verdict, rows, 100, 60, 140)
    word = {"ok": "usual are 100.", "watch": "look", "failing": "look at what delivers the data."}[verdict]
    assert word in found.sentence and ("twice" in found.sentence) == (rows > 140)


def test_days_that_swing_have_wider_bounds_and_what_was_reached_now_and_then_is_usual() -> None:
    counts = [100, 120, 80, 160, 40] * 14  # around 100 by 0, 20, 20, 60, 60: half of them by 20 or less
    found = volume(arriving(0, counts), arriving(70, [100, 100]), MONDAY + 71 * DAY + DAY // 2)
    assert found.usual == 100 and found.low == 0.0
    assert found.high == pytest.approx(100 + 4 * 1.4826 * 20, abs=1e-6)
    some = [100] * 90 + [400] * 10  # one day in ten
    found = volume(arriving(0, some), arriving(100, [100, 100]), MONDAY + 101 * DAY + DAY // 2)
    assert found.high is not None and found.high > 140


@pytest.mark.parametrize(
    ("days", "says"), [(9, "Training has 7 whole days; 8 tell what is usual."), (10, "usual are 50")]
)
def test_eight_whole_days_tell_what_is_usual(days: int, says: str) -> None:
    found = volume(arriving(0, [50] * days), arriving(days, [50, 50]), MONDAY + (days + 1) * DAY + DAY // 2)
    assert says in found.sentence


def test_a_day_before_the_versions_own_data_ended_is_not_looked_at() -> None:
    before = arriving(0, [50] * 20)
    now = arriving(0, [50] * 20)
    assert "No whole day or week has passed" in volume(before, now, MONDAY + 20 * DAY + DAY // 2).sentence
    assert "no dated rows" in volume(before, np.array([UNDATED]), MONDAY + 20 * DAY).sentence


# Calibration.


def test_slope_and_intercept_are_those_of_a_logistic_regression_on_the_log_odds() -> None:
    p = chances(3000, 5)
    y = happened(np.clip(p * 0.8 + 0.05, 0, 1), 6)
    odds = np.log(p / (1 - p))
    fitted = LogisticRegression(C=1e12, tol=1e-12, max_iter=1000).fit(odds[:, None], y)
    found = of(p, y)
    assert found.slope == pytest.approx(float(fitted.coef_[0, 0]), rel=1e-4)
    assert found.intercept == pytest.approx(float(fitted.intercept_[0]), abs=1e-4)
    # Standard errors: the inverse of the information, here summed row by row.
    chance = fitted.predict_proba(odds[:, None])[:, 1]
    information = np.zeros((2, 2))
    for x, c in zip(odds, chance, strict=True):
        information += c * (1 - c) * np.array([[x * x, x], [x, 1.0]])
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    assert (found.slope_error, found.intercept_error) == pytest.approx(tuple(errors), rel=1e-4)


def test_the_line_of_a_regression_is_scipys() -> None:
    draw = np.random.default_rng(2)
    said = draw.normal(10, 3, 400)
    actual = 2 + 0.8 * said + draw.normal(0, 2, 400)
    found, line = of_values(actual, said), stats.linregress(said, actual)
    assert (found.slope, found.intercept) == pytest.approx((line.slope, line.intercept))
    assert (found.slope_error, found.intercept_error) == pytest.approx((line.stderr, line.intercept_stderr))
    wrong = said - actual
    assert (found.bias, found.spread) == pytest.approx((wrong.mean(), wrong.std(ddof=1)))
    reach = stats.norm.ppf(0.975) * stats.sem(wrong)
    assert (found.bias_low, found.bias_high) == pytest.approx((wrong.mean() - reach, wrong.mean() + reach))


def test_the_interval_of_a_bin_is_wilsons_and_the_error_is_the_mean_gap_of_the_bins() -> None:
    p = np.round(chances(2000, 7), 3)
    y = happened(np.clip(p + 0.1, 0, 1), 8)
    found = of(p, y)
    total = 0.0
    for each in found.bins:
        inside = (p >= each.low) & (p <= each.high)
        known = stats.binomtest(int(y[inside].sum()), int(inside.sum())).proportion_ci(method="wilson")
        assert each.n == inside.sum()
        assert (each.predicted, each.observed) == pytest.approx((p[inside].mean(), y[inside].mean()))
        assert (each.observed_low, each.observed_high) == pytest.approx((known.low, known.high))
        total += each.n / 2000 * abs(p[inside].mean() - y[inside].mean())
    assert found.error == pytest.approx(total)
    assert len(found.bins) == 10 and found.bias == pytest.approx(p.mean() - y.mean())
    reach = stats.norm.ppf(0.975) * np.sqrt(y.mean() * (1 - y.mean()) / 2000)
    assert (found.bias_low, found.bias_high) == pytest.approx((found.bias - reach, found.bias + reach))


@pytest.mark.parametrize(("rows", "bins"), [(99, 1), (100, 2), (149, 2), (150, 3), (499, 9), (500, 10), (5000, 10)])
def test_a_bin_has_fifty_rows_and_there_are_ten_at_most(rows: int, bins: int) -> None:
    assert len(of(np.linspace(0.1, 0.9, rows), np.arange(rows) % 2).bins) == bins


def test_a_perfectly_calibrated_model_stays_below_chance_in_99_of_100_cases() -> None:
    p = chances(1000, 3)
    beyond = 0
    for seed in range(600):
        found = of(p, happened(p, seed))
        assert found.error is not None and found.chance is not None
        beyond += found.error > found.chance
    assert 0 < beyond <= 16  # 6 in the mean


def off(by: float, before: Calibration | None = None, rows: int = 100_000) -> Calibration:
    """Chances of one half, of which ``by`` more were said than happened."""
    came = (np.arange(rows) < rows * (0.5 - by)).astype(np.int64)
    return of(np.full(rows, 0.5), np.random.default_rng(0).permutation(came), before)


@pytest.mark.parametrize(
    ("by", "verdict"), [(0.0299, "ok"), (0.0301, "watch"), (0.0999, "watch"), (0.1001, "failing"), (-0.05, "watch")]
)
def test_an_error_of_three_hundredths_is_watched_and_of_ten_fails(by: float, verdict: str) -> None:
    assert off(by).verdict == verdict


@pytest.mark.parametrize(("by", "verdict"), [(0.04, "ok"), (0.06, "watch"), (0.11, "failing")])
def test_of_a_model_that_was_well_calibrated_two_hundredths_more_are_watched_and_four_fail(
    by: float, verdict: str
) -> None:
    settled = Calibration("chances", "yes", "ok", "", 100_000, 0.025, 0.03, 0.0, -0.003, 0.003)
    assert off(by, settled).verdict == verdict


@pytest.mark.parametrize(
    ("bias", "wider", "verdict"),
    [
        (0.0, 1.0, "ok"), (0.19, 1.0, "ok"), (0.21, 1.0, "watch"), (-0.21, 1.0, "watch"), (0.49, 1.0, "watch"),
        (0.51, 1.0, "failing"), (0.0, 1.24, "ok"), (0.0, 1.26, "watch"), (0.0, 1.74, "watch"), (0.0, 1.76, "failing"),
        (0.0, 0.5, "ok"),
    ],
)  # fmt: skip
def test_a_bias_of_a_fifth_of_the_usual_error_is_watched_and_of_a_half_fails_as_does_its_spread(
    bias: float, wider: float, verdict: str
) -> None:
    errors = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)  # a normal curve without its chance
    errors /= errors.std(ddof=1)
    actual = np.random.default_rng(1).permutation(np.linspace(0, 50, 20_000))
    before = of_values(actual, actual + errors)
    assert of_values(actual, actual + bias + wider * errors, before).verdict == verdict


def test_what_moved_by_less_than_three_deviations_of_both_sides_may_be_chance() -> None:
    before = Calibration("values", "the value", "ok", "", 100, bias=0.0, bias_low=-0.196, bias_high=0.196, spread=1.0,
                         spread_error=0.07)  # fmt: skip
    wrong = stats.norm.ppf((np.arange(100) + 0.5) / 100)
    wrong /= wrong.std(ddof=1)
    both = np.hypot(0.1, 0.1)  # the standard error of each side
    assert calibrations.surely_changed(wrong, 2.99 * both, 1.0, 1.0, before) == (0.0, 1.0)
    assert calibrations.surely_changed(wrong, -3.01 * both, 1.0, 1.0, before)[0] == pytest.approx(3.01 * both)
    swing = np.hypot(calibrations.spread_error(wrong), 0.07)
    assert calibrations.surely_changed(wrong, 0.0, np.exp(2.99 * swing), 1.0, before)[1] == 1.0
    assert calibrations.surely_changed(wrong, 0.0, np.exp(3.01 * swing), 1.0, before)[1] > 1.0
    assert calibrations.surely_changed(wrong, 5.0, 1.0, 0.0, before) == (0.0, 1.0), "nothing was usual"


def test_the_standard_error_of_a_spread_is_that_of_many_samples() -> None:
    draw = np.random.default_rng(5)
    for sample in (draw.normal(size=(4000, 400)), draw.uniform(size=(4000, 400)), draw.laplace(size=(4000, 400))):
        swings = np.log(sample.std(axis=1)).std()
        assert np.mean([calibrations.spread_error(one) for one in sample[:300]]) == pytest.approx(swings, rel=0.08)
    assert calibrations.spread_error(np.zeros(50)) == 0.0


# All columns together.


@pytest.mark.parametrize(("n", "m", "auc"), [(900, 600, 0.55), (300, 3000, 0.7), (6000, 900, 0.5), (600, 600, 0.45)])
def test_a_separation_is_judged_by_mann_whitney_and_sized_like_two_normal_curves(n: int, m: int, auc: float) -> None:
    which = np.repeat([0, 1], [n, m])
    found = judged(Separation("none", "", n, m, used=(("a", 1.0),)), auc, which)
    x, y = n / 3, m / 3  # a fold
    assert found.p == pytest.approx(stats.norm.sf((auc - 0.5) / np.sqrt((x + y + 1) / (12 * x * y))))
    assert found.size == pytest.approx(2 * stats.norm.ppf(max(auc, 0.5)) ** 2)
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    error = np.sqrt((auc * (1 - auc) + (y - 1) * (one - auc**2) + (x - 1) * (two - auc**2)) / (x * y))
    assert (found.low, found.high) == pytest.approx((auc - 1.959964 * error, auc + 1.959964 * error), abs=1e-6)


@pytest.mark.parametrize(
    ("size", "rows", "verdict"),
    [
        (0.099, 90_000, "none"), (0.101, 90_000, "some"), (0.249, 90_000, "some"), (0.251, 90_000, "large"),
        (0.251, 300, "cannot tell"), (0.05, 300, "none"),
    ],
)  # fmt: skip
def test_together_columns_are_called_as_one_alone_is(size: float, rows: int, verdict: str) -> None:
    auc = float(stats.norm.cdf(np.sqrt(size / 2)))
    which = np.arange(rows) % 2
    found = judged(
        Separation("none", "", rows // 2, rows // 2, used=(("a", 0.7), ("b", 0.09), ("c", 0.21))), auc, which
    )
    assert found.verdict == verdict
    assert ("mostly in a, c." in found.why) == (verdict in ("some", "large"))
    assert ("may be chance" in found.why) == (verdict == "cannot tell")
    assert ("hardly tells" in found.why) == (verdict == "none")


def test_rows_that_are_told_apart_perfectly_are_as_far_apart_as_so_many_can_say() -> None:
    found = judged(Separation("none", "", 300, 300, used=(("a", 1.0),)), 1.0, np.arange(600) % 2)
    assert found.size == pytest.approx(2 * stats.norm.ppf(1 - 0.5 / 200) ** 2)
    assert (found.low, found.high) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("drops", "used"),
    [
        ([0.1, 0.3, -0.2], (("b", 0.75), ("a", 0.25))), ([0.0, 0.0, 0.0], ()), ([-1.0, -1.0, 0.0], ()),
        ([0.2, 0.2, 0.0], (("a", 0.5), ("b", 0.5))),
    ],
)  # fmt: skip
def test_what_a_column_tells_is_its_part_of_what_is_lost_without_it(
    drops: Sequence[float], used: tuple[tuple[str, float], ...]
) -> None:
    found = used_most(("a", "b", "c"), np.array(drops))
    assert [name for name, _ in found] == [name for name, _ in used]
    assert [share for _, share in found] == pytest.approx([share for _, share in used])


# The version before, on the same rows.


def held(metric: str, value: float, live: float, low: float | None, high: float | None) -> MeasuredMetric:
    return MeasuredMetric(metric, 500, value, None, None, None, live, value - live, low, high)


@pytest.mark.parametrize(
    ("metric", "value", "live", "low", "high", "better"),
    [
        ("roc_auc", 0.75, 0.70, 0.01, 0.09, True),
        ("roc_auc", 0.75, 0.70, 0.0, 0.1, False),  # 0 is not outside
        ("roc_auc", 0.719, 0.70, 0.01, 0.03, False),  # surely, and it does not matter
        ("roc_auc", 0.7201, 0.70, 0.01, 0.03, True),
        ("roc_auc", 0.65, 0.70, -0.09, -0.01, False),
        ("mae", 90.0, 100.0, -15.0, -5.0, True),
        ("mae", 95.1, 100.0, -6.0, -4.0, False),  # under a twentieth
        ("mae", 94.9, 100.0, -6.0, -4.0, True),
        ("mae", 110.0, 100.0, 5.0, 15.0, False),
    ],
)
def test_the_version_before_is_better_where_it_is_surely_and_by_as_much_as_matters(
    metric: str, value: float, live: float, low: float, high: float, better: bool
) -> None:
    found = told_of("tiny@1", held(metric, value, live, low, high))
    assert (found.told, found.better, found.n) == (True, better, 500)
    assert f"tiny@1 has {metric}" in found.sentence


def test_a_version_before_whose_metric_is_not_defined_is_not_told() -> None:
    found = told_of("tiny@1", held("roc_auc", 0.7, 0.7, None, None))
    assert (found.told, found.better) == (False, False) and "has no value" in found.sentence


@pytest.mark.parametrize(
    ("metric", "reference", "least"),
    [("roc_auc", 0.8, 0.02), ("r2", 0.5, 0.02), ("accuracy", 0.1, 0.02), ("log_loss", 0.4, 0.02), ("brier", 0.2, 0.01),
     ("mae", 40.0, 2.0), ("rmse", -40.0, 2.0), ("mape", 0.1, 0.005), ("median_absolute_error", 10.0, 0.5)],
)  # fmt: skip
def test_of_a_share_two_hundredths_matter_and_of_an_error_a_twentieth(
    metric: str, reference: float, least: float
) -> None:
    assert minimum_effect(metric, reference) == pytest.approx(least)


# Predictions that are of no use.


def predictions(values: Sequence[float], usable: Sequence[bool] | None = None) -> Scored:
    n = len(values)
    known = np.ones(n, dtype=bool) if usable is None else np.array(usable)
    return Scored(Truth("regression", np.zeros(n)), Predicted(np.array(values, dtype=float)), known, known)


@pytest.mark.parametrize(
    ("before", "now", "says"),
    [
        ([1.0] * 180, [1.0] * 20, "all of 20 rows got the same prediction, 1"),  # never another in 200 rows
        ([1.0] * 179, [1.0] * 20, None),
        ([1.0, 2.0] * 100, [1.0] * 20, "all of 20 rows"),  # one in a million by chance
        ([1.0] * 190 + [2.0] * 10, [1.0] * 20, None),  # a rule with two leaves
        ([1.0, 2.0] * 100, [1.0] * 19, None),  # too few to say
        ([2.0] * 19, [1.0] * 181, "all of 181 rows"),
        ([2.0] * 200, [1.0] * 19 + [1.5], None),
    ],
)
def test_all_rows_with_one_prediction_are_none_of_a_model_that_gave_others(
    before: list[float], now: list[float], says: str | None
) -> None:
    window = np.arange(len(before), len(before) + len(now))
    found: Any = unusable(predictions([*before, *now]), window)
    assert (found is None) == (says is None), found
    if says:
        assert found[0] == "failing" and says in found[1]


def test_rows_without_a_prediction_are_told_by_their_share_of_the_newest() -> None:
    for lost, verdict in ((0, None), (60, "failing")):
        usable = [True] * 300 + [False] * lost + [True] * (100 - lost)
        found = unusable(predictions(np.arange(400.0).tolist(), usable), np.arange(300, 400))
        assert (found[0] if found else None) == verdict
        if found:
            assert found[1] == "60.0 % of 100 rows got no prediction, or an infinite one"


def test_calibration_of_another_kind_is_no_reference() -> None:
    values = of_values(np.arange(100.0), np.arange(100.0) + 1)
    p = chances(500)
    assert of(p, happened(p), values) == of(p, happened(p))
    told = calibration(
        Truth("regression", np.arange(100.0)), Predicted(np.arange(100.0) + 1), reference=of(p, happened(p))
    )
    assert told == values
