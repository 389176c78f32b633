"""0 done, 1 refused or failed with one clear line, 2 wrong usage; a bug leaves its traceback in a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.api import Engine
from tests import tiny
from tests.cli.calling import Told, call
from tests.cli.conftest import History

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("status nope", "There is no project 'nope' here"),
        ("versions nope", "There is no project 'nope' here"),
        ("retrain nope", "There is no project 'nope' here"),
        ("runs nope", "There is no project 'nope' here"),
        ("alerts history nope", "There is no project 'nope' here"),
        ("operators keys list nope", "knows no operator 'nope'"),
        ("show tiny@99", "There is no version tiny@99"),
        ("show tiny", "is not a version; write it like flights@12"),
        ("at yesterday", "'yesterday' is not a time"),
        ("at 0001-01-01T00:00+05:00", "is not a time"),
        ("report tiny --until 0001-01-01", "is in no calendar; name another"),
        ("report tiny --since 0001-01-01", "is in no calendar; name another"),
        ("report tiny --since 9999-12-30 --until 9999-12-31T23:59-12:00", "is not a time"),
        ("retrain tiny --as-of 2999-01-01", "is in the future"),
        ("log 99", "There is no run 99"),
        ("log 1 --step nope", "has no log of a step 'nope'"),
        ("cancel 1", "Run 1 has ended already"),
        ("add /nowhere", "/nowhere is not a folder"),
        ("lift tiny@1 --reason x", "tiny@1 is not barred; there is no bar to lift"),
        ("reject tiny@1 --reason x", "only a candidate can be rejected"),
        ("approve tiny@1 --reason x", "is live already"),
        ("operators add Bob! --reason x", "'Bob!' cannot be an operator's name"),
    ],
)
def test_what_is_refused_ends_with_one_line_on_standard_error(history: History, words: str, sentence: str) -> None:
    told = history(*words.split())
    assert (told.code, told.out, told.err.count("\n")) == (1, "", 1)
    assert sentence in told.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("approve tiny@3", "approve needs --reason 'why'"),
        ("reject tiny@3", "reject needs --reason 'why'"),
        ("rollback tiny", "rollback needs --reason 'why'"),
        ("lift tiny@2", "lift needs --reason 'why'"),
        ("operators add bob", "add needs --reason 'why'"),
        ("aprove tiny@3", "Did you mean 'approve'?"),
        ("show", "Missing argument 'VERSION'"),
        ("status --nope", "No such option"),
        ("log seven", "is not a valid integer"),
        ("log 1 --follow --json", "leave out --json"),
        ("--home", "requires an argument"),
    ],
)
def test_wrong_usage_ends_with_code_2_and_says_what_would_be_right(words: str, sentence: str) -> None:
    told = call(*words.split())
    assert (told.code, told.out, told.err.count("\n")) == (2, "", 1)
    assert sentence in told.err
    assert "--help'" in told.err


def test_without_a_workspace_every_verb_says_how_to_make_one(home: Path) -> None:
    for words in ("status", "candidates", "runs", "audit", "doctor", "check ."):
        told = call(*words.split())
        assert (told.code, told.out) == (1, "")
        assert f"There is no workspace at {home}; run 'leverframe init'" in told.err


def test_a_stranger_is_told_how_to_come_in(history: History) -> None:
    told = call("--home", history.home, "status", "--operator", "eve")
    assert told.code == 1
    assert "leverframe operators add eve --key FILE --reason" in told.err


def test_every_mistake_of_a_manifest_is_told_in_a_line_of_its_own(history: History, tmp_path: Path) -> None:
    folder = tiny.make(tmp_path / "bad", name="bad")
    text = (folder / "leverframe.toml").read_text()
    (folder / "leverframe.toml").write_text(text.replace("holdout", "holdoot").replace("target", "tarjet"))
    for verb in ("add", "check"):
        told = history(verb, folder)
        assert told.code == 1
        first, *mistakes = told.err.splitlines()
        assert "leverframe.toml" in first
        assert len(mistakes) >= 2
        assert all(line.startswith("  line ") for line in mistakes if "missing" not in line)


def test_an_export_prints_the_head_and_is_never_written_over(history: History, tmp_path: Path) -> None:
    file = tmp_path / "trail.jsonl"
    head = history("audit", "--verify", "--json").json["head"]
    told = history("audit", "--export", file)
    assert told.code == 0
    assert head in told.out
    assert head in file.read_text().splitlines()[-1]
    again = history("audit", "--export", file)
    assert (again.code, again.err.count("\n")) == (1, 1)
    assert "is there already" in again.err


def test_a_bug_is_one_line_and_its_traceback_is_in_a_file(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by \x1b[31mzero")

    monkeypatch.setattr(Engine, "overview", broken)
    told = history("status")
    assert (told.code, told.out, told.err.count("\n")) == (1, "", 1)
    assert "Leverframe itself failed (ZeroDivisionError: division by zero)" in told.err
    file = Path(told.err.strip().removesuffix(".").partition("traceback is in ")[2])
    assert file.parent == history.home / "logs"
    assert "ZeroDivisionError" in file.read_text()
    file.unlink()
    monkeypatch.setenv("LEVERFRAME_DEBUG", "1")
    debugged = history("status")
    assert "Traceback (most recent call last)" in debugged.err
    assert not list((history.home / "logs").glob("failure-*"))


def test_a_machine_that_will_not_is_no_bug(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/somewhere")

    monkeypatch.setattr(Engine, "overview", full)
    told = history("status")
    assert (told.code, told.err) == (1, "The machine would not: No space left on device (/somewhere).\n")


def test_an_interrupt_while_watching_says_that_the_run_goes_on(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = history("runs", "--limit", 1, "--json").json[0]["id"]

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Engine, "retrain", lambda engine, *_, **__: engine.run(run))
    monkeypatch.setattr(Engine, "wait", interrupted)
    told = history("retrain", "tiny", "--wait")
    assert told.code == 130
    assert f"Run {run} goes on without you" in told.err
    assert f"log {run} --follow" in told.err


def test_an_interrupt_before_anything_has_begun_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("console.cli.root.run", interrupted)
    assert call("status") == Told(130, "", "")


def test_an_interrupt_during_a_move_says_what_is_live(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Engine, "move", interrupted)
    told = history("approve", "tiny@3", "--reason", "good")
    assert (told.code, told.err) == (130, "Interrupted before the decision: nothing was changed, tiny@1 is live.\n")


def test_a_reader_that_goes_away_is_met_with_silence(history: History) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "console", "--home", history.home, "--operator", "ada", "audit", "--json"],
            cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, timeout=60,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["status", "status --json", "audit --verify", "--help", "show nothing@1"])
def test_closed_streams_are_no_bug(history: History, closed: str, words: str) -> None:
    """And no file that is opened takes the place of one: what is printed would be written into it."""
    command = f"exec {sys.executable} -m console --home {history.home} --operator ada {words} {closed}"
    ended = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert ended.returncode == (1 if words.startswith("show") else 0), ended.stderr
    assert "Traceback" not in ended.stderr and "failed" not in ended.stderr
    assert call("--home", history.home, "--operator", "ada", "audit", "--verify").code == 0
