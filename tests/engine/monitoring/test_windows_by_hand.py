"""Which rows are the newest window, how a fall is sized and when it counts: each sum done here once more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from engine.monitoring.drift.columns import drift
from engine.monitoring.drift.encoding import encoded, sampled
from engine.monitoring.drift.histograms import histogram
from engine.monitoring.drift.importance import importances
from engine.monitoring.drift.watch import kept_profile, moved_together, window_of
from engine.monitoring.look_parts import MetricValue
from engine.monitoring.performance.fall import fallen
from engine.monitoring.profile import from_bytes, profile_of, to_bytes
from engine.monitoring.quality.shares import Shares, judge_share
from engine.monitoring.timestamps import DAY, UNDATED, iso
from tests.engine.monitoring.test_at_the_edges import MONDAY
from tests.engine.monitoring.test_fall import weeks

# The newest window.


def test_a_window_of_a_day_ends_with_the_newest_row_and_is_cut_in_the_middle_of_its_time() -> None:
    newest = MONDAY + 30 * DAY
    ages = np.array([0, DAY // 2 - 1, DAY // 2, DAY - 1, DAY, 5 * DAY])
    times = np.append(newest - ages, UNDATED)
    found = window_of(times, len(times), timedelta(days=1))
    assert found.whole.tolist() == [0, 1, 2, 3], "a row of exactly a day before is not in it"
    assert (found.later.tolist(), found.earlier.tolist()) == ([0, 1], [2, 3])
    assert (found.since, found.until) == (iso(newest - DAY + 1), iso(newest))


def test_a_window_begins_no_earlier_than_the_oldest_row() -> None:
    times = MONDAY + np.arange(10) * DAY
    found = window_of(times, 10, timedelta(days=90))
    assert found.whole.tolist() == list(range(10)) and found.since == iso(MONDAY)
    assert (found.earlier.tolist(), found.later.tolist()) == ([0, 1, 2, 3, 4], [5, 6, 7, 8, 9])


@pytest.mark.parametrize(("a_day", "weeks_long"), [(50, 1), (40, 2), (25, 2), (20, 4), (1, 4)])
def test_where_nobody_asks_a_window_is_whole_weeks_as_few_as_hold_three_hundred_rows(
    a_day: int, weeks_long: int
) -> None:
    times = MONDAY + np.arange(60 * a_day) * (DAY // a_day)
    found = window_of(times, len(times), None)
    assert len(found.whole) == weeks_long * 7 * a_day


def test_without_times_the_window_is_all_rows_and_its_halves_are_those_of_the_file() -> None:
    found = window_of(None, 7, None)
    assert (found.whole.tolist(), found.earlier.tolist(), found.later.tolist()) == (
        [0, 1, 2, 3, 4, 5, 6], [0, 1, 2], [3, 4, 5, 6],
    )  # fmt: skip
    assert found.since is None and found.until is None
    empty = window_of(np.full(3, UNDATED), 3, None)
    assert len(empty.whole) == len(empty.earlier) == len(empty.later) == 0 and empty.since is None


def test_of_a_quiet_whole_the_halves_are_not_looked_at() -> None:
    draw = np.random.default_rng(0)
    reference, now = (pa.table({"a": draw.normal(size=n)}) for n in (900, 600))
    quiet = moved_together(reference, [now, now.slice(0, 0), now.slice(0, 0)], ["a"])
    assert quiet[1] is quiet[0] and quiet[2] is quiet[0]
    moved = pa.table({"a": draw.normal(1, 1, 600)})
    loud = moved_together(reference, [moved, moved.slice(0, 300), moved.slice(300)], ["a"])
    assert [each.n_current for each in loud] == [600, 300, 300]


def test_a_profile_of_other_columns_is_made_anew_and_one_of_these_is_kept(tmp_path: Path) -> None:
    table, path = pa.table({"a": [1.0, 2.0], "b": [3.0, 4.0]}), tmp_path / "profiles" / "one"
    first = kept_profile(path, table, ["a"])
    written = path.read_bytes()
    again = kept_profile(path, pa.table({"a": [9.0], "b": [9.0]}), ["a"])
    assert again.columns[0].values.tolist() == first.columns[0].values.tolist() == [1.0, 2.0]
    assert path.read_bytes() == written
    assert [column.name for column in kept_profile(path, table, ["b", "a"]).columns] == ["b", "a"]
    assert [column.name for column in from_bytes(path.read_bytes()).columns] == ["b", "a"]


# A fall.


def falling(values: list[float], half: float = 0.01, own: float = 0.0) -> tuple[int, str] | None:
    validated = MetricValue("roc_auc", 4000, 0.80, 0.80 - own, 0.80 + own)
    found = fallen(validated, weeks(values, half, "roc_auc"), validated_periods=1e9)
    return None if found is None else (found.periods, found.verdict)


STEADY = [0.80] * 8  # so many that what swings between periods is known: nothing does


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([0.78, 0.78], (2, "watch")),  # two hundredths in each of two
        ([0.7801, 0.7801], None),
        ([0.78], None),
        ([0.775, 0.80, 0.775], None),
        ([0.764], (1, "watch")),  # clear of the least difference by three standard errors
        ([0.766], None),
        ([0.749], (1, "failing")),  # surely four hundredths
        ([0.751], (1, "watch")),
    ],
)
def test_a_fall_matters_from_two_hundredths_on_in_two_periods_or_surely_in_one(
    values: list[float], found: tuple[int, str] | None
) -> None:
    """The standard error of each is 0.01 / 1.96 = 0.0051; three of them are 0.0153."""
    assert falling([*STEADY, *values]) == found


@pytest.mark.parametrize(("drop", "falls"), [(0.0287, True), (0.0275, False)])
def test_each_of_two_periods_is_clear_of_the_reference_at_95_percent(drop: float, falls: bool) -> None:
    """Period and reference are each uncertain by 0.02: together by 0.0283."""
    assert (falling([*STEADY, 0.80 - drop, 0.80 - drop], 0.02, own=0.02) is not None) == falls


def test_a_fall_is_the_mean_of_its_periods_by_rows_with_the_error_of_that() -> None:
    periods = weeks([*STEADY, 0.70, 0.60], 0.01, "roc_auc")
    found = fallen(MetricValue("roc_auc", 4000, 0.80, 0.80, 0.80), periods, validated_periods=1e9)
    assert found is not None
    reach = 0.01 / np.sqrt(2)
    assert (found.value, found.low, found.high) == pytest.approx((0.65, 0.65 - reach, 0.65 + reach))
    assert (found.drop, found.n, found.periods, found.since) == (pytest.approx(0.15), 800, 2, periods[-2].start)


def test_what_swings_between_periods_is_the_median_of_the_squares_of_their_steps() -> None:
    draw = np.random.default_rng(5)
    values = (0.80 + draw.normal(0, 0.02, 12)).tolist()
    steps = np.diff(values) ** 2
    swing = np.sqrt(np.median(steps) / (2 * stats.chi2.median(1)) - (0.01 / 1.959964) ** 2)
    found = fallen(
        MetricValue("roc_auc", 4000, 0.99, 0.99, 0.99), weeks(values, 0.01, "roc_auc"), validated_periods=1e9
    )
    assert found is not None
    error = np.hypot(0.01 / 1.959964, swing) / np.sqrt(found.periods)
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * error, rel=1e-3)


# Histograms, matrices, shares.


def test_bins_are_the_values_where_there_are_ten_and_tenths_of_the_rows_where_there_are_more() -> None:
    def bars(values: object, now: object) -> dict[str, tuple[float, float]]:
        one, other = (profile_of(pa.table({"x": each}), ["x"]).columns[0] for each in (values, now))
        return {bar.label: (bar.reference, bar.current) for bar in histogram(one, other).bars()}

    ten = bars(np.repeat(np.arange(10.0), 5), [0.0, 9.0, 9.5, -1.0])
    assert ten["0"] == (0.1, 0.25) and ten["9"] == (0.1, 0.25) and ten["below 0"] == (0.0, 0.25)
    assert ten["above 9"] == (0.0, 0.25) and len(ten) == 12
    more = bars(np.arange(1000.0), [5.0, 99.0, 100.0, 1000.0])
    assert more["0 to 99"] == (0.1, 0.5) and more["100 to 199"] == (0.1, 0.25) and more["above 999"] == (0.0, 0.25)
    assert len(more) == 11
    rare = bars(["a"] * 190 + ["b"] * 2 + [f"r{n}" for n in range(8)], ["a", "b", "c", None])
    assert rare["a"] == (0.95, 0.25) and rare["b"] == (0.01, 0.25), "a hundredth of the rows is not rare"
    assert rare["(never seen)"] == (0.04, 0.25) and rare["(missing)"] == (0.0, 0.25)
    assert "(other)" not in bars(["a"] * 190 + ["b"] * 10, ["a"]) and "(other)" in bars(["a"] * 999 + ["b"] * 3, ["a"])


def test_numbers_become_ranks_and_labels_numbers_the_rare_ones_together() -> None:
    one = pa.table({"x": [3.0, None, 1e300], "c": ["a", "b", None]})
    other = pa.table({"x": [3.0, float("inf"), -1.0], "c": ["a", "c", "a"]})
    found = encoded([one, other], ["x", "c"])
    assert np.array_equal(found.values[:, 0], [1, np.nan, 2, 1, 3, 0], equal_nan=True)
    assert len(set(found.values[[0, 3, 5], 1].tolist())) == 1 and np.isnan(found.values[2, 1])
    many = pa.table({"c": np.repeat([f"l{n}" for n in range(4)], [40, 20, 19, 30])})
    labels = encoded([many], ["c"]).values[:, 0]
    firsts = [labels[0], labels[79], labels[40], labels[60]]  # l0, l3, l1, l2
    assert firsts == [0, 1, 2, 250], "nineteen rows count with the rest"
    assert found.categorical.tolist() == [False, True] and found.left_out == ()
    assert encoded([one, other.drop_columns(["c"])], ["x", "c"]).left_out == ("c",)


def test_a_sample_is_in_order_without_repetition_and_all_rows_where_they_are_few() -> None:
    draw = np.random.default_rng(0)
    assert sampled(5, 5, draw).tolist() == [0, 1, 2, 3, 4]
    some = sampled(6, 5, draw)
    assert len(set(some.tolist())) == 5 and some.tolist() == sorted(some.tolist())


@pytest.mark.parametrize(("rows", "told"), [(99, False), (100, True)])
def test_a_hundred_rows_tell_what_moves_the_predictions(rows: int, told: bool) -> None:
    x = np.random.default_rng(1).normal(size=rows)
    found = importances(pa.table({"x": x, "noise": x[::-1]}), pa.chunked_array([x]))
    assert (found.explained is not None) == told and found.n == rows
    assert (found.shares.get("x", 0) > 0.5) == told


def test_the_effect_of_a_feature_is_its_share_of_the_variance() -> None:
    """Of 2 a + b with a and b alike, four fifths and one fifth."""
    draw = np.random.default_rng(3)
    a, b = draw.uniform(size=6000), draw.uniform(size=6000)
    found = importances(pa.table({"a": a, "b": b}), pa.chunked_array([2 * a + b]))
    assert found.shares["a"] == pytest.approx(0.8, abs=0.02) and found.shares["b"] == pytest.approx(0.2, abs=0.02)
    assert found.explained is not None and found.explained > 0.98


@pytest.mark.parametrize(
    ("count", "n", "verdict"),
    [(3, 3, "failing"), (2, 2, "cannot tell"), (2, 19, "cannot tell"), (2, 20, "ok"), (0, 0, "cannot tell")],
)
def test_three_rows_of_many_may_be_a_flood_and_two_never(count: int, n: int, verdict: str) -> None:
    assert judge_share(Shares(count, n, 0, 10_000), 0.01, 0.2).verdict == verdict


def test_drift_says_mean_where_the_place_moved_and_the_bin_where_the_shape_did() -> None:
    draw = np.random.default_rng(4)
    before = pa.table({"x": draw.normal(0, 1, 4000)})
    [moved] = drift(profile_of(before, ["x"]), pa.table({"x": draw.normal(0.8, 1, 4000)}))
    [wider] = drift(profile_of(before, ["x"]), pa.table({"x": draw.normal(0, 2.5, 4000)}))
    assert "mean moved from" in moved.why and "mean moved" not in wider.why and "' went from" in wider.why


def test_a_profile_is_the_same_after_a_way_through_its_bytes_for_every_statistic() -> None:
    draw = np.random.default_rng(6)
    before = pa.table({"x": np.round(draw.normal(size=500), 1), "c": draw.choice(["a", "b", "c"], 500)})
    now = pa.table({"x": np.round(draw.normal(0.5, 1, 300), 1), "c": draw.choice(["a", "b", "d"], 300)})
    profile = profile_of(before, ["x", "c"])
    assert drift(profile, now) == drift(from_bytes(to_bytes(profile)), now)
