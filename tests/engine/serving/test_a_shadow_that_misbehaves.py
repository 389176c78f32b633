"""Whatever becomes of a shadow's process, each row that it was handed is counted, and another process is begun."""

from __future__ import annotations

import random

import pytest

from engine.serving.shadow_seat import (
    ENDS_WITHIN,
    HANGS_AFTER,
    LONGEST_WAIT,
    MOST_MEMORY,
    MOST_WAITING,
    READY_WITHIN,
    ShadowSeat,
)
from engine.shadow.counting import ABSENT, BEHIND
from tests.engine.serving.shadow_fakes import Clocks, Shadowed

PACKET = b"\x93\x90\x90\x90"  # a frame without anything in it


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def shadowed() -> Shadowed:
    return Shadowed()


@pytest.fixture
def seat(clocks: Clocks, shadowed: Shadowed) -> ShadowSeat:
    return ShadowSeat(shadowed, clocks.monotonic)


def ready(seat: ShadowSeat, shadowed: Shadowed) -> None:
    seat.tick()
    shadowed.last.be_ready()
    seat.tick()


def test_nothing_is_handed_before_it_has_proven_the_candidate(seat: ShadowSeat, shadowed: Shadowed) -> None:
    seat.hand(PACKET, 3)
    seat.tick()
    seat.hand(PACKET, 4)
    assert seat.sums.passed_over == {ABSENT: 7} and not shadowed.last.handed
    shadowed.last.be_ready()
    seat.tick()
    seat.hand(PACKET, 5)
    assert len(shadowed.last.handed) == 1 and seat.sums.passed_over == {ABSENT: 7}


def test_what_does_not_fit_is_let_go_of_at_once(seat: ShadowSeat, shadowed: Shadowed) -> None:
    ready(seat, shadowed)
    shadowed.last.room = 1
    seat.hand(PACKET, 9)
    seat.hand(PACKET, 10)
    assert seat.sums.passed_over == {BEHIND: 10}


def test_no_more_rows_are_on_their_way_than_may_be(seat: ShadowSeat, shadowed: Shadowed) -> None:
    ready(seat, shadowed)
    seat.hand(PACKET, MOST_WAITING - 1)
    seat.hand(PACKET, 2)
    assert seat.sums.passed_over == {BEHIND: 2}
    shadowed.last.count(MOST_WAITING - 1)
    seat.tick()
    seat.hand(PACKET, 2)
    assert seat.sums.passed_over == {BEHIND: 2} and seat.sums.rows == MOST_WAITING - 1


def test_rows_that_a_process_took_with_it_have_failed(seat: ShadowSeat, shadowed: Shadowed, clocks: Clocks) -> None:
    ready(seat, shadowed)
    seat.hand(PACKET, 30)
    first = shadowed.last
    first.count(10)
    first.how = "by signal 9"
    seat.tick()
    assert (seat.sums.rows, seat.sums.errors) == (10, {"its process ended by signal 9": 20})
    assert seat.trouble == "its process ended by signal 9"
    seat.hand(PACKET, 5)
    assert seat.sums.passed_over == {ABSENT: 5}
    clocks.pass_by(1.0)
    ready(seat, shadowed)
    assert len(shadowed.begun) == 2 and seat.trouble == ""


def test_what_it_said_of_its_end_is_told_instead(seat: ShadowSeat, shadowed: Shadowed) -> None:
    seat.tick()
    shadowed.last.waiting.append({"failed": "tiny@2 does not reproduce its own predictions\x1b[2J"})
    shadowed.last.how = "with exit code 1"
    seat.tick()
    assert seat.trouble == "tiny@2 does not reproduce its own predictions"


def test_one_that_ends_again_and_again_is_begun_ever_more_rarely(
    seat: ShadowSeat, shadowed: Shadowed, clocks: Clocks
) -> None:
    seat.tick()
    waits = []
    for _ in range(12):
        shadowed.last.how = "with exit code 1"
        seat.tick()
        begun, waited = len(shadowed.begun), 0.0
        while len(shadowed.begun) == begun:
            clocks.pass_by(0.5)
            waited += 0.5
            seat.tick()
        waits.append(waited)
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0] and waits[-1] == LONGEST_WAIT
    clocks.pass_by(60.0)  # It did well for a minute.
    shadowed.last.be_ready()
    shadowed.last.how = "by signal 11"
    seat.tick()
    clocks.pass_by(1.0)
    seat.tick()
    assert shadowed.last.how is None


def test_one_that_cannot_be_started_is_told_and_tried_again(
    seat: ShadowSeat, shadowed: Shadowed, clocks: Clocks
) -> None:
    shadowed.fails = OSError(12, "Cannot allocate memory")
    seat.tick()
    assert seat.trouble == "its process cannot be started (Cannot allocate memory)"
    shadowed.fails = None
    clocks.pass_by(1.0)
    ready(seat, shadowed)
    assert seat.trouble == ""


def test_one_that_hangs_is_ended_and_its_rows_have_failed(
    seat: ShadowSeat, shadowed: Shadowed, clocks: Clocks
) -> None:
    ready(seat, shadowed)
    clocks.pass_by(10 * HANGS_AFTER)  # Nothing is asked of it: that it is silent says nothing.
    seat.tick()
    seat.hand(PACKET, 6)
    clocks.pass_by(HANGS_AFTER)
    seat.tick()
    assert not shadowed.last.killed
    clocks.pass_by(1.0)
    seat.tick()
    assert shadowed.begun[0].killed
    assert seat.sums.errors == {f"its process gave no sign of life for {HANGS_AFTER:g} s and was ended": 6}


def test_one_that_is_never_ready_is_ended(seat: ShadowSeat, shadowed: Shadowed, clocks: Clocks) -> None:
    seat.tick()
    clocks.pass_by(READY_WITHIN + 1)
    seat.tick()
    assert shadowed.begun[0].killed and "gave no sign of life for 900 s" in seat.trouble


def test_one_that_takes_too_much_memory_is_ended(seat: ShadowSeat, shadowed: Shadowed) -> None:
    ready(seat, shadowed)
    shadowed.last.size = MOST_MEMORY
    seat.tick()
    assert not shadowed.last.killed
    shadowed.last.size += 1
    seat.tick()
    assert shadowed.begun[0].killed and seat.trouble == "its process took 2.0 GiB of memory, 2.0 GiB is allowed"


@pytest.mark.parametrize(
    "said", [{"sums": None, "handled": 1}, {"sums": {}}, {"sums": {"rows": []}, "handled": 3}, {"other": 1}]
)
def test_what_it_says_wrongly_is_not_counted(seat: ShadowSeat, shadowed: Shadowed, said: dict[str, object]) -> None:
    ready(seat, shadowed)
    seat.hand(PACKET, 4)
    shadowed.last.waiting.append(said)
    shadowed.last.how = "by signal 9"
    seat.tick()
    assert (seat.sums.rows, seat.sums.failed) == (0, 4)


def test_a_trial_that_is_over_ends_with_its_last_words(seat: ShadowSeat, shadowed: Shadowed, clocks: Clocks) -> None:
    ready(seat, shadowed)
    seat.hand(PACKET, 8)
    seat.finish()
    assert shadowed.last.finished and not seat.is_over
    shadowed.last.count(8)
    shadowed.last.how = "with exit code 0"
    seat.tick()
    assert seat.sums.rows == 8 and not seat.sums.errors and not seat.is_over
    seat.written()
    assert seat.is_over
    clocks.pass_by(1000.0)
    seat.tick()
    assert len(shadowed.begun) == 1


def test_one_that_does_not_end_is_ended(seat: ShadowSeat, shadowed: Shadowed, clocks: Clocks) -> None:
    ready(seat, shadowed)
    seat.hand(PACKET, 8)
    seat.finish()
    clocks.pass_by(ENDS_WITHIN + 1)
    seat.tick()
    assert shadowed.last.killed and seat.sums.errors == {"it did not end": 8}


@pytest.mark.parametrize("seed", range(20))
def test_no_row_is_counted_twice_or_not_at_all_whatever_happens(seed: int) -> None:
    chance, clocks, shadowed = random.Random(seed), Clocks(), Shadowed()
    seat = ShadowSeat(shadowed, clocks.monotonic)
    given = 0
    for _ in range(300):
        clocks.pass_by(chance.choice([0.1, 1.0, 30.0]))
        seat.tick()
        there = shadowed.begun[-1] if shadowed.begun else None
        act = chance.random()
        if act < 0.4:
            rows = chance.randrange(1, 400)
            seat.hand(PACKET, rows)
            given += rows
        elif there is not None and there.how is None and act < 0.6:
            there.be_ready()
        elif there is not None and there.how is None and act < 0.9:
            handled = min(chance.randrange(200), given - total(seat))
            there.count(handled) if handled else None
            seat.tick()
        elif there is not None and act < 0.95:
            there.how = "by signal 9"
    seat.finish()
    seat.close()
    assert total(seat) == given


def total(seat: ShadowSeat) -> int:
    return seat.sums.rows + seat.sums.failed + sum(seat.sums.passed_over.values())
