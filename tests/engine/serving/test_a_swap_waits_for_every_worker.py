"""A version goes live when every worker that lives has proven it; one that cannot is named, and nothing has changed."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Refusal
from engine.release import all_workers
from engine.release.history import live_deployment
from engine.release.proof import Steps
from engine.release.records import ProofStep
from engine.scoring import fleet
from engine.storage.ledger import Ledger
from tests.builders import served
from tests.ledger import workspace_of

HELD = """
import sys
from engine import clock
from engine.scoring.fleet import Worker
from engine.storage.ledger import Ledger
from pathlib import Path
home = Path(sys.argv[1])
worker = Worker(Ledger(home / "ledger.db", locks=home / "locks"), home / "locks", clock.now())
print(worker.name, flush=True)
sys.stdin.read()
"""


def live(ledger: Ledger) -> int | None:
    with ledger.read() as db:
        row = live_deployment(db, served.PROJECT)
    return row["number"] if row else None


def preparations(ledger: Ledger) -> list[tuple[int, str | None]]:
    with ledger.read() as db:
        return [(row["number"], row["how"]) for row in db.execute("SELECT number, how FROM preparations ORDER BY id")]


def test_two_workers_confirm_a_release_a_swap_and_a_rollback(engine: Engine, ledger: Ledger) -> None:
    told: list[ProofStep] = []
    workers = served.follower(engine), served.follower(engine)
    with served.working(*workers):
        for number, kind in ((1, "release"), (2, "release"), (1, "rollback")):
            done = served.go(engine, ledger, number, kind=kind, steps=Steps(told.append))
            for worker in workers:
                held = worker.live(served.PROJECT)
                assert held is not None
                assert (held.label, held.seq) == (f"numbers@{number}", done.seq)
                assert held.scorer.answer([(0.0,)]) == [(number,)]
    assert [step.what for step in told] == ["confirmed by 2 of 2 workers"] * 3
    assert preparations(ledger) == [(1, "live"), (2, "live"), (1, "live")]


def test_where_nobody_answers_requests_nothing_waits_and_nothing_is_written(engine: Engine, ledger: Ledger) -> None:
    served.go(engine, ledger, 1)
    assert live(ledger) == 1
    assert preparations(ledger) == []


def test_a_project_that_answers_no_requests_waits_for_no_worker(engine: Engine, ledger: Ledger) -> None:
    served.follower(engine)  # It does nothing, and would be waited for.
    steps = Steps(lambda step: None)
    workers = all_workers.AllWorkers(workspace_of(engine), ledger, "numbers@1", "0" * 64, 0, "ada", steps)
    assert workers.commit({"project": {"name": "numbers"}}, lambda asks: asks) is all_workers.nobody_asked


def test_a_worker_in_which_it_predicts_otherwise_is_named_and_nothing_has_changed(
    engine: Engine, ledger: Ledger
) -> None:
    wrong = served.Scorers(wrong={"numbers@2": 7})
    workers = served.follower(engine), served.follower(engine, wrong)
    with served.working(*workers):
        served.go(engine, ledger, 1)
        with pytest.raises(Refusal, match=r"worker \d+: numbers@2 does not reproduce its own predictions") as refused:
            served.go(engine, ledger, 2)
        assert "Nothing was changed" in str(refused.value)
        assert live(ledger) == 1
        assert [worker.live(served.PROJECT).label for worker in workers] == ["numbers@1"] * 2  # type: ignore[union-attr]
        wrong.wrong.clear()
        served.go(engine, ledger, 2)  # Mended, it is tried anew.
    assert preparations(ledger) == [(1, "live"), (2, "given up"), (2, "live")]


def test_a_worker_that_does_not_say_anything_in_its_time_is_named(
    engine: Engine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = served.follower(engine)
    with monkeypatch.context() as soon:
        soon.setattr(all_workers, "WITHIN_SECONDS", 0.2)
        with pytest.raises(Refusal, match=r"^worker \d+ did not confirm numbers@1 within 0.2 s, and nothing was"):
            served.go(engine, ledger, 1)
    assert live(ledger) is None
    assert preparations(ledger) == [(1, "given up")]
    hangs.leave("it was ended")
    with served.working(served.follower(engine)):
        served.go(engine, ledger, 1)
    assert live(ledger) == 1


def test_a_worker_that_was_killed_is_not_waited_for(engine: Engine, ledger: Ledger) -> None:
    killed = subprocess.Popen(
        [sys.executable, "-c", HELD, str(engine.home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert killed.stdout is not None
    name = killed.stdout.readline().strip()
    locks = workspace_of(engine).root / "locks"
    with ledger.read() as db:
        assert [worker.name for worker in fleet.there(db, locks)] == [name]
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    with ledger.read() as db:
        assert fleet.there(db, locks) == ()
    served.go(engine, ledger, 1)
    assert live(ledger) == 1
    with ledger.write() as db:
        fleet.bury(db, locks, clock.now())
        row = db.execute("SELECT why FROM workers WHERE name = ?", (name,)).fetchone()
    assert row["why"] == "its process ended without a word"


def test_a_worker_that_comes_between_confirmation_and_commit_is_waited_for(engine: Engine, ledger: Ledger) -> None:
    told: list[str] = []
    late = []

    def comes(step: ProofStep) -> None:
        told.append(step.what)
        if not late:
            late.append(served.follower(engine))
            at_work.append(served.working(*late))
            at_work[0].__enter__()

    at_work: list[object] = []
    with served.working(served.follower(engine)):
        served.go(engine, ledger, 1, steps=Steps(comes))
        assert told == ["confirmed by 1 of 1 worker", "confirmed by 2 of 2 workers"]
        held = late[0].live(served.PROJECT)
        assert held is not None and held.label == "numbers@1"
        at_work[0].__exit__(None, None, None)  # type: ignore[attr-defined]


def test_another_digest_than_the_one_asked_for_confirms_nothing(engine: Engine, ledger: Ledger) -> None:
    worker = served.follower(engine).worker
    locks = workspace_of(engine).root / "locks"
    with ledger.write() as db:
        asked = fleet.prepare(db, ("numbers", 1), "a" * 64, 0, "ada", clock.now())
    assert fleet.confirm(ledger, worker.name, asked, "b" * 64, None, clock.now())
    with ledger.read() as db:
        found = fleet.standing(db, locks, asked)
    assert not found.complete
    assert found.cannot[0][1] == "it has another version ready (bbbbbbbbbbbb)"


def test_what_a_killed_swap_left_is_loaded_by_nobody_and_ended_by_the_next(engine: Engine, ledger: Ledger) -> None:
    scorers = served.Scorers()
    worker = served.follower(engine, scorers)
    with ledger.read() as db:
        digest = db.execute("SELECT digest FROM versions WHERE number = 2").fetchone()["digest"]
    with ledger.write() as db:  # by one that holds no lock any more
        left = fleet.prepare(db, ("numbers", 2), digest, 0, "ada", clock.now())
    served.settled(worker)
    assert scorers.opened == {}
    with served.working(worker):
        served.go(engine, ledger, 1)
    assert preparations(ledger) == [(2, "given up"), (1, "live")]
    assert not fleet.confirm(ledger, worker.worker.name, left, digest, None, clock.now())


def test_a_clock_that_jumps_hinders_nobody(engine: Engine, ledger: Ledger) -> None:
    jumps = iter([timedelta(days=-400), timedelta(days=400)] * 1000)
    worker = served.follower(engine, now=lambda: clock.now() + next(jumps))
    with served.working(worker):
        served.go(engine, ledger, 1)
        served.go(engine, ledger, 2)
        held = worker.live(served.PROJECT)
    assert held is not None and held.label == "numbers@2"
