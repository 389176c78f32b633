"""What extract returned is refused with the rule of the manifest that leaves nothing of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from engine.errors import StepFailed
from engine.projects.manifest import Manifest, load_manifest
from engine.runs.data import prepare
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
