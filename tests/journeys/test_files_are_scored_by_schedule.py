"""A folder of files is scored by schedule with what somebody approved, each once, and nothing of others is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.records import Run
from tests import tiny
from tests.builders.runs import retrained
from tests.killing import let_go
from tests.people import open_engine

SECTION = '[score]\nfrom = "{0}/incoming/*.csv"\nto = "{0}/scored"\n\n[schedule]\nscore = {{ every = "365d" }}\n'
HEAD = "id,place,x\n"


@pytest.fixture
def site(home: Path, tmp_path: Path, quiet_day: str, today: datetime) -> Iterator[tuple[Engine, Path]]:
    """tiny@1 is live; it scores what lies in ``incoming``."""
    for folder in ("incoming", "scored"):
        (tmp_path / folder).mkdir()
    engine = open_engine(home, "ada", create=True)
    project = tiny.make(tmp_path / "tiny", day=quiet_day)
    tiny.replace(project, "leverframe.toml", "[schedule]\n", SECTION.format(tmp_path))
    engine.add(project)
    engine.move(engine.plan_release(retrained(engine, today)), "the first", lambda step: None)
    yield engine, tmp_path
    engine.close()
    let_go(home)


@pytest.mark.slow
def test_each_file_is_scored_once_with_what_was_approved(site: tuple[Engine, Path]) -> None:
    engine, place = site

    def scored() -> Run:
        return engine.wait(engine.run_now("tiny", "score").id, lambda run: None)

    incoming: Callable[[str], Path] = (place / "incoming").joinpath
    assert scored().state == "nothing-new"

    incoming("a.csv").write_text(HEAD + "1,A,0.1\n2,B,0.9\n")
    incoming("b.csv").write_text(HEAD + "3,A,much\n")
    failed = scored()
    assert failed.state == "failed"
    assert failed.why == "1 of 2 files were not scored; the first: b.csv has no number in the column 'x' of row 1."
    first = (place / "scored/a.parquet").read_bytes()
    assert sorted(path.name for path in (place / "scored").iterdir()) == ["a.parquet"]

    incoming("b.csv").write_text(HEAD + "3,A,0.5\n")
    mended = scored()
    assert (mended.state, mended.version) == ("succeeded", "tiny@1")
    assert (place / "scored/a.parquet").read_bytes() == first
    assert {each.output for each in engine.trace_run(mended.id).scorings} == {str(place / "scored/b.parquet")}
    assert scored().state == "nothing-new"

    (place / "scored/a.parquet").unlink()
    assert scored().state == "succeeded", "what was taken away is written again"
    assert (place / "scored/a.parquet").read_bytes() == first

    (place / "scored/b.parquet").write_text("somebody's own")
    incoming("b.csv").write_text(HEAD + "4,A,0.5\n")
    foreign = scored()
    assert foreign.state == "failed" and "b.parquet is there already" in (foreign.why or "")
    assert (place / "scored/b.parquet").read_text() == "somebody's own"
