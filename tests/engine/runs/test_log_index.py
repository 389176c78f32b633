"""A log by line numbers: its end, any window, a search; while it grows, when it was cut, when it was compressed."""

from __future__ import annotations

from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from engine.runs.logs import log_files, log_index
from engine.runs.logs.log_index import LogReader
from engine.runs.logs.step_log import PROGRESS, plain_line
from engine.runs.steps.step_output import Log


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few lines, so that short logs have many."""
    monkeypatch.setattr(log_index, "BLOCK", 64)


def shown(content: bytes) -> list[str]:
    """The same the simple way: the whole file."""
    lines = content.split(b"\n")
    return [plain_line(line) for line in lines[: -1 if not lines[-1] else None] if not line.startswith(PROGRESS)]


def numbered(reader: LogReader, log: Path, line: int, count: int) -> list[tuple[int, str]]:
    return [(each.number, each.text) for each in reader.window(log, line, count).lines]


LINE = st.one_of(
    st.sampled_from([b"", b"::progress 0.5 fitting", b" ::progress no", b"\xff\xfe", b"10%\r20%"]),
    st.binary(max_size=150).map(lambda data: data.replace(b"\n", b" ")),
)


@given(lines=st.lists(LINE, max_size=60), ending=st.sampled_from([b"", b"\n"]), line=st.integers(1, 70))
def test_any_window_is_that_part_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], ending: bytes, line: int
) -> None:
    log = tmp_path_factory.mktemp("log") / "step.log"
    content = b"\n".join(lines) + (ending if lines else b"")
    log.write_bytes(content)
    wanted, reader = list(enumerate(shown(content), 1)), LogReader()
    assert reader.window(log, "end", 7).total == len(wanted)
    assert [(each.number, each.text) for each in reader.window(log, "end", 7).lines] == wanted[-7:]
    assert numbered(reader, log, line, 9) == wanted[line - 1 : line + 8]


def test_a_log_that_grows_is_read_on_with_the_same_numbers(tmp_path: Path) -> None:
    log, reader = tmp_path / "step.log", LogReader()
    assert reader.window(log, "end", 5).total == 0
    with log.open("wb", buffering=0) as file:
        for number in range(1, 200):
            file.write(b"line %d" % number)
            assert reader.window(log, "end", 2).lines[-1].text == f"line {number}"
            file.write(b"\n::progress 0.1\n")
            window = reader.window(log, "end", 2)
            assert (window.total, window.lines[-1].number) == (number, number)
    assert numbered(reader, log, 77, 2) == [(77, "line 77"), (78, "line 78")]


def test_a_log_that_was_cut_meanwhile_is_looked_at_afresh(tmp_path: Path) -> None:
    path, reader = tmp_path / "step.log", LogReader()
    log = Log(str(path), 4000)
    for number in range(100):
        log.write(b"line %d\n" % number)
    assert reader.window(path, "end", 1).total == 100
    for number in range(100, 5000):
        log.write(b"line %d\n" % number)
    log.flush(last=True)
    window = reader.window(path, "end", 10_000)
    assert [line.number for line in window.lines] == list(range(1, window.total + 1))
    assert window.lines[-1].text == "line 4999"
    assert sum("were cut here" in line.text for line in window.lines) == 1


def test_a_search_finds_every_line_in_either_case_and_goes_on_from_any(tmp_path: Path) -> None:
    log, reader = tmp_path / "step.log", LogReader()
    lines = [b"nothing"] * 100
    lines[6], lines[40], lines[90] = b"An ERROR of Z\xc3\x84HLER", b"\x1b[31mer\x1b[0mror again", b"::progress 1 error"
    lines[99] = b"no error here"
    log.write_bytes(b"\n".join(lines))
    assert reader.search(log, "error") == (7, 41, 99)  # the progress line is not shown, so not counted
    assert reader.search(log, "Error", after_line=7, limit=1) == (41,)
    assert reader.search(log, "zähler") == (7,)
    assert reader.search(log, "[31m") == ()  # what is taken out is not found
    assert reader.search(log, "") == reader.search(tmp_path / "none", "x") == ()
    assert numbered(reader, log, 41, 1) == [(41, "error again")]


def test_a_run_says_which_logs_it_has_and_each_is_found_compressed_too(tmp_path: Path) -> None:
    for name in ("score-live", "extract", "train"):
        (tmp_path / "steps" / name).mkdir(parents=True)
    packed = zstandard.ZstdCompressor().compress(b"one\ntwo\n")
    (tmp_path / "steps/extract/step.log.zst").write_bytes(packed)
    (tmp_path / "steps/score-live/step.log").write_bytes(b"x\n")
    (tmp_path / "steps/train/step.log").write_bytes(b"")
    (tmp_path / "engine.log").write_bytes(b"Traceback\n")
    (tmp_path / "validate.log").write_bytes(b"")
    assert log_files.names(tmp_path) == ("extract", "score live", "engine")
    extract = log_files.find(tmp_path, "extract")
    assert extract is not None
    assert LogReader().window(extract, 2, 5).lines == (log_index.LogLine(2, "two"),)
    assert log_files.find(tmp_path, "engine") == tmp_path / "engine.log"
    assert log_files.find(tmp_path, "validate") == tmp_path / "validate.log"
    assert log_files.find(tmp_path, "../extract") is None
    assert log_files.names(tmp_path / "none") == ()
