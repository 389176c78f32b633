"""Backtests in the ledger: the newest is read back as it was kept, and what was changed since is damage."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.backtest import archive
from engine.backtest.records import BacktestDocument
from engine.errors import Damage
from engine.json_records import read, write
from engine.runs import queue
from tests import tiny
from tests.engine.backtest.made import UNTIL, document
from tests.forked_runs import forking
from tests.ledger import reading, writing
from tests.people import open_engine


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    opened = forking(open_engine(home, "ada", create=True))
    opened.add(tiny.make(home.parent / "tiny"))
    yield opened
    opened.close()


def kept(engine: Engine, **other: object) -> int:
    with writing(engine) as db:
        run = queue.insert(db, "tiny", engine.caller, UNTIL, UNTIL, {}, job="backtest")
        queue.finish(db, run, "succeeded", UNTIL)
        archive.keep(db, run, document(project="tiny", **other), UNTIL + timedelta(minutes=4))
    return run


def test_the_newest_is_read_as_it_was_kept(engine: Engine) -> None:
    with reading(engine) as db:
        assert archive.newest(db, "tiny") is None
    kept(engine, metric="brier")
    run = kept(engine)
    with reading(engine) as db:
        found = archive.newest(db, "tiny")
    assert found is not None and (found.run, found.at) == (run, UNTIL + timedelta(minutes=4))
    assert found.document == document(project="tiny") and len(found.digest) == 64
    assert engine.last_backtest("tiny").kept == found


def test_what_a_newer_leverframe_adds_is_read_over() -> None:
    said = json.loads(json.dumps({**write(document()), "weather": "fine"}))
    assert write(read(BacktestDocument, said, "It")) == said


@pytest.mark.parametrize("change", ["UPDATE backtests SET as_of = 'x'", "DELETE FROM backtests"])
def test_nothing_of_it_is_changed_or_taken_away(engine: Engine, change: str) -> None:
    kept(engine)
    with pytest.raises(sqlite3.IntegrityError), writing(engine) as db:
        db.execute(change)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zlib.compress(json.dumps({**write(document()), "told": 3}).encode()), "is not what was kept: its digest is"),
        (b"rot", "cannot be read"),
        (zlib.compress(b"{"), "cannot be read"),
    ],
)
def test_what_was_changed_on_the_disk_is_damage_and_keeps_nobody_from_deciding(
    engine: Engine, content: bytes, said: str
) -> None:
    run = kept(engine)
    with writing(engine) as db:
        db.execute("DROP TRIGGER backtests_no_update")
        db.execute("UPDATE backtests SET document = ?", (content,))
    with reading(engine) as db, pytest.raises(Damage, match=f"The backtest of run {run} {said}"):
        archive.newest(db, "tiny")
    version = engine.wait(engine.retrain("tiny", as_of=UNTIL).id, lambda seen: None).version
    assert version is not None
    line = engine.card(version, engine.now()).backtest
    assert line is not None and line.at is None and said in line.said
