"""Workers are started, started again when they die, later the more often they do, and ended with the server."""

from __future__ import annotations

import pytest

from engine.scoring.beats import HANGS_AFTER, STUCK_AFTER, Beat, silent
from engine.serving.supervisor import AWAY, LONGEST_WAIT, WELL_AFTER, Supervisor


class Worker:
    """A process that does what it is told, ``stubborn``: not even when it is told to end."""

    def __init__(self, pid: int, stubborn: bool = False) -> None:
        self.pid, self.stubborn, self.told = pid, stubborn, list[str]()
        self.code: int | None = None

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.told.append("terminate")
        if not self.stubborn:
            self.code = 0

    def kill(self) -> None:
        self.told.append("kill")
        self.code = -9


class World:
    def __init__(self, workers: int = 2, stubborn: bool = False) -> None:
        self.now, self.said, self.begun = 100.0, list[str](), list[tuple[int, Worker]]()
        self.refuses, self.stubborn, self.silent = False, stubborn, set[int]()
        self.supervisor = Supervisor(workers, self.start, self.said.append, lambda: self.silent, lambda: self.now)
        self.supervisor.tick()

    def start(self, number: int) -> Worker:
        if self.refuses:
            raise OSError(11, "Resource temporarily unavailable")
        self.begun.append((number, Worker(1000 + len(self.begun), self.stubborn)))
        return self.begun[-1][1]

    def later(self, seconds: float) -> None:
        self.now += seconds
        self.supervisor.tick()

    def pause(self, seconds: float) -> None:
        self.now += seconds


def test_each_place_has_its_worker() -> None:
    world = World(3)
    world.later(10)
    assert [number for number, _ in world.begun] == [1, 2, 3] and world.supervisor.pids == (1000, 1001, 1002)


def test_one_that_dies_is_told_and_started_again_in_its_place_and_no_other() -> None:
    world = World()
    world.begun[1][1].code = -9
    world.later(0)
    assert world.said == ["Worker 2 (process 1001) ended by signal 9; it is started again in 0.25 s."]
    assert world.supervisor.pids == (1000,)
    world.later(0.3)
    assert [number for number, _ in world.begun] == [1, 2, 2]


def test_one_that_hangs_is_ended_told_of_and_started_again_and_no_other() -> None:
    world = World()
    world.silent = {1001}
    world.later(0.5)
    assert world.begun[1][1].told == []  # It is looked for once a second.
    world.later(0.5)
    assert (world.begun[0][1].told, world.begun[1][1].told) == ([], ["kill"])
    assert world.said[0] == "Worker 2 (process 1001) gives no sign of life; it is ended."
    world.silent = set()
    world.later(1)
    assert [number for number, _ in world.begun] == [1, 2, 2]


def test_who_has_died_by_itself_is_not_ended() -> None:
    world = World(1)
    world.begun[0][1].code, world.silent = 1, {1000}
    world.later(1)
    assert world.begun[0][1].told == []


def test_who_has_said_nothing_yet_gets_ready_and_who_has_not_for_long_hangs() -> None:
    said = [Beat("a", 1, None), Beat("b", 2, HANGS_AFTER), Beat("c", 3, HANGS_AFTER + 0.1)]
    assert silent(said) == {3}


def test_one_whose_loop_alone_stands_still_hangs_and_one_that_is_stopped_too() -> None:
    def beat(pid: int, age: float, still: float) -> Beat:
        return Beat("w", pid, age, still=still)

    said = [beat(1, 0.5, STUCK_AFTER), beat(2, 0.5, STUCK_AFTER + 0.1), beat(3, STUCK_AFTER + 1, STUCK_AFTER + 1)]
    assert silent(said) == {2}, "one that says nothing at all may be at a large model"
    assert silent(said, {1, 3}.__contains__) == {2, 3}


def test_after_a_pause_of_the_whole_machine_everybody_has_time_to_say_something() -> None:
    world = World()
    world.silent = {1000, 1001}
    world.later(AWAY)
    world.later(AWAY + 0.9)
    assert [worker.told for _, worker in world.begun] == [[], []]
    world.later(0.2)
    assert [worker.told for _, worker in world.begun] == [["kill"], ["kill"]]


def test_one_that_dies_again_and_again_waits_longer_each_time_up_to_a_bound() -> None:
    world, waits = World(1), []
    for _ in range(10):
        world.begun[-1][1].code = 1
        world.later(0)
        since, count = world.now, len(world.begun)
        while len(world.begun) == count:
            world.later(0.05)
        waits.append(world.now - since)
    assert waits[:4] == pytest.approx([0.25, 0.5, 1, 2], abs=0.06)
    assert max(waits) == pytest.approx(LONGEST_WAIT, abs=0.06)


def test_one_that_did_its_work_for_long_is_started_again_soon() -> None:
    world = World(1)
    for _ in range(5):
        world.later(WELL_AFTER)
        world.begun[-1][1].code = 3
        world.later(0)
        assert world.said[-1].endswith("with exit code 3; it is started again in 0.25 s.")
        world.later(0.3)
    assert len(world.begun) == 6


def test_what_cannot_be_started_is_tried_again() -> None:
    world = World(1)
    world.refuses = True
    world.begun[0][1].code = 1
    world.later(0)
    world.later(0.3)
    assert world.said[-1] == "Worker 1 cannot be started (Resource temporarily unavailable); it is tried again."
    world.refuses = False
    world.later(LONGEST_WAIT)
    assert len(world.begun) == 2


def test_they_end_with_it_and_nobody_is_started_after() -> None:
    world = World()
    assert world.supervisor.stop(5, world.pause)
    assert [worker.told for _, worker in world.begun] == [["terminate"]] * 2
    world.later(100)
    assert len(world.begun) == 2


def test_who_does_not_end_in_time_is_killed_and_that_is_said() -> None:
    world = World(stubborn=True)
    before = world.now
    assert not world.supervisor.stop(5, world.pause)
    assert [worker.told for _, worker in world.begun] == [["terminate", "kill"]] * 2
    assert 5 <= world.now - before < 6
