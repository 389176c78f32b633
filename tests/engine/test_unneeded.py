"""What is installed beside the engine and used by none of its own processes costs them no time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiny
from tests.people import open_engine

ROOT = Path(__file__).resolve().parents[2]


def imported(said: str) -> set[str]:
    """The modules, from what Python says of each import and what it took; pandas is asked for and not found."""
    lines = [line for line in said.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_what_judges_loads_no_pandas() -> None:
    pytest.importorskip("pandas")
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "engine.validation.judge", "no job"],
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1", "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    found = imported(ended.stderr)
    assert "pyarrow.lib" in found and "pandas.core" not in found


def test_a_retrain_loads_no_pandas(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    run = engine.wait(engine.retrain("tiny", as_of=tiny.BEGINS.replace(month=3)).id, lambda r: None)
    engine.close()
    assert run.state == "succeeded", run.why
    found = imported(next((home / "runs").rglob("engine.log")).read_text())
    assert "pyarrow.lib" in found and "pandas.core" not in found
