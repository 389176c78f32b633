"""Who may start: by number, by memory, the oldest first, and one always."""

from __future__ import annotations

import pytest

from engine.runs.capacity import Machine, Turn, Want, needed, whose_turn

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
