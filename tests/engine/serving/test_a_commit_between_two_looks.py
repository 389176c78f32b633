"""A swap that commits, and frees its lock, just while a worker looks is not taken for one that was killed."""

from __future__ import annotations

import threading

import pytest

from engine.api import Engine
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from tests.builders import served
from tests.ledger import ledger_of


def test_what_went_live_between_the_ledger_and_the_lock_is_kept(
    engine: Engine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    about_to_commit, go_on, looked = threading.Event(), threading.Event(), threading.Event()
    is_locked = Workspace.is_locked

    def waits() -> None:
        about_to_commit.set()
        go_on.wait()

    def commits_meanwhile(workspace: Workspace, name: str) -> bool:
        if about_to_commit.is_set():
            looked.set()
            go_on.set()
            mover.join()
        return is_locked(workspace, name)

    monkeypatch.setattr(Workspace, "is_locked", commits_meanwhile)
    worker = served.follower(engine)
    with ledger_of(engine) as own:
        mover = threading.Thread(target=served.go, args=(engine, own, 1), kwargs={"before": waits}, daemon=True)
        mover.start()
        while not confirmed(ledger):
            worker.tick()
        about_to_commit.wait()
        worker.tick()  # It sees the preparation, and before it sees the lock the swap has gone through.
        held = worker.live(served.PROJECT)
    assert looked.is_set() and not mover.is_alive()
    assert held is not None and held.label == "numbers@1"


def confirmed(ledger: Ledger) -> bool:
    with ledger.read() as db:
        return db.execute("SELECT 1 FROM confirmations").fetchone() is not None
