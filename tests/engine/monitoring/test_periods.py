"""Performance over time: which periods are compared, what late labels do, and what input is refused with a reason."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import Invalid, StepFailed
from engine.monitoring.look_parts import MetricPeriods
from engine.monitoring.performance.periods import MOST_PERIODS, cut, mature_rows, performance, settled_share
from engine.monitoring.performance.scored import Scored, scored
from engine.monitoring.timestamps import DAY, UNDATED, microseconds, moments
from engine.validation.columns import Mask
from tests.engine.monitoring.monitoring_cases import (
    MONDAY,
    NUMBERS,
    RULES,
    after,
    chances,
    evenly,
    happened,
    said,
    with_labels,
    with_numbers,
)

METRICS = list(RULES.metrics)
WEEKS, N = 8, 3200


def measured(rows: Scored, weeks: float = WEEKS, spread: int = WEEKS) -> MetricPeriods:
    return performance(cut(evenly(len(rows), spread), len(rows), after(weeks)), rows, METRICS, after(weeks))


def rows_with(known: Mask) -> Scored:
    p = chances(N)
    y = happened(p)
    return with_labels([int(v) if k else None for v, k in zip(y, known, strict=True)], said(p))


def coming_in(by_week: list[float]) -> Mask:
    """Which rows have a label when week after week that share of them has one."""
    week = np.arange(N) // (N // WEEKS)
    return np.random.default_rng(5).random(N) < np.array(by_week)[week]


def test_weeks_begin_on_monday_and_each_metric_has_its_interval() -> None:
    found = measured(rows_with(np.ones(N, dtype=bool)))
    assert (found.days, len(found.periods), found.rows, found.labelled) == (7, WEEKS, N, N)
    assert found.periods[0].start == "2026-01-05T00:00:00Z"
    assert found.periods[0].end == found.periods[1].start
    for period in found.periods:
        reading = period.of("roc_auc")
        assert period.mature and reading and reading.low and reading.value and reading.high
        assert reading.low < reading.value < reading.high
    assert [r.n for r in found.live] == [N] * 3
    json.dumps(asdict(found), allow_nan=False)


def test_a_period_that_is_not_over_is_not_compared() -> None:
    found = measured(rows_with(np.ones(N, dtype=bool)), weeks=7.5)
    assert (found.periods[-1].mature, found.periods[-1].reason) == (False, "not over yet")
    assert found.outside == 199  # the row of this very moment is in


def test_labels_that_come_after_weeks_make_their_period_mature_the_next_time() -> None:
    early = measured(rows_with(coming_in([1, 1, 1, 1, 1, 0.6, 0.2, 0])))
    assert [p.mature for p in early.periods] == [True] * 5 + [False] * 3
    assert early.periods[5].share == pytest.approx(0.6, abs=0.08)
    assert "compared from 95 % on" in str(early.periods[5].reason)
    assert early.periods[7].reason == "no label has come yet"
    assert {r.value for r in early.periods[6].readings} == {None}
    later = measured(rows_with(coming_in([1, 1, 1, 1, 1, 1, 0.99, 0.6])), weeks=9)
    assert [p.mature for p in later.periods] == [True] * 7 + [False]


def test_where_only_part_of_the_labels_ever_comes_that_part_is_the_measure() -> None:
    found = measured(rows_with(coming_in([0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.3, 0.1])))
    assert found.settled == pytest.approx(0.6, abs=0.04)
    assert [p.mature for p in found.periods][-2:] == [False, False]
    assert sum(p.mature for p in found.periods) >= 4


def test_labels_that_are_still_coming_everywhere_have_no_settled_share() -> None:
    assert settled_share([0.8, 0.65, 0.5, 0.35, 0.2, 0.1]) is None
    assert settled_share([0.8, 0.8, 0.8]) is None
    assert settled_share([0.82, 0.8, 0.81, 0.3]) == pytest.approx(0.81, abs=0.011)
    assert settled_share([0.0] * 8) is None
    found = measured(rows_with(coming_in([0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])))
    assert (found.settled, any(p.mature for p in found.periods)) == (None, False)
    assert found.live[0].reason == "0 labelled rows, 50 are needed"


def test_only_mature_labelled_rows_count_as_live_performance() -> None:
    rows = rows_with(coming_in([1, 1, 1, 1, 1, 1, 0.5, 0.1]))
    pieces = cut(evenly(N, WEEKS), N, after(WEEKS))
    found = performance(pieces, rows, METRICS, after(WEEKS))
    assert found.live[0].n == len(mature_rows(pieces, found, rows)) == 2400
    assert found.window[0].n == 1200
    assert found.window_start == "2026-01-26T00:00:00Z"


def test_the_length_follows_how_many_rows_come() -> None:
    def days(n: int, weeks: int) -> int | None:
        found = cut(evenly(n, weeks), n, after(weeks))
        return None if found.length is None else found.length // 86_400_000_000

    assert [days(60_000, 4), days(60_000, 52), days(900, 8), days(200, 8)] == [1, 7, 7, 28]
    long = cut(evenly(5000, 52 * 20), 5000, after(52 * 20))
    assert len(long.starts) == MOST_PERIODS
    assert (long.number < 0).any()


def test_of_days_the_newest_seven_are_now() -> None:
    n = 28_000
    p = chances(n)
    rows = with_labels(happened(p), said(p))
    found = performance(cut(evenly(n, 4), n, after(4)), rows, METRICS, after(4))
    assert (found.days, found.window[0].n, found.window_start) == (1, 7000, "2026-01-26T00:00:00Z")


def test_without_a_time_column_there_is_one_period() -> None:
    rows = rows_with(np.ones(N, dtype=bool))
    found = performance(cut(None, N, after(1)), rows, METRICS, after(1))
    assert [(p.start, p.rows, p.mature) for p in found.periods] == [(None, N, True)]


@pytest.mark.parametrize("n", [0, 1, 60])
def test_few_rows_or_none_give_reasons_instead_of_values(n: int) -> None:
    p = chances(n)
    rows = with_labels(pa.array([1] * n, pa.int64()), said(p))
    found = performance(cut(evenly(N, WEEKS)[:n], n, after(WEEKS)), rows, METRICS, after(WEEKS))
    assert {reading.value for reading in found.live} == {None}
    assert found.live[0].reason == (
        "all 60 labelled rows are of one class" if n == 60 else f"{n} labelled rows, 50 are needed"
    )


def test_rows_without_a_time_and_of_strange_times_are_counted_outside() -> None:
    times = evenly(N, WEEKS)
    times[:5], times[5] = UNDATED, -(2**60)
    found = cut(times, N, after(WEEKS))
    assert (found.number < 0).sum() == 6
    assert len(found.starts) <= MOST_PERIODS
    assert len(cut(np.full(3, UNDATED), 3, MONDAY).starts) == 0


def test_times_that_are_no_times_are_refused_in_words() -> None:
    with pytest.raises(StepFailed, match="'at' holds text that is no time"):
        moments(pa.table({"at": ["soon"]}), "at")


def test_a_label_column_that_changed_its_type_is_a_clear_problem() -> None:
    with pytest.raises(Invalid, match="late was integer in training and is text now .no, yes."):
        with_labels(["no", "yes"] * 50, said(chances(100)))
    text, numbers = pa.chunked_array([["high"] * 100]), pa.chunked_array([[0.5]])
    with pytest.raises(Invalid, match="load was number in training and is text now"):
        scored(text, numbers, pa.table({"prediction": np.ones(100)}), NUMBERS, name="load")


def test_the_same_labels_in_another_type_are_the_same() -> None:
    p = chances(400)
    plain = with_labels(happened(p), said(p))
    for other in (happened(p).astype(np.float64), [str(v) for v in happened(p)]):
        assert np.array_equal(with_labels(other, said(p)).truth.actual, plain.truth.actual)


def test_a_class_never_seen_is_a_clear_problem_for_a_binary_target() -> None:
    with pytest.raises(Invalid, match="binary and has 3 values"):
        with_labels([0, 1, 2] * 40, said(chances(120)))


def test_rows_without_a_usable_prediction_are_left_out_and_counted() -> None:
    p = chances(N)
    p[:7] = np.nan
    rows = with_labels(happened(chances(N)), said(p))
    assert rows.problems == ("7 rows have no prediction, or an infinite one",)
    assert measured(rows).live[0].n == N - 7


def test_infinite_labels_are_no_labels() -> None:
    values = np.arange(200.0)
    values[0] = np.inf
    rows = with_numbers(values, np.arange(200.0) + 1)
    assert (rows.problems, int(rows.labelled.sum())) == (("1 labels are infinite",), 199)


def test_another_number_of_predictions_than_rows_is_refused() -> None:
    with pytest.raises(StepFailed, match="5 predictions"):
        with_labels([0, 1, 0], said(chances(5)))


def day_of(rows: int, days: int) -> Any:
    return cut(np.repeat(microseconds(MONDAY) + np.arange(days) * DAY, rows), rows * days, after(60))


def test_a_period_holds_a_thousand_rows_or_is_longer_and_of_weeks_a_hundred() -> None:
    assert [day_of(rows, 14).length // DAY for rows in (1000, 999)] == [1, 7]
    weekly = [np.repeat(microseconds(MONDAY) + np.arange(8) * 7 * DAY, rows) for rows in (100, 99)]
    assert [cut(times, len(times), after(60)).length // DAY for times in weekly] == [7, 28]
    assert [day_of(1000, days).length // DAY for days in (60, 61)] == [1, 7], "no more than sixty"


def test_rows_without_any_time_up_to_now_are_in_no_period() -> None:
    for times in (np.full(5, UNDATED), np.full(5, microseconds(after(9)))):
        found = cut(times, 5, after(8))
        assert (found.number.tolist(), found.starts, found.length) == ([-1] * 5, (), DAY)


def test_a_row_of_this_very_moment_is_not_of_the_future_and_a_period_that_ends_now_is_over() -> None:
    times = np.array([microseconds(MONDAY), microseconds(after(1)) - 1, microseconds(after(1))])
    assert cut(times, 3, after(1)).number.tolist() == [0, 0, 0]
    assert cut(times, 3, after(1) - timedelta(microseconds=1)).number.tolist() == [0, 0, -1]
    labels = np.arange(300) % 2
    rows = with_labels(labels.tolist(), said(chances(300)))
    pieces = cut(evenly(300, 1), 300, after(1))
    assert [p.over for p in performance(pieces, rows, METRICS, after(1)).periods] == [True]
    before = after(1) - timedelta(microseconds=1)
    assert [p.reason for p in performance(pieces, rows, METRICS, before).periods] == ["not over yet"]


@pytest.mark.parametrize(
    ("shares", "settled"),
    [
        ([0.8, 0.8, 0.8], None),  # too few
        ([0.8, 0.8, 0.1, 0.0], 0.8),
        ([0.8, 0.82, 0.78, 0.1, 0.0], 0.8),  # of five the older three
        ([0.80, 0.84, 0.76, 0.5, 0.1, 0.1, 0.1, 0.1], None),  # one of four is far off, and the median lies between
        ([0.8, 0.8, 0.8, 0.2, 0.1, 0.1, 0.1, 0.1], 0.8),  # one of four may be
        ([0.8, 0.8, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1], None),
        ([0.10, 0.10, 0.0, 0.0], 0.10),
        ([0.09, 0.09, 0.0, 0.0], None),  # hardly any ever come
        ([0.84, 0.76, 0.0, 0.0], 0.8),
        ([0.86, 0.74, 0.0, 0.0], None),  # each more than a twentieth away
    ],
)
def test_a_share_has_settled_where_the_older_half_lies_close_together(
    shares: list[float], settled: float | None
) -> None:
    assert settled_share(shares) == (None if settled is None else pytest.approx(settled))


@pytest.mark.parametrize(("labelled", "mature"), [(90, True), (89, False)])
def test_before_anything_has_settled_nine_of_ten_rows_need_a_label(labelled: int, mature: bool) -> None:
    target = [n % 2 if n % 100 < labelled else None for n in range(300)]
    rows = with_labels(target, said(chances(300)))
    pieces = cut(evenly(300, 3), 300, after(3))
    found = performance(pieces, rows, METRICS, after(3))
    assert [p.mature for p in found.periods] == [mature] * 3
    assert found.bound == 0.9 and found.settled is None
    if not mature:
        assert found.periods[0].reason == "89 % of the labels, compared from 90 % on"


@pytest.mark.parametrize(("each", "held"), [(500, 1000), (480, 1440), (300, 1200), (1000, 1000), (100, 400)])
def test_as_many_weeks_are_now_as_hold_a_thousand_rows_and_four_at_most(each: int, held: int) -> None:
    n = each * 8
    rows = with_labels(happened(chances(n)), said(chances(n)))
    found = performance(cut(evenly(n, 8), n, after(8)), rows, ["brier"], after(8))
    assert (found.days, found.window[0].n) == (7, held)
