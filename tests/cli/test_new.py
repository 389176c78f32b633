"""What ``new`` prints: what was guessed and the commands that come next, and nothing that a terminal obeys."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from tests.cli.calling import call
from tests.cli.conftest import HOSTILE
from tests.cli.test_nothing_hostile_reaches_the_terminal import OBEYED


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    draw = random.Random(0)
    rows = [f"{n},{draw.random()},{draw.choice('ab')},x{n}{HOSTILE},{HOSTILE},{draw.choice(['no', HOSTILE])}"
            for n in range(200)]  # fmt: skip
    path = tmp_path / "customers.csv"
    path.write_text("\n".join(["id,spend,plan,note,same,churned", *rows]))
    monkeypatch.chdir(tmp_path)
    return path


def test_what_was_guessed_is_said_and_what_comes_next(data: Path, tmp_path: Path) -> None:
    told = call("new", "churn", "--from", data.name, "--target", "churned", "--home", tmp_path / "a home")
    assert (told.code, told.err) == (0, "")
    assert not OBEYED.search(told.out)
    assert "customers.csv, 200 rows; copied into data/ and committed" in told.out
    assert re.search(r"^ +not given to the model: same \(it has one value only\)$", told.out, re.MULTILINE)
    home = f"--home '{tmp_path}/a home'"
    following = ("init", "check churn", "add churn", "retrain churn --wait")
    assert told.out.splitlines()[-4:] == [f"  leverframe {home} {words}" for words in following]


def test_a_program_is_told_the_same_as_one_document(data: Path, tmp_path: Path) -> None:
    told = call("new", "churn", "--from", data, "--target", "churned", "--json").json
    assert (told["project"], told["folder"], told["task"]) == ("churn", str(tmp_path / "churn"), "binary")
    assert (told["key"], told["features"]) == (["id"], ["spend", "plan"])
    assert [each["column"] for each in told["left_out"]] == ["note", "same"]


def test_what_is_refused_is_one_line_that_a_terminal_does_not_obey(data: Path) -> None:
    told = call("new", "churn", "--from", data, "--target", HOSTILE)
    assert (told.code, told.err.count("\n")) == (1, 1)
    assert not OBEYED.search(told.err)
    assert call("new", "churn", "--target", "x").code == 2
    assert call("new", "churn", "--from", data, "--target", "churned", "--at", "2026-11-03").code == 1
