"""A worker answers with what the ledger says when a request begins; where it cannot, it says so and why."""

from __future__ import annotations

import shutil
import threading
from collections import Counter

import pytest

from engine import clock
from engine.api import Engine
from engine.projects import registry
from engine.scoring import beats, crashes, fleet
from engine.storage.ledger import Ledger
from tests.builders import served
from tests.ledger import ledger_of, workspace_of

SWAPS = ((2, "release"), (1, "rollback"), (3, "release"), (2, "release"), (1, "rollback"), (3, "release"))


def test_nothing_live_and_no_project_are_said_as_what_they_are(engine: Engine) -> None:
    worker = served.follower(engine)
    assert worker.live(served.PROJECT) is None
    assert worker.why_not(served.PROJECT) == "Nothing is live of numbers yet."
    assert worker.live("nobody") is None
    assert worker.why_not("nobody") == "There is no project nobody here."


def test_a_worker_that_starts_later_takes_what_the_ledger_says_once_it_is_proven(
    engine: Engine, ledger: Ledger
) -> None:
    served.go(engine, ledger, 1)
    served.go(engine, ledger, 2)
    worker = served.follower(engine)
    assert worker.live(served.PROJECT) is None
    assert worker.why_not(served.PROJECT) == (
        "numbers@2 is live, and this worker has not got it ready yet; try again in a moment."
    )
    served.settled(worker)
    held = worker.live(served.PROJECT)
    assert held is not None and (held.label, worker.why_not(served.PROJECT)) == ("numbers@2", "")
    assert worker.is_ready(served.PROJECT)


def test_a_late_worker_in_which_the_live_version_predicts_otherwise_does_not_answer(
    engine: Engine, ledger: Ledger
) -> None:
    served.go(engine, ledger, 1)
    worker = served.follower(engine, served.Scorers(wrong={"numbers@1": 2}))
    assert not worker.is_ready(served.PROJECT), "clients may wait at the door"
    served.settled(worker)
    assert worker.is_ready(served.PROJECT), "those of other projects would wait in vain"
    assert worker.live(served.PROJECT) is None
    assert "numbers@1 does not reproduce its own predictions: 5 of 5 golden rows" in worker.why_not(served.PROJECT)


def test_what_could_not_be_loaded_is_tried_again_after_a_while(engine: Engine, ledger: Ledger) -> None:
    served.go(engine, ledger, 1)
    clock_hand = [0.0]
    scorers = served.Scorers(fails={"numbers@1": RuntimeError("no room")})
    worker = served.follower(engine, scorers, monotonic=lambda: clock_hand[0])
    served.settled(worker)
    assert "RuntimeError('no room')" in worker.why_not(served.PROJECT)
    tried = []
    for second in range(1, 200):
        clock_hand[0] = float(second)
        before = scorers.asked
        served.settled(worker, steps=2)
        tried += [second] * (scorers.asked - before)
    assert tried == [5, 15, 35, 75, 135, 195]
    scorers.fails.clear()
    clock_hand[0] = 255.0
    served.settled(worker)
    assert worker.live(served.PROJECT) is not None


def test_the_first_request_after_a_commit_is_never_answered_by_the_old_version(
    engine: Engine, ledger: Ledger
) -> None:
    """Without any step of the worker in between: only what it sees when it is asked."""
    worker = served.follower(engine)
    with served.working(worker):
        served.go(engine, ledger, 1)
    other = served.follower(engine)
    served.settled(other)
    held = other.live(served.PROJECT)
    assert held is not None and held.label == "numbers@1"
    # Dead to whoever swaps, and still asked: as a process whose file was deleted would be.
    shutil.rmtree(workspace_of(engine).root / "locks" / beats.FOLDER)
    served.go(engine, ledger, 2)
    assert other.live(served.PROJECT) is None
    assert "numbers@2 is live" in other.why_not(served.PROJECT)
    served.settled(other)
    assert other.live(served.PROJECT).label == "numbers@2"  # type: ignore[union-attr]


def test_under_load_nobody_is_answered_by_the_old_version_and_nothing_is_mixed(engine: Engine, ledger: Ledger) -> None:
    workers = served.follower(engine), served.follower(engine)
    committed, over = [0], threading.Event()
    counts: Counter[str] = Counter()

    def ask(place: int) -> None:
        worker = workers[place % 2]
        while not over.is_set():
            least = committed[0]
            held = worker.live(served.PROJECT)
            if held is None:
                counts["none"] += 1
                continue
            [(value,)] = held.scorer.answer([(0.0,)])
            counts["old"] += held.seq < least
            counts["mixed"] += f"numbers@{value}" != held.label
            counts["answers"] += 1

    with served.working(*workers):
        committed[0] = served.go(engine, ledger, 1).seq
        asking = [threading.Thread(target=ask, args=(place,)) for place in range(4)]
        for thread in asking:
            thread.start()
        for number, kind in SWAPS:
            committed[0] = served.go(engine, ledger, number, kind=kind).seq
        over.set()
        for thread in asking:
            thread.join()
    assert (counts["none"], counts["old"], counts["mixed"]) == (0, 0, 0)
    assert counts["answers"] > 100


def test_a_ledger_that_somebody_writes_to_for_long_keeps_nobody_waiting(engine: Engine, ledger: Ledger) -> None:
    worker = served.follower(engine)
    with served.working(worker):
        served.go(engine, ledger, 1)
        with ledger_of(engine) as busy, busy.write():
            held = worker.live(served.PROJECT)
    assert held is not None and held.label == "numbers@1"


def test_a_ledger_that_is_gone_is_answered_by_nobody(engine: Engine, ledger: Ledger) -> None:
    served.go(engine, ledger, 1)
    worker = served.follower(engine)
    served.settled(worker)
    assert worker.live(served.PROJECT) is not None and not worker.is_lost
    (engine.home / "ledger.db").rename(engine.home / "away")
    assert worker.live(served.PROJECT) is None
    assert worker.why_not(served.PROJECT).startswith("What is live cannot be read: ")
    assert worker.is_lost
    worker.tick()
    assert worker.trouble
    (engine.home / "away").rename(engine.home / "ledger.db")
    assert worker.live(served.PROJECT) is not None


def test_what_is_no_longer_live_is_closed_when_no_request_can_be_at_it(engine: Engine, ledger: Ledger) -> None:
    scorers, hand = served.Scorers(), [0.0]
    worker = served.follower(engine, scorers, monotonic=lambda: hand[0])
    for number in (1, 2, 3):
        with ledger_of(engine) as own:
            mover = threading.Thread(target=served.go, args=(engine, own, number))
            mover.start()
            while mover.is_alive():
                worker.tick()
            mover.join()
    served.settled(worker)
    assert [scorer.closed for scorer in scorers.opened["numbers@1"]] == [False]
    hand[0] = 31.0
    worker.tick()
    closed = {label: [each.closed for each in opened] for label, opened in scorers.opened.items()}
    assert closed == {"numbers@1": [True], "numbers@2": [False], "numbers@3": [False]}
    worker.leave("it was ended")
    assert all(each.closed for opened in scorers.opened.values() for each in opened)


def test_its_files_deleted_under_it_a_worker_goes_on_and_loads_what_comes(engine: Engine, ledger: Ledger) -> None:
    worker = served.follower(engine)
    with served.working(worker):
        served.go(engine, ledger, 1)
        for folder in workspace_of(engine).cache.glob("worker-*"):
            shutil.rmtree(folder)
        assert worker.live(served.PROJECT).label == "numbers@1"  # type: ignore[union-attr]
        served.go(engine, ledger, 2)
        assert worker.live(served.PROJECT).label == "numbers@2"  # type: ignore[union-attr]


def test_what_was_live_before_stands_by_but_not_what_was_rolled_back_from(engine: Engine, ledger: Ledger) -> None:
    worker = served.follower(engine)
    with served.working(worker):
        served.go(engine, ledger, 1)
        served.go(engine, ledger, 2)
        held = worker.live(served.PROJECT)
        assert held is not None and held.previous is not None and held.previous.label == "numbers@1"
        served.go(engine, ledger, 1, kind="rollback")
        held = worker.live(served.PROJECT)
        assert held is not None and held.previous is None


def test_a_project_that_was_removed_is_answered_no_more(engine: Engine, ledger: Ledger) -> None:
    served.go(engine, ledger, 1)
    worker = served.follower(engine)
    served.settled(worker)
    with ledger.write() as db:
        db.execute("UPDATE projects SET removed_at = added_at")
        assert registry.there(db, served.PROJECT) is None
    assert worker.live(served.PROJECT) is None


def test_a_worker_says_what_it_answers_with_to_the_ledger_once_and_again_and_again_to_its_file(
    engine: Engine, ledger: Ledger
) -> None:
    served.go(engine, ledger, 1)
    worker = served.follower(engine)
    served.settled(worker)
    locks = workspace_of(engine).root / "locks"
    before = ledger.marker()
    worker.tick()
    worker.beat()
    worker.beat()
    assert ledger.marker() == before, "a beat woke everybody"
    with ledger.read() as db:
        [row] = fleet.there(db, locks)
    [beat] = beats.everybody(locks).values()
    assert row.answers == beat.answers
    assert beat.answers["numbers"].label == "numbers@1"
    assert beat.age is not None and beat.age < 5


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"pid": "x"}', b'{"pid": 1, "at": 0, "answers": 3}', b"x" * 3])
def test_a_file_that_says_nonsense_says_nothing(engine: Engine, raw: bytes) -> None:
    worker = served.follower(engine)
    locks = workspace_of(engine).root / "locks"
    (locks / beats.FOLDER / worker.worker.name).write_bytes(raw)
    assert beats.everybody(locks)[worker.worker.name].age is None


def test_what_a_worker_says_of_itself_steers_no_terminal(engine: Engine) -> None:
    worker = served.follower(engine)
    locks = workspace_of(engine).root / "locks"
    said = beats.Answering("numbers@1\x1b[2J", "\x1b" * 9, 1, "\x1b]0;x\x07")
    worker.worker.beat({"numbers\x1b[2J": said}, {"numbers": beats.Fallbacks(why="\x1b[2J")})
    assert "\x1b" not in repr(beats.everybody(locks)).replace("\\x1b", "\x1b")


def test_a_version_that_crashes_three_times_in_a_minute_is_asked_no_more_in_any_worker(
    engine: Engine, ledger: Ledger
) -> None:
    class Ended:
        why, waited = "the process was killed", 0.0

    scorers, done = served.Scorers(), served.go(engine, ledger, 1)
    worker, other = served.follower(engine, scorers), served.follower(engine)
    served.settled(worker)
    served.settled(other)
    ends = scorers.opened["numbers@1"][-1].ends
    for _ in range(2):
        ends.append(Ended())
        worker.tick()
    assert other.live(served.PROJECT).out is None  # type: ignore[union-attr]
    ends.append(Ended())
    worker.tick()
    for each in (worker, other):
        held = each.live(served.PROJECT)
        assert held is not None and held.out is not None
        assert held.out.startswith("numbers@1 crashed 3 times within 60 s and is asked no more")
    with ledger.write() as db:
        assert crashes.put_back(db, served.PROJECT, done.seq, "ada", clock.now())
    assert other.live(served.PROJECT).out is None  # type: ignore[union-attr]
