"""What a column's drift is called, what is said of it, and that no input of the data's making is an exception."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial import distance
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

from engine.errors import Invalid
from engine.json_records import write
from engine.monitoring import profile as profiles
from engine.monitoring.drift.columns import drift
from engine.monitoring.drift.thresholds import FEWEST_ROWS, LARGE, SOME
from engine.monitoring.look_parts import ColumnDrift
from engine.monitoring.profile import from_bytes, profile_of, to_bytes

RNG = np.random.default_rng(1)
NORMAL = RNG.normal(3, 2, 4000)
CARRIERS = RNG.choice(["UA", "AA", "B6", "DL"], 4000, p=[0.4, 0.3, 0.2, 0.1])


def drift_of(reference: Any, current: Any, name: str = "x") -> ColumnDrift:
    [found] = drift(profile_of(pa.table({name: reference}), [name]), pa.table({name: current}))
    return found


def test_a_moved_mean_is_large_and_said_with_both_means_and_the_rows() -> None:
    found = drift_of(NORMAL, RNG.normal(6, 2, 1000), "dep_delay")
    assert (found.verdict, found.kind, found.n_reference, found.n_current) == ("large", "number", 4000, 1000)
    assert found.why.startswith("dep_delay: mean moved from 2.9") and "PSI" in found.why
    assert found.why.endswith("on 1,000 rows.")
    assert found.size is not None and found.psi is not None and LARGE < found.size < found.psi
    assert found.p == 0 or (found.p or 1) < 1e-30


def test_the_same_distribution_is_none_at_any_number_of_rows() -> None:
    for rows in (100, 1000, 20_000):
        found = drift_of(NORMAL, RNG.normal(3, 2, rows))
        assert found.verdict == "none" and "as in training" in found.why


def test_a_small_change_is_none_however_certain_it_is() -> None:
    found = drift_of(RNG.normal(0, 1, 100_000), RNG.normal(0.1, 1, 100_000))
    assert found.p is not None and found.p < 1e-20
    assert found.verdict == "none" and found.size is not None and found.size < SOME


def test_a_large_index_that_may_be_chance_cannot_tell() -> None:
    reference, current = [0.0] * 20 + [1.0] * 20, [0.0] * 25 + [1.0] * 8
    found = drift_of(reference, current)
    assert found.size is not None and found.size >= SOME
    assert found.verdict == "cannot tell" and "may be chance" in found.why


def test_a_label_that_grew_is_named() -> None:
    found = drift_of(CARRIERS, RNG.choice(["UA", "AA", "B6", "DL"], 2000, p=[0.1, 0.3, 0.2, 0.4]))
    assert found.verdict == "large" and found.kind == "category"
    assert "'UA' went from 39 %" in found.why or "'DL' went from 10 %" in found.why
    assert [bar.label for bar in found.bars] == ["UA", "AA", "B6", "DL"]
    assert sum(bar.reference for bar in found.bars) == pytest.approx(1)
    assert sum(bar.current for bar in found.bars) == pytest.approx(1)


def test_a_label_never_seen_in_training_is_said() -> None:
    found = drift_of(CARRIERS, [*CARRIERS[:900], *["ZZ"] * 200])
    assert found.verdict in ("some", "large") and "never seen in 18 % of rows, in 0 % in training" in found.why


def test_a_column_of_keys_always_has_labels_never_seen_and_has_not_drifted() -> None:
    found = drift_of([f"a{i}" for i in range(3000)], [f"b{i}" for i in range(800)])
    assert found.verdict == "none"
    streets = [f"s{i}" for i in RNG.zipf(1.4, 6000)]
    assert drift_of(streets[:4000], streets[4000:]).verdict == "none"


def test_a_sensor_that_falls_silent_has_drifted() -> None:
    found = drift_of(NORMAL, pa.array([None] * 500, pa.float64()))
    assert found.verdict == "large" and "missing in 100 % of rows" in found.why
    assert found.missing_current == 1 and found.ks is None and found.wasserstein is None
    some = drift_of(NORMAL, pa.array(NORMAL[:1000], mask=np.arange(1000) < 300))
    assert some.verdict in ("some", "large") and "missing in 30 % of rows" in some.why


def test_infinite_values_are_counted_and_leave_the_statistics_finite() -> None:
    current = np.where(np.arange(1000) < 250, np.inf, NORMAL[:1000])
    found = drift_of(NORMAL, current)
    assert found.infinite_current == 0.25 and "infinite in 25 % of rows" in found.why
    assert found.wasserstein == pytest.approx(wasserstein_distance(NORMAL, current[250:]), rel=1e-12)


def test_a_constant_that_becomes_another_has_drifted() -> None:
    for other in (4.0, 6.0):
        found = drift_of([5.0] * 200, [other] * 200)
        assert found.verdict == "large" and found.ks == 1 and found.wasserstein == 1 and found.wasserstein_sd is None
    assert drift_of([5.0] * 200, [5.0] * 200).verdict == "none"


@pytest.mark.parametrize("rows", [0, 1, FEWEST_ROWS - 1])
def test_too_few_rows_on_either_side_cannot_tell_and_say_how_many_are_needed(rows: int) -> None:
    for reference, current in ((NORMAL, NORMAL[:rows]), (NORMAL[:rows], NORMAL), (CARRIERS, CARRIERS[:rows])):
        found = drift_of(reference, current)
        assert found.verdict == "cannot tell"
        assert "no rows" in found.why if rows == 0 else f"at least {FEWEST_ROWS}" in found.why


def test_new_lost_and_retyped_columns_each_have_their_verdict_and_sentence() -> None:
    reference = pa.table({"kept": NORMAL, "gone": NORMAL, "fare": NORMAL})
    current = pa.table({"kept": NORMAL, "fare": CARRIERS, "fresh": CARRIERS})
    kept, gone, fare, fresh = drift(profile_of(reference, reference.column_names), current)
    assert kept.verdict == "none" and not kept.broken
    assert (gone.verdict, gone.why, gone.broken) == ("lost column", "gone: the column is not there any more.", True)
    assert fare.verdict == "changed type" and fare.broken
    assert fare.why == "fare: it held numbers in training and holds categories now."
    assert (fresh.verdict, fresh.broken) == ("new column", False)


def test_whole_numbers_yes_and_no_and_floats_are_one_kind_and_no_value_has_no_kind() -> None:
    assert drift_of([True, False] * 100, [1.0, 0.0] * 100).verdict == "none"
    assert drift_of([1, 2, 3] * 100, [1.0, 2.0, 3.0] * 100).verdict == "none"
    assert drift_of(pa.nulls(100), pa.nulls(100)).verdict == "none"
    assert drift_of(pa.nulls(100), CARRIERS[:100]).verdict == "large"
    assert drift_of(CARRIERS, pa.nulls(100)).verdict == "large"


def test_a_column_that_is_there_twice_is_refused_by_name() -> None:
    profile = profile_of(pa.table({"x": [1.0]}), ["x"])
    with pytest.raises(Invalid, match="x is more than once"):
        drift(profile, pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"]))


SMALL = st.one_of(
    st.lists(st.one_of(st.none(), st.integers(-5, 5), st.floats(width=32)), max_size=40).map(
        lambda values: pa.array([None if v is None else float(v) for v in values], pa.float64())
    ),
    st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=40).map(lambda values: pa.array(values, pa.string())),
    st.lists(st.one_of(st.none(), st.booleans()), max_size=40).map(lambda values: pa.array(values, pa.bool_())),
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=40).map(
        lambda values: pa.array(values, pa.timestamp("us", "UTC"))
    ),
    st.integers(0, 40).map(pa.nulls),
    st.lists(st.lists(st.integers(0, 3), max_size=2), max_size=10).map(lambda v: pa.array(v, pa.list_(pa.int64()))),
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(SMALL, SMALL, st.text(max_size=20))
def test_nothing_that_data_holds_crashes_or_escapes_into_the_terminal(a: pa.Array, b: pa.Array, name: str) -> None:
    profile = from_bytes(to_bytes(profile_of(pa.table({name: a}), [name])))
    [found] = drift(profile, pa.table({name: b}))
    assert found.why
    for text in (found.why, *(bar.label for bar in found.bars)):
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in text)
    json.dumps(write(found), allow_nan=False)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.one_of(st.none(), st.integers(-3, 3).map(float), st.floats(-10, 10)), min_size=1, max_size=80),
    st.lists(st.one_of(st.none(), st.integers(-3, 3).map(float), st.floats(-10, 10)), min_size=1, max_size=80),
)
def test_the_numbers_of_a_table_with_ties_and_gaps_equal_scipy(
    one: list[float | None], other: list[float | None]
) -> None:
    a, b = ([v for v in side if v is not None] for side in (one, other))
    found = drift_of(pa.array(one, pa.float64()), pa.array(other, pa.float64()))
    if len(a) < 2 or len(b) < 2:
        return
    theirs = ks_2samp(a, b, method="asymp")
    assert found.ks == pytest.approx(theirs.statistic, rel=1e-12, abs=1e-300)
    assert found.ks_p == pytest.approx(theirs.pvalue, rel=1e-12, abs=1e-300)
    assert found.wasserstein == pytest.approx(wasserstein_distance(a, b), rel=1e-12, abs=1e-300)
    spread = np.std(a)
    if spread > 1e-6:
        assert found.wasserstein_sd == pytest.approx(wasserstein_distance(a, b) / spread, rel=1e-9)


def test_the_categories_of_a_table_with_gaps_and_new_labels_equal_scipy() -> None:
    a = [None, *CARRIERS, "only then"]
    b = [*CARRIERS[:300], "only now", None, "ZZ", "ZZ"]
    labels = sorted({*a, *b} - {None}, key=str)
    table = np.array([[side.count(label) for label in labels] for side in (a, b)])
    found = drift_of(a, b)
    theirs = chi2_contingency(table)
    assert found.chi_square == pytest.approx(theirs.statistic, rel=1e-12)
    assert found.chi_square_p == pytest.approx(theirs.pvalue, rel=1e-12)
    expected = distance.jensenshannon(table[0] / table[0].sum(), table[1] / table[1].sum())
    assert found.jensen_shannon == pytest.approx(expected, rel=1e-12)


def test_beyond_its_bounds_a_profile_gives_nearly_the_same_numbers_and_says_approximate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    current = RNG.normal(3.3, 2, 3000)
    streets = [f"s{i}" for i in RNG.integers(0, 90, 8000)]
    exact, exact_label = drift_of(NORMAL, current), drift_of(streets[:6000], streets[6000:])
    monkeypatch.setattr(profiles, "MOST_VALUES", 1000)
    monkeypatch.setattr(profiles, "KEPT_POINTS", 500)
    monkeypatch.setattr(profiles, "MOST_LABELS", 60)
    rough, rough_label = drift_of(NORMAL, current), drift_of(streets[:6000], streets[6000:])
    assert rough.approximate and not exact.approximate and rough_label.approximate
    assert rough.ks == pytest.approx(exact.ks, abs=0.002)
    assert rough.wasserstein == pytest.approx(exact.wasserstein, rel=0.02)
    assert rough.psi == pytest.approx(exact.psi, abs=0.002)
    assert rough_label.verdict == exact_label.verdict == "none"
