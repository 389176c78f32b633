"""A version whose loading hangs keeps a worker from nothing else: it is named, and what comes later is followed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Refusal
from engine.storage.ledger import Ledger
from engine.versions.records import VersionDocument
from tests.builders import served

NAMED = 46.0


class Hanging(served.Scorers):
    """Scorers of which one is not there before it ``may`` go on."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label, self.begun, self.may = label, threading.Event(), threading.Event()

    def open(self, label: str, document: VersionDocument, folder: Path) -> served.Arithmetic:
        scorer = super().open(label, document, folder)
        if label == self.label:
            self.begun.set()
            self.may.wait()
        return scorer

    def go_on(self) -> served.Arithmetic:
        """Let it go on, and wait for the end of whoever loads it."""
        self.may.set()
        for thread in threading.enumerate():
            if thread.name == f"loads {self.label}":
                thread.join()
        return self.opened[self.label][-1]


def test_a_move_to_it_is_refused_by_name_and_the_next_one_is_followed(engine: Engine, ledger: Ledger) -> None:
    hand, scorers, refused = [0.0], Hanging("numbers@2"), list[Refusal]()
    worker = served.follower(engine, scorers, monotonic=lambda: hand[0], passed_on_after=0.01)

    def move() -> None:
        with pytest.raises(Refusal) as found:
            served.go(engine, ledger, 2)
        refused.append(found.value)

    with served.working(worker):
        before = served.go(engine, ledger, 1)
        moving = threading.Thread(target=move)
        moving.start()
        assert scorers.begun.wait(60)
        hand[0] = NAMED
        moving.join()
        assert "numbers@2 has been loading for 46 s and is not waited for" in str(refused[0])
        held = worker.live(served.PROJECT)
        assert held is not None and (held.label, held.seq) == ("numbers@1", before.seq), "nothing has changed"
        served.go(engine, ledger, 3)
        held = worker.live(served.PROJECT)
        assert held is not None and held.label == "numbers@3"
        assert scorers.go_on().closed, "nobody wants it any more"


def test_one_that_comes_to_its_end_after_all_is_taken_while_it_is_wanted(engine: Engine, ledger: Ledger) -> None:
    served.go(engine, ledger, 1)
    hand, scorers = [0.0], Hanging("numbers@1")
    worker = served.follower(engine, scorers, monotonic=lambda: hand[0], passed_on_after=0.0)
    served.settled(worker)
    assert not worker.is_ready(served.PROJECT) and "has not got it ready yet" in worker.why_not(served.PROJECT)
    hand[0] = NAMED
    served.settled(worker)
    assert "could not get it ready: numbers@1 has been loading for 46 s" in worker.why_not(served.PROJECT)
    assert worker.is_ready(served.PROJECT), "those of other projects would wait in vain"
    hand[0] = 10 * NAMED
    served.settled(worker)
    assert not scorers.go_on().closed
    served.settled(worker)
    held = worker.live(served.PROJECT)
    assert held is not None and held.label == "numbers@1"
    assert scorers.asked == 1, "it was loaded once"


def test_one_that_hangs_when_its_worker_leaves_is_closed_at_its_end(engine: Engine, ledger: Ledger) -> None:
    served.go(engine, ledger, 1)
    scorers = Hanging("numbers@1")
    worker = served.follower(engine, scorers, passed_on_after=0.0)
    served.settled(worker)
    assert scorers.begun.wait(60)
    worker.leave("it was told to end")
    assert scorers.go_on().closed
