"""A shadow's process as the worker sees it: a socket that rows go into, a pipe that counts come out of."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from select import select
from typing import Any, Protocol

from engine.serving.shadow_process import ShadowSettings

_LONGEST = 8 << 20  # of a line
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Process(Protocol):
    """What scores for a shadow. None of it waits but ``close``."""

    def hand(self, packet: bytes) -> bool:
        """Hand a frame over; False where there is no room for it."""

    def said(self) -> list[dict[str, Any]]:
        """What it said since the last time."""

    def ended(self) -> str | None:
        """How it ended, such as ``by signal 9``; None while it is there."""

    def memory(self) -> int:
        """How many bytes it has in memory."""

    def finish(self) -> None:
        """Hand nothing more over: it scores what it has, says what came of it, and ends."""

    def kill(self) -> None:
        """End it now."""

    def close(self, seconds: float) -> list[dict[str, Any]]:
        """Finish, wait for its last words for so long, end it. Returns them."""


class ShadowProcess:
    """Fills ``Process``. Raises OSError where none can be started."""

    def __init__(self, home: Path, label: str, digest: str, *, idle: bool = True) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._rest = b""
        with theirs:
            settings = ShadowSettings(str(home), label, digest, theirs.fileno(), idle)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "engine.serving.shadow_process", settings.written()],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **dict.fromkeys(_THREADS, "1")},
            )
        assert self._process.stdout is not None
        self._out = self._process.stdout.fileno()
        os.set_blocking(self._out, False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def hand(self, packet: bytes) -> bool:
        """See ``Process``."""
        try:
            self._socket.send(packet)
        except OSError:  # It is full; or the other end is gone, and ``ended`` says so.
            return False
        return True

    def said(self) -> list[dict[str, Any]]:
        """See ``Process``. What is no line of its own is passed over."""
        found = []
        with suppress(BlockingIOError):
            while True:
                piece = os.read(self._out, 1 << 16)
                if not piece:
                    break
                self._rest += piece
                *lines, self._rest = self._rest.split(b"\n")
                if len(self._rest) > _LONGEST:
                    self._rest = b""
                for each in lines:
                    with suppress(ValueError):
                        said = json.loads(each)
                        if isinstance(said, dict):
                            found.append(said)
        return found

    def ended(self) -> str | None:
        """See ``Process``."""
        code = self._process.poll()
        if code is None:
            return None
        return f"by signal {-code}" if code < 0 else f"with exit code {code}"

    def memory(self) -> int:
        """See ``Process``."""
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text("ascii").split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def finish(self) -> None:
        """See ``Process``."""
        self._socket.close()

    def kill(self) -> None:
        """See ``Process``."""
        with suppress(OSError):
            self._process.kill()

    def close(self, seconds: float) -> list[dict[str, Any]]:
        """See ``Process``."""
        self.finish()
        until, found = time.monotonic() + seconds, self.said()
        while self._process.poll() is None and (left := until - time.monotonic()) > 0:
            select([self._out], [], [], min(left, 0.1))
            found += self.said()
        self.kill()
        self._process.wait()
        found += self.said()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return found
