"""Clients of one socket are shared among all workers, and none waits for a worker that will never take it."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NoReturn

import pytest

from engine.serving import balance
from engine.serving.balance import MOST_LEFT, TAKES_ALL, Balance
from engine.serving.exchange import Answer
from engine.serving.http_server import Endpoint, HttpServer
from tests.engine.serving.test_connections import request
from tests.engine.serving.test_what_comes_whole import Wire


@pytest.fixture
def memory() -> Iterator[int]:
    """For three workers."""
    found = balance.shared(3)
    yield found
    os.close(found)


def test_a_client_is_left_to_who_has_fewer_and_to_nobody_who_has_as_many(memory: int) -> None:
    first, second = Balance(memory, 1), Balance(memory, 2)
    first.has(3)
    second.has(2)
    assert first.leaves(3, 0.0) and not second.leaves(2, 0.0)
    second.has(3)
    assert not first.leaves(3, 0.0)


def test_who_is_alone_takes_all(memory: int) -> None:
    alone = Balance(memory, 3)
    alone.has(500)
    assert not alone.leaves(500, 0.0)


@pytest.mark.parametrize(("own", "others", "left"), [(8, 8, False), (9, 8, False), (10, 8, True), (1, 0, True)])
def test_of_many_one_more_is_no_difference(memory: int, own: int, others: int, left: bool) -> None:
    first, second = Balance(memory, 1), Balance(memory, 2)
    second.has(others)
    assert first.leaves(own, 0.0) is left


def test_nobody_is_left_to_a_worker_that_lets_nobody_in_yet_or_any_more(memory: int) -> None:
    first, second = Balance(memory, 1), Balance(memory, 2)
    assert not first.leaves(5, 0.0)
    second.has(0)
    assert first.leaves(5, 0.0)
    second.ends()
    assert not first.leaves(5, 0.0)


def test_what_a_worker_said_that_was_killed_is_forgotten_when_it_is_started_again(memory: int) -> None:
    first, second = Balance(memory, 1), Balance(memory, 2)
    second.has(0)
    Balance(memory, 2)
    assert not first.leaves(5, 0.0)


def test_who_takes_nobody_is_left_nobody_for_a_while(memory: int) -> None:
    first, hangs = Balance(memory, 1), Balance(memory, 2)
    hangs.has(0)
    assert [first.leaves(5, 0.0) for _ in range(MOST_LEFT + 1)] == [True] * MOST_LEFT + [False]
    assert not first.leaves(6, TAKES_ALL / 2)
    assert [first.leaves(7, TAKES_ALL) for _ in range(MOST_LEFT + 1)] == [True] * MOST_LEFT + [False]


def test_who_takes_one_now_and_then_is_left_the_next(memory: int) -> None:
    first, second = Balance(memory, 1), Balance(memory, 2)
    for had in range(4):
        first.has(9 - had)  # One of its own has gone each time.
        second.has(had)
        assert [first.leaves(9 - had, 0.0) for _ in range(MOST_LEFT)] == [True] * MOST_LEFT


def test_who_was_equal_in_between_is_left_the_next_as_before(memory: int) -> None:
    first, second = Balance(memory, 1), Balance(memory, 2)
    second.has(2)
    assert first.leaves(3, 0.0)
    assert not first.leaves(2, 0.0)
    assert [first.leaves(3, 0.0) for _ in range(MOST_LEFT)] == [True] * MOST_LEFT


def test_clients_that_go_from_one_worker_leave_nobody_to_another_that_hangs(memory: int) -> None:
    first, hangs, third = (Balance(memory, number) for number in (1, 2, 3))
    hangs.has(0)
    found = []
    for had in range(100, 100 - MOST_LEFT - 1, -1):
        third.has(had)
        found.append(first.leaves(50, 0.0))
    assert found == [True] * MOST_LEFT + [False]


def test_each_of_as_many_workers_as_may_be_says_its_own() -> None:
    there = balance.shared(64)
    everybody = [Balance(there, number) for number in range(1, 65)]
    for number, each in enumerate(everybody):
        each.has(1000 + 300 * number)
    assert [each.leaves(1000 + 300 * number, 0.0) for number, each in enumerate(everybody)] == [False] + [True] * 63
    os.close(there)


def test_where_no_such_memory_is_to_be_had_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(name: str) -> NoReturn:
        raise PermissionError

    monkeypatch.setattr(os, "memfd_create", forbidden)
    assert balance.shared(2) == -1
    monkeypatch.delattr(os, "memfd_create")
    assert balance.shared(2) == -1


def worker(number: int, door: socket.socket, memory: int) -> HttpServer:
    """One of those at ``door``, whose answers have its number in theirs."""
    numbers = map(f"{number}-{{:x}}".format, itertools.count(1))
    endpoint = Endpoint(
        lambda asked: Answer(200, b"ok\n"), lambda asked, problem: Answer(400, b""), lambda: datetime.now(UTC),
        time.monotonic, lambda: next(numbers),
    )  # fmt: skip
    return HttpServer(endpoint, door.dup(), None, Balance(memory, number))


async def who_answers(port: int, clients: int, *, at_once: bool) -> Counter[str]:
    """How many of so many kept connections each worker has."""
    comes = [asyncio.open_connection("127.0.0.1", port) for _ in range(clients)]
    there = await asyncio.gather(*comes) if at_once else [await each for each in comes]
    found: Counter[str] = Counter()
    for reader, writer in there:
        writer.write(request(b"", "GET", "/healthz"))
        head = await reader.readuntil(b"\r\n\r\n")
        found[head.partition(b"x-request-id: ")[2].decode()[0]] += 1
    for _, writer in there:
        writer.close()
    return found


async def shared_by(memory: int, numbers: Sequence[int], *, at_once: bool) -> Counter[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as door:
        servers = [worker(number, door, memory) for number in numbers]
        serving = [asyncio.create_task(each.serve()) for each in servers]
        port = door.getsockname()[1]
        found = await asyncio.wait_for(who_answers(port, 16, at_once=at_once), 20)
        for each in servers:
            await each.drain(0.0, 0.0)
        await asyncio.gather(*serving)
    return found


@pytest.mark.parametrize("at_once", [False, True])
def test_connections_that_are_kept_are_shared_among_workers(memory: int, at_once: bool) -> None:
    found = asyncio.run(shared_by(memory, (1, 2), at_once=at_once))
    assert found.total() == 16 and min(found["1"], found["2"]) >= 7


def test_a_worker_that_hangs_keeps_no_client_out(memory: int) -> None:
    Balance(memory, 2).has(0)
    assert asyncio.run(shared_by(memory, (1,), at_once=True)) == {"1": 16}


def test_a_worker_that_ends_is_left_nobody_while_it_answers_what_came(memory: int) -> None:
    other = Balance(memory, 2)

    async def left() -> list[bool]:
        with socket.create_server(("127.0.0.1", 0)) as door:
            server = worker(1, door, memory)
            connection = server.connection()
            connection.connection_made(Wire())
            connection.data_received(request()[:-1])
            other.has(5)
            Balance(memory, 1).has(1)  # As it has said itself.
            assert other.leaves(5, 0.0)
            draining = asyncio.create_task(server.drain(20.0, 20.0))
            await asyncio.sleep(0)
            serving = asyncio.create_task(server.serve())  # It says how many it has, as it does each second.
            await asyncio.sleep(0)
            found = other.leaves(5, 0.0)
            connection.connection_lost(None)
            return [found, not await draining, bool(await serving)]

    assert asyncio.run(left()) == [False, False, False]
