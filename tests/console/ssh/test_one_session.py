"""What a session does between its client and its process, without either: by a channel and a clock of the test's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest

from console.ssh import process, session
from console.ssh.limits import Limits
from console.ssh.order import Order
from console.ssh.process import MUCH, SessionProcess
from console.ssh.server import DoorKeeper, Visitor
from console.ssh.session import IDLE, DoorSession, Visit
from tests.door import key_of, reception, until

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
        self.printed, self.failed, self.ended = b"", b"", ""

    def is_closing(self) -> bool:
        return bool(self.ended)

    def write(self, data: bytes) -> None:
        self.printed += data

    def write_stderr(self, data: bytes) -> None:
        self.failed += data

    def abort(self) -> None:
        self.ended = "aborted"

    def exit(self, code: int) -> None:
        self.ended = f"exit {code}"


class Process:
    """One that is started in a while and goes on until it is hung up; what it was told."""

    made: ClassVar[list[Process]] = []

    def __init__(self, *_: Any) -> None:
        self.made.append(self)
        self.fails, self.reads = False, True
        self.size: tuple[int, int] | None = None
        self._started = False

    async def start(self, *_: Any) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        if self.fails:
            raise OSError(12, "Cannot allocate memory")
        self._started = True

    def resize(self, size: tuple[int, int]) -> None:
        if self._started:
            self.size = size

    def pause(self) -> None:
        self.reads = False

    def go_on(self) -> None:
        self.reads = True

    def hang_up(self) -> None: ...

    def send(self, data: bytes) -> None: ...


@pytest.fixture(autouse=True)
def _no_real_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SessionProcess", Process)
    monkeypatch.setattr(Process, "made", [])


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


def test_a_window_that_changes_while_its_process_starts_has_its_size() -> None:
    async def story(clock: Clock, one: DoorSession, channel: Channel) -> None:
        one.pty_requested("xterm", (80, 24, 0, 0), {})
        one.shell_requested()
        one.session_started()
        await asyncio.sleep(0)
        one.terminal_size_changed(100, 30, 0, 0)
        await clock.later(0)
        assert Process.made[0].size == (100, 30)

    played(story)


def test_what_is_slow_in_two_ways_is_waited_for_until_neither_is() -> None:
    async def story(clock: Clock, one: DoorSession, channel: Channel) -> None:
        one.shell_requested()
        one.wait_for("its line")
        one.session_started()
        (found,) = Process.made
        assert not found.reads, "it begins on a line that is full"
        one.pause_writing()
        one.wait_no_more_for("its line")
        assert not found.reads
        one.resume_writing()
        assert found.reads

    played(story)


def test_a_process_that_cannot_be_started_is_told_and_ends_its_session() -> None:
    async def story(clock: Clock, one: DoorSession, channel: Channel) -> None:
        one.shell_requested()
        one.session_started()
        Process.made[0].fails = True
        await clock.later(0)

    channel = played(story)
    assert channel.ended == "exit 1"
    assert channel.failed == b"No session could be started: Cannot allocate memory; try again later.\n"


class Line:
    """A connection, and why it was ended."""

    def __init__(self) -> None:
        self.ended = ""

    def get_extra_info(self, name: str) -> tuple[str, int]:
        return "127.0.0.1", 50_000

    def disconnect(self, code: int, reason: str) -> None:
        self.ended = reason


def test_a_connection_whose_last_session_ended_is_closed_when_it_asks_for_no_other(home: Path) -> None:
    gate, ada, line = reception(home, "ada"), key_of("ada"), Line()

    async def play() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Clock)
        visitor = Visitor(DoorKeeper(gate, LIMITS, {}, print))
        visitor.connection_made(line)  # type: ignore[arg-type]
        assert await visitor.validate_public_key("ada", ada)
        visitor.auth_completed()
        one = visitor.session_requested()
        one.connection_made(Channel())  # type: ignore[arg-type]
        assert one.shell_requested()
        await loop.later(10 * LIMITS.begin_seconds)
        assert not line.ended
        one.connection_lost(None)
        await loop.later(LIMITS.begin_seconds - 0.1)
        assert not line.ended
        await loop.later(0.2)
        assert line.ended == "No session was asked for"

    with asyncio.Runner(loop_factory=Clock) as runner:
        runner.run(play())


def test_more_input_than_a_process_has_room_for_is_waited_with() -> None:
    waits: list[bool] = []

    async def story() -> None:
        one = SessionProcess(lambda *_: None, lambda _: None, waits.append, 1.0)
        one.send(b"x" * MUCH)
        assert True not in waits
        one.send(b"x")
        assert waits[-1] is True

    asyncio.run(story())


def test_an_end_of_input_that_waited_for_room_comes_as_soon_as_there_is_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, codes = tmp_path / "program", list[int]()
    program.write_text("#!/bin/sh\nexec wc -c\n")
    program.chmod(0o755)
    printed, waiting = bytearray(), list[Callable[[], None]]()

    def wait_with_input(wait: bool) -> None:
        if not wait and waiting:
            waiting.pop()()  # As a channel hands on at once what came while it was not to be read.

    async def story() -> None:
        one = SessionProcess(lambda data, _: printed.extend(data), codes.append, wait_with_input, 1.0)
        one.send(b"x")
        waiting.append(one.end_of_input)
        with monkeypatch.context() as patch:
            patch.setattr(process.sys, "executable", str(program))
            await one.start(Order(str(tmp_path), "SHA256:x", "127.0.0.1"), {}, None)
        await until(lambda: codes)

    asyncio.run(story())
    assert (int(printed), codes) == (1, [0])


def test_a_process_whose_client_was_gone_before_it_was_there_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, codes = tmp_path / "program", list[int]()
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)

    async def story() -> None:
        one = SessionProcess(lambda *_: None, codes.append, lambda _: None, 0.1)
        one.hang_up()
        with monkeypatch.context() as patch:
            patch.setattr(process.sys, "executable", str(program))
            await one.start(Order(str(tmp_path), "SHA256:x", "127.0.0.1"), {}, None)
        await until(lambda: codes)

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
