"""Workers of one server ask one process: in one batch, for exactly the version that each means."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import StepFailed
from engine.scoring.warm_pipes import RowsRefused
from engine.serving.neighbour_frames import Ask, Quiet, Said
from engine.serving.neighbours import ALONE, GROUP
from tests.engine.serving.neighbour_fakes import KEY, LONG, Asker, Impostor, Worker, connection, short_folder, until


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 60))


def test_clients_of_both_are_one_batch_and_each_has_its_own_answers(folder: Path) -> None:
    worker, asker = Worker(), Asker(folder)

    async def ask() -> list[Any]:
        await worker.listen(folder)
        await asker.connected()
        await until(lambda: len(worker.process.asked) == 1)
        goes_on = threading.Event()
        worker.process.before = lambda rows: goes_on.wait(60)
        first = worker.ask(1)
        await until(lambda: len(worker.process.asked) == 2)
        others = [asyncio.create_task(asker.ask(2, None, "ü")), asyncio.create_task(asker.ask(3.5))]
        await until(lambda: worker.room.under_way == 2)
        own = worker.ask(True)
        goes_on.set()
        return [await first, *await asyncio.gather(*others), await own]

    assert run(ask()) == [[(1, 1)], [(2, 1), (None, 1), ("ü", 1)], [(3.5, 1)], [(True, 1)]]
    assert worker.process.asked == [[0], [1], [2, None, "ü", 3.5, True]]
    assert asker.process.asked == []


def test_who_was_answered_by_way_of_another_worker_is_in_the_next_batch_too(folder: Path) -> None:
    """Else they would be a batch of their own each time."""
    worker, asker = Worker(takes=LONG), Asker(folder)

    async def often(ask: Any, number: int) -> None:
        for _ in range(3):
            await ask(number)
            for _ in range(5):
                await asyncio.sleep(0)

    async def ask() -> None:
        await worker.listen(folder)
        await asker.connected()
        own = (often(worker.ask, number) for number in (1, 2))
        others = (often(asker.ask, number) for number in (3, 4, 5))
        await asyncio.gather(*own, *others)

    run(ask())
    assert [len(batch) for batch in worker.process.asked][-2:] == [5, 5]
    assert sum(map(len, worker.process.asked)) == 1 + 15


def test_it_is_waited_until_the_other_worker_says_that_nobody_comes(folder: Path) -> None:
    worker = Worker(takes=LONG)

    async def ask() -> Any:
        await worker.listen(folder)
        async with connection(folder) as (say, hear):
            await say(Ask(1, *KEY, [[1]]))
            assert await hear() == Said(1, [(1, 1)])
            own = worker.ask(2)
            await say(Quiet(0))  # of an answer before
            for _ in range(200):
                await asyncio.sleep(0)
            assert worker.process.asked == [[1]]
            await say(Ask(2, *KEY, [[3]]), Quiet(1))
            return await hear(), await own

    assert run(ask()) == (Said(2, [(3, 1)]), [(2, 1)])
    assert worker.process.asked == [[1], [2, 3]]


def test_a_worker_says_once_that_nobody_comes_any_more(folder: Path) -> None:
    other, asker = Impostor(lambda said: [Said(said.number, [(7, 1)])] if isinstance(said, Ask) else []), Asker(folder)

    async def ask() -> None:
        await other.listen(folder)
        await asker.connected()
        for _ in range(200):
            await asyncio.sleep(0)

    run(ask())
    assert other.heard[1:] == [Quiet(1)]


def test_no_other_version_answers(folder: Path) -> None:
    worker, asker = Worker(key=("gems@3", "4" * 64)), Asker(folder)

    async def ask() -> Any:
        await worker.listen(folder)
        assert await asker.ask(1) is None  # it is not connected yet
        await until(lambda: worker.room.callers)
        while not worker.looked:
            assert await asker.ask(1) is None
            await asyncio.sleep(0)
        return await asker.ask(1)

    assert run(ask()) is None
    assert worker.process.asked == []


def test_exactly_the_version_that_is_named_does(folder: Path) -> None:
    worker, asker = Worker(key=("gems@4", "4" * 64)), Asker(folder, label="gems@4")

    async def ask() -> Any:
        await worker.listen(folder)
        await asker.connected()
        return await asker.ask(1)

    assert run(ask()) == [(1, 1)]
    assert set(worker.looked) == {("gems@4", "4" * 64)}


def test_who_has_not_got_it_is_left_alone_for_a_while(folder: Path) -> None:
    worker, asker = Worker(), Asker(folder)

    async def ask() -> Any:
        await worker.listen(folder)
        await asker.connected()
        worker.process.blocks = False
        looked = len(worker.looked)
        assert await asker.ask(1) is None
        assert await asker.ask(2) is None
        assert len(worker.looked) == looked + 1
        asker.clock.now += ALONE - 0.1
        assert await asker.ask(3) is None
        assert len(worker.looked) == looked + 1
        worker.process.blocks = True
        asker.clock.now += 0.2
        return await asker.ask(4)

    assert run(ask()) == [(4, 1)]


@pytest.mark.parametrize("problem", [RowsRefused("no 13"), StepFailed("it was killed")])
def test_what_the_model_says_to_the_rows_is_handed_on_as_it_is(folder: Path, problem: StepFailed) -> None:
    worker, asker = Worker(), Asker(folder)

    def fails(rows: Any) -> None:
        if not isinstance(problem, RowsRefused):
            worker.process.ends.append("it ended")
        raise problem

    async def ask() -> Any:
        await worker.listen(folder)
        await asker.connected()
        worker.process.before = fails
        await asker.ask(13)

    with pytest.raises(StepFailed) as raised:
        run(ask())
    assert (str(raised.value), type(raised.value)) == (str(problem), type(problem))
    assert worker.process.asked == [[0], [13]] and asker.process.asked == []


@pytest.mark.parametrize("problem", [StepFailed("cannot be begun: its folder is gone"), ValueError("a bug")])
def test_where_its_process_is_not_there_for_them_another_is_asked(folder: Path, problem: Exception) -> None:
    worker, asker = Worker(), Asker(folder)

    def fails(rows: Any) -> None:
        raise problem

    async def ask() -> Any:
        await worker.listen(folder)
        await asker.connected()
        worker.process.before = fails
        return await asker.ask(1)

    assert run(ask()) is None


def test_rows_that_cannot_be_sent_or_are_too_many_are_not(folder: Path) -> None:
    worker, asker = Worker(), Asker(folder)

    async def ask() -> None:
        await worker.listen(folder)
        await asker.connected()
        for rows in ((2**70,), ("\ud800",), ("x" * (1 << 20),), range(101), ()):
            assert await asker.ask(*rows) is None
        assert await asker.ask(*range(1, 101)) == [(number, 1) for number in range(1, 101)]
        asker.process.together = 0
        assert await asker.ask(1) is None

    run(ask())
    assert len(worker.process.asked) == 2


def test_the_first_of_a_group_that_is_there_is_asked(folder: Path) -> None:
    one, two, asker = Worker(1), Worker(2), Asker(folder, 3)

    async def ask() -> None:
        await two.listen(folder)
        await asker.connected()
        await one.listen(folder)
        assert await asker.ask(1) == [(1, 1)]
        asker.clock.now += ALONE
        while [3] not in one.process.asked:
            assert await asker.ask(3) == [(3, 1)]
        assert await one.room.drain()
        await until(lambda: not one.room.callers)
        while await asker.ask(4) is None:
            await asyncio.sleep(0)

    run(ask())
    assert [4] in two.process.asked


def test_the_first_of_a_group_asks_nobody(folder: Path) -> None:
    worker, asker = Worker(GROUP), Asker(folder, GROUP + 1)

    async def ask() -> None:
        await worker.listen(folder)
        assert await asker.ask(1) is None
        for _ in range(20):
            await asyncio.sleep(0)
        assert await asker.ask(1) is None and not worker.room.callers

    run(ask())


def test_where_the_name_of_a_socket_has_no_room_each_has_its_own_process(folder: Path) -> None:
    deep = folder / ("d" * 100)
    deep.mkdir()
    worker, asker = Worker(), Asker(deep)

    async def ask() -> Any:
        await worker.listen(deep)
        return await asker.ask(1)

    assert run(ask()) is None


def test_where_nobody_can_listen_each_has_its_own_process(folder: Path) -> None:
    worker, asker = Worker(), Asker(folder / "is not there")

    async def ask() -> Any:
        await worker.listen(folder / "is not there")
        assert await asker.ask(1) is None
        await asyncio.sleep(0)
        return await asker.ask(1)

    assert run(ask()) is None


def test_what_it_was_asked_is_answered_before_it_ends(folder: Path) -> None:
    worker, asker, goes_on = Worker(), Asker(folder), threading.Event()

    async def ask() -> Any:
        await worker.listen(folder)
        await asker.connected()
        worker.process.before = lambda rows: goes_on.wait(60)
        came = asyncio.create_task(asker.ask(1))
        await until(lambda: len(worker.process.asked) == 2)
        end = asyncio.create_task(worker.room.drain(60))
        await asyncio.sleep(0)
        assert await asker.ask(2) is None
        goes_on.set()
        assert await end
        await until(lambda: not worker.room.callers)
        return await came

    assert run(ask()) == [(1, 1)]
    assert worker.process.asked == [[0], [1]]


def test_who_gives_up_frees_the_place(folder: Path) -> None:
    worker, asker, goes_on = Worker(), Asker(folder), threading.Event()

    async def ask() -> Any:
        await worker.listen(folder)
        await asker.connected()
        worker.process.before = lambda rows: goes_on.wait(60)
        begun = asyncio.create_task(asker.ask(1))
        await until(lambda: len(worker.process.asked) == 2)
        waits, stays = asyncio.create_task(asker.ask(2)), asyncio.create_task(asker.ask(3))
        await until(lambda: worker.room.under_way == 3)
        waits.cancel()
        await until(lambda: worker.room.under_way == 2)
        goes_on.set()
        return await asyncio.gather(begun, stays)

    assert run(ask()) == [[(1, 1)], [(3, 1)]]
    assert worker.process.asked == [[0], [1], [3]]
