"""The job ``score`` has two scorers of one version at work where a file is large, and both are let go with it."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet
import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Refusal, StepFailed
from engine.jobs.score import reading
from engine.jobs.score import score as job
from engine.jobs.score.second import Second
from engine.runs import capacity
from engine.storage.objects import ObjectStore
from engine.versions.records import VersionDocument
from tests import tiny
from tests.builders.runs import left_behind
from tests.builders.versions import candidate, release
from tests.ledger import ledger_of, store_of, workspace_of, writing
from tests.people import open_engine
from tests.scoring_ground import ANSWERS, FEATURES, Doubling, read, rows, written
from tests.version_documents import WHOLE

WAIT = 60
LABEL = "tiny@1"


class Held(Doubling):
    """A scorer as it is held ready, that waits for ``other`` before it answers a piece."""

    maker, blocks = "process", True

    def __init__(self, other: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.other, self.closed, self.pieces = other, False, 0

    def score(self, features: pa.Table) -> pa.Table:
        if self.closed:
            raise StepFailed("It was ended.")
        if features.num_rows == 2:  # The golden rows are three.
            self.other()
            self.pieces += 1
        return super().score(features)

    def close(self) -> None:
        self.closed = True


class Ground:
    """A run of ``tiny@1`` whose first and second scorer are ``held``."""

    def __init__(self, engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine, self.store, self.folder = engine, store_of(engine), folder / "run"
        self.folder.mkdir()
        both = threading.Barrier(2)
        self.held = [Held(lambda: both.wait(WAIT)) for _ in range(2)]
        self.second = Second(lambda closing: cast(Any, self.held[1]))
        self.given: dict[str, Any] = {}
        self.watched = list[Any]()

        def second_of(*given: Any, **how: Any) -> Second:
            self.given = {"room": given[5](), "folder": given[4].name, **how}
            return self.second

        monkeypatch.setattr(job, "open_ready", lambda *given, **how: self.held[0])
        monkeypatch.setattr(job, "second_of", second_of)

    def run(self, options: dict[str, Any], settings: dict[str, Any]) -> None:
        number = left_behind(self.engine, tiny.BEGINS, job="score")
        with writing(self.engine) as db:
            db.execute("UPDATE runs SET options = ? WHERE id = ?", (json.dumps(options), number))
        context = SimpleNamespace(
            run=SimpleNamespace(id=number, project="tiny"), folder=self.folder, store=self.store, marker="marked",
            workspace=workspace_of(self.engine), held=7, live=(LABEL, document(self.store, settings)),
            project_path=self.folder.parent, tell=lambda *told: None, record=lambda step: None,
            watch=self.watched.append,
        )  # fmt: skip
        with ledger_of(self.engine) as ledger:
            job.score(ledger, cast(Any, context))

    @property
    def log(self) -> str:
        return (self.folder / "write scores.log").read_text()


def document(store: ObjectStore, settings: dict[str, Any]) -> VersionDocument:
    def kept(table: pa.Table) -> Any:
        content = io.BytesIO()
        pyarrow.parquet.write_table(table, content)
        return store.put_content(content.getvalue())

    golden = replace(
        WHOLE.golden, rows=3, inputs=kept(rows(3).select(FEATURES.names)),
        predictions=kept(pa.table({"prediction": [0, 0, 0], "p_1": [0.0, 0.5, 1.0]}, schema=ANSWERS)),
    )  # fmt: skip
    model = replace(WHOLE.model, features=tuple(FEATURES.names))
    found = WHOLE.settings | {"data": {"target": "late", "key": ["id"]}} | settings
    return replace(WHOLE, golden=golden, model=model, settings=found)


@pytest.fixture
def ground(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(home.parent / "tiny"))
    now = clock.now()
    release(engine, candidate(engine, now), None, 0, now)
    monkeypatch.setattr(reading, "PIECE", 2)
    monkeypatch.setattr("engine.jobs.score.second.EARLY", 10)
    # Whether it is worth it later is told by how long things took, which no test may depend on.
    monkeypatch.setattr("engine.jobs.score.side_by_side.worth", lambda *given: False)
    monkeypatch.setattr(capacity, "room", lambda db: 12345)
    yield Ground(engine, home.parent, monkeypatch)
    engine.close()


def asked(source: Path, output: Path) -> dict[str, Any]:
    return {"input": str(source), "output": str(output), "replace": False}


def test_a_large_file_is_scored_by_both_and_the_log_says_how_much_by_each(ground: Ground, tmp_path: Path) -> None:
    source, output = written(tmp_path, rows(12)), tmp_path / "out.parquet"
    ground.run(asked(source, output), {})
    assert read(output).column("id").to_pylist() == list(range(100, 112))
    assert read(output).column("p_1").to_pylist() == [number / 2 for number in range(12)]
    assert [each.pieces for each in ground.held] == [3, 3]
    assert "a second process of the version scores beside the first" in ground.log
    assert "pieces by process: 3 and 3" in ground.log
    assert all(each.closed for each in ground.held)
    assert ground.given == {"room": 12345, "folder": "live beside", "marker": "marked", "held": 7}


def test_who_cancels_the_run_ends_the_second_too(ground: Ground, tmp_path: Path) -> None:
    source = written(tmp_path, rows(12))

    closed = list[bool]()

    def cancelled() -> None:
        ground.second.opened.result(WAIT)
        for each in ground.watched:
            each.cancel("cancelled by ada")
        closed.extend(each.closed for each in ground.held)

    ground.held[0].other, ground.held[1].other = cancelled, lambda: None
    with pytest.raises((Refusal, StepFailed)):
        ground.run(asked(source, tmp_path / "out.parquet"), {})
    assert closed == [True, True] and not (tmp_path / "out.parquet").exists()


def test_a_small_file_is_scored_by_one(ground: Ground, tmp_path: Path) -> None:
    ground.held[0].other = lambda: None
    ground.run(asked(written(tmp_path, rows(8)), tmp_path / "out.parquet"), {})
    assert (ground.held[0].pieces, ground.second.begun) == (4, False)
    assert "pieces by process: 4 and 0" in ground.log


def test_what_is_there_already_opens_none_by_schedule(ground: Ground, tmp_path: Path) -> None:
    for folder in ("incoming", "scored"):
        (tmp_path / folder).mkdir()
    written(tmp_path / "incoming", rows(12))
    (tmp_path / "scored" / "in.parquet").write_bytes(b"somebody's")
    score = {"from": f"{tmp_path}/incoming/*.parquet", "to": f"{tmp_path}/scored"}
    with pytest.raises(Refusal):
        ground.run({}, {"score": score})
    assert not ground.second.begun
