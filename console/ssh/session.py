"""One session of a connection: a process, a terminal where the client asked for one, and what flows between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import asyncssh

from console.ssh import terminal
from console.ssh.carry_out import opens_console
from console.ssh.limits import Limits
from console.ssh.order import Order
from console.ssh.process import SessionProcess

FAILED = 1
IDLE = b"\x1b[<u\x1b[?2004l\x1b[?1049l\x1b[?25h\x1b[0m\r\nThis session is closed: nothing was typed for too long.\r\n"


@dataclass(frozen=True)
class Visit:
    """Whose sessions these are. ``began``, ``ended`` are told of each; ``running``: processes that have not ended."""

    home: str
    fingerprint: str
    source: str
    limits: Limits
    environment: Mapping[str, str]
    began: Callable[[DoorSession], None]
    ended: Callable[[DoorSession], None]
    running: set[SessionProcess]


class DoorSession(asyncssh.SSHServerSession[bytes]):
    """Shell and one command, no subsystem; what a client sends as environment is not looked at."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._loop = asyncio.get_running_loop()
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._term: str | None = None
        self._size = terminal.USUAL
        self._command: str | None = None
        self._asked = False
        self._slow: set[str] = set()
        self._process: SessionProcess | None = None
        self._typed_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan
        self._visit.began(self)
        self._timer = self._loop.call_later(self._visit.limits.begin_seconds, self._close_if_unasked)

    def _close_if_unasked(self) -> None:
        if not self._asked and self._channel is not None:
            self._channel.abort()

    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Mapping[int, int]
    ) -> bool:
        self._term = term_type
        self._size = terminal.size(*term_size[:2])
        return True

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        self._size = terminal.size(width, height)
        if self._process is not None:
            self._process.resize(self._size)

    def shell_requested(self) -> bool:
        self._asked = True
        return True

    def exec_requested(self, command: str) -> bool:
        if len(command) > self._visit.limits.command_letters:
            return False
        self._asked, self._command = True, command
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        return False

    def session_started(self) -> None:
        seconds = self._visit.limits.hang_up_seconds
        self._process = SessionProcess(self._say, self._ended, self._wait_with_input, seconds)
        if self._slow:
            self._process.pause()
        self._loop.create_task(self._start(self._process))

    async def _start(self, process: SessionProcess) -> None:
        visit = self._visit
        order = Order(visit.home, visit.fingerprint, visit.source, self._command)
        size = self._size if self._term is not None else None
        try:
            await process.start(order, terminal.environment(visit.environment, self._term), size)
            visit.running.add(process)
        except OSError as error:
            self._say(f"No session could be started: {error.strerror}; try again later.\n".encode(), True)
            self._exit(FAILED)
            return
        process.resize(self._size)  # It may have changed meanwhile.
        if opens_console(self._command) and self._channel is not None:
            self._watch_for_idleness()

    def _watch_for_idleness(self) -> None:
        left = self._typed_at + self._visit.limits.idle_seconds - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._watch_for_idleness)
        elif self._process is not None and self._channel is not None:
            self._process.hang_up()
            self._say(IDLE, False)
            self._exit(FAILED)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._typed_at = self._loop.time()
        if self._process is not None:
            self._process.send(data)

    def eof_received(self) -> bool:
        if self._process is not None:
            self._process.end_of_input()
        return True  # What is printed still goes out.

    def signal_received(self, signal: str) -> None:
        if self._process is not None:
            self._process.tell(signal)

    def pause_writing(self) -> None:
        self.wait_for("its window")

    def resume_writing(self) -> None:
        self.wait_no_more_for("its window")

    def wait_for(self, what: str) -> None:
        """Print nothing more until ``what`` (the client's window for this session, or its line) has room again."""
        self._slow.add(what)
        if self._process is not None:
            self._process.pause()

    def wait_no_more_for(self, what: str) -> None:
        self._slow.discard(what)
        if self._process is not None and not self._slow:
            self._process.go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel = None
        if self._timer is not None:
            self._timer.cancel()
        if self._process is not None:
            self._process.hang_up()
        self._visit.ended(self)

    def end(self) -> None:
        """End it: the door closes."""
        if self._process is not None:
            self._process.hang_up()
        if self._channel is not None:
            self._channel.close()

    def _say(self, data: bytes, is_error: bool) -> None:
        if self._channel is not None and not self._channel.is_closing():
            if is_error:
                self._channel.write_stderr(data)
            else:
                self._channel.write(data)

    def _wait_with_input(self, wait: bool) -> None:
        if self._channel is not None:
            if wait:
                self._channel.pause_reading()
            else:
                self._channel.resume_reading()

    def _ended(self, code: int) -> None:
        if self._process is not None:
            self._visit.running.discard(self._process)
        self._exit(code)

    def _exit(self, code: int) -> None:
        if self._channel is not None and not self._channel.is_closing():
            self._channel.exit(code)
