"""Tables that grow, lose their head or change in places share their blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from engine.storage.blocks import FEWEST, MOST, ends, put_table, read_folder
from engine.storage.objects import ObjectStore
from engine.versions.document import write_folder


def table(rows: int, seed: int = 7) -> pa.Table:
    draw = np.random.default_rng(seed)
    number = draw.normal(size=rows)
    gaps = pa.array(np.where(draw.random(rows) < 0.05, np.nan, number), from_pandas=True)
    return pa.table(
        {
            "number": gaps,
            "count": draw.integers(0, 1000, rows),
            "carrier": pa.array(draw.choice(["AA", "B6", "United"], rows)).dictionary_encode(),
            "name": pa.array([f"n{i % 977}" for i in range(rows)]),
            "late": draw.random(rows) < 0.3,
            "at": pa.array(np.arange(rows) * 60_000_000, pa.timestamp("us", "UTC")),
            "odd": pa.array([[1, 2]] * rows),
        }
    )


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    (tmp_path / "objects").mkdir()
    return ObjectStore(tmp_path / "objects")


def digests(store: ObjectStore, rows: pa.Table) -> set[str]:
    return {b.digest for b in put_table(store, rows)}


def test_a_table_comes_back_as_it_went_in(store: ObjectStore, tmp_path: Path) -> None:
    rows = table(30_000)
    write_folder(store, put_table(store, rows), tmp_path / "data")
    assert read_folder(tmp_path / "data").equals(rows.unify_dictionaries())


def test_blocks_are_neither_too_small_nor_too_large() -> None:
    sizes = np.diff([0, *ends(table(100_000))])
    assert sizes.sum() == 100_000
    assert sizes.max() <= MOST
    assert sizes[:-1].min() >= FEWEST


def test_a_table_in_which_all_rows_are_alike_is_cut_all_the_same() -> None:
    same = pa.table({"x": np.zeros(20_000), "y": pa.array(["a"] * 20_000)})
    assert ends(same) == [8192, 16384, 20_000]


@pytest.mark.parametrize("rows", [0, 1, FEWEST])
def test_a_small_table_is_one_block_or_none(store: ObjectStore, rows: int) -> None:
    assert len(put_table(store, table(rows))) == min(1, rows)


def test_a_table_that_grew_shares_all_but_its_last_block(store: ObjectStore) -> None:
    rows = table(60_000)
    old = put_table(store, rows.slice(0, 50_000))
    assert len({b.digest for b in old} - digests(store, rows)) <= 1


def test_a_table_that_lost_its_head_shares_all_but_its_first_blocks(store: ObjectStore) -> None:
    rows = table(60_000)
    old, new = digests(store, rows), digests(store, rows.slice(777))
    assert len(new - old) <= 4


def test_a_changed_value_changes_one_block(store: ObjectStore) -> None:
    rows = table(60_000)
    names = rows.column("name").to_pylist()
    names[30_000] = "m" + names[30_000][1:]
    changed = rows.set_column(3, "name", pa.array(names))
    assert len(digests(store, changed) - digests(store, rows)) == 1
