"""A shell is told verbs and options, and how to ask for them; nothing else is opened for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def answered(home: Path, instruction: str, **given: str) -> str:
    environment = {**os.environ, "LEVERFRAME_HOME": str(home), "_LEVERFRAME_COMPLETE": instruction, **given}
    asked = [sys.executable, "-m", "console"]
    ended = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert (ended.stderr, home.exists()) == ("", False)
    return ended.stdout


@pytest.mark.parametrize(
    ("line", "word", "offered"),
    [("leverframe ro", "1", {"rollback", "routes"}),
     ("leverframe re", "1", {"report", "requests", "reject", "retrain", "restore", "remove"}),
     ("leverframe rollback --pre", "2", {"--preview"}), ("leverframe nothing-like-it", "1", set())],
)  # fmt: skip
def test_verbs_and_options_are_completed(tmp_path: Path, line: str, word: str, offered: set[str]) -> None:
    said = answered(tmp_path / "home", "bash_complete", COMP_WORDS=line, COMP_CWORD=word)
    assert {each.partition(",")[2] for each in said.split()} == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_told_how_to_ask(tmp_path: Path, shell: str) -> None:
    said = answered(tmp_path / "home", f"{shell}_source")
    assert "_LEVERFRAME_COMPLETE" in said and "leverframe" in said


def test_a_command_with_words_completes_nothing_whatever_variables_a_client_of_sshd_sent(tmp_path: Path) -> None:
    sent = {"_LEVERFRAME_COMPLETE": "bash_complete", "COMP_WORDS": "leverframe re", "COMP_CWORD": "1"}
    asked = [sys.executable, "-m", "console", "--home", tmp_path / "home", "ssh", "--key", "SHA256:x", "--seal", "y"]
    ended = subprocess.run(asked, cwd=ROOT, env=os.environ | sent, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "") and "There is no workspace" in ended.stderr
