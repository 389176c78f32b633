"""The commands of the README's first ten minutes, run as they stand there."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from console.__main__ import main
from tests.forked_runs import forked_runs
from tests.journeys.readme import CHECK, commands
from tests.people import open_engine
from tests.workspaces import copied


@pytest.mark.slow
def test_the_first_ten_minutes_work_as_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first_minutes: Path
) -> None:
    """From the command on that follows ``check``: the fixture has run the others, as they stand there too."""
    assert len(commands()) == 5
    copied(first_minutes / "home", tmp_path / "home")
    shutil.copytree(first_minutes / "churn", tmp_path / "churn")
    forked_runs(tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEVERFRAME_HOME", str(tmp_path / "home"))
    for command in commands()[CHECK + 1 :]:
        assert main(shlex.split(command)[1:]) == 0, command
    assert [v.label for v in open_engine(tmp_path / "home").candidates()] == ["churn@1"]
