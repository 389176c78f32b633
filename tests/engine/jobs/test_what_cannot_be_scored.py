"""A file that cannot be scored is told in a sentence, with its row and its column, and nothing is left of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest

from engine.errors import Refusal
from engine.jobs.score import reading
from engine.jobs.score.learnt import fitted
from engine.jobs.score.learnt import learnt as learnt_of
from engine.projects.manifest.records import DataSpec, Program
from engine.storage.objects import ObjectStore, Stored
from tests.scoring_ground import ANSWERS, FEATURES, SCHEMA, learnt, read, rows, scored, written

HEAD = "id,place,x,n\n"
GOOD = "1,A,0.5,3\n"


def told(folder: Path, content: bytes | str, name: str = "in.csv") -> str:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(Refusal) as refused:
        scored(folder / name, folder / "out.parquet")
    assert [each.name for each in folder.iterdir()] == [name]
    return str(refused.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "in.csv is empty: it has not even the names of its columns."),
        (" \n", "in.csv is empty: it has not even the names of its columns."),
        ("id;place;x;n\n1;A;0.5;3\n", "in.csv has other signs between its columns than commas; write it with commas."),
        (HEAD + GOOD + "2,B,many,3\n", "in.csv has no number in the column 'x' of row 2."),
        (HEAD + GOOD + GOOD + "2,B,1,three\n", "in.csv has no number in the column 'n' of row 3."),
        (HEAD + GOOD + "two,B,1,3\n", "in.csv has no integer in the column 'id' of row 2."),
        (HEAD + GOOD + "2,B,1\n", "in.csv has 3 columns in row 2 and 4 in its head."),
        (HEAD + GOOD + "2,B,1,3,4\n", "in.csv has 5 columns in row 2 and 4 in its head."),
        (b"\xff\xfei\x00d\x00", "in.csv is text in UTF-16; save it as UTF-8."),
        (HEAD.encode() + b"1,\xe9,1,1\n", "in.csv is no UTF-8 from somewhere after row 1 on; save it as UTF-8."),
        (b"caf\xe9,place,x,n\n1,A,1,1\n", "in.csv is no CSV in UTF-8 from its first line on; save it as that."),
        ("id,place,n\n1,A,3\n", "in.csv has no column 'x', which tiny@1 needs: it has 'id', 'place', 'n'."),
        ("id,plaice,x,n\n", "in.csv has no column 'place', which tiny@1 needs: did you mean 'plaice'?"),
        ("id,y\n", "in.csv has no column 'place' and 2 more, which tiny@1 needs: it has 'id', 'y'."),
        ("id,place,x,x,n\n1,A,1,1,1\n", "in.csv has more than one column 'x'; leave one."),
    ],
)
def test_a_csv_is_told_with_its_row_and_its_column(tmp_path: Path, content: bytes | str, sentence: str) -> None:
    assert told(tmp_path, content) == sentence


def test_a_value_is_never_repeated(tmp_path: Path) -> None:
    assert "4111-1111" not in told(tmp_path, HEAD + "1,A,4111-1111,3\n")


def test_a_csv_is_not_read_far_ahead_of_what_was_taken_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arrow reads some 32 blocks ahead, each of which is held: so a block is small, and what is held is bounded."""
    assert 40 * reading.BLOCK <= 48 << 20
    block = 1 << 12
    monkeypatch.setattr(reading, "PIECE", 100)
    monkeypatch.setattr(reading, "BLOCK", block)
    file = tmp_path / "in.csv"
    file.write_text(HEAD + GOOD * 200_000)
    source, size = reading.CsvSource(file, learnt()), file.stat().st_size
    assert size > 200 * block
    for piece in source.pieces():
        share = source.share()
        assert share is not None and share * size <= (piece.start + 100) * len(GOOD) + 48 * block
    source.close()


def test_a_row_far_down_is_told_by_its_own_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIECE", 100)
    monkeypatch.setattr(reading, "BLOCK", 1 << 12)
    said = told(tmp_path, HEAD + GOOD * 5000 + "2,B,x,3\n")
    assert said == "in.csv has no number in the column 'x' of row 5,001."


@pytest.mark.parametrize("content", [b"", b"PAR1", b"id,place\n1,A\n", b"PAR1" + b"x" * 100 + b"PAR1"])
def test_what_is_no_parquet_is_told_as_that(tmp_path: Path, content: bytes) -> None:
    assert told(tmp_path, content, "in.parquet").startswith("in.parquet is no parquet file that can be read: ")


def test_a_parquet_file_that_is_cut_in_its_middle_is_told_by_the_row(tmp_path: Path) -> None:
    content = bytearray(written(tmp_path, rows(2000), compression="zstd").read_bytes())
    content[4:40] = b"\xff" * 36
    (tmp_path / "in.parquet").unlink()
    assert told(tmp_path, bytes(content), "in.parquet").startswith("in.parquet cannot be read from row 1 on: ")


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("x", pa.array(list("abcde")), "The column 'x' of in.parquet is text, and tiny@1 learnt it as number"),
        ("n", pa.array([True] * 5), "The column 'n' of in.parquet is yes/no, and tiny@1 learnt it as integer"),
        ("place", pa.array(range(5)), "The column 'place' of in.parquet is integer, and tiny@1 learnt it as text"),
    ],
)
def test_a_column_of_another_kind_is_refused(tmp_path: Path, name: str, given: pa.Array, sentence: str) -> None:
    table = rows().set_column(rows().column_names.index(name), name, given)
    with pytest.raises(Refusal) as refused:
        scored(written(tmp_path, table), tmp_path / "out.parquet")
    assert str(refused.value) == f"{sentence}; mend it, or cast it."


@pytest.mark.parametrize(
    ("key", "sensitive", "written_key"),
    [
        (("id",), (), ("id",)),
        (("id", "place"), ("place",), ()),
        (("id", "prediction"), (), ()),
        (("leverframe_run",), (), ()),
        ((), (), ()),
    ],
)
def test_a_key_is_written_unless_some_of_it_is_sensitive_or_named_like_what_is_written(
    tmp_path: Path, key: tuple[str, ...], sensitive: tuple[str, ...], written_key: tuple[str, ...]
) -> None:
    store = ObjectStore(tmp_path)

    def stored(table: pa.Table) -> Stored:
        content = written(tmp_path, table, "golden.parquet").read_bytes()
        digest = store.put(content)
        return Stored(digest, len(content), (digest,))

    golden = SimpleNamespace(inputs=stored(FEATURES.empty_table()), predictions=stored(ANSWERS.empty_table()))
    document = SimpleNamespace(
        golden=golden, model=SimpleNamespace(features=("x", "n")), schema=SCHEMA, data=SimpleNamespace(types=None)
    )
    data = DataSpec(Program("a:b", None), "late", key=key, sensitive=sensitive)
    found = learnt_of(store, "tiny@1", cast(Any, document), data)
    assert (found.key, found.features.names, found.answers) == (written_key, ["x", "n"], ANSWERS)


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        ("n", pa.array([1.0, 2.0]), pa.array([1, 2])),
        ("n", pa.array([1.0, None]), pa.array([1, None])),
        ("n", pa.array([1.5, 2.0]), pa.array([1.5, 2.0])),
        ("n", pa.array([1, 2], pa.uint8()), pa.array([1, 2])),
        ("n", pa.array([2**63, 2], pa.uint64()), pa.array([2.0**63, 2.0])),
        ("x", pa.array([1, 2]), pa.array([1.0, 2.0])),
        ("x", pa.array([None, None]), pa.array([None, None], pa.float64())),
        ("place", pa.array(["A", "B"]).dictionary_encode(), pa.array(["A", "B"])),
        ("place", pa.array(["A", None], pa.large_string()), pa.array(["A", None])),
    ],
)
def test_a_column_comes_in_the_type_that_was_learnt_where_nothing_is_lost_by_that(
    name: str, given: pa.Array, taken: pa.Array
) -> None:
    table = rows(2).set_column(rows().column_names.index(name), name, given)
    found = fitted(learnt(), table, "it").column(name)
    assert found.type == taken.type
    assert found.to_pylist() == taken.to_pylist()


@pytest.mark.parametrize(("blank", "place"), [(False, None), (True, "")])
def test_text_that_is_not_there_is_missing_unless_blanks_were_learnt(
    tmp_path: Path, blank: bool, place: Any
) -> None:
    (tmp_path / "in.csv").write_text(HEAD + "1,,1,1\n2,NA,,2\n")
    of = learnt(place={"dtype": "object", "text": True, "blank": blank}) if blank else learnt()
    found = [each.table for each in reading.CsvSource(tmp_path / "in.csv", of).pieces()]
    assert found[0].column("place").to_pylist() == [place, "NA"]
    assert found[0].column("x").to_pylist() == [1.0, None]


def test_a_byte_order_mark_and_lines_of_windows_are_read(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"\xef\xbb\xbf" + (HEAD + '1,"A\nB",1,1\n').replace("\n", "\r\n").encode())
    assert scored(tmp_path / "in.csv", tmp_path / "out.parquet")[0] == 1
    assert read(tmp_path / "out.parquet").column("id").to_pylist() == [1]
