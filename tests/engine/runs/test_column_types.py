"""A column is read as it was returned, from parquet and csv, through the engine and its store; or refused by name."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet
import pytest

from engine.errors import StepFailed
from engine.runs.steps import column_types
from engine.runs.steps.tables import read_output, types_of, with_types, write_input
from engine.storage.blocks import put_table, read_folder
from engine.storage.objects import ObjectStore

DAYS = pd.date_range("2026-10-22", periods=6)  # the clock goes back on the 25th
COLUMNS: dict[str, Any] = {
    "integer category": pd.Categorical([3, 1, 2, 1, 3, 2], categories=[3, 2, 1, 9]),
    "ordered category": pd.Categorical([3, 1, None, 1, 3, 2], categories=[3, 2, 1, 9], ordered=True),
    "small category": pd.Series(pd.Categorical(np.array([3, 1, 2, 1, 3, 2], dtype="uint8"))),
    "nullable category": pd.Categorical(pd.array([1, 2, None, 4, 5, 6], dtype="Int64")),
    "yes or no": pd.Categorical([True, False, True, None, True, False]),
    "float category": pd.Categorical([0.5, 0.25, 0.5, None, 0.5, 0.5]),
    "32 bits category": pd.Series(pd.Categorical(np.array([0.1, 0.2, 0.1, 0.1, 0.1, 0.1], dtype="float32"))),
    "text category": pd.Categorical(list("abcabc"), categories=list("zcba"), ordered=True),
    "category like numbers": pd.Categorical(
        ["01", "1", "250.00", "NA", "nan", None], categories=["1", "250.00", "01", "NA", "nan", "unused"]
    ),
    "category of strings": pd.Series(list("abcabc"), dtype="string").astype("category"),
    "blank category": pd.Categorical(["", "a", "b", "a", "b", "a"]),
    "whole with gaps": pd.array([1, None, 3, 4, 5, 2**60], dtype="Int64"),
    "yes and no with gaps": pd.array([True, None, True, False, True, True], dtype="boolean"),
    "yes and no": [True, False] * 3,
    "floats with gaps": pd.array([1.5, None, 3, 4, 5, 6], dtype="Float32"),
    "32 bits": np.array([0.1, 0.2, np.nan, np.inf, -np.inf, 1], dtype="float32"),
    "small": np.arange(6, dtype="uint8"),
    "arrow": pd.array([1, None, 3, 4, 5, 6], dtype="int64[pyarrow]"),
    "zone": DAYS.tz_localize("Europe/Berlin"),
    "seconds": DAYS.astype("datetime64[s]"),
    "nanoseconds": DAYS.astype("datetime64[ns]") + pd.to_timedelta(range(6), unit="ns"),
    "times with gaps": DAYS.where(np.arange(6) > 1),
    "lengths": pd.to_timedelta([1, None, 3, 4, 5, 6], unit="ms"),
    "months": pd.period_range("2020", periods=6, freq="M"),
    "years": pd.period_range("2020", periods=6, freq="Y"),
    "decimals": [Decimal("1.25")] * 6,
    "dates": [datetime.date(2020, 1, 1)] * 6,
    "times of day": [datetime.time(1, 30)] * 6,
    "strings": pd.array(["a", "b", "c", "d", "e", None], dtype="string"),
    "text like numbers": ["250.00", "3.10", None, "01", "1", "NA"],
    "text like words": ["True", "false", "None", "null", "nan", "2020-01-01"],
    "blanks": ["", "a", "a ", "b", " c", "\t"],
    "large with gaps": pd.array([2**60 + 1, None, 2**60 + 2, 1, 2, 3], dtype="Int64"),
    "beyond 63 bits": np.array([2**63 + 5, 2**63 + 6, 1, 2, 3, 4], dtype="uint64"),
    "beyond 63 bits with gaps": pd.array([2**63 + 5, 2**63 + 6, None, 2, 3, 4], dtype="UInt64"),
    "large category": pd.Categorical.from_codes([0, 1, -1, 0, 1, 0], categories=[2**60 + 1, 2**60 + 2]),
    "category beyond 63 bits": pd.Categorical.from_codes(
        [0, 1, -1, 0, 1, 0], categories=np.array([2**63 + 5, 2**63 + 6], dtype="uint64")
    ),
    "category without a value": pd.Categorical([None] * 6, categories=[1, 2]),
    "days of arrow": pd.array([datetime.date(2020, 1, 1), None] * 3, dtype="date32[pyarrow]"),
    "carriage returns": ["a\rb", "a\r\nb", "a\n\rb", "\r", "c", "d"],
    "letters": ['a"b', "a,b", "a\nb", "é", "e\u0301", "☃"],
}
REFUSED: dict[str, tuple[Any, str]] = {
    "intervals": (pd.cut(range(6), 3), "that holds intervals, which FORM cannot keep; let it return text"),
    "sparse": (pd.arrays.SparseArray([0, 0, 1, 0, 0, 0]), "that holds sparse values, .* let it return them dense"),
    "complex": ([1j] * 6, "that holds complex numbers, .* let it return the real and the imaginary part as two"),
    "mixed": ([1, "a", 2, "b", 3, 4], r"that holds values of several types \(int, str\), which FORM cannot keep"),
    "paths": ([Path("a")] * 6, "that holds objects of the type PosixPath, which FORM cannot keep"),
    "category of moments": (pd.Categorical(DAYS), "a category of moments, .* let it return the moments themselves"),
    "category of periods": (pd.Categorical(pd.period_range("2020", periods=6, freq="M")), "a category of periods"),
    "infinite category": (
        pd.Categorical([1.5, np.inf] * 3),
        "that holds a category with an infinite number, .* let it return text",
    ),
    "large objects with gaps": (
        pd.Series([2**60 + 1, None] * 3, dtype=object),
        r'gaps, which arrive as floats: .* \.astype\("Int64"\)',
    ),
    "more than 64 bits": (pd.Series([10**25] * 6, dtype=object), "that holds .*numbers"),
    "no unicode": (pd.Series(["\ud800"] * 6, dtype=object), "holds text, .*; let it return text that UTF-8 can write"),
    "a type without a name": (
        pd.array([Decimal("1.10")] * 6, dtype=pd.ArrowDtype(pa.decimal128(10, 2))),
        r"of the type decimal128\(10, 2\)\[pyarrow\], .* such as \.astype\(object\)",
    ),
    "lists of arrow": (pd.array([[1]] * 6, dtype=pd.ArrowDtype(pa.list_(pa.int64()))), r"of the type list<.*pyarrow"),
    "mixed category": (pd.Categorical([1, "a", 2, 3, 4, 5]), r"a category of values of several types \(int, str\)"),
}
ONLY_CSV = {
    "lists": ([[1, 2]] * 6, "that holds lists"),
    "dictionaries": ([{"a": 1}] * 6, "that holds dictionaries"),
    "bytes": ([b"a"] * 6, "that holds bytes"),
    "blank or missing": (["", None, "a", "b", "c", "d"], "both empty and missing text, which csv cannot tell apart"),
}


def left(folder: Path, form: str, frame: pd.DataFrame, stem: str = "data") -> pa.Table:
    """What the engine reads of what a step of Python returned."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{stem}.{form}"
    column_types.keep(frame, form, path)
    column_types.write(frame, form, path)
    return read_output(folder, stem, form, "extract")


def given(folder: Path, form: str, table: pa.Table) -> pd.DataFrame:
    """What the next step gets of ``table``."""
    folder.mkdir()
    write_input(table, folder, form)
    found: pd.DataFrame = column_types.read(folder / f"data.{form}", form)
    return found


def frame_of(values: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"id": range(6)})
    frame["x"] = values
    return frame


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_arrives_as_it_was_returned(tmp_path: Path, name: str, form: str) -> None:
    frame = frame_of(COLUMNS[name])
    table = left(tmp_path / "extract", form, frame)
    pd.testing.assert_frame_equal(given(tmp_path / "train", form, table), frame)
    part = given(tmp_path / "part", form, table.slice(1, 4).select(["x"]))
    pd.testing.assert_frame_equal(part, frame[["x"]].iloc[1:5].reset_index(drop=True))


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_comes_out_of_the_store_as_it_was_returned(tmp_path: Path, name: str, form: str) -> None:
    frame = frame_of(COLUMNS[name])
    table = left(tmp_path / "extract", form, frame)
    store = ObjectStore(tmp_path / "objects")
    store.root.mkdir()
    for block in put_table(store, table):
        (tmp_path / "blocks").mkdir(exist_ok=True)
        store.write_file(block, tmp_path / "blocks" / block.path, mode=0o444)
    kept = json.loads(json.dumps(types_of(table)))
    again = with_types(read_folder(tmp_path / "blocks"), kept)
    pd.testing.assert_frame_equal(given(tmp_path / "train", form, again), frame)


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_column_that_cannot_be_kept_is_refused_by_its_name_and_with_what_helps(
    tmp_path: Path, name: str, form: str
) -> None:
    values, sentence = REFUSED[name]
    with pytest.raises(column_types.NotHeld, match="^a column 'x' " + ".*" + sentence.replace("FORM", form)) as refused:
        left(tmp_path / "extract", form, frame_of(values))
    assert "'a'" not in str(refused.value)  # somebody's data


@pytest.mark.parametrize("name", ONLY_CSV)
def test_what_csv_would_make_text_of_is_refused_there_and_passes_in_parquet(tmp_path: Path, name: str) -> None:
    values, sentence = ONLY_CSV[name]
    with pytest.raises(column_types.NotHeld, match=f"a column 'x' .*{sentence}"):
        left(tmp_path / "csv", "csv", frame_of(values))
    assert left(tmp_path / "parquet", "parquet", frame_of(values)).num_rows == 6


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_moments_of_python_arrive_as_moments_whatever_the_file(tmp_path: Path, form: str) -> None:
    first, hour = datetime.datetime(2026, 10, 25), datetime.timedelta(hours=30)
    frame = pd.DataFrame({"at": pd.Series([first, None, first + hour], dtype=object)})
    frame["zoned"] = pd.Series([pd.Timestamp(first, tz="Europe/Berlin") + k * hour for k in range(3)], dtype=object)
    frame["took"] = pd.Series([hour, None, 2 * hour], dtype=object)
    found = given(tmp_path / "train", form, left(tmp_path / "extract", form, frame))
    assert [str(found[name].dtype)[:10] for name in frame] == ["datetime64", "datetime64", "timedelta6"]
    assert str(found["zoned"].dtype).endswith(", Europe/Berlin]")
    assert found["at"].tolist() == [pd.Timestamp("2026-10-25"), pd.NaT, pd.Timestamp("2026-10-26 06:00")]
    assert found["zoned"][2] == pd.Timestamp("2026-10-27 11:00", tz="Europe/Berlin")  # 60 h and the hour given back
    assert found["took"].tolist() == [pd.Timedelta("30h"), pd.NaT, pd.Timedelta("60h")]


@pytest.mark.parametrize("value", ["a line\n and another,\n\n", "x" * 2_000_000])
def test_text_of_csv_may_have_lines_and_be_long(tmp_path: Path, value: str) -> None:
    rows = 2 if len(value) > 1000 else 600_000
    frame = pd.DataFrame({"id": range(rows), "x": value})
    table = left(tmp_path / "extract", "csv", frame)
    assert table.num_rows == rows and set(table.column("x").to_pylist()) == {value}


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_notes_that_a_frame_bears_are_the_projects_own(tmp_path: Path, form: str) -> None:
    frame = frame_of([1, 2, 3, 4, 5, 6])
    frame.attrs["seen"] = {1, 2}  # which no file can hold
    assert left(tmp_path / "extract", form, frame).column("x").to_pylist() == [1, 2, 3, 4, 5, 6]
    assert frame.attrs == {"seen": {1, 2}}


def test_views_of_other_libraries_are_columns_like_others(tmp_path: Path) -> None:
    kept = {"x": pa.array(["a", None, "c"], pa.string_view()), "b": pa.array([b"a", b"b", None], pa.binary_view())}
    kept |= {"l": pa.array([[1], [2], None], pa.list_view(pa.int64())), "n": pa.array([1, 2, 3])}
    pyarrow.parquet.write_table(pa.table(kept), tmp_path / "data.parquet")
    assert "string_view" in str(pyarrow.parquet.read_schema(tmp_path / "data.parquet"))
    table = read_output(tmp_path, "data", "parquet", "extract").take(pa.array([2, 0]))
    assert table.to_pydict() == {"x": ["c", "a"], "b": [None, b"a"], "l": [None, [1]], "n": [3, 1]}
    assert pyarrow.compute.count_distinct(table.column("x")).as_py() == 2


def test_nothing_is_kept_beside_a_file_that_holds_every_type(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": [1, 2], "x": [0.5, 1.5], "t": ["a", "b"], "at": DAYS[:2], "yes": [True, False]})
    assert types_of(left(tmp_path / "extract", "parquet", frame)) == {}
    assert [path.name for path in (tmp_path / "extract").iterdir()] == ["data.parquet"]


def test_gaps_in_text_of_csv_are_missing_for_the_engine_too_and_empty_text_is_not(tmp_path: Path) -> None:
    gaps = left(tmp_path / "gaps", "csv", frame_of(["250.00", None, "NA", "b", "c", "d"])).column("x")
    assert gaps.to_pylist() == ["250.00", None, "NA", "b", "c", "d"]
    blank = left(tmp_path / "blank", "csv", frame_of(["", "1", "2", "3", "4", "5"])).column("x")
    assert blank.to_pylist() == ["", "1", "2", "3", "4", "5"]


def test_a_version_of_before_is_given_what_the_files_alone_say(tmp_path: Path) -> None:
    for form in ("parquet", "csv"):
        table = left(tmp_path / form, form, frame_of(COLUMNS["integer category"]))
        before = tmp_path / f"before {form}"
        before.mkdir()
        write_input(table, before, form, types=False)
        assert [path.name for path in before.iterdir()] == [f"data.{form}"]
        assert str(column_types.read(before / f"data.{form}", form)["x"].dtype) == "int64"


def test_text_of_a_command_stays_text_on_its_way_to_python(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("code,n\n250.00,1\n401.9,2\n")
    assert str(read_output(tmp_path, "data", "csv", "extract").schema.field("code").type) == "double"
    (tmp_path / "data.types.json").write_text('{"code": {"text": true}}')
    table = read_output(tmp_path, "data", "csv", "extract")
    assert table.column("code").to_pylist() == ["250.00", "401.9"]
    assert given(tmp_path / "train", "csv", table)["code"].tolist() == ["250.00", "401.9"]
    assert read_output(tmp_path, "data", "csv", "score", {"code"}).column("code").to_pylist() == ["250.00", "401.9"]


BADLY = ["[]", '{"code": 1}', "no json", "[" * 100_000, '{"code": {"dtype": 5}}', '{"code": {"categories": [1]}}']


@pytest.mark.parametrize("content", BADLY)
def test_types_that_a_command_wrote_badly_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "data.csv").write_text("code\n1\n")
    (tmp_path / "data.types.json").write_text(content)
    with pytest.raises(StepFailed, match=r"extract left a data.types.json that is no JSON of \{column"):
        read_output(tmp_path, "data", "csv", "extract")


def test_a_value_that_is_none_of_its_categories_is_refused_by_name(tmp_path: Path) -> None:
    table = left(tmp_path / "extract", "parquet", frame_of(COLUMNS["integer category"]))
    strange = table.set_column(1, "x", pa.array([3, 1, 2, 1, 3, 77]))
    with pytest.raises(column_types.NotHeld, match="The column 'x' was of the type category .* none of its categories"):
        given(tmp_path / "train", "parquet", strange)
