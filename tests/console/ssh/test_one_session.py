"""What a session does between its client and its process, without either: by a channel and a clock of the test's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psutil
import pytest

from console.ssh import process, session
from console.ssh.limits import Limits
from console.ssh.order import Order
from console.ssh.process import MUCH, SessionProcess
from console.ssh.session import IDLE, DoorSession, Visit
from tests.door import until

LIMITS = Limits(begin_seconds=20.0, idle_seconds=100.0)


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time goes on when it is told to."""

    past = 0.0

    def time(self) -> float:
        return self.past

    async def later(self, seconds: float) -> None:
        """So much later, and what is due then is done."""
        self.past += seconds
        for _ in range(5):
            await asyncio.sleep(0)


class Channel:
    """The client's end: what came there, and how it ended."""

    def __init__(self) -> None:
        self.printed, self.ended = b"", ""

    def is_closing(self) -> bool:
        return bool(self.ended)

    def write(self, data: bytes) -> None:
        self.printed += data

    def abort(self) -> None:
        self.ended = "aborted"

    def exit(self, code: int) -> None:
        self.ended = f"exit {code}"


class Process:
    """One that is started and goes on until it is hung up."""

    def __init__(self, *_: Any) -> None:
        self.typed = b""

    async def start(self, *_: Any) -> None: ...

    def resize(self, size: tuple[int, int]) -> None: ...

    def hang_up(self) -> None: ...

    def send(self, data: bytes) -> None:
        self.typed += data


@pytest.fixture(autouse=True)
def _no_real_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SessionProcess", Process)


def played(story: Callable[[Clock, DoorSession, Channel], Coroutine[Any, Any, None]]) -> Channel:
    """A session of which nothing has been asked yet, and what became of it."""
    channel = Channel()

    async def play() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Clock)
        visit = Visit("/home", "SHA256:x", "127.0.0.1", LIMITS, {}, lambda _: None, lambda _: None, set())
        found = DoorSession(visit)
        found.connection_made(channel)  # type: ignore[arg-type]
        await story(loop, found, channel)

    with asyncio.Runner(loop_factory=Clock) as runner:
        runner.run(play())
    return channel


def test_a_session_that_asks_for_nothing_is_closed_and_one_that_asked_is_not() -> None:
    async def nothing(clock: Clock, one: DoorSession, channel: Channel) -> None:
        await clock.later(LIMITS.begin_seconds - 0.1)
        assert not channel.ended
        await clock.later(0.2)

    async def asks(clock: Clock, one: DoorSession, channel: Channel) -> None:
        assert one.exec_requested("status")
        await clock.later(10 * LIMITS.begin_seconds)

    async def opens(clock: Clock, one: DoorSession, channel: Channel) -> None:
        assert one.shell_requested()
        await clock.later(LIMITS.begin_seconds + 1)

    assert [played(story).ended for story in (nothing, asks, opens)] == ["aborted", "", ""]


def test_a_command_that_is_too_long_and_whatever_is_no_command_is_refused() -> None:
    async def story(clock: Clock, one: DoorSession, channel: Channel) -> None:
        assert not one.exec_requested("x" * (LIMITS.command_letters + 1))
        assert not one.subsystem_requested("sftp")
        await clock.later(LIMITS.begin_seconds + 1)  # Neither is asking for something.

    assert played(story).ended == "aborted"

    async def longest(clock: Clock, one: DoorSession, channel: Channel) -> None:
        assert one.exec_requested("x" * LIMITS.command_letters)

    played(longest)


def test_whatever_is_typed_keeps_the_console_open_and_its_end_is_said() -> None:
    async def story(clock: Clock, one: DoorSession, channel: Channel) -> None:
        one.shell_requested()
        one.session_started()
        for _ in range(10):
            await clock.later(0.6 * LIMITS.idle_seconds)
            assert not channel.ended
            one.data_received(b"j", None)
        await clock.later(LIMITS.idle_seconds + 1)

    channel = played(story)
    assert (channel.printed, channel.ended) == (IDLE, "exit 1")


def test_more_input_than_a_process_has_room_for_is_waited_with() -> None:
    waits: list[bool] = []

    async def story() -> None:
        one = SessionProcess(lambda *_: None, lambda _: None, waits.append, 1.0)
        one.send(b"x" * MUCH)
        assert True not in waits
        one.send(b"x")
        assert waits[-1] is True

    asyncio.run(story())


def alive(number: int) -> bool:
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_a_session_started_in_its_group_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nsleep 600 & echo $!\n")
    program.chmod(0o755)
    printed, codes = bytearray(), list[int]()

    async def story() -> None:
        one = SessionProcess(lambda data, _: printed.extend(data), codes.append, lambda _: None, 1.0)
        with monkeypatch.context() as patch:
            patch.setattr(process.sys, "executable", str(program))
            await one.start(Order(str(tmp_path), "SHA256:x", "127.0.0.1"), {}, None)
        await until(lambda: codes)
        await until(lambda: not alive(int(printed)))

    asyncio.run(story())
    assert codes == [0]
