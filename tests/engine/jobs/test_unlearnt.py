"""The live version is never held for better than it is by rows that it learnt from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.clock import stamp
from engine.scoring.unlearnt import unlearnt, worth_it
from engine.storage.blocks import put_table
from engine.storage.objects import ObjectStore
from engine.validation.holdout.split import Split, split
from tests.engine.validation.validation_cases import manifest
from tests.version_documents import DATA, WHOLE

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=400)


def rows(days: int = 100) -> pa.Table:
    rng = np.random.default_rng(0)
    times = pa.array([START + timedelta(days=n) for n in range(days)], pa.timestamp("us", "UTC"))
    return pa.table({"id": np.arange(days), "at": times, "x": rng.normal(size=days), "late": np.arange(days) % 2})


def version(rules: Any, parts: Split, store: ObjectStore | None = None, **data: Any) -> Any:
    table = rows()
    files = put_table(store, table) if store is not None else ()
    until = stamp(START + timedelta(days=99))
    made = replace(DATA, boundary=parts.boundary, cut=parts.cut, files=files, until=until)
    lineage = replace(WHOLE.lineage, as_of=stamp(NOW))
    return SimpleNamespace(
        label="tiny@1", manifest=rules, document=replace(WHOLE, data=replace(made, **data), lineage=lineage)
    )


def mask(live: Any, parts: Split, time: str | None, room: Any = None) -> list[int] | None:
    """The ids of the holdout that the live version has not learnt from."""
    data: Any = SimpleNamespace(holdout=parts.holdout, cut=parts.cut)
    found = unlearnt(room, live, data, time)
    return None if found is None else parts.holdout.filter(pa.array(found))["id"].to_pylist()


def test_a_holdout_that_only_moved_on_is_compared_whole() -> None:
    week = manifest(timedelta(days=7))
    live = version(week, split(rows(), week, NOW))
    parts = split(rows(107), week, NOW)
    assert mask(live, parts, "at") == parts.holdout["id"].to_pylist()


@pytest.mark.parametrize("recorded", [True, False])
def test_of_a_holdout_that_grew_the_rows_that_were_learnt_from_are_left_out(recorded: bool) -> None:
    week = manifest(timedelta(days=7))
    live = version(week, split(rows(), week, NOW), **({} if recorded else {"boundary": None}))
    parts = split(rows(), manifest(timedelta(days=30)), NOW)
    assert parts.holdout.num_rows == 30 and mask(live, parts, "at") == list(range(93, 100))


def test_a_run_that_looks_at_the_past_compares_nothing_that_was_learnt_since() -> None:
    week = manifest(timedelta(days=7))
    live = version(week, split(rows(), week, NOW))
    parts = split(rows(), week, START + timedelta(days=50))
    assert mask(live, parts, "at") == []
    assert not worth_it(0, parts.holdout.num_rows)


def test_of_a_fraction_of_old_nothing_says_where_it_ended() -> None:
    fifth = manifest(0.2)
    live = version(fifth, split(rows(), fifth, NOW), boundary=None)
    assert mask(live, split(rows(), fifth, NOW), "at") is None


def test_what_was_drawn_by_the_live_versions_cuts_is_compared_whole_and_a_larger_part_is_not() -> None:
    fifth = manifest(0.2, time=None, key=("id",))
    before = split(rows(), fifth, NOW)
    live = version(fifth, before)
    again = split(rows(130), fifth, NOW, live=before.cut)
    assert mask(live, again, None) == again.holdout["id"].to_pylist()
    half = split(rows(), manifest(0.5, time=None, key=("id",)), NOW, live=before.cut)
    assert mask(live, half, None) == before.holdout["id"].to_pylist()


@pytest.mark.parametrize("how", ["the tail of the file", "another key", "by time"])
def test_rows_that_were_told_apart_otherwise_are_found_in_what_was_learnt(home: Path, tmp_path: Path, how: str) -> None:
    store = ObjectStore(home / "objects")
    (home / "objects").mkdir(parents=True, exist_ok=True)
    rules = {
        "the tail of the file": manifest(0.2, time=None, key=("id",)),
        "another key": manifest(0.2, time=None, key=("x",)),
        "by time": manifest(timedelta(days=20)),
    }[how]
    before = split(rows(), rules, NOW)
    live = version(rules, before, store, **({"cut": None} if how == "the tail of the file" else {}))
    parts = split(rows(), manifest(0.2, time=None, key=("id",)), NOW)
    room: Any = SimpleNamespace(folder=tmp_path, store=store)
    kept = mask(live, parts, None, room)
    learnt = set(range(80)) if how != "another key" else set(before.train["id"].to_pylist())
    assert kept == [each for each in parts.holdout["id"].to_pylist() if each not in learnt]
    assert 0 < len(kept) < parts.holdout.num_rows


@pytest.mark.parametrize(
    ("kept", "of", "enough"),
    [(90, 90, True), (3, 3, True), (86, 90, True), (45, 90, True), (44, 90, False), (9, 10, False), (200, 5000, True)],
)
def test_what_is_left_must_be_most_of_the_holdout_or_enough_by_itself(kept: int, of: int, enough: bool) -> None:
    assert worth_it(kept, of) is enough
