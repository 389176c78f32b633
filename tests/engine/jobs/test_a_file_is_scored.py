"""Rows of a file through a version: what is written, that it is whole or not there, and the same bytes each time."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pyarrow as pa
import pytest

from engine.errors import Refusal, StepFailed
from engine.jobs.score import reading, writing
from tests.scoring_ground import LABEL, RUN, Doubling, learnt, passage, read, rows, scored, sha256, source_of, written

FORMS = ("parquet", "csv")


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five rows are three pieces."""
    monkeypatch.setattr(reading, "PIECE", 2)
    monkeypatch.setattr(writing, "PIECE", 2)


@pytest.mark.parametrize("given", FORMS)
@pytest.mark.parametrize("taken", FORMS)
def test_each_row_has_its_key_what_was_said_and_who_said_it(tmp_path: Path, given: str, taken: str) -> None:
    source, output = written(tmp_path, rows(), f"in.{given}"), tmp_path / f"out.{taken}"
    assert scored(source, output) == (5, sha256(output))
    assert read(output).to_pydict() == {
        "id": [100, 101, 102, 103, 104],
        "prediction": [0, 0, 0, 1, 1],
        "p_1": [0.0, 0.5, 1.0, 1.5, 2.0],
        "leverframe_version": [LABEL] * 5,
        "leverframe_run": [RUN] * 5,
    }
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_the_version_is_given_its_features_alone_and_in_the_types_that_it_learnt(tmp_path: Path) -> None:
    ready = Doubling()
    narrow = rows().set_column(3, "n", rows().column("n").cast(pa.int16()))
    scored(written(tmp_path, narrow), tmp_path / "out.parquet", ready=ready)
    assert [each.num_rows for each in ready.asked] == [2, 2, 1]
    assert all(each.schema.equals(learnt().features) for each in ready.asked)


@pytest.mark.parametrize("form", FORMS)
def test_however_the_rows_lie_in_the_file_the_same_bytes_are_written(tmp_path: Path, form: str) -> None:
    digests = set()
    for number, size in enumerate((1, 2, 3, 5, 100)):
        source = written(tmp_path, rows(), f"in-{number}.parquet", row_group_size=size)
        digests.add(scored(source, tmp_path / f"out-{number}.{form}")[1])
    assert len(digests) == 1


def test_rows_without_a_key_are_told_by_their_number_from_1_on(tmp_path: Path) -> None:
    source, output = written(tmp_path, rows().drop_columns(["id"])), tmp_path / "out.parquet"
    scored(source, output)
    assert read(output).column("leverframe_row").to_pylist() == [1, 2, 3, 4, 5]
    assert "id" not in read(output).column_names


def test_half_a_key_is_none(tmp_path: Path) -> None:
    source, output = written(tmp_path, rows()), tmp_path / "out.parquet"
    scored(source, output, of=learnt(key=("id", "flight")))
    assert read(output).column_names[0] == "leverframe_row" and "id" not in read(output).column_names


def test_a_cell_of_several_lines_is_one_wherever_a_block_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BLOCK", 64)
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("id,place,x,n\n" + "".join(f'{n},"A\nB\n{n}",0.5,1\n' for n in range(40)))
    assert scored(source, output)[0] == 40 and read(output).column("id").to_pylist() == list(range(40))


@pytest.mark.parametrize("form", FORMS)
def test_no_rows_give_no_rows_with_the_same_columns(tmp_path: Path, form: str) -> None:
    source, output = written(tmp_path, rows().slice(0, 0), f"in.{form}"), tmp_path / "out.parquet"
    ready = Doubling()
    assert scored(source, output, ready=ready)[0] == 0
    assert read(output).column_names == ["id", "prediction", "p_1", "leverframe_version", "leverframe_run"]
    assert ready.asked == []


def test_nothing_stands_under_the_name_until_all_of_it_is_there(tmp_path: Path) -> None:
    source, output = written(tmp_path, rows()), tmp_path / "out.parquet"
    found = passage(source, output)
    found.all()
    assert not output.exists()
    assert [each.name for each in tmp_path.glob(".*")] == [".out.parquet.leverframe-7.tmp"]
    found.publish(replace=False)
    assert output.exists()
    found.close()
    assert list(tmp_path.glob(".*")) == []


def test_what_a_killed_run_left_beside_goes(tmp_path: Path) -> None:
    source, output = written(tmp_path, rows()), tmp_path / "out.parquet"
    (tmp_path / ".out.parquet.leverframe-6.tmp").write_bytes(b"half of it")
    scored(source, output)
    assert list(tmp_path.glob(".*")) == []


def test_of_two_who_write_to_one_place_the_second_is_refused_and_the_first_is_whole(tmp_path: Path) -> None:
    source, output = written(tmp_path, rows()), tmp_path / "out.parquet"
    first = passage(source, output)
    _, digest = first.all()
    with pytest.raises(Refusal, match=r"out.parquet is being written by somebody else; wait for that, or end it"):
        scored(source, output, run=8)
    first.publish(replace=False)
    first.close()
    assert sha256(output) == digest


def test_what_lost_its_name_meanwhile_is_given_none(tmp_path: Path) -> None:
    source, output = written(tmp_path, rows()), tmp_path / "out.parquet"
    found = passage(source, output)
    found.all()
    beside = next(tmp_path.glob(".*"))
    beside.unlink()
    beside.write_bytes(b"half of another's")
    with pytest.raises(Refusal, match="was taken away while it was written; score it again"):
        found.publish(replace=False)
    found.close()
    assert not output.exists() and beside.exists()


def test_what_is_there_is_written_over_only_where_that_was_asked_for(tmp_path: Path) -> None:
    source, output = written(tmp_path, rows()), tmp_path / "out.parquet"
    output.write_text("somebody's")
    with pytest.raises(Refusal, match=r"out.parquet is there by now, and is not what this run wrote; --replace"):
        scored(source, output)
    assert output.read_text() == "somebody's"
    scored(source, output, replace=True)
    once = sha256(output)
    scored(source, output)  # The very same bytes are there already.
    assert sha256(output) == once
    assert list(tmp_path.glob(".*")) == []


def test_a_full_disk_is_told_by_its_name_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, output = written(tmp_path, rows()), tmp_path / "out.csv"

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Refusal, match=r"out.csv cannot be written: the disk is full"):
        scored(source, output)
    assert [each.name for each in tmp_path.iterdir()] == ["in.parquet"]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_is_changed_while_it_is_read_is_not_scored(tmp_path: Path, form: str) -> None:
    path = written(tmp_path, rows(), f"in.{form}")
    pieces = source_of(path).pieces()
    assert next(pieces).table.num_rows == 2
    os.utime(path, ns=(1, 1))
    with pytest.raises(Refusal, match=rf"in.{form} was changed while it was read"):
        list(pieces)


def test_an_answer_too_few_ends_it(tmp_path: Path) -> None:
    class Short(Doubling):
        def score(self, features: pa.Table) -> pa.Table:
            return super().score(features).slice(1)

    with pytest.raises(StepFailed, match=r"tiny@1 gave 1 answers for 2 rows"):
        scored(written(tmp_path, rows()), tmp_path / "out.parquet", ready=Short())
    assert not (tmp_path / "out.parquet").exists()


def test_keys_of_a_dictionary_are_written_as_values(tmp_path: Path) -> None:
    table = rows().set_column(0, "id", pa.array(list("edcba")).dictionary_encode())
    scored(written(tmp_path, table), tmp_path / "out.parquet")
    assert read(tmp_path / "out.parquet").column("id").to_pylist() == list("edcba")
    assert read(tmp_path / "out.parquet").schema.field("id").type == pa.string()
