"""What extract returned is refused with the rule of the manifest that leaves nothing of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from engine.errors import StepFailed
from engine.jobs.retrain.data import prepare
from engine.projects.manifest.reader import Manifest, load_manifest
from tests import tiny

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def manifest(folder: Path, *changes: tuple[str, str]) -> Manifest:
    project = tiny.make(folder / "tiny")
    for old, new in changes:
        tiny.replace(project, "leverframe.toml", old, new)
    return load_manifest(project)


def rows(days: int, unlabelled: int = 0) -> pa.Table:
    """A row for each of the last ``days`` days; the oldest of them have no label."""
    times = [NOW - timedelta(days=days - day) for day in range(days)]
    late = [None if day < unlabelled else day % 2 for day in range(days)]
    return pa.table({"id": range(days), "at": times, "place": ["A"] * days, "x": [0.5] * days, "late": late})


def test_rows_of_one_moment_are_named_as_what_cannot_be_divided(tmp_path: Path) -> None:
    whole = rows(40)
    whole = whole.set_column(1, "at", pa.array([NOW - timedelta(days=1)] * 40))
    with pytest.raises(StepFailed, match=r"all of them are of one moment \(in 'at'\), which is not divided: name"):
        prepare(whole, manifest(tmp_path, ('holdout = "7d"', "holdout = 0.2")), NOW)


@pytest.mark.parametrize("key", [pa.nulls(40), pa.array([7] * 40), pa.array([float("nan")] * 40)])
def test_a_key_that_tells_no_row_from_another_is_named_and_the_way_out_can_be_gone(
    tmp_path: Path, key: pa.Array
) -> None:
    whole = rows(40).set_column(0, "id", key)
    drawn = manifest(tmp_path, ('holdout = "7d"', "holdout = 0.2"), ('time = "at"\n', 'exclude = ["at"]\n'))
    with pytest.raises(StepFailed, match=r"have the same value, or none, in id, and .*: name in \[data\] key what"):
        prepare(whole, drawn, NOW)
    for better in (("at",), ()):
        named = replace(drawn, data=replace(drawn.data, key=better, exclude=()))
        assert prepare(whole, named, NOW).train.num_rows > 20


@pytest.mark.parametrize("unlabelled", [0, 1])
def test_a_holdout_that_takes_all_the_data_is_named_with_how_far_that_reaches(tmp_path: Path, unlabelled: int) -> None:
    found = manifest(tmp_path, ('holdout = "7d"', 'holdout = "90d"'))
    with pytest.raises(StepFailed) as refused:
        prepare(rows(5, unlabelled), found, NOW)
    since = 19 + unlabelled
    assert (
        f"{5 - unlabelled} to judge by; both are needed: [validation] holdout = \"90d\" takes"
        f" all of these, which reach from 2026-11-{since} to 2026-11-23; make it smaller, or extract more."
    ) in str(refused.value)


def test_a_window_that_leaves_nothing_to_train_on_is_not_blamed_on_the_holdout(tmp_path: Path) -> None:
    found = manifest(tmp_path, ('timeout = "60s"', 'timeout = "60s"\nwindow = "1h"'))
    with pytest.raises(StepFailed, match=r"lie before \[train\] window") as refused:
        prepare(pa.concat_tables([rows(20).slice(0, 5), rows(3)]), found, NOW)
    assert "takes all" not in str(refused.value)


def test_a_feature_may_be_called_as_the_engine_calls_a_column_of_its_own(tmp_path: Path) -> None:
    whole = rows(40).append_column("__leverframe_row__", pa.array([0.5] * 40))
    prepared = prepare(whole, manifest(tmp_path), NOW)
    assert prepared.golden.to_pylist() == list(range(7)) and "__leverframe_row__" in prepared.features
