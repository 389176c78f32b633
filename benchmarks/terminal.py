"""A program on a pseudo-terminal, with the moments at which it wrote."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence

COLUMNS, LINES = 140, 42
PATIENCE = 60.0


class Terminal:
    """``argv`` on a terminal of this size in true colour; ``seconds`` count from just before it was started."""

    def __init__(self, argv: Sequence[str], size: tuple[int, int] = (COLUMNS, LINES)) -> None:
        columns, lines = size
        self.began = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            environment = {k: v for k, v in os.environ.items() if k not in ("LINES", "COLUMNS", "NO_COLOR")}
            os.execvpe(argv[0], list(argv), {**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"})
        self.written = bytearray()
        self.last_came = self.began

    def read(self, seconds: float) -> bool:
        """Take in what comes within ``seconds``; False when nothing did."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            self.written += os.read(self._fd, 1 << 16)
        except OSError:
            raise SystemExit(f"the program ended: {bytes(self.written[-500:])!r}") from None
        self.last_came = time.perf_counter()
        return True

    def until(self, *texts: str, since: int = 0) -> float:
        """Wait until every text was written after the first ``since`` bytes; seconds from the start until then."""
        wanted = [text.encode() for text in texts]
        while not all(text in self.written[since:] for text in wanted):
            if time.perf_counter() - self.began > PATIENCE:
                raise SystemExit(f"{texts} was never shown: {bytes(self.written[-2000:])!r}")
            self.read(0.05)
        return time.perf_counter() - self.began

    def settle(self, seconds: float = 0.3) -> int:
        """Wait until nothing was written for ``seconds``; how many bytes there are by then."""
        while self.read(seconds):
            continue
        return len(self.written)

    def press(self, key: str) -> float:
        """Press ``key`` and return the seconds until something was written."""
        began = time.perf_counter()
        os.write(self._fd, key.encode())
        self.read(5.0)
        return time.perf_counter() - began

    def type(self, keys: str) -> None:
        """Send ``keys`` without waiting."""
        os.write(self._fd, keys.encode())

    def wait(self) -> None:
        """Read until the program has ended by itself."""
        while True:
            try:
                if not os.read(self._fd, 1 << 16):
                    break
            except OSError:
                break
        os.waitpid(self.pid, 0)
        os.close(self._fd)

    def kill(self) -> None:
        """End the program at once."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)
