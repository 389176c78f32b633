"""What a contained process left is what its model could have written: nothing of it leads out, or ends the engine."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from engine.errors import StepFailed
from engine.exports.answers import content, converted, document, table

SAID: dict[str, Any] = {"ways": {"double": [["x", "double"]]}, "classes": [0, 1], "model": "Pipeline()"}


def read(folder: Path, **other: Any) -> Any:
    return converted({**SAID, **other}, folder, "onnx", ["x"], "converting")


def test_what_fits_is_read(tmp_path: Path) -> None:
    (tmp_path / "double.onnx").write_bytes(b"model")
    found = read(tmp_path)
    assert found.ways["double"][0] == b"model" and found.classes == (0, 1)
    assert read(tmp_path, classes=None).classes is None


@pytest.mark.parametrize(
    "other",
    [
        {"ways": {"../../ledger": [["x", "double"]]}}, {"ways": {}}, {"ways": None}, {"ways": {"double": 3}},
        {"ways": {"double": [["y", "double"]]}}, {"ways": {"double": [["x", "complex"]]}},
        {"ways": {"double": [["x"]]}},
        {"classes": [[1]]}, {"classes": list(range(300))}, {"classes": "ab"}, {"model": None},
        {"classes": ["a", "\ud800"]}, {"classes": [1.5]}, {"classes": [None]}, {"classes": []},
    ],
)  # fmt: skip
def test_what_does_not_is_refused(tmp_path: Path, other: dict[str, Any]) -> None:
    (tmp_path / "double.onnx").write_bytes(b"model")
    with pytest.raises(StepFailed):
        read(tmp_path, **other)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"of the workspace")
    for name in ("double.onnx", "double.parquet", "answer.json"):
        (tmp_path / name).symlink_to(secret)
    for reading in (
        lambda: read(tmp_path), lambda: table(tmp_path / "double.parquet", "scoring", 1),
        lambda: document(tmp_path / "answer.json", "scoring"),
    ):  # fmt: skip
        with pytest.raises(StepFailed, match="cannot be read"):
            reading()


@pytest.mark.parametrize("said", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, json.dumps("x").encode()])
def test_an_answer_that_is_no_object_is_told(tmp_path: Path, said: bytes) -> None:
    (tmp_path / "answer.json").write_bytes(said)
    with pytest.raises(StepFailed, match="no JSON object"):
        document(tmp_path / "answer.json", "converting")


def test_what_is_larger_than_any_real_one_is_not_read(tmp_path: Path) -> None:
    """A file may say that it is of a terabyte, and take no room for it."""
    with (tmp_path / "answer.json").open("wb") as file:
        file.truncate(1 << 40)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(StepFailed, match="it is larger than 16,777,216 bytes"):
        document(tmp_path / "answer.json", "converting")
    with pytest.raises(StepFailed, match="it is larger than 1,000 bytes"):
        content(tmp_path / "answer.json", "converting", 1000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_answers_for_another_number_of_rows_are_none(tmp_path: Path) -> None:
    path = tmp_path / "double.parquet"
    pyarrow.parquet.write_table(pa.table({"prediction": [1.0, 2.0]}), path)
    assert table(path, "scoring", 3) is None
    found = table(path, "scoring", 2)
    assert found is not None and found.num_rows == 2


def test_answers_without_a_prediction_or_that_are_no_table_are_told(tmp_path: Path) -> None:
    path = tmp_path / "double.parquet"
    assert table(path, "scoring", 1) is None
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(StepFailed, match="cannot be read"):
        table(path, "scoring", 1)
    pyarrow.parquet.write_table(pa.table({"p_0": [1.0]}), path)
    with pytest.raises(StepFailed, match="'prediction'"):
        table(path, "scoring", 1)


def test_answers_with_two_columns_of_one_name_are_told(tmp_path: Path) -> None:
    path = tmp_path / "double.parquet"
    pyarrow.parquet.write_table(pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], ["prediction"] * 2), path)
    with pytest.raises(StepFailed, match="without one column 'prediction'"):
        table(path, "scoring", 1)
