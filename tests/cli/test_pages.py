"""pages: it starts where that is safe, answers, and ends when it is told to or killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.cli.calling import call
from tests.cli.conftest import History

ROOT = Path(__file__).resolve().parents[2]


def begun(home: Path, *words: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
    """``leverframe pages`` as a process of its own, and its first line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "--home", str(home), "--operator", "ada", "pages", "--port", "0", *words],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment},
    )  # fmt: skip
    assert process.stdout is not None
    return process, process.stdout.readline()


def test_it_answers_until_it_is_told_to_end(history: History) -> None:
    process, line = begun(history.home)
    assert "Served at http://127.0.0.1:" in line and "whoever is on this machine, read only" in line
    url = line.split("Served at ")[1].split(" ")[0]
    with urllib.request.urlopen(f"{url}projects/tiny", timeout=30) as answer:
        page = answer.read().decode()
    assert "A tiny project" in page
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert process.stdout is not None and process.stdout.read() == "Nothing is served any more.\n"


def test_a_program_gets_its_events_as_lines_of_json_and_a_killed_server_leaves_nothing(history: History) -> None:
    process, line = begun(history.home, "--json", LEVERFRAME_PAGES_TOKEN="0123456789abcdef")
    assert "to whoever has the token" in json.loads(line)["event"]
    before = call("--home", history.home, "--operator", "ada", "audit", "--verify", "--json").json
    process.kill()
    process.wait()
    again, line = begun(history.home)
    assert "Served at" in line
    again.terminate()
    assert again.wait(30) == 0
    assert call("--home", history.home, "--operator", "ada", "audit", "--verify", "--json").json == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--host 0.0.0.0", "0.0.0.0 can be reached from other machines, so a token is needed"),
        ("--host nowhere", "--host 'nowhere' is no address"),
        ("--token-file nothing-here", "The token's file nothing-here cannot be read"),
    ],
)
def test_it_refuses_to_start_where_that_would_not_be_safe_in_one_sentence(
    history: History, words: str, said: str
) -> None:
    told = history("pages", *words.split())
    assert told.code == 1 and told.err.startswith(said) and told.err.count("\n") == 1


def test_no_token_is_taken_from_the_command_line(history: History) -> None:
    assert history("pages", "--token", "0123456789abcdef").code == 2


def test_what_is_served_is_the_present(history: History) -> None:
    told = history("pages", "--at", "2026-11-03")
    assert told.code == 1 and told.err.startswith("pages acts on the present")


def test_only_somebody_who_works_here_may_serve(history: History) -> None:
    told = call("--home", history.home, "--operator", "mallory", "pages")
    assert told.code == 1 and "You are ada here" in told.err and "not mallory: a name proves nothing" in told.err
