"""What a run keeps for a while lies in its own folder, and is gone however the run ends."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from engine import clock
from engine.projects.source.git import opened
from engine.runs import queue
from engine.runs.leftovers import temporary
from tests import tiny
from tests.builders.runs import left_behind
from tests.ledger import ledger_of, workspace_of
from tests.people import open_engine


def test_everything_goes_into_the_runs_folder_and_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/tmp")
    project, before = tiny.make(tmp_path / "tiny"), tempfile.gettempdir()
    with temporary(tmp_path):
        with opened(project):
            (made,) = (tmp_path / "tmp").iterdir()
            assert made.name.startswith("leverframe-git-")
        kept = Path(tempfile.mkdtemp())
        told = subprocess.run(
            [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"], capture_output=True, text=True
        )
        assert kept.parent == tmp_path / "tmp" == Path(told.stdout.strip())
    assert not (tmp_path / "tmp").exists()
    assert tempfile.gettempdir() == before and os.environ["TMPDIR"] == "/tmp"


def test_it_goes_also_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), temporary(tmp_path):
        raise ZeroDivisionError
    assert not (tmp_path / "tmp").exists()


def test_what_a_killed_run_left_goes_when_it_is_settled(home: Path, tmp_path: Path) -> None:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    run = left_behind(engine, clock.now())
    left = workspace_of(engine).run_folder(run) / "tmp" / "leverframe-git-abc"
    left.mkdir(parents=True)
    with ledger_of(engine) as ledger:
        assert queue.settle(workspace_of(engine), ledger, clock.now()) == [run]
    assert not left.parent.exists()
    assert engine.run(run).state == "interrupted"


def test_a_run_says_where_its_process_keeps_them(home: Path, tmp_path: Path) -> None:
    """Its own process, not only the function: a step that says so has it from there, unless it is held."""
    steps = tiny.STEPS.replace("def extract():", 'def extract():\n    print("IN", os.environ["TMPDIR"], flush=True)')
    folder = tiny.make(tmp_path / "tiny", steps=steps)
    tiny.unhold(folder)
    engine = open_engine(home, "ada", create=True)
    engine.add(folder)
    run = engine.wait(engine.retrain("tiny", as_of=clock.moment("2026-11-03")).id, lambda run: None)
    own = workspace_of(engine).run_folder(run.id)
    assert f"IN {own / 'tmp'}" in (own / "steps" / "extract" / "step.log").read_text()
    assert not (own / "tmp").exists()
