"""Another worker that is stopped, ends, or says rubbish makes nobody fail: then a worker asks its own process, once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from engine.errors import StepFailed
from engine.scoring.warm_pipes import RowsRefused
from engine.serving.for_neighbours import MOST_WAITING
from engine.serving.neighbour_frames import (
    MOST_BYTES,
    Ask,
    AskYourOwn,
    Back,
    Begun,
    Said,
    framed,
    place_of,
)
from engine.serving.neighbours import ALONE
from tests.engine.serving.neighbour_fakes import KEY, Asker, Impostor, Process, Worker, connection, short_folder, until
from tests.engine.serving.serving_fakes import GOOD, Place, held

SOON = 0.2  # seconds: the time of a request where a part of it is waited for


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 60))


def answers(said: Any) -> list[Any]:
    return [Said(said.number, [(row[0], 1) for row in said.rows])] if isinstance(said, Ask) else []


def test_where_it_ends_in_the_middle_of_a_batch_all_ask_their_own(folder: Path) -> None:
    other, asker = Impostor(lambda said: answers(said) if said.number == 1 else []), Asker(folder)

    async def ask() -> Any:
        await other.listen(folder)
        await asker.connected()
        asked = [asyncio.create_task(asker.ask(number)) for number in (1, 2, 3)]
        await until(lambda: len(other.heard) == 5)  # and a word that nobody came after the first
        other.transport.abort()
        return await asyncio.gather(*asked), await asker.ask(4)

    assert run(ask()) == ([None] * 3, None)


def test_one_that_is_stopped_is_waited_for_a_part_of_the_time_and_left_alone_for_a_while(folder: Path) -> None:
    stopped = False
    other, asker = Impostor(lambda said: [] if stopped else answers(said)), Asker(folder)

    async def ask() -> None:
        nonlocal stopped
        await other.listen(folder)
        await asker.connected()
        stopped = True
        loop, before = asyncio.get_running_loop(), len(other.heard)
        began = loop.time()
        assert await asyncio.gather(*(asker.ask(number, seconds=SOON) for number in (1, 2))) == [None, None]
        assert loop.time() - began >= SOON / 4
        heard = [type(each) for each in other.heard[before:]]
        assert heard.count(Ask) == 2 and heard.count(Back) == 2
        stopped = False
        assert await asker.ask(3) is None
        await asyncio.sleep(0)
        assert await asker.ask(4) is None
        assert [type(each) for each in other.heard[before:]].count(Ask) == 2
        asker.clock.now += ALONE
        await asker.connected()
        assert await asker.ask(5) == [(5, 1)]

    run(ask())


def test_rows_that_are_worked_at_are_not_asked_a_second_time(folder: Path) -> None:
    """They may be what it hangs of; the next ones ask their own, and what it says in the end is the answer."""

    def says(said: Any) -> list[Any]:
        if not isinstance(said, Back):
            return [] if isinstance(said, Ask) and said.rows == [[1]] else answers(said)
        later = lambda: other.transport.write(framed(Said(said.number, [(1, 1)])))  # noqa: E731
        asyncio.get_running_loop().call_later(SOON, later)
        return [Begun(said.number)]

    other, asker = Impostor(says), Asker(folder)

    async def ask() -> Any:
        await other.listen(folder)
        await asker.connected()
        return await asker.ask(1, seconds=SOON), await asker.ask(2)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as a worker does
        assert runner.run(asyncio.wait_for(ask(), 60)) == ([(1, 1)], None)


def test_one_whose_process_hangs_says_which_rows_it_works_at(folder: Path) -> None:
    worker, goes_on = Worker(), threading.Event()
    worker.process.before = lambda rows: goes_on.wait(60)

    async def ask() -> None:
        await worker.listen(folder)
        async with connection(folder) as (say, hear):
            await say(Ask(1, *KEY, [[1]]))
            await until(lambda: worker.process.asked)
            await say(Ask(2, *KEY, [[2]]), Back(2), Back(1), Back(7))
            assert [await hear(), await hear()] == [Begun(1), AskYourOwn(2)]
            goes_on.set()
            assert await hear() == Said(1, [(1, 1)])

    run(ask())
    assert worker.process.asked == [[1]]


@pytest.mark.parametrize(
    "rubbish",
    [b"\x00\x00\x00\x01\xff", (MOST_BYTES + 1).to_bytes(4, "big"), b"\x00\x00\x00\x02\xc1\xc1", framed(Back(1))],
)
def test_rubbish_is_no_answer(folder: Path, rubbish: bytes) -> None:
    spoilt = False
    other, asker = Impostor(lambda said: [rubbish] if spoilt else answers(said)), Asker(folder)

    async def ask() -> Any:
        nonlocal spoilt
        await other.listen(folder)
        await asker.connected()
        spoilt = True
        return await asyncio.gather(asker.ask(1), asker.ask(2))

    assert run(ask()) == [None, None]


def test_rubbish_ends_the_connection_that_it_came_by_and_no_other(folder: Path) -> None:
    worker, asker = Worker(), Asker(folder)

    async def ask() -> Any:
        await worker.listen(folder)
        await asker.connected()
        place = place_of(folder, 1)
        assert place is not None
        reader, writer = await asyncio.open_unix_connection(place)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        return await asker.ask(1)

    assert run(ask()) == [(1, 1)]


def test_one_that_sends_without_end_is_told_to_ask_its_own(folder: Path) -> None:
    worker, goes_on = Worker(), threading.Event()
    worker.process.before = lambda rows: goes_on.wait(60)

    async def ask() -> None:
        await worker.listen(folder)
        async with connection(folder) as (say, hear):
            await say(*(Ask(number, *KEY, [[1]]) for number in range(MOST_WAITING + 100)))
            assert [await hear() for _ in range(100)] == [AskYourOwn(MOST_WAITING + each) for each in range(100)]
            await say(Ask(1, *KEY, [[1]]))
            assert await hear() == AskYourOwn(1)  # a number that it has given already
            assert worker.room.under_way == MOST_WAITING
        goes_on.set()
        await until(lambda: not worker.room.under_way)

    run(ask())


class Others:
    """Neighbours that say what they are told to."""

    def __init__(self, said: Any) -> None:
        self._said, self.asked = said, 0

    async def ask(self, version: Any, rows: Any) -> Any:
        self.asked += 1
        if isinstance(self._said, Exception):
            raise self._said
        return self._said


def asked_of(said: Any) -> tuple[int, Any, Process, Place]:
    process = Process()
    process.features = tuple(name for name in GOOD)  # type: ignore[assignment]
    place = Place(held(scorer=process), neighbours=Others(said))
    status, answer = place.score({"records": [GOOD]})
    return status, answer, process, place


def test_an_answer_of_another_worker_is_the_answer() -> None:
    status, answer, process, place = asked_of([(0.5, 0.25)])
    assert (status, answer["predictions"]) == (200, [{"prediction": 0.5, "p_of": 0.25}])
    assert process.asked == [] and [each.answers for each in place.noted] == [[(0.5, 0.25)]]


def test_without_one_its_own_process_answers_once() -> None:
    status, answer, process, place = asked_of(None)
    assert (status, answer["predictions"]) == (200, [{"prediction": 0.3, "p_of": 1}])
    assert process.asked == [[0.3]] and len(place.noted) == 1


@pytest.mark.parametrize(("problem", "status"), [(RowsRefused("no 13"), 422), (StepFailed("it was killed"), 503)])
def test_what_the_model_says_is_not_asked_of_its_own_process_too(problem: StepFailed, status: int) -> None:
    found, _, process, _ = asked_of(problem)
    assert (found, process.asked) == (status, [])
