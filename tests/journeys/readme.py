"""The first commands of the README: up to a workspace in which the packages of a project are installed."""

from __future__ import annotations

import random
import re
import shlex
from pathlib import Path

import pytest

from console.__main__ import main
from tests.killing import let_go

README = Path(__file__).resolve().parents[2] / "README.md"
CHECK = 2


def commands() -> list[str]:
    """The lines of the block that begins with the alias, without it and without the console itself."""
    block = next(b for b in re.findall(r"```\n(.*?)```", README.read_text("utf-8"), re.S) if b.startswith("alias"))
    lines = [line.partition("#")[0].strip() for line in block.splitlines()[1:]]
    return [line for line in lines if line != "leverframe"]


def begun(root: Path) -> None:
    """Run what the README says up to ``check``, in ``root``: the workspace is ``home``, the project ``churn``."""
    draw = random.Random(7)
    spent = [draw.random() for _ in range(2000)]
    rows = ["customer,spend,churned"]
    rows += [f"{n},{spend},{'yes' if draw.random() < spend else 'no'}" for n, spend in enumerate(spent)]
    (root / "customers.csv").write_text("\n".join(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("LEVERFRAME_HOME", str(root / "home"))
        verbs = [shlex.split(command)[1:] for command in commands()[: CHECK + 1]]
        assert [words[0] for words in verbs] == ["new", "init", "check"]
        for words in verbs:
            assert main(words) == 0, words
    let_go(root / "home")
