"""Requests that wait for another process are asked of it together, and each has its own answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from engine.errors import StepFailed
from engine.serving.gathering import Gathering

Row = Sequence[Any]


class RowsRefused(StepFailed):
    of_these_rows = True


class Slow:
    """Answers each row with itself, twice; notes of each asking how many rows it had."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.at_work, self.most_at_work = 0, 0
        self.before: Callable[[Sequence[Row]], object] = lambda rows: None

    def answer(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        self.asked.append(len(rows))
        try:
            self.before(rows)
            return [(row[0], 2 * row[0]) for row in rows]
        finally:
            self.at_work -= 1


class Place:
    """Requests for one scorer. ``over``: how many have left their place; ``ended``: how often nobody was left."""

    def __init__(self, most_rows: int = 100) -> None:
        self.scorer, self.over, self.ended = Slow(), 0, 0
        self._pool = ThreadPoolExecutor(4)
        self.gathering = Gathering(self.scorer.answer, self._pool, self._end, most_rows)

    def _end(self) -> None:
        self.ended += 1

    def _over(self) -> None:
        self.over += 1

    def ask(self, *numbers: int) -> asyncio.Future[list[tuple[Any, ...]]]:
        return self.gathering.ask([(number,) for number in numbers], self._over)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return asyncio.run(work)
        finally:
            self._pool.shutdown()


def test_those_that_come_together_are_one_batch_and_each_has_its_own_answers() -> None:
    place = Place()

    async def ask() -> list[Any]:
        return list(await asyncio.gather(place.ask(1), place.ask(), place.ask(2, 3), place.ask(4)))

    assert place.run(ask()) == [[(1, 2)], [], [(2, 4), (3, 6)], [(4, 8)]]
    assert (place.scorer.asked, place.over) == ([4], 4)


def test_who_asks_again_once_answered_is_in_the_next_batch_with_those_that_waited() -> None:
    """Those who were answered and those who came meanwhile would else be two halves in turn."""
    place, goes_on = Place(), threading.Event()
    place.scorer.before = lambda rows: goes_on.wait(60)

    async def again(number: int, times: int) -> None:
        for _ in range(times):
            await place.ask(number)
            await asyncio.sleep(0)  # its answer is written, and what it asks next is read

    async def ask() -> None:
        first = [asyncio.create_task(again(number, 3)) for number in range(5)]
        while not place.scorer.asked:
            await asyncio.sleep(0)
        late = [asyncio.create_task(again(number, 2)) for number in range(3)]
        for _ in range(100):
            await asyncio.sleep(0)
        goes_on.set()
        await asyncio.gather(*first, *late)

    place.run(ask())
    assert (place.scorer.asked, place.scorer.most_at_work) == ([5, 8, 8], 1)


class AtOnce(Executor):
    """Does what it is given to do there and then."""

    def submit(self, work: Callable[..., Any], /, *given: Any, **more: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work(*given, **more))
        return done


def test_a_stream_that_never_ends_keeps_nobody_waiting() -> None:
    scorer, others = Slow(), 0
    gathering = Gathering(scorer.answer, AtOnce(), lambda: None)

    async def ask() -> Any:
        nonlocal others
        first = gathering.ask([(1,)], lambda: None)
        while not scorer.asked:
            gathering.ask([(2,)], lambda: None)  # one in each round of the loop
            others += 1
            assert others < 100
            await asyncio.sleep(0)
        return await first

    assert asyncio.run(ask()) == [(1, 2)]


def test_a_batch_has_an_end_and_what_is_left_is_the_next() -> None:
    place = Place(most_rows=3)

    async def ask() -> None:
        await asyncio.gather(place.ask(1, 2), place.ask(3), place.ask(4), place.ask(5, 6, 7, 8), place.ask(9))

    place.run(ask())
    assert place.scorer.asked == [3, 1, 4, 1]


def test_rows_that_are_refused_spoil_nothing_for_others() -> None:
    place = Place()

    def refuses(rows: Sequence[Row]) -> None:
        if any(row[0] == 13 for row in rows):
            raise RowsRefused("no 13")

    place.scorer.before = refuses

    async def ask() -> list[Any]:
        return list(await asyncio.gather(place.ask(1), place.ask(13), place.ask(2), return_exceptions=True))

    one, bad, two = place.run(ask())
    assert (one, two) == ([(1, 2)], [(2, 4)]) and isinstance(bad, RowsRefused)
    assert place.scorer.asked == [3, 1, 1, 1]


def test_where_the_process_ends_all_of_the_batch_are_told_and_no_row_is_asked_again() -> None:
    """It may be of one of them that it ended."""
    place = Place()

    def dies(rows: Sequence[Row]) -> None:
        if len(place.scorer.asked) == 1:
            raise StepFailed("it was killed")

    place.scorer.before = dies

    async def ask() -> tuple[list[Any], Any]:
        first = await asyncio.gather(place.ask(1), place.ask(2), return_exceptions=True)
        return list(first), await place.ask(3)

    told, after = place.run(ask())
    assert [str(each) for each in told] == ["it was killed"] * 2 and after == [(3, 6)]
    assert place.scorer.asked == [2, 1]


def test_who_gives_up_is_not_asked_for_and_keeps_a_place_only_while_somebody_works_at_it() -> None:
    place, goes_on = Place(), threading.Event()
    place.scorer.before = lambda rows: goes_on.wait(60)

    async def ask() -> Any:
        taken, stays = place.ask(1), place.ask(2)
        while not place.scorer.asked:
            await asyncio.sleep(0)
        waits, after = place.ask(3), place.ask(4)
        taken.cancel()
        waits.cancel()
        await asyncio.sleep(0)
        assert place.over == 0
        goes_on.set()
        return await asyncio.gather(stays, after)

    assert place.run(ask()) == [[(2, 4)], [(4, 8)]]
    assert (place.scorer.asked, place.over) == ([2, 1], 4)


def test_when_nobody_waits_any_more_it_is_let_go_of_and_takes_who_comes_all_the_same() -> None:
    place = Place()

    async def ask() -> None:
        await place.ask(1)
        while not place.ended:
            await asyncio.sleep(0)
        await place.ask(2)
        while place.ended < 2:
            await asyncio.sleep(0)

    place.run(ask())
    assert place.scorer.asked == [1, 1]


def test_a_server_that_ends_leaves_nobody_waiting() -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    gathering = Gathering(Slow().answer, pool, lambda: None)

    async def ask() -> None:
        await gathering.ask([(1,)], lambda: None)

    with pytest.raises(StepFailed, match="broken off"):
        asyncio.run(ask())
