"""A session's process, on a terminal of its own or on pipes: what it prints goes out, what comes in is its input.

It is started afresh, not forked: the door has threads, and a fork of it would hold their locks. It leads a session and
a process group, which are ended with it; a run that it starts is in a session of its own and goes on.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import struct
import sys
import termios
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from console.ssh.order import Order

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 16_384
MUCH, LITTLE = 65_536, 8_192
LAST_WORDS_SECONDS = 1.0


class SessionProcess:
    """``output`` gets what it prints, with whether that is standard error; ``ended`` its exit code, once, at last.

    ``wait_with_input`` is told True when no more input should come for now, and False when it may again.
    """

    def __init__(
        self,
        output: Callable[[bytes, bool], None],
        ended: Callable[[int], None],
        wait_with_input: Callable[[bool], None],
        hang_up_seconds: float,
    ) -> None:
        self._output, self._ended, self._wait = output, ended, wait_with_input
        self._hang_up_seconds = hang_up_seconds
        self._loop = asyncio.get_running_loop()
        self._process: asyncio.subprocess.Process | None = None
        self._outputs: dict[int, bool] = {}
        self._input: int | None = None
        self._left = bytearray()
        self._writing = self._no_more = self._paused = self._gone = False
        self._terminal: int | None = None
        self._printed_all = asyncio.Event()

    async def start(self, order: Order, environment: Mapping[str, str], size: tuple[int, int] | None) -> None:
        """Start it; ``size`` in columns and lines where it gets a terminal."""
        told = order.descriptor()
        given, mine = _terminal(size) if size else _pipes()
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "console.ssh.child", str(told), env=dict(environment), cwd=ROOT,
                stdin=given[0], stdout=given[1], stderr=given[2], pass_fds=(told,), start_new_session=True,
            )  # fmt: skip
        except BaseException:
            _close(*mine)
            raise
        finally:
            _close(told, *given)
        self._input = mine[0]
        self._terminal = mine[0] if size else None
        self._outputs = {mine[1]: False} if size else {mine[1]: False, mine[2]: True}
        for each in {self._input, *self._outputs}:
            os.set_blocking(each, False)
        if not self._paused:
            self.go_on()
        self._write()
        self._loop.create_task(self._wait_for_end())
        if self._gone:
            self.hang_up()

    def resize(self, size: tuple[int, int]) -> None:
        if self._terminal is not None:
            _set_size(self._terminal, size)

    def pause(self) -> None:
        """Read nothing more: whoever it is for is slow. The process waits as soon as the system's buffer is full."""
        self._paused = True
        for each in self._outputs:
            self._loop.remove_reader(each)

    def go_on(self) -> None:
        self._paused = False
        for each, is_error in self._outputs.items():
            self._loop.add_reader(each, self._read, each, is_error)

    def _read(self, descriptor: int, is_error: bool) -> None:
        try:
            data = os.read(descriptor, AT_ONCE)
        except BlockingIOError:
            return
        except OSError:  # EIO: nobody has the terminal any more
            data = b""
        if data:
            self._output(data, is_error)
            return
        self._loop.remove_reader(descriptor)
        del self._outputs[descriptor]
        if descriptor != self._terminal:
            os.close(descriptor)
        if not self._outputs:
            self._printed_all.set()

    def send(self, data: bytes) -> None:
        """Hand on what was typed or sent, as soon as there is a process."""
        if self._no_more or self._gone:
            return
        self._left += data
        self._write()
        if len(self._left) > MUCH:
            self._wait(True)

    def end_of_input(self) -> None:
        """Nothing more comes, which ends pipes. A terminal goes on: what is typed there says when it ends."""
        self._no_more = True
        self._write()

    def _write(self) -> None:
        if self._input is None:
            return
        try:
            while self._left:
                del self._left[: os.write(self._input, self._left[:AT_ONCE])]
        except BlockingIOError:
            if not self._writing:
                self._loop.add_writer(self._input, self._write)
                self._writing = True
        except OSError:  # it does not read any more
            self._left.clear()
            self._no_more = True
        if not self._left:
            if self._writing:
                self._loop.remove_writer(self._input)
                self._writing = False
            if self._no_more and self._terminal is None:
                os.close(self._input)
                self._input = None
        if len(self._left) < LITTLE:
            self._wait(False)  # At last: what waited meanwhile comes at once, and may be the end of it.

    def tell(self, name: str) -> None:
        """Pass a signal on that the client sent, if it is one of those that ask to stop."""
        number = {"INT": signal.SIGINT, "TERM": signal.SIGTERM, "HUP": signal.SIGHUP}.get(name)
        if number is not None:
            self._signal(number)

    def hang_up(self) -> None:
        """The client is gone: close the terminal, say so, and end whatever is still there a moment later."""
        self._gone = True
        if self._process is None:
            return
        self._let_go()
        self._signal(signal.SIGHUP)
        self._loop.call_later(self._hang_up_seconds, self._signal, signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    async def _wait_for_end(self) -> None:
        assert self._process is not None
        code = await self._process.wait()
        with suppress(ProcessLookupError, PermissionError):  # What was started in its group and did not end with it.
            os.killpg(self._process.pid, signal.SIGKILL)
        while not self._printed_all.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._printed_all.wait(), LAST_WORDS_SECONDS)
            if not self._paused:
                break
        self._let_go()
        self._ended(code if code >= 0 else 128 - code)

    def _let_go(self) -> None:
        held = {each for each in (self._input, *self._outputs, self._terminal) if each is not None}
        for each in held:
            self._loop.remove_reader(each)
            self._loop.remove_writer(each)
        _close(*held)
        self._input = self._terminal = None
        self._outputs = {}
        self._left.clear()
        self._printed_all.set()


def _terminal(size: tuple[int, int]) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    mine, given = os.openpty()
    _set_size(mine, size)
    return (given, given, given), (mine, mine)


def _pipes() -> tuple[tuple[int, int, int], tuple[int, ...]]:
    (given_in, mine_in), (mine_out, given_out), (mine_err, given_err) = os.pipe(), os.pipe(), os.pipe()
    return (given_in, given_out, given_err), (mine_in, mine_out, mine_err)


def _set_size(terminal: int, size: tuple[int, int]) -> None:
    columns, lines = size
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def _close(*descriptors: int) -> None:
    for each in set(descriptors):
        with suppress(OSError):
            os.close(each)
