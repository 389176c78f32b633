"""The rows that ``check`` trains on are some of each kind, in whatever rhythm the data goes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from engine.jobs.retrain.dry_run import OF_EACH, SAMPLE, sample


@pytest.mark.parametrize("rhythm", range(2, 8))
def test_each_second_row_of_one_class_leaves_none_out(rhythm: int) -> None:
    rows = SAMPLE * rhythm
    train = pa.table({"y": np.arange(rows) % rhythm})
    chosen = sample(train, "y").to_numpy()
    counts = np.bincount(chosen % rhythm, minlength=rhythm)
    assert SAMPLE <= len(chosen) <= SAMPLE + rhythm * OF_EACH and counts.min() > SAMPLE / rhythm / 2
    assert (np.diff(chosen) > 0).all()  # in their order, each once


def test_a_rare_class_is_there_and_few_rows_are_all_there() -> None:
    rare = pa.table({"y": ["a"] * 50_000 + ["b"] * 7 + ["a"] * 50_000})
    assert rare.take(sample(rare, "y")).column("y").to_pylist().count("b") == 7
    assert sample(rare.slice(0, 100), "y").to_pylist() == list(range(100))
    assert len(sample(pa.table({"y": np.arange(9_000) / 7}), "y")) == SAMPLE  # a target of numbers has no classes
