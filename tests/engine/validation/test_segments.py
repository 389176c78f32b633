"""Performance by segment: which are looked at, what is said of the small ones, and how many looks are too many."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from engine.validation.segments import MOST, ROWS, judge_segments, parts_of
from tests.engine.validation.validation_cases import binary, said


def test_a_missing_value_is_a_segment_of_its_own() -> None:
    parts, left_out = parts_of("place", pa.chunked_array([["A", None, "A"]]))
    assert [(part.value, part.rows.tolist()) for part in parts] == [("A", [0, 2]), ("(missing)", [1])]
    assert left_out == 0


def test_numbers_with_many_values_are_cut_into_ranges() -> None:
    parts, _ = parts_of("age", pa.chunked_array([np.append(np.arange(1000.0), np.nan)]))
    assert len(parts) == 6
    assert {len(part.rows) for part in parts} == {200, 1}
    assert "0 to 199.8" in {part.value for part in parts}


def test_of_many_values_the_most_frequent_are_looked_at_and_the_rest_counted() -> None:
    parts, left_out = parts_of("shop", pa.chunked_array([[f"s{i}" for i in range(80)] + ["s7"] * 5]))
    assert (len(parts), left_out, parts[0].value) == (MOST, 80 - MOST, "s7")


def test_small_segments_cannot_tell_and_come_last() -> None:
    truth, model = binary(1000)
    places = pa.chunked_array([["tiny"] * (ROWS - 1) + ["big"] * (1001 - ROWS)])
    found = judge_segments([("place", places)], ["roc_auc"], truth, model, None, 0).found
    assert [(segment.value, segment.verdict) for segment in found] == [("big", "first"), ("tiny", "cannot tell")]
    assert found[-1].candidate is None


def test_a_segment_that_lost_comes_first_even_when_its_value_is_not_the_worst() -> None:
    truth, live = binary(4000, strength=1.5)
    assert live.ranking is not None
    ranking = live.ranking.copy()
    lost = np.arange(4000) < 2000
    ranking[lost] = np.random.default_rng(0).permutation(ranking[lost])
    places = pa.chunked_array([np.where(lost, "lost", "kept")])
    found = judge_segments([("place", places)], ["roc_auc"], truth, said(ranking), live, 0).found
    assert [(segment.value, segment.verdict) for segment in found] == [("lost", "worse"), ("kept", "same")]


def test_among_many_segments_without_a_difference_hardly_any_is_called_different() -> None:
    # 40 segments x 10 worlds at 5 % each would call about 20 of them different; together at 5 %, it is less than one.
    different = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        truth, model = binary(8000, seed=seed)
        assert model.ranking is not None
        one, two = (said(np.clip(model.ranking + rng.normal(0, 0.1, 8000), 0, 1)) for _ in range(2))
        shops = pa.chunked_array([rng.integers(0, 40, 8000).astype(str)])
        found = judge_segments([("shop", shops)], ["roc_auc"], truth, one, two, seed).found
        different += sum(segment.verdict in ("better", "worse") for segment in found)
    assert different <= 3
