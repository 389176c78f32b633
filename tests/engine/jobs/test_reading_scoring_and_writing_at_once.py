"""Three threads: pieces stay in order, few of them are held, and whatever goes wrong in one ends all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from engine.errors import Refusal
from engine.jobs.score.flow import Flow, Later


def test_pieces_are_written_in_the_order_in_which_they_were_read() -> None:
    written = list[int]()
    Flow[int, int](iter(range(50)), lambda piece: lambda: piece * 2, written.append).run()
    assert written == [2 * number for number in range(50)]


def test_the_reader_is_never_far_ahead_of_the_writer() -> None:
    ahead, read, done = list[int](), [0], [0]

    def pieces() -> Iterator[int]:
        for number in range(100):
            read[0] += 1
            ahead.append(read[0] - done[0])
            yield number

    def write(piece: int) -> None:
        done[0] += 1

    Flow[int, int](pieces(), lambda piece: lambda: piece, write).run()
    # One in each hand of three, two between each; one more for a writer that has not counted yet.
    assert done[0] == 100
    assert max(ahead) <= 8


def test_some_are_asked_for_ahead_and_still_written_in_their_order() -> None:
    written, asked, ahead = list[int](), [0], list[int]()

    def ask(piece: int) -> Later[int]:
        asked[0] += 1

        def answer() -> int:
            ahead.append(asked[0] - piece)
            return piece

        return answer

    Flow[int, int](iter(range(1, 51)), ask, written.append, 5).run()
    assert written == list(range(1, 51))
    assert (max(ahead), ahead[-1]) == (5, 0)


def test_a_piece_is_read_while_another_is_scored() -> None:
    second = threading.Event()

    def pieces() -> Iterator[int]:
        yield 1
        second.set()
        yield 2

    written = list[bool]()
    Flow[int, bool](pieces(), lambda piece: lambda: second.wait(30), written.append).run()
    assert written == [True, True]


def ended(flow: Flow[int, Any]) -> str:
    """With which refusal it ended; one that goes on for ever fails the test, and does not keep it."""
    told: list[str] = []

    def run() -> None:
        with pytest.raises(Refusal) as refused:
            flow.run()
        told.append(str(refused.value))

    running = threading.Thread(target=run, daemon=True)
    running.start()
    running.join(60)
    assert told, "it has not ended"
    return told[0]


@pytest.mark.parametrize("where", ["read", "score", "write"])
def test_what_goes_wrong_in_one_is_raised_and_ends_the_others(where: str) -> None:
    def fails(piece: int) -> int:
        raise Refusal(f"{where} went wrong")

    def pieces() -> Iterator[int]:
        while True:
            yield fails(0) if where == "read" else 0

    def write(piece: object) -> None:
        if where == "write":
            fails(0)

    flow = Flow[int, object](pieces(), lambda piece: partial(fails if where == "score" else int, piece), write)
    before = threading.active_count()
    assert ended(flow) == f"{where} went wrong"
    assert threading.active_count() == before


def test_who_cancels_it_ends_it_with_a_reason() -> None:
    def pieces() -> Iterator[int]:
        while True:
            yield 1

    def score(piece: int) -> int:
        flow.cancel("cancelled by ada: enough")
        return piece

    flow = Flow[int, int](pieces(), lambda piece: partial(score, piece), lambda piece: None)
    assert ended(flow) == "It was ended before its time: cancelled by ada: enough."
