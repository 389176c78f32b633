"""The commands of the README's first ten minutes, run as they stand there."""

from __future__ import annotations

import random
import re
import shlex
from pathlib import Path

import pytest

from console.__main__ import main
from engine.api import open_engine

README = Path(__file__).resolve().parents[2] / "README.md"


def commands() -> list[str]:
    """The lines of the block that begins with the alias, without it and without the console itself."""
    block = next(b for b in re.findall(r"```\n(.*?)```", README.read_text("utf-8"), re.S) if b.startswith("alias"))
    lines = [line.partition("#")[0].strip() for line in block.splitlines()[1:]]
    return [line for line in lines if line != "leverframe"]


@pytest.mark.slow
def test_the_first_ten_minutes_work_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(7)
    spent = [draw.random() for _ in range(2000)]
    rows = ["customer,spend,churned"]
    rows += [f"{n},{spend},{'yes' if draw.random() < spend else 'no'}" for n, spend in enumerate(spent)]
    (tmp_path / "customers.csv").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEVERFRAME_HOME", str(tmp_path / "home"))
    assert len(commands()) == 5
    for command in commands():
        assert main(shlex.split(command)[1:]) == 0, command
    assert [v.label for v in open_engine(tmp_path / "home").candidates()] == ["churn@1"]
