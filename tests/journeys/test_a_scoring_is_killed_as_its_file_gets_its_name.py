"""A run that is killed when its file has its name, and before the ledger has its end, is done again without a word."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests import tiny
from tests.builders.runs import queued, retrained
from tests.killing import RUN, driven, killed_at
from tests.people import open_engine

KILLED = """
import os, signal
from engine.jobs.score.writing import FileSink
publish = FileSink.publish
def published(sink, *, replace):
    publish(sink, replace=replace)
    os.kill(os.getpid(), signal.SIGKILL)
FileSink.publish = published
"""
NEVER = 1_000_000


@pytest.mark.slow
def test_what_it_left_is_known_as_its_own_and_done_again_it_is_the_same_bytes(
    home: Path, tmp_path: Path, quiet_day: str, today: datetime
) -> None:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny", day=quiet_day))
    engine.move(engine.plan_release(retrained(engine, today)), "the first", lambda step: None)
    source, output = tmp_path / "in.csv", tmp_path / "out.parquet"
    source.write_text("id,place,x\n1,A,0.1\n2,B,0.9\n")
    run = queued(
        engine, today, job="score", input=str(source), output=str(output), version=None, database=None, replace=False,
        workers=False,
    )  # fmt: skip
    assert killed_at(NEVER, RUN + KILLED, driven(home, run))
    left = output.read_bytes()
    assert engine.wait(run, lambda run: None).state == "interrupted"
    (begun,) = engine.trace_file(output).scorings
    assert (begun.run, begun.rows, begun.ended_at) == (run, 2, None)
    again = engine.wait(engine.score("tiny", str(source), str(output)).id, lambda run: None)
    assert (again.state, output.read_bytes()) == ("succeeded", left), again.why
    engine.close()
