"""Labels from a source of their own join the data by key, in its order, whatever came late, twice or not at all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import StepFailed
from engine.jobs.labels import labelled
from engine.projects.manifest.reader import Manifest, load_manifest
from engine.runs.steps.tables import types_of, with_types
from tests import tiny


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return load_manifest(tiny.make(tmp_path_factory.mktemp("labels") / "tiny"))


def data(**columns: object) -> pa.Table:
    return pa.table({"id": [5, 3, 4, 1], "x": [0.5, 0.3, 0.4, 0.1], **columns})


def test_each_row_gets_the_label_of_its_key_and_the_order_stays(manifest: Manifest) -> None:
    joined = labelled(data(), pa.table({"id": [1, 2, 3], "late": [1, 1, 0], "note": ["a", "b", "c"]}), manifest).table
    assert joined.column_names == ["id", "x", "late"]
    assert joined.to_pydict() == {**data().to_pydict(), "late": [None, 0, None, 1]}


def test_what_the_source_says_wins_and_the_other_rows_keep_what_extract_gave(manifest: Manifest) -> None:
    joined = labelled(data(late=[0, 1, None, None]), pa.table({"id": [3, 4], "late": [0, 1]}), manifest).table
    assert joined.column("late").to_pylist() == [0, 0, 1, None]


def test_a_row_without_a_label_takes_none_away(manifest: Manifest) -> None:
    silent = pa.table({"id": [5, 3], "late": pa.array([None, float("nan")], pa.float64())})
    assert labelled(data(late=[1, 1, 1, 1]), silent, manifest).table.column("late").to_pylist() == [1, 1, 1, 1]


def test_no_label_at_all_is_no_mistake(manifest: Manifest) -> None:
    nothing = pa.table({"id": pa.array([], pa.int64()), "late": pa.array([], pa.int64())})
    assert labelled(data(), nothing, manifest).table.column("late").null_count == 4


def test_keys_of_several_columns_of_other_types_and_of_categories_join(manifest: Manifest) -> None:
    two = replace(manifest, data=replace(manifest.data, key=("id", "place")))
    place = pa.array(["A", "B", "A", "B"]).dictionary_encode()
    labels = pa.table({"place": ["B", "A"], "id": ["3", "5"], "late": pa.array(["no", "yes"]).dictionary_encode()})
    assert labelled(data(place=place), labels, two).table.column("late").to_pylist() == ["yes", "no", None, None]


def test_a_large_table_keeps_every_row_in_its_place(manifest: Manifest) -> None:
    ids = np.random.default_rng(0).permutation(200_000)
    joined = labelled(pa.table({"id": ids}), pa.table({"id": ids[::-3], "late": ids[::-3] % 7}), manifest).table
    assert joined.column("id").to_numpy().tolist() == ids.tolist()
    found = joined.column("late").to_numpy(zero_copy_only=False)
    known = ~np.isnan(found)
    assert known.sum() == len(ids[::-3]) and (found[known] == ids[known] % 7).all()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (pa.table({"id": [3, 3, 4], "late": [0, 1, 1]}), "1 row with a key that another has"),
        (pa.table({"ident": [3], "late": [0]}), "labels returned no column 'id'"),
        (pa.table({"id": [3]}), "labels returned no column 'late'"),
        (pa.table({"id": ["three"], "late": [0]}), 'is string in labels, int64 in extract ."three" in labels, 5 in'),
        (pa.table({"id": [3], "late": [[1]]}), "Labels cannot join the data: 'id' is int64, and the label is list"),
        (pa.table({"id": [3], "late": ["what"]}), "labels returned string for 'late' and extract int64"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(manifest: Manifest, labels: pa.Table, said: str) -> None:
    with pytest.raises(StepFailed, match=said):
        labelled(data(late=[1, 1, 1, 1]), labels, manifest)


def orders(*keys: object) -> pa.Table:
    return pa.table({"id": list(keys), "x": [0.5] * len(keys)})


@pytest.mark.parametrize(
    ("ours", "theirs", "shown"),
    [
        (["000005", "000007"], [5, 9], '5 in labels, "000005" in what extract returned'),
        (["7", "8"], ["07", "9"], '"07" in labels, "7" in what extract returned'),
        (["A7", "A8"], ["B1", "A8  "], '"A8  " in labels, "A8" in what extract returned'),
        (["a7"], ["A7"], '"A7" in labels, "a7" in what extract returned'),
        (["7", "8"], ["7.0"], '"7.0" in labels, "7" in what extract returned'),
        ([1, 2], [3, 4], "3 in labels, 1 in what extract returned"),
        (["x"], ["\x1b[31m" + "y" * 99], f'"{"y" * 39}…" in labels, "x" in what extract returned'),
    ],
)
def test_labels_of_which_no_key_is_in_the_data_are_named_with_a_key_of_each_side(
    manifest: Manifest, ours: list[object], theirs: list[object], shown: str
) -> None:
    labels = pa.table({"id": theirs, "late": [1] * len(theirs)})
    with pytest.raises(StepFailed) as refused:
        labelled(orders(*ours), labels, manifest)
    brought = "1 row" if len(theirs) == 1 else f"{len(theirs)} rows"
    assert str(refused.value) == (
        f"labels brought {brought}, and none of their keys ('id') is in the data: {shown}; "
        "let both write the key in the same way."
    )


@pytest.mark.parametrize(
    ("ours", "theirs"), [([5, 7], [5.0, 7.0]), (["5", "7"], [5, 7]), ([5, 7], ["5", "007"]), ([5.0, None], [5, 7])]
)
def test_keys_of_another_type_that_say_the_same_meet(
    manifest: Manifest, ours: list[object], theirs: list[object]
) -> None:
    joined = labelled(orders(*ours), pa.table({"id": theirs, "late": [0, 1]}), manifest)
    assert (joined.met, joined.few) == (sum(key is not None for key in ours), False)


def test_keys_of_which_few_are_in_the_data_are_counted(manifest: Manifest) -> None:
    labels = pa.table({"id": range(95, 1095), "late": [0, 1] * 500})
    joined = labelled(orders(*range(100)), labels, manifest)
    assert joined.few and joined.said.startswith(
        "labels brought 1,000 rows, and 5 of the 100 rows of the data have a key ('id') among theirs: "
    ), joined.said
    assert "96 in labels" not in joined.said and "100 in labels, 0 in what extract returned" in joined.said
    assert not labelled(orders(*range(106)), labels, manifest).few


def test_no_key_is_shown_of_a_sensitive_column(manifest: Manifest) -> None:
    secret = replace(manifest, data=replace(manifest.data, sensitive=("id",)))
    for ours, theirs in ((["secret"], ["other"]), ([1], ["other"])):
        with pytest.raises(StepFailed) as refused:
            labelled(orders(*ours), pa.table({"id": theirs, "late": [1]}), secret)
        assert "secret" not in str(refused.value) and "other" not in str(refused.value)


def test_labels_that_meet_nothing_take_away_none_that_extract_gave(manifest: Manifest) -> None:
    joined = labelled(data(late=[1, 0, 1, 0]), pa.table({"id": range(90, 190), "late": [1] * 100}), manifest)
    assert joined.table.column("late").to_pylist() == [1, 0, 1, 0]
    assert (joined.met, joined.few) == (0, True)


def test_keys_of_which_some_are_only_written_otherwise_are_told_though_most_met(manifest: Manifest) -> None:
    padded = pa.table({"id": [f"{key:03d}" for key in range(300)], "x": [0.5] * 300})
    plain = pa.table({"id": range(250), "late": [1] * 250})
    found = labelled(padded, plain, manifest)
    assert (found.met, found.otherwise, found.few) == (150, 100, True)
    assert "150 of the 300 rows of the data have a key ('id') among theirs, and 100 would if both wrote it alike: " in (
        found.said
    )
    assert found.said.endswith('1 in labels, "001" in what extract returned; let both write the key in the same way')
    assert not labelled(padded.slice(100), plain, manifest).few  # those of three digits are written alike


def test_keys_in_which_case_matters_are_not_told_for_a_few_that_are_alike(manifest: Manifest) -> None:
    ours = pa.table({"id": [f"a{key}" for key in range(100)] + [f"k{key}" for key in range(100)]})
    theirs = pa.table({"id": [f"a{key}" for key in range(100)] + [f"K{key}" for key in range(97, 197)]})
    found = labelled(ours, theirs.append_column("late", pa.array([1] * 200)), manifest)
    assert (found.met, found.otherwise, found.few) == (100, 0, False)


@pytest.mark.parametrize("gap", [None, float("nan")])
def test_labels_without_a_key_are_nobodys_and_no_repetition(manifest: Manifest, gap: float | None) -> None:
    labels = pa.table({"id": pa.array([gap, gap, 3.0, gap], pa.float64()), "late": [1, 0, 1, 0]})
    found = labelled(data(), labels, manifest)
    assert found.table.column("late").to_pylist() == [None, 1, None, None]
    assert found.said.startswith("labels brought 1 row with a key and 3 without one, and 1 of the 4 rows")


@pytest.mark.parametrize(
    "given",
    [pa.nulls(4), pa.array([float("nan")] * 4), pa.array([None] * 4, pa.string()), pa.array([None] * 4, pa.int8())],
)
@pytest.mark.parametrize("said", [["yes", "no"], [1, 0], [0.5, 1.5], [True, False]])
def test_a_target_that_extract_leaves_empty_is_of_the_type_of_the_labels(
    manifest: Manifest, given: pa.Array, said: list[object]
) -> None:
    table = with_types(data(late=given), {"late": {"dtype": "float64"}, "x": {"dtype": "float64"}})
    labels = with_types(pa.table({"id": [3, 1], "late": said}), {"late": {"dtype": "object"}})
    joined = labelled(table, labels, manifest).table
    assert joined.column("late").to_pylist() == [None, said[0], None, said[1]]
    assert types_of(joined) == {"x": {"dtype": "float64"}, "late": {"dtype": "object"}}
    untyped = labelled(table, pa.table({"id": [3, 1], "late": said}), manifest).table
    assert types_of(untyped) == {"x": {"dtype": "float64"}}


def test_no_label_at_all_is_no_mistake_whatever_type_nothing_has(manifest: Manifest) -> None:
    found = labelled(data(), pa.table({"id": pa.nulls(0), "late": pa.nulls(0)}), manifest)
    assert found.table.column("late").null_count == 4 and (found.brought, found.met) == (0, 0)


@pytest.mark.parametrize("turned", [False, True])
def test_whole_numbers_of_a_database_that_knows_decimals_only_are_keys_like_others(
    manifest: Manifest, turned: bool
) -> None:
    decimals = pa.array([Decimal(3), Decimal(1)], pa.decimal128(9, 0))
    ids, asked = (decimals, pa.array([1, 3])) if turned else (pa.array([3, 1]), decimals.take(pa.array([1, 0])))
    table, labels = pa.table({"id": ids}), pa.table({"id": asked, "late": [10, 30]})
    assert labelled(table, labels, manifest).table.column("late").to_pylist() == [30, 10]


def test_keys_may_be_called_as_the_engine_calls_columns_of_its_own(manifest: Manifest) -> None:
    key = ("(row)", "(label)", "key 1")
    named = replace(manifest, data=replace(manifest.data, key=key))
    ours = pa.table({name: [1, 2, 3] for name in key})
    theirs = ours.slice(1).append_column("late", pa.array([20, 30]))
    assert labelled(ours, theirs, named).table.column("late").to_pylist() == [None, 20, 30]
