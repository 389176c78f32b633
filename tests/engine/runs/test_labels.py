"""Labels from a source of their own join the data by key, in its order, whatever came late, twice or not at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import StepFailed
from engine.projects.manifest import Manifest, load_manifest
from engine.runs.labels import labelled
from tests import tiny


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return load_manifest(tiny.make(tmp_path_factory.mktemp("labels") / "tiny"))


def data(**columns: object) -> pa.Table:
    return pa.table({"id": [5, 3, 4, 1], "x": [0.5, 0.3, 0.4, 0.1], **columns})


def test_each_row_gets_the_label_of_its_key_and_the_order_stays(manifest: Manifest) -> None:
    joined = labelled(data(), pa.table({"id": [1, 2, 3], "late": [1, 1, 0], "note": ["a", "b", "c"]}), manifest)
    assert joined.column_names == ["id", "x", "late"]
    assert joined.to_pydict() == {**data().to_pydict(), "late": [None, 0, None, 1]}


def test_what_the_source_says_wins_and_the_other_rows_keep_what_extract_gave(manifest: Manifest) -> None:
    joined = labelled(data(late=[0, 1, None, None]), pa.table({"id": [3, 4], "late": [0, 1]}), manifest)
    assert joined.column("late").to_pylist() == [0, 0, 1, None]


def test_a_row_without_a_label_takes_none_away(manifest: Manifest) -> None:
    silent = pa.table({"id": [5, 3], "late": pa.array([None, float("nan")], pa.float64())})
    assert labelled(data(late=[1, 1, 1, 1]), silent, manifest).column("late").to_pylist() == [1, 1, 1, 1]


def test_no_label_at_all_is_no_mistake(manifest: Manifest) -> None:
    nothing = pa.table({"id": pa.array([], pa.int64()), "late": pa.array([], pa.int64())})
    assert labelled(data(), nothing, manifest).column("late").null_count == 4


def test_keys_of_several_columns_of_other_types_and_of_categories_join(manifest: Manifest) -> None:
    two = replace(manifest, data=replace(manifest.data, key=("id", "place")))
    place = pa.array(["A", "B", "A", "B"]).dictionary_encode()
    labels = pa.table({"place": ["B", "A"], "id": ["3", "5"], "late": pa.array(["no", "yes"]).dictionary_encode()})
    assert labelled(data(place=place), labels, two).column("late").to_pylist() == ["yes", "no", None, None]


def test_a_large_table_keeps_every_row_in_its_place(manifest: Manifest) -> None:
    ids = np.random.default_rng(0).permutation(200_000)
    joined = labelled(pa.table({"id": ids}), pa.table({"id": ids[::-3], "late": ids[::-3] % 7}), manifest)
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
        (pa.table({"id": ["three"], "late": [0]}), "'id' is string in labels, int64 in extract"),
        (pa.table({"id": [3], "late": [[1]]}), "Labels cannot join the data: 'id' is int64, and the label is list"),
        (pa.table({"id": [3], "late": ["what"]}), "labels returned string for 'late' and extract int64"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(manifest: Manifest, labels: pa.Table, said: str) -> None:
    with pytest.raises(StepFailed, match=said):
        labelled(data(late=[1, 1, 1, 1]), labels, manifest)
