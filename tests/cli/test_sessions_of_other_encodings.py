"""A session that is not UTF-8: every verb works, what is kept does not depend on it, the console says why not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiny
from tests.cli.conftest import History
from tests.terminal import ROOT, Terminal

# Without a locale that this machine would have to have: plain C, with what Python does against it switched off.
PLAIN_C = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
SESSIONS = {"plain C": PLAIN_C, "ascii output": {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "ascii"}}
REASON = "Grund für 数据 →"


def told(session: dict[str, str], *words: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[bytes]:
    """``leverframe WORDS`` as a process of its own in that session, its output a pipe."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-m", "console", *map(str, words)],
        cwd=cwd,
        env={**kept, **session, "PYTHONPATH": str(ROOT)},
        capture_output=True,
    )
    for sign in (b"Traceback", b"itself failed", b"UnicodeEncodeError"):
        assert sign not in done.stdout + done.stderr, (words, done.stderr)
    return done


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny.make(tmp_path_factory.mktemp("größe") / "数据")
    (folder / "数据.csv").write_text("x\n", encoding="utf-8")
    tiny.replace(folder, "leverframe.toml", 'title = "A tiny project"', 'title = "Größe → 数据"')
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", SESSIONS)
def test_what_is_kept_does_not_depend_on_the_session(name: str, project: Path, tmp_path: Path) -> None:
    session, home = SESSIONS[name], ("--home", tmp_path / "home", "--operator", "ada")
    for words in (
        ("init",), ("check", "."), ("add", "."), ("retrain", "tiny", "--as-of", "2026-11-03", "--wait"),
        ("approve", "tiny@1", "--reason", REASON), ("status",), ("show", "tiny@1"), ("log", "1"), ("audit",),
    ):  # fmt: skip
        assert told(session, *home, *words, cwd=project).returncode == 0, words
    shown = json.loads(told({"LC_ALL": "C.UTF-8"}, *home, "show", "tiny@1", "--json").stdout)
    assert "数据.csv" in [file["path"] for file in shown["code"]["files"]]
    rows = json.loads(told({"LC_ALL": "C.UTF-8"}, *home, "audit", "--json").stdout)
    assert REASON in [row["reason"] for row in rows]


@pytest.mark.parametrize("name", SESSIONS)
def test_what_the_session_cannot_write_is_left_open_in_text_and_whole_in_documents(name: str, history: History) -> None:
    home = ("--home", history.home, "--operator", "ada")
    table = told(SESSIONS[name], *home, "versions", "tiny")
    assert table.returncode == 0 and b"? " in table.stdout
    assert json.loads(told(SESSIONS[name], *home, "versions", "tiny", "--json").stdout)
    wrong = told(SESSIONS[name], *home, "show", "größe@1")
    assert wrong.returncode == 1 and len(wrong.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "way"), [("plain C", "set LC_ALL=C.UTF-8"), ("ascii output", "unset PYTHONIOENCODING")]
)
def test_the_console_says_in_one_sentence_why_it_cannot_draw_and_what_to_set(
    name: str, way: str, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = history.home / "console" / "last-screen"
    seen.parent.mkdir(exist_ok=True)
    seen.write_text("120 36 0\n" + "─" * 120 + "\n", encoding="utf-8")
    for variable, value in SESSIONS[name].items():
        monkeypatch.setenv(variable, value)
    with Terminal("--home", history.home) as terminal:
        terminal.see("This session is not UTF-8 (ascii)")
        assert terminal.ended() == 1
        assert way in terminal.text and "Traceback" not in terminal.text
    seen.unlink()
