"""Reading a step's log: its end, and pages whose offsets stay true when the middle is cut away."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.runs.logs.step_log import StepLogPage, last_words, read_lines, tail
from engine.runs.steps.step_output import Log


def all_pages(log: Path, **options: int) -> tuple[list[str], int]:
    lines: list[str] = []
    offset = 0
    while (page := read_lines(log, offset, ended=True, **options)).next_offset > offset:
        lines += page.lines
        offset = page.next_offset
    return lines, page.size


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert tail(tmp_path / "none", 5) == []
    assert read_lines(tmp_path / "none", 7) == StepLogPage((), 0, 0)


def test_the_tail_is_plain_text_without_progress_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\n::progress 0.1 x\n\x1b[31mtwo\x1b[0m\x00\n  10%\r 20%\r\n  \xff three")
    assert tail(log, 3) == ["two", " 20%", "  � three"]
    assert tail(log, 0) == []


def test_the_tail_of_one_endless_line_is_bounded(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 5_000_000)
    [line] = tail(log, 10)
    assert len(line) == 400


def test_the_last_words_are_not_a_rule_or_a_blank(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"ValueError: no\n    ~~~^^^^\n-----\n\n")
    assert last_words(log) == "ValueError: no"


@pytest.mark.parametrize(("printed", "last"), [
    ("Error in library(a) :\n  there is no package called ‘a’\nCalls: f -> library\nExecution halted\n",
     "there is no package called ‘a’"),
    ("java.lang.RuntimeException: outer\n\tat a.B$C.<init>(B.java:1)\nCaused by: java.io.IOException: no file\n"
     "\tat a.B.f(B.java:7) ~[app.jar:1.0]\n\t... 12 more\n", "Caused by: java.io.IOException: no file"),
    ("sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such table: t\n[SQL: select * from t]\n"
     "[parameters: ('2026-11-30',)]\n(Background on this error at: https://sqlalche.me/e/20/e3q8)\n",
     "sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such table: t"),
])  # fmt: skip
def test_the_last_words_of_r_java_and_databases_are_what_went_wrong(tmp_path: Path, printed: str, last: str) -> None:
    log = tmp_path / "step.log"
    log.write_text(printed)
    assert last_words(log) == last


def test_an_unfinished_line_is_left_for_the_next_page_until_the_step_has_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\ntw")
    assert read_lines(log, 0) == StepLogPage(("one",), 4, 6)
    assert read_lines(log, 4) == StepLogPage((), 4, 6)
    assert read_lines(log, 4, ended=True) == StepLogPage(("tw",), 6, 6)


def test_pages_make_up_the_whole_log_whatever_their_size(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"".join(b"line %d\n" % n for n in range(100)) + b"end")
    wanted = [f"line {n}" for n in range(100)] + ["end"]
    assert all_pages(log) == (wanted, log.stat().st_size)
    assert all_pages(log, count=1)[0] == wanted
    assert all_pages(log, limit=64)[0] == wanted


@pytest.mark.parametrize("size", [1, 37, 999, 5000, 100_000])
def test_a_log_keeps_head_and_tail_and_accounts_for_every_byte(tmp_path: Path, size: int) -> None:
    path = tmp_path / "log"
    log = Log(str(path), 4000)
    printed = b"".join(b"line %07d\n" % n for n in range(20_000))
    for at in range(0, len(printed), size):
        log.write(printed[at : at + size])
    log.flush(last=True)
    kept = path.read_bytes()
    assert len(kept) <= 4100
    head, _, rest = kept.partition(b"\n[leverframe: ")
    cut, _, end = rest.partition(b" bytes were cut here]\n")
    assert printed.startswith(head) and printed.endswith(end) and len(end) >= 1000
    assert len(head) + int(cut) + len(end) == len(printed)


def test_offsets_count_what_was_printed_also_when_the_middle_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = Log(str(path), 4000)
    printed = b"".join(b"line %07d\n" % n for n in range(10_000))
    log.write(printed)
    log.flush(last=True)
    lines, size = all_pages(path)
    assert size == len(printed)
    assert lines[0] == "line 0000000" and lines[-1] == "line 0009999"
    assert [line for line in lines if "were cut here" in line] == [
        f"[leverframe: {len(printed) - 3000} bytes were cut here]"
    ]
    assert all_pages(path, count=1)[0] == lines
    assert read_lines(path, len(printed) - 13).lines == ("line 0009999",)
    assert read_lines(path, 60_000).lines[0].startswith("[leverframe: ")


def test_a_step_that_prints_the_line_about_a_cut_itself_fools_no_reader_into_a_loop(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(
        b"a\n[leverframe: 999999999999999 bytes were cut here]\nb\nc\n[leverframe: 1 bytes were cut here]\nd\n"
    )
    assert all_pages(log)[0][-1] == "d"
