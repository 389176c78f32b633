"""A swap that is killed at any step leaves the old version live or the new one, and the next swap goes through."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.api import Engine
from engine.release.history import live_deployment
from engine.storage.ledger import Ledger
from tests.builders import served

pytestmark = pytest.mark.slow  # each swap is a process of its own

SWAP = """
import os, signal, sys
from pathlib import Path
from engine.release.proof import Steps
from engine.storage.ledger import Ledger
from tests.builders import served
from tests.people import open_engine

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

home, where = Path(sys.argv[1]), sys.argv[2]
engine, ledger = open_engine(home, "ada"), Ledger(home / "ledger.db", locks=home / "locks")
steps = Steps(killed if where == "confirmed" else lambda step: None)
served.go(engine, ledger, 2, steps=steps, before=killed if where == "in the transaction" else lambda: None)
killed()
"""


@contextmanager
def swapping(home: Path, where: str) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-c", SWAP, str(home), where]
    with subprocess.Popen(words, cwd=Path(__file__).parents[3]) as process:
        yield process
        process.kill()


def live(ledger: Ledger) -> int | None:
    with ledger.read() as db:
        row = live_deployment(db, served.PROJECT)
    return row["number"] if row else None


def open_preparations(ledger: Ledger) -> int:
    with ledger.read() as db:
        return int(db.execute("SELECT count(*) FROM preparations WHERE ended_at IS NULL").fetchone()[0])


@pytest.mark.parametrize(
    ("where", "then"), [("confirmed", 1), ("in the transaction", 1), ("committed", 2)]
)
def test_what_it_leaves_is_the_old_version_or_the_new_one(
    engine: Engine, ledger: Ledger, where: str, then: int
) -> None:
    worker = served.follower(engine)
    with served.working(worker):
        served.go(engine, ledger, 1)
        with swapping(engine.home, where) as process:
            assert process.wait(60) == -signal.SIGKILL
        assert live(ledger) == then
        held = worker.live(served.PROJECT)
        assert held is not None and held.label == f"numbers@{then}"
        served.go(engine, ledger, 3)
        assert worker.live(served.PROJECT).label == "numbers@3"  # type: ignore[union-attr]
    assert open_preparations(ledger) == 0


def test_killed_while_it_waits_it_is_over_for_the_workers_and_the_next_one(engine: Engine, ledger: Ledger) -> None:
    scorers = served.Scorers()
    worker = served.follower(engine, scorers)
    with served.working(worker):
        served.go(engine, ledger, 1)
    worker = served.follower(engine, scorers)
    served.settled(worker)
    with swapping(engine.home, "while it waits") as process:
        while not open_preparations(ledger):  # The worker does no step: it is waited for.
            assert process.poll() is None
            threading.Event().wait(0.01)
    served.settled(worker)
    assert "numbers@2" not in scorers.opened
    assert worker.live(served.PROJECT).label == "numbers@1"  # type: ignore[union-attr]
    with served.working(worker):
        served.go(engine, ledger, 2)
    assert open_preparations(ledger) == 0


def test_of_two_swaps_at_once_one_comes_after_the_other(engine: Engine, ledger: Ledger) -> None:
    workers = served.follower(engine), served.follower(engine)
    done: list[int] = []

    def go(number: int) -> None:
        own = Ledger(engine.home / "ledger.db", locks=engine.home / "locks")
        done.append(served.go(engine, own, number, kind="rollback", lifts=True).seq)
        own.close()

    with served.working(*workers):
        for number in (1, 2, 3):
            served.go(engine, ledger, number)
        both = [threading.Thread(target=go, args=(number,)) for number in (1, 2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert len(done) == 2
        seen = {(each.live(served.PROJECT).label, each.live(served.PROJECT).seq) for each in workers}  # type: ignore[union-attr]
    assert seen == {(f"numbers@{live(ledger)}", max(done))}
