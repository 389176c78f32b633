"""A holdout that is drawn: stable, the same part of each class, and what was held out is never learnt from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.json_records import read, write
from engine.validation.holdout.drawn import places
from engine.validation.holdout.split import Split, split
from engine.versions.records import DrawnHoldout
from tests.engine.validation.validation_cases import manifest

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def birds(rows: int = 344, seed: int = 0) -> pa.Table:
    """Penguins in file order: one kind after the other."""
    rng = np.random.default_rng(seed)
    kinds = np.repeat(["Adelie", "Chinstrap", "Gentoo"], [152, 68, 124])[np.arange(rows) % 344]
    kinds = np.sort(kinds)
    return pa.table({"id": np.arange(rows), "bill": rng.normal(size=rows), "late": kinds})


def parts(table: pa.Table, fraction: float = 0.2, *, live: Split | None = None, **more: Any) -> Split:
    more = {"key": ("id",), **more}
    return split(table, manifest(fraction, time=None, **more), NOW, live=live.cut if live else None)


def ids(table: pa.Table) -> set[Any]:
    return set(table["id"].to_pylist())


def shares(found: Split) -> dict[str, float]:
    whole = pa.concat_tables([found.train, found.holdout])["late"].to_pylist()
    held = found.holdout["late"].to_pylist()
    return {kind: held.count(kind) / whole.count(kind) for kind in sorted(set(whole))}


def test_each_class_gives_its_part_though_the_file_is_sorted_by_class() -> None:
    found = parts(birds())
    assert shares(found) == pytest.approx({"Adelie": 0.2, "Chinstrap": 0.2, "Gentoo": 0.2}, abs=0.008)
    assert found.train["id"].to_pylist() == sorted(ids(found.train))  # in the order of the data


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(2, 40), min_size=2, max_size=6), st.sampled_from([0.1, 0.2, 0.3, 0.5]), st.integers(0, 99))
def test_every_class_of_two_rows_has_one_on_each_side(counts: list[int], fraction: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = rng.permutation(np.repeat([f"k{i}" for i in range(len(counts))], counts))
    found = parts(pa.table({"id": rng.permutation(len(kinds)), "late": kinds}), fraction)
    for kind, share in shares(found).items():
        n = counts[int(kind[1:])]
        assert 1 <= round(share * n) <= n - 1
        assert abs(share * n - fraction * n) <= 1


def test_neither_the_order_of_the_rows_nor_of_the_columns_changes_anything() -> None:
    table = birds()
    shuffled = table.take(pa.array(np.random.default_rng(1).permutation(344))).select(["late", "bill", "id"])
    assert ids(parts(table).holdout) == ids(parts(shuffled).holdout)
    by_row = [ids(parts(each, key=(), exclude=("id",)).holdout) for each in (table, shuffled)]
    assert by_row[0] == by_row[1]
    assert np.array_equal(places(table, ["id", "bill"]), places(table, ["bill", "id"])), "nor that of a key's parts"
    assert not np.array_equal(places(table, ["id", "bill"]), places(table, ["id"]))


@pytest.mark.parametrize("more", [1, 20, 344, 3000])
def test_new_rows_move_no_old_row_while_the_live_versions_cuts_are_gone_on_with(more: int) -> None:
    old = parts(birds())
    grown = birds(344 + more, seed=0)
    kinds = [*birds()["late"].to_pylist(), *np.random.default_rng(2).choice(["Adelie", "Chinstrap", "Gentoo"], more)]
    grown = grown.set_column(2, "late", pa.array(kinds))
    new = parts(grown, live=old)
    assert ids(old.holdout) == {each for each in ids(new.holdout) if each < 344}
    assert ids(old.train).isdisjoint(ids(new.holdout))
    assert new.cut == old.cut
    assert all(0.1 < share < 0.32 for share in shares(new).values())


def test_a_class_whose_part_is_far_off_is_cut_anew_and_the_others_stay() -> None:
    old = parts(birds())
    table = birds()
    lost = ids(old.holdout) & {i for i, kind in zip(table["id"].to_pylist(), table["late"].to_pylist(), strict=True) if kind == "Gentoo"}  # fmt: skip # noqa: E501
    left = table.filter(pa.array([i not in lost for i in table["id"].to_pylist()]))
    new = parts(left, live=old)
    assert shares(new)["Gentoo"] == pytest.approx(0.2, abs=0.01)
    assert old.cut and new.cut and new.cut.below["Adelie"] == old.cut.below["Adelie"]


def test_another_fraction_or_another_key_cuts_anew() -> None:
    old = parts(birds())
    assert shares(parts(birds(), 0.4, live=old))["Adelie"] == pytest.approx(0.4, abs=0.01)
    assert parts(birds(), key=("bill",), live=old).cut != old.cut
    # A larger part holds all that the smaller one held.
    assert ids(old.holdout) < ids(parts(birds(), 0.4, live=old).holdout)


def test_rows_of_one_key_and_rows_that_are_alike_stay_on_one_side() -> None:
    table = birds()
    thrice = pa.concat_tables([table, table, table.set_column(1, "bill", pa.array(np.zeros(344)))])
    found = parts(thrice)
    assert ids(found.train).isdisjoint(ids(found.holdout))
    alike = parts(pa.concat_tables([table, table]), key=(), exclude=("id",))
    assert set(alike.train["bill"].to_pylist()).isdisjoint(alike.holdout["bill"].to_pylist())


def test_rows_of_one_key_stay_on_one_side_though_they_are_of_different_classes() -> None:
    rng = np.random.default_rng(4)
    table = pa.table({"id": np.arange(600) % 150, "late": rng.choice(["a", "b", "c"], 600, p=[0.8, 0.15, 0.05])})
    found = parts(table, 0.3)
    assert ids(found.train).isdisjoint(ids(found.holdout)) and found.holdout.num_rows > 60
    shuffled = table.take(pa.array(rng.permutation(600)))
    assert ids(parts(shuffled, 0.3).holdout) == ids(found.holdout)


def test_a_regression_is_drawn_without_classes() -> None:
    table = pa.table({"id": np.arange(1000), "late": np.random.default_rng(0).normal(size=1000)})
    found = parts(table, metric="rmse")
    assert found.holdout.num_rows == 200 and found.cut is not None and list(found.cut.below) == [""]


def test_a_cut_comes_back_from_its_document() -> None:
    found = parts(birds())
    assert found.cut is not None and read(DrawnHoldout, write(found.cut), "The cut") == found.cut


SAME: dict[str, tuple[Any, Any]] = {
    "integers of another width": (pa.array([1, 2, 300], pa.int16()), pa.array([1, 2, 300], pa.int64())),
    "integers that got a gap are floats": (pa.array([1, 2, None], pa.int64()), pa.array([1.0, 2.0, float("nan")])),
    "large numbers too": (pa.array([10**7, 10**12, 2**53 - 1]), pa.array([1e7, 1e12, 2.0**53 - 1])),
    "text in a dictionary": (pa.array(["a", "b", "a"]), pa.array(["a", "b", "a"]).dictionary_encode()),
    "large text": (pa.array(["a", "b", None]), pa.array(["a", "b", None], pa.large_string())),
    "zero is zero": (pa.array([0.0, 0.5, -0.0]), pa.array([-0.0, 0.5, 0.0])),
    "times of another unit": (
        pa.array([0, 10**6, None], pa.timestamp("us", "UTC")),
        pa.array([0, 10**9, None], pa.timestamp("ns", "UTC")),
    ),
}


@pytest.mark.parametrize("kind", SAME)
def test_a_value_has_its_place_whatever_its_type(kind: str) -> None:
    one, other = (places(pa.table({"k": column}), ["k"]) for column in SAME[kind])
    assert one.tolist() == other.tolist()


def test_places_are_spread_evenly_and_are_the_same_in_every_process() -> None:
    for table in (
        pa.table({"k": np.arange(100_000)}),
        pa.table({"k": np.arange(100_000) * 2.0**53 // 7}),
        pa.table({"k": [f"id-{i}" for i in range(100_000)]}),
        pa.table({"k": np.arange(100_000) + 2**62}),
    ):
        counts = np.histogram(places(table, ["k"]), bins=20, range=(0, 1))[0]
        assert counts.min() > 4700 and counts.max() < 5300
    fixed = places(pa.table({"id": [1, 2], "name": ["Ada", None], "x": [0.5, float("nan")]}), ["id", "name", "x"])
    assert fixed.round(12).tolist() == FIXED


# What a version recorded must hold in years, on other machines too.
FIXED = [0.033256978759, 0.202549685983]
HOSTILE = {
    "nothing": pa.nulls(50),
    "lists": pa.array([[i] for i in range(50)]),
    "bytes": pa.array([bytes([i]) for i in range(50)]),
    "decimals": pa.array(range(50)).cast(pa.decimal128(30, 2)),
    "dates": pa.array(range(50), pa.int32()).cast(pa.date32()),
    "durations": pa.array(range(50), pa.duration("ms")),
    "unsigned": pa.array([2**64 - 1 - i for i in range(50)], pa.uint64()),
    "infinite": pa.array([float("inf")] * 25 + [float("-inf")] * 25),
    "yes and no": pa.array([True, False] * 25),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_keys_of_every_kind_have_a_place(kind: str) -> None:
    table = pa.table({"id": HOSTILE[kind], "late": [0, 1] * 25})
    found = places(table, ["id"])
    assert ((found >= 0) & (found <= 1)).all()
    whole = parts(table)
    assert whole.train.num_rows + whole.holdout.num_rows == 50
