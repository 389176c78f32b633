"""Who may start: by number, by memory, the oldest first, and one always."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from engine import clock
from engine.clock import stamp
from engine.runs import capacity
from engine.runs.capacity import Machine, Turn, Want, needed, whose_turn
from tests.builders.projects import listed
from tests.ledger import reading, writing
from tests.people import open_engine

GIB = 1 << 30
MACHINE = Machine(runs=3, memory=8 * GIB, free=7 * GIB)


def want(run: int, gib: float) -> Want:
    return Want(run, round(gib * GIB))


@pytest.mark.parametrize(
    ("queued", "running", "machine", "wanted"),
    [
        ([], [], MACHINE, Turn(())),
        ([want(1, 2), want(2, 2)], [], MACHINE, Turn((1, 2))),
        ([want(n, 1) for n in (1, 2, 3, 4)], [], MACHINE, Turn((1, 2, 3))),  # by number
        ([want(4, 1)], [want(n, 1) for n in (1, 2, 3)], MACHINE, Turn(())),
        # One may always run, however large, and nothing beside it.
        ([want(1, 100), want(2, 1)], [], MACHINE, Turn((1,), want(2, 1))),
        # The small one behind does not overtake the large one: else that might wait for ever.
        ([want(2, 6), want(3, 1)], [want(1, 3)], MACHINE, Turn((), want(2, 6))),
        ([want(2, 1), want(3, 6)], [want(1, 3)], MACHINE, Turn((2,), want(3, 6))),
        # What runs was promised its memory, also while it does not use it yet.
        ([want(2, 4)], [want(1, 5)], Machine(3, 8 * GIB, 8 * GIB), Turn((), want(2, 4))),
        # What is free now counts too: somebody else may be using the machine.
        ([want(2, 2)], [want(1, 1)], Machine(3, 8 * GIB, GIB), Turn((), want(2, 2))),
        ([want(1, 2), want(2, 2)], [], Machine(3, 8 * GIB, 3 * GIB), Turn((1,), want(2, 2))),
        ([want(1, 2)], [], Machine(3, 8 * GIB, 0), Turn((1,))),
    ],
)
def test_whose_turn_it_is(queued: list[Want], running: list[Want], machine: Machine, wanted: Turn) -> None:
    assert whose_turn(queued, running, machine) == wanted


@pytest.mark.parametrize(
    ("allowed", "peaks", "wanted"),
    [
        (4 * GIB, [], 4 * GIB),
        (4 * GIB, [GIB] * 4, 4 * GIB),  # too few to go by
        (4 * GIB, [GIB] * 5, 1.25 * GIB),  # p95 and a quarter more
        (4 * GIB, [GIB] * 19 + [2 * GIB], 1.25 * 1.05 * GIB),
        (4 * GIB, [4 * GIB] * 5, 4 * GIB),  # never more than it is allowed
    ],
)
def test_a_run_needs_what_the_last_ones_needed(allowed: int, peaks: list[int], wanted: float) -> None:
    assert needed(allowed, peaks) == pytest.approx(wanted)


def test_the_workspace_says_how_many_at_once_and_how_much_memory(home: Path) -> None:
    engine = open_engine(home, "zoe", create=True)
    with reading(engine) as db:
        machine = capacity.this_machine(db)
    assert (machine.runs, machine.memory) == tuple(capacity.defaults().values())
    assert machine.free > 0
    for name, text in ((capacity.AT_ONCE, "7"), (capacity.MEMORY, "3GiB")):
        engine.choose(name, text, "a larger machine")
    with reading(engine) as db:
        machine = capacity.this_machine(db)
    chosen = {each.name: each.text for each in engine.settings()}
    assert (machine.runs, machine.memory) == (7, 3 * GIB)
    assert (chosen[capacity.AT_ONCE], chosen[capacity.MEMORY]) == ("7", "3.0 GiB")


def test_what_is_asked_for_comes_from_the_manifest_until_history_is_known(home: Path) -> None:
    engine = open_engine(home, "zoe", create=True)
    with writing(engine) as db:
        listed(db, "small", {"train": {"memory": "512MiB"}}, clock.now())
        listed(db, "silent", {}, clock.now())
        ids = [
            put(db, name, state) for name, state in (("small", "running"), ("small", "queued"), ("silent", "queued"))
        ]
        queued, running = capacity.wants(db)
        assert (running, queued) == ([Want(ids[0], GIB // 2)], [Want(ids[1], GIB // 2), Want(ids[2], 4 * GIB)])
        for _ in range(5):
            run = put(db, "silent", "succeeded")
            for seq, (step, peak) in enumerate((("extract", 50), ("train", 80), ("score live", 40)), 1):
                db.execute(
                    "INSERT INTO steps (run, seq, name, state, peak_memory) VALUES (?, ?, ?, 'succeeded', ?)",
                    (run, seq, step, peak << 20),
                )
        # Train and the live version's score run beside each other, and a quarter more.
        assert capacity.wants(db)[0][1] == Want(ids[2], 150 << 20)


def test_a_run_that_trains_on_a_cluster_counts_what_is_left_here(home: Path) -> None:
    engine = open_engine(home, "zoe", create=True)
    wanted = {None: GIB, "step": GIB, "joblib": 64 * GIB}
    with writing(engine) as db:
        for number, (mode, memory) in enumerate(wanted.items()):
            name, there = f"away{number}", {"scheduler": "tcp://a:1", **({"mode": mode} if mode else {})}
            listed(db, name, {"train": {"memory": "64GiB"}, "compute": there}, clock.now())
            run = put(db, name, "queued")
            assert capacity.wants(db)[0][-1] == Want(run, memory)


def test_room_is_what_nobody_at_work_was_promised_and_what_is_free(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(home, "zoe", create=True)
    machine = [Machine(runs=3, memory=8 * GIB, free=7 * GIB)]
    monkeypatch.setattr(capacity, "this_machine", lambda db: machine[0])
    with writing(engine) as db:
        listed(db, "small", {"train": {"memory": "2GiB"}}, clock.now())
        assert capacity.room(db) == 7 * GIB
        for state in ("running", "queued", "succeeded"):
            put(db, "small", state)
        assert capacity.room(db) == 6 * GIB
        machine[0] = Machine(runs=3, memory=8 * GIB, free=GIB)
        assert capacity.room(db) == GIB


def put(db: sqlite3.Connection, project: str, state: str) -> int:
    at = stamp(clock.now())
    cursor = db.execute(
        "INSERT INTO runs (project, job, state, as_of, queued_at, requested_by, options)"
        " VALUES (?, 'retrain', ?, ?, ?, 'zoe', '{}')",
        (project, state, at, at),
    )
    return int(cursor.lastrowid or 0)
