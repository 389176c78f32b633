"""A step's file that is a folder of parts: which are read, in which order, and which folder is refused."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from engine.errors import StepFailed
from engine.runs.steps import part_files
from engine.runs.steps.tables import read_output

ONE = "0f6c2c9e-7a9c-4a6e-9a57-0d0f3d5f6a11"
TWO = "1f6c2c9e-7a9c-4a6e-9a57-0d0f3d5f6a12"


def spark(number: int, writing: str = ONE, file: int = 0, form: str = "snappy.parquet") -> str:
    """How Spark calls a part."""
    return f"part-{number:05}-{writing}-c{file:03}.{form}"


def left(folder: Path, **parts: Any) -> Path:
    """A ``data.parquet`` with these parts, by their names, and what Hadoop's client leaves beside them."""
    data = folder / "data.parquet"
    data.mkdir(exist_ok=True)
    for name, values in parts.items():
        pyarrow.parquet.write_table(pa.table({"x": values}), data / name)
        (data / f".{name}.crc").write_bytes(b"crc")
    (data / "_SUCCESS").touch()
    (data / "._SUCCESS.crc").write_bytes(b"crc")
    return data


def read(folder: Path, form: str = "parquet") -> list[Any]:
    values: list[Any] = read_output(folder, "data", form, "extract").column("x").to_pylist()
    return values


@pytest.mark.parametrize(
    "names",
    [
        (spark(0), spark(1), spark(2), spark(11)),
        (spark(0), spark(0, file=1), spark(0, file=10), spark(3)),
        (spark(9), spark(99_999), spark(100_000), spark(100_001)),
        ("part.0.parquet", "part.2.parquet", "part.10.parquet", "part.11.parquet"),
        ("part-0.parquet", "part-1.parquet", "part-9.parquet", "part-10.parquet"),
    ],
    ids=["spark", "several files of one place", "more than five digits", "dask", "plain"],
)
def test_parts_are_read_by_their_numbers_whenever_they_were_written(tmp_path: Path, names: tuple[str, ...]) -> None:
    left(tmp_path, **{name: [place] for place, name in reversed(list(enumerate(names)))})
    assert read(tmp_path) == [0, 1, 2, 3]


def test_a_part_without_rows_says_only_what_the_columns_are(tmp_path: Path) -> None:
    left(tmp_path, **{spark(0): pa.array([], pa.int64()), spark(4): [1, 2]})
    assert read(tmp_path) == [1, 2]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("_temporary/0/part", "its writing has not ended"),
        ("carrier=UA/part-00000.parquet", "divided by a column"),
        ("notes.txt", "holds notes.txt, which is no part"),
        ("part-00001.snappy.orc", "which is no part"),
        (".hidden", "which is no part"),
        ("deeper/part-00001.parquet", "which is no part"),
        (spark(1, TWO), "more than one writing"),
        (spark(0).replace(".snappy", ".zstd"), "more than one writing"),
    ],
)
def test_what_is_no_part_is_refused_by_name(tmp_path: Path, name: str, why: str) -> None:
    path = left(tmp_path, **{spark(0): [1]}) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pa.table({"x": [2]}), path)
    with pytest.raises(StepFailed, match=f"extract left a data.parquet that .*{why}"):
        read(tmp_path)


def test_a_link_among_the_parts_is_not_followed(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pa.table({"x": [2]}), tmp_path / "elsewhere.parquet")
    (left(tmp_path, **{spark(0): [1]}) / spark(1)).symlink_to(tmp_path / "elsewhere.parquet")
    with pytest.raises(StepFailed, match="which is no part"):
        read(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "data.parquet").symlink_to(tmp_path / "data.parquet")
    with pytest.raises(StepFailed, match="left no data.parquet"):
        read(other)


def test_a_folder_without_parts_and_one_with_too_many_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = left(tmp_path)
    with pytest.raises(StepFailed, match="is a folder without a part-00000"):
        read(tmp_path)
    monkeypatch.setattr(part_files, "MOST", 3)
    for number in range(4):
        pyarrow.parquet.write_table(pa.table({"x": [number]}), data / spark(number))
    with pytest.raises(StepFailed, match=r"more than 3 parts; .*coalesce"):
        read(tmp_path)


def test_parts_with_other_columns_are_refused(tmp_path: Path) -> None:
    left(tmp_path, **{spark(0): [1], spark(1): ["text"]})
    with pytest.raises(StepFailed, match="cannot be read: Schema at index 1 was different"):
        read(tmp_path)


def test_csv_parts_are_one_file_with_one_line_of_names(tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.mkdir()
    for number, text in enumerate(["x,y\n", "x,y\r\n1,a\r\n2,b", "", "x,y\n3,c\n"]):
        (data / spark(number, form="csv")).write_bytes(text.encode())
    assert read(tmp_path, "csv") == [1, 2, 3]
    # What one part alone would be taken for decides nothing: the column is what all of its values are.
    (data / spark(4, form="csv")).write_text("x,y\n2.5,d\n")
    assert read(tmp_path, "csv") == [1.0, 2.0, 3.0, 2.5]


@pytest.mark.parametrize(
    ("second", "why"), [("y,x\n1,2\n", "do not all begin with the same names"), ("5,6\n", "the same names")]
)
def test_csv_parts_with_other_names_are_refused(tmp_path: Path, second: str, why: str) -> None:
    data = tmp_path / "data.csv"
    data.mkdir()
    (data / spark(0, form="csv")).write_text("x,y\n1,2\n")
    (data / spark(1, form="csv")).write_text(second)
    with pytest.raises(StepFailed, match=why):
        read(tmp_path, "csv")


def test_a_line_break_in_the_name_of_a_column_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.mkdir()
    (data / spark(0, form="csv")).write_text('x,"a\nb"\n1,2\n')
    (data / spark(1, form="csv")).write_text('x,"a\nb"\n3,4\n')
    with pytest.raises(StepFailed, match="a line break in the name of a column"):
        read(tmp_path, "csv")


def test_moments_of_96_bits_come_as_microseconds(tmp_path: Path) -> None:
    moments = pa.array([datetime(2013, 1, 1, 10, 0, 0, 123456)], pa.timestamp("us"))
    data = left(tmp_path)
    pyarrow.parquet.write_table(pa.table({"x": moments}), data / spark(0), use_deprecated_int96_timestamps=True)
    table = read_output(tmp_path, "data", "parquet", "extract")
    assert str(table.schema.field("x").type) == "timestamp[us]"
    assert table.column("x").to_pylist() == [datetime(2013, 1, 1, 10, 0, 0, 123456)]
