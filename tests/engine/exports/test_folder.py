"""What stands in an export's folder, that it is whole or not there, and that it says what is wrong with it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import Refusal
from engine.exports import folder, sql_table
from engine.exports.onnx_metadata import with_metadata
from engine.exports.pages import About
from engine.exports.records import Input, Made
from engine.exports.targets import TARGETS, target
from engine.scoring.parity import compare
from engine.versions.parity import Parity

ROWS = pa.table({"prediction": [0, 1], "p_0": [0.9, 0.2], "p_1": [0.1, 0.8]})
OTHER = pa.table({"prediction": [0, 0], "p_0": [0.9, 0.7], "p_1": [0.1, 0.3]})
NONE = np.zeros(2, dtype=bool)


def parity_of(export: pa.Table) -> Parity:
    return compare(ROWS, export, regression=False, places=np.arange(2), holdout_rows=2, gaps=NONE, unseen=NONE)


HOLDS, BROKEN = parity_of(ROWS), parity_of(OTHER)
MADE = Made(b"\x08\x08", (Input("x", "double"), Input("place", "string")), (0, 1), "Pipeline(LogisticRegression)")
QUERY = Made(b"SELECT 1", MADE.inputs, (0, 1), MADE.model)


def about(kind: str = "onnx", dialect: str = "", forced: str | None = None) -> About:
    return About("tiny@3", "d" * 64, "A tiny project", target(kind, dialect), ("skl2onnx 1.20.0",), forced)


def texts(files: dict[str, bytes]) -> dict[str, str]:
    return {name: content.decode("utf-8", "replace") for name, content in files.items()}


def metadata(content: bytes) -> dict[str, str]:
    """What stands behind the model, read by the rules of Protocol Buffers, not by what wrote it."""
    found, at = {}, len(MADE.content)

    def length(at: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte, at = content[at], at + 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7

    while at < len(content):
        assert content[at] == 14 << 3 | 2
        size, at = length(at + 1)
        end, pair = at + size, []
        while at < end:
            size, at = length(at + 1)
            pair.append(content[at : at + size].decode())
            at += size
        found[pair[0]] = pair[1]
    return found


def test_an_onnx_folder_has_the_model_its_callers_and_what_both_said() -> None:
    files = folder.contents(about(), MADE, HOLDS)
    assert set(files) == {
        "model.onnx", "README.md", "parity.json", "parity.txt", "export.json", "example.py", "example.mjs",
        "Example.java", "Example.cs",
    }  # fmt: skip
    page = texts(files)["README.md"]
    for told in ("tiny@3", "d" * 64, "`x`", "`place`", "threshold is 0.5", "What extract computes beforehand"):
        assert told in page
    assert "forced" not in page and json.loads(files["export.json"])["forced"] is None
    assert json.loads(files["parity.json"])["rows"] == 2
    assert "NOT RUN" in texts(files)["Example.cs"]


def test_the_model_itself_says_whose_it_is() -> None:
    said = metadata(folder.contents(about(), MADE, HOLDS)["model.onnx"])
    assert said["leverframe.version"] == "tiny@3" and said["leverframe.holds"] == "true"
    assert json.loads(said["leverframe.classes"]) == [0, 1] and "leverframe.forced" not in said


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "postgresql"])
def test_an_sql_folder_has_the_query_and_a_script_for_the_client(dialect: str) -> None:
    files = texts(folder.contents(about("sql", dialect), QUERY, HOLDS))
    assert f"model.{dialect}.sql" in files and "SELECT 1" in files["example.sql"]
    assert 'TABLE "features" ("row_id"' in files["example.sql"] and "ORDER BY" in files["example.sql"]
    assert files[f"model.{dialect}.sql"].startswith("-- tiny@3, digest")


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_one_that_was_forced_says_so_in_every_place(name: str) -> None:
    kind, _, dialect = name.partition(" ")
    made = MADE if kind == "onnx" else QUERY
    files = folder.contents(about(kind, dialect, "needed\nDROP TABLE x\x1b[31m"), made, BROKEN)
    model = files[target(kind, dialect).file]
    said = metadata(model)["leverframe.forced"] if kind == "onnx" else model.decode()
    for place in (said, texts(files)["README.md"]):
        assert "needed" in place and "are off by more than" in place
    assert json.loads(files["export.json"])["holds"] is False
    assert "NOT answer" in texts(files)["parity.txt"]
    assert kind == "onnx" or all(line.startswith("-- ") for line in model.decode().splitlines()[:-1])


def test_the_same_export_is_the_same_bytes_and_another_is_not() -> None:
    first, second = (folder.digest_of(folder.contents(about(), MADE, HOLDS)) for _ in range(2))
    assert first == second != folder.digest_of(folder.contents(about(), MADE, BROKEN))


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    for make in (taken.mkdir, lambda: taken.rmdir() or taken.touch(), lambda: taken.unlink() or taken.symlink_to("x")):
        make()
        with pytest.raises(Refusal, match="overwrites nothing"):
            folder.check_free(taken)
        beside = folder.write_folder(taken, {"a": b"1"})
        with pytest.raises(Refusal, match="overwrites nothing"):
            folder.publish(beside, taken)
        folder.discard(beside)
    with pytest.raises(Refusal, match="no folder"):
        folder.check_free(tmp_path / "none" / "out")


def test_whoever_is_killed_while_writing_leaves_nothing_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", killed)
    beside = folder.write_folder(tmp_path / "out", {"a": b"1", "b": b"2"})
    with pytest.raises(KeyboardInterrupt):
        folder.publish(beside, tmp_path / "out")
    assert not (tmp_path / "out").exists() and beside.name.startswith(".out.")


def test_metadata_of_any_length_and_script_is_read_back() -> None:
    said = {"a": "x" * 300, "ü": "größer – 日本", "empty": ""}
    assert metadata(with_metadata(MADE.content, said)) == said


@pytest.mark.parametrize(
    ("features", "key"), [(["x"], "row_id"), (["row_id"], "row_id_"), (["ROW_ID", "row_id_"], "row_id__")]
)
def test_the_key_is_no_feature_in_any_case(features: list[str], key: str) -> None:
    assert sql_table.key_of(features) == key


def test_a_name_with_quotes_is_one_name() -> None:
    made = sql_table.create([Input('a"); DROP TABLE t; --', "double")], ["x"], "sqlite")
    assert made == 'CREATE TABLE "features" ("row_id" INTEGER, "a""); DROP TABLE t; --" REAL)'


@pytest.mark.parametrize(("kind", "dialect"), [("pmml", ""), ("sql", "oracle"), ("onnx", "duckdb")])
def test_what_is_no_target_is_refused_with_those_that_are(kind: str, dialect: str) -> None:
    with pytest.raises(Refusal, match="onnx or sql"):
        target(kind, dialect)
