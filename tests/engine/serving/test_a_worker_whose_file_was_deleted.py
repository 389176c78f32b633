"""A worker whose file somebody deleted is taken for dead for a moment, and is there again with its next beat."""

from __future__ import annotations

import shutil

from engine import clock
from engine.api import Engine
from engine.scoring import beats, fleet
from engine.storage.ledger import Ledger
from tests.builders import served
from tests.ledger import workspace_of


def test_it_comes_back_with_its_next_beat(engine: Engine, ledger: Ledger) -> None:
    served.go(engine, ledger, 1)
    worker, locks = served.follower(engine), workspace_of(engine).root / "locks"
    served.settled(worker)
    shutil.rmtree(locks / beats.FOLDER)
    with ledger.write() as db:
        fleet.bury(db, locks, clock.now())
        assert fleet.there(db, locks) == ()
    worker.beat()
    worker.tick()
    with ledger.read() as db:
        [row] = fleet.there(db, locks)
    assert row.name == worker.worker.name
    assert row.answers["numbers"].label == "numbers@1"
    assert list(beats.everybody(locks)) == [worker.worker.name]
