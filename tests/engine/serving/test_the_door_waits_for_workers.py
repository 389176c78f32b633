"""A release through the door waits for the workers of the workspace, says so in its steps, and leaves nothing of one
that they do not confirm."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from engine.api import Engine
from engine.errors import Refusal
from engine.release import all_workers
from engine.serving.following import Following
from engine.storage.ledger import Ledger
from engine.versions.records import VersionDocument
from tests import tiny
from tests.builders import served
from tests.builders.runs import retrained
from tests.forked_runs import forking
from tests.ledger import ledger_of, rows_of, store_of, workspace_of
from tests.people import open_engine

pytestmark = pytest.mark.slow  # a retrain and its proof


class Recorded:
    """Says what the version said when it was made."""

    maker, features, outputs, blocks = "compiled", ("x",), ("prediction",), False

    def __init__(self, predictions: pa.Table) -> None:
        self._predictions = predictions

    def score(self, features: pa.Table) -> pa.Table:
        return self._predictions

    def close(self) -> None:
        pass


@pytest.fixture
def answers(tmp_path: Path, today: datetime) -> Iterator[Engine]:
    """tiny answers requests, and tiny@1 waits for a decision."""
    folder = tiny.make(tmp_path / "tiny")
    manifest = folder / "leverframe.toml"
    manifest.write_text(manifest.read_text() + "\n[serve]\nrealtime = true\n")
    tiny.commit(folder, "it answers requests")
    engine = forking(open_engine(tmp_path / "home", "ada", create=True))
    engine.add(folder)
    retrained(engine, today - timedelta(days=3))
    yield engine
    engine.close()


def worker(engine: Engine) -> Following:
    store = store_of(engine)

    def opened(label: str, document: VersionDocument, folder: Path) -> Any:
        return Recorded(pa.parquet.read_table(io.BytesIO(store.read(document.golden.predictions))))

    ledger = Ledger(engine.home / "ledger.db", locks=engine.home / "locks")
    return Following(workspace_of(engine), ledger, store, opened)


def test_a_release_is_refused_by_one_worker_and_goes_live_when_all_have_confirmed(
    answers: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = worker(answers)
    plan, told = answers.plan_release("tiny@1"), []
    before = rows_of(answers, but={"preparations"})
    with monkeypatch.context() as soon:
        soon.setattr(all_workers, "WITHIN_SECONDS", 0.2)
        with pytest.raises(Refusal, match=r"worker \d+ did not confirm tiny@1 within 0.2 s, and nothing was changed"):
            answers.move(plan, "good", lambda step: None)
    assert rows_of(answers, but={"preparations"}) == before
    assert not any((workspace_of(answers).releases / "tiny").iterdir())
    hangs.leave("it was ended")

    first = worker(answers)
    with served.working(first):
        moved = answers.move(plan, "good", lambda step: told.append(step.what))
        assert moved.deployment is not None
        assert told[2:] == [
            "confirmed by 1 of 1 worker",
            "live: tiny@1, confirmed by 1 of 1 worker, written to the ledger and linked",
        ]
        held = first.live("tiny")
    assert held is not None and held.label == "tiny@1"
    with ledger_of(answers) as ledger, ledger.read() as db:
        assert [row["how"] for row in db.execute("SELECT how FROM preparations ORDER BY id")] == ["given up", "live"]
