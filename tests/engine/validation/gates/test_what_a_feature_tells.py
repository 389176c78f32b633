"""How well one feature alone tells the target, held against scikit-learn and SciPy, and where it cannot be said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from engine.validation.gates import leakage
from engine.validation.gates.leakage import no_leak, strength
from engine.validation.metrics import Truth

RNG = np.random.default_rng(7)
N = 400
LATE = RNG.integers(0, 2, N).astype(np.float64)
NOISE = RNG.normal(size=N)


def column(values: Any) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values)])


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_tells_two_classes_by_its_auc_whichever_way_round(sign: int) -> None:
    values = sign * (LATE + NOISE)
    auc = roc_auc_score(LATE, values)
    assert strength(column(values), LATE, "binary") == pytest.approx(max(auc, 1 - auc), abs=1e-12)
    assert strength(column(sign * LATE), LATE, "binary") == 1.0


@pytest.mark.parametrize(("rare", "told"), [(1, 0.5), (40, 1.0)])
def test_a_class_of_a_handful_of_rows_says_nothing(rare: int, told: float) -> None:
    for few in (np.arange(N) < rare, np.arange(N) >= rare):
        answer = few.astype(np.float64)
        assert strength(column(answer), answer, "binary") == told


@pytest.mark.parametrize(("finite", "told"), [(2, 0.0), (200, 1.0)])
def test_a_handful_of_values_says_nothing(finite: int, told: float) -> None:
    values = np.where(np.arange(N) < finite, np.arange(N, dtype=float), np.inf)
    assert strength(column(values), np.arange(N, dtype=float), "regression") == pytest.approx(told)


def test_a_number_tells_a_value_by_the_square_of_its_correlation_or_of_that_of_its_ranks() -> None:
    actual = RNG.normal(size=N)
    for values in (actual + NOISE, np.exp(3 * actual), -np.exp(3 * actual), np.round(actual + NOISE)):
        by_hand = max(stats.pearsonr(values, actual)[0] ** 2, stats.spearmanr(values, actual)[0] ** 2)
        assert strength(column(values), actual, "regression") == pytest.approx(by_hand, rel=1e-9)
    assert strength(column(np.ones(N)), actual, "regression") == 0.0
    assert strength(column(np.where(actual > 0, 1e300, -1e300)), actual, "regression") < 0.9


def test_a_time_tells_like_a_number() -> None:
    actual = np.arange(N, dtype=float)
    moments = pa.chunked_array([pa.array(np.arange(N) * 10**6, pa.timestamp("us"))])
    assert strength(moments, actual, "regression") == pytest.approx(1.0)


def test_a_category_is_learnt_on_one_half_and_tried_on_the_other() -> None:
    names = np.array(["no", "yes"])
    assert strength(column(names[LATE.astype(int)]), LATE, "binary") == 1.0
    assert strength(column([f"key {n}" for n in range(N)]), LATE, "binary") == 0.5, "a key is never seen again"
    loose = np.where(RNG.random(N) < 0.3, 1 - LATE, LATE).astype(int)
    learn = np.random.default_rng(0).random(N) < 0.5
    share = [LATE[learn & (loose == k)].mean() for k in (0, 1)]
    wanted = roc_auc_score(LATE[~learn], np.array(share)[loose[~learn]])
    assert strength(column(names[loose]), LATE, "binary") == pytest.approx(wanted, abs=1e-12)


def test_a_category_tells_a_value_by_what_it_explains() -> None:
    group = RNG.integers(0, 3, N)
    actual = np.array([0.0, 5.0, 20.0])[group] + NOISE
    learn = np.random.default_rng(0).random(N) < 0.5
    means = np.array([actual[learn & (group == k)].mean() for k in range(3)])
    left = actual[~learn] - means[group[~learn]]
    wanted = 1 - (left**2).mean() / actual[~learn].var()
    said = strength(column([f"g{k}" for k in group]), actual, "regression")
    assert said == pytest.approx(wanted, abs=1e-12)
    assert strength(column(["one"] * N), actual, "regression") == 0.0
    assert strength(column([f"g{k}" for k in group]), np.ones(N), "regression") == 0.0


@pytest.mark.parametrize("task", ["binary", "regression", "multiclass"])
def test_that_a_value_is_missing_may_tell_all(task: Any) -> None:
    gone = [None if late else 1.0 for late in LATE]
    assert strength(column(gone), LATE, task) == 1.0
    assert strength(column([None] * N), LATE, task) in (0.0, 0.5)
    assert strength(pa.chunked_array([pa.array([None] * N, pa.float64())]), LATE, task) == 0.0


def test_of_several_classes_it_is_the_skill_beyond_the_most_frequent_one() -> None:
    classes = RNG.choice(3, N, p=[0.6, 0.3, 0.1])
    loose = np.where(RNG.random(N) < 0.2, 0, classes)
    learn = np.random.default_rng(0).random(N) < 0.5
    guess = np.array([np.bincount(classes[learn & (loose == k)], minlength=3).argmax() for k in range(3)])
    usual = np.bincount(classes[learn]).argmax()
    right, base = (guess[loose[~learn]] == classes[~learn]).mean(), (classes[~learn] == usual).mean()
    said = strength(column([f"c{k}" for k in loose]), classes.astype(float), "multiclass")
    assert said == pytest.approx((right - base) / (1 - base), abs=1e-12)
    assert strength(column(loose.astype(float)), classes.astype(float), "multiclass") == pytest.approx(said)
    assert strength(column(NOISE), classes.astype(float), "multiclass") < 0.3
    assert strength(column(classes.astype(float) * 9), np.ones(N), "multiclass") == 0.0


def test_equal_values_share_their_rank() -> None:
    values = np.array([3.0, 1.0, 3.0, 2.0, 3.0, 1.0])
    assert list(leakage.ranks(values)) == list(stats.rankdata(values))


def judged(**features: Any) -> Any:
    table = pa.table({"late": LATE.astype(int), **features})
    return no_leak(table, list(features), "late", Truth("binary", LATE.astype(int), ("0", "1")))


def test_the_strongest_feature_is_named_with_how_much_it_tells() -> None:
    gate = judged(noise=NOISE, loose=LATE + NOISE)
    auc = roc_auc_score(LATE, LATE + NOISE)
    assert (gate.verdict, gate.evidence) == ("pass", f"Strongest alone: loose, AUC {auc:.2f}.")
    assert gate.numbers == {"limit": 0.98, "highest": pytest.approx(auc)}
    nothing = judged()
    assert (nothing.verdict, nothing.evidence, nothing.numbers["highest"]) == ("pass", "There are no features.", 0.0)


def test_leaks_are_named_the_strongest_first_and_three_at_most() -> None:
    leaks = dict.fromkeys("dcba", LATE)
    gate = judged(**leaks, noise=NOISE)
    assert gate.verdict == "fail"
    assert gate.evidence.startswith("Tells the target alone: a (AUC 1.000), b (AUC 1.000), c (AUC 1.000)")
    assert gate.numbers["highest"] == 1.0


def test_rows_without_a_target_or_of_a_class_that_is_not_judged_do_not_count() -> None:
    labels = ["yes" if late else "no" for late in LATE]
    labels[:50] = ["other"] * 50
    unknown: list[str | None] = [*labels[:300], *[None] * 100]
    truth = Truth("binary", LATE.astype(int), ("no", "yes"))
    leak = np.where(np.arange(N) < 50, 1 - LATE, LATE)
    leak[300:] = 1 - leak[300:]
    table = pa.table({"late": pa.array(unknown), "leak": leak})
    assert no_leak(table, ["leak"], "late", truth).numbers["highest"] == 1.0


def test_numbers_that_are_written_as_text_tell_what_they_are() -> None:
    actual = RNG.normal(size=N)
    written = column([f"{value:.9f}" for value in actual])
    assert strength(written, actual, "regression") == pytest.approx(1.0)
    noisy = LATE + NOISE
    auc = roc_auc_score(LATE, noisy)
    assert strength(column([repr(float(value)) for value in noisy]), LATE, "binary") == pytest.approx(max(auc, 1 - auc))
    for others in ([*(f"{value:.9f}" for value in actual[1:]), "none"], [f"u{place}" for place in range(N)]):
        assert strength(column(others), actual, "regression") < 0.1  # one word among them, and it is text


def test_a_list_tells_by_how_it_is_written() -> None:
    assert strength(column([[int(value)] for value in LATE]), LATE, "binary") == 1.0
    assert strength(column([{"a": int(value)} for value in LATE]), LATE, "binary") == 1.0
    assert strength(column([[float(value)] for value in NOISE]), LATE, "binary") == 0.5
    gaps = column([[1] if value else None for value in LATE])
    assert strength(gaps, LATE, "binary") == 1.0


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_what_misleads_tells_nothing_and_not_less_than_nothing(task: Any) -> None:
    """That a value is missing means 1 in the half that is learnt from and 0 in the other."""
    learn = np.random.default_rng(0).random(N) < 0.5
    gap = np.arange(N) % 4 == 0
    answer = np.where(gap & learn, 1.0, np.where(np.arange(N) % 4 == 1, 2.0, 0.0))
    assert strength(column([None if each else "known" for each in gap]), answer, task) == 0.0


@pytest.mark.parametrize(("rows", "kept"), [(20_000, 20_000), (20_001, 10_001), (40_000, 20_000), (50_000, 16_667)])
def test_of_many_rows_every_second_or_third_is_tried_as_few_as_twenty_thousand(rows: int, kept: int) -> None:
    found = leakage.evenly(np.arange(rows), 20_000)
    assert len(found) == kept and len(set(np.diff(found))) == 1 and found[0] == 0


def test_of_a_rare_class_all_rows_are_tried_and_those_without_an_answer_never() -> None:
    values = np.where(np.arange(100_000) % 1000 == 0, 1.0, 0.0)
    known = np.arange(100_000) % 7 != 0
    rows = leakage.sample(leakage.Answer(values, known), "binary")
    assert (values[rows] == 1).sum() == ((values == 1) & known).sum(), "all of the rare class"
    assert 5_000 <= (values[rows] == 0).sum() <= 10_000 and known[rows].all() and (np.diff(rows) > 0).all()
    assert 10_000 <= len(leakage.sample(leakage.Answer(values, known), "regression")) <= 20_000
