"""A real terminal for journeys: the console as a process behind a pty, its screen kept by a terminal emulator."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

import pyte

from engine.access.proof import KeyProof
from tests.people import proof_of

ROOT = Path(__file__).resolve().parents[1]
COLOURS = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
PATIENCE = 60.0  # a machine may be busy; what never comes ends a test, how long it takes decides nothing


# Whoever is not the founder comes in by a key, as the SSH door lets them in.
BY_KEY = """
import sys
from console.__main__ import main
from engine.access.proof import KeyProof
sys.exit(main(sys.argv[2:], proof=KeyProof(sys.argv[1])))
"""


def _entry(words: list[str]) -> list[str]:
    given = {name: words[place + 1] for place, name in enumerate(words[:-1]) if name in ("--operator", "--home")}
    proof = proof_of(Path(given["--home"]), given["--operator"]) if len(given) == 2 else None
    if isinstance(proof, KeyProof):
        return ["-c", BY_KEY, proof.fingerprint, *words]
    return ["-m", "console", *words]


class Terminal:
    """``leverframe`` in a terminal of ``size``; use as a context manager, so that nothing is left behind.

    Its Python runs the ``sitecustomize`` in the folder ``customized`` first; ``variables`` are of its environment.
    """

    def __init__(
        self, *words: object, size: tuple[int, int] = (120, 36), customized: Path = ROOT,
        variables: Mapping[str, str] = COLOURS,
    ) -> None:  # fmt: skip
        columns, lines = size
        self.received = 0  # bytes
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        path = os.pathsep.join(map(str, dict.fromkeys((customized, ROOT))))
        of_then = {"LINES": "24", "COLUMNS": "80"}  # as some shells export them
        self.process = subprocess.Popen(
            [sys.executable, *_entry([str(word) for word in words])],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path, **of_then, **variables},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.hang_up()

    @property
    def text(self) -> str:
        """What stands on the screen now."""
        self._read(0.0)
        return "\n".join(line.rstrip() for line in self._screen.display)

    def press(self, keys: str) -> None:
        """Type ``keys`` as they are; ``\\r`` is Enter, ``\\x1b`` is Esc."""
        os.write(self._master, keys.encode())

    def see(self, text: str) -> None:
        """Wait until ``text`` stands on the screen."""
        end = time.monotonic() + PATIENCE
        while text not in self.text:
            assert time.monotonic() < end, f"'{text}' never came; the screen shows\n{self.text}"
            self._read(0.1)

    def see_no(self, text: str) -> None:
        """Wait until ``text`` does not stand on the screen, or not any more: a picture comes in pieces."""
        end = time.monotonic() + PATIENCE
        while text in self.text:
            assert time.monotonic() < end, f"'{text}' never went; the screen shows\n{self.text}"
            self._read(0.1)

    def settled(self, seconds: float = 0.5) -> int:
        """Wait until nothing comes for so long; how many bytes have come by then."""
        while True:
            before = self.received
            self._read(seconds)
            if self.received == before:
                return before

    def scribble(self, text: str) -> None:
        """Show ``text`` as if another program had written it."""
        self._read(0.0)
        self._stream.feed(text.encode())

    def rate(self, seconds: float) -> float:
        """How many bytes a second come, over at least so many."""
        began, before = time.monotonic(), self.received
        while time.monotonic() < began + seconds:
            self._read(0.2)
        return (self.received - before) / (time.monotonic() - began)

    def resize(self, columns: int, lines: int) -> None:
        """Make the terminal this large."""
        self._read(0.0)
        self._screen.resize(lines, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def becomes(self, lines: list[str], first: int) -> None:
        """Wait until the screen shows ``lines`` from the one numbered ``first`` on."""
        end = time.monotonic() + PATIENCE
        while self.text.split("\n")[first:] != lines[first:]:
            wanted = "\n".join(lines)
            assert time.monotonic() < end, f"it shows\n{self.text}\nand not\n{wanted}"
            self._read(0.1)

    def ended(self) -> int:
        """Wait for the end and return the exit code."""
        end = time.monotonic() + PATIENCE
        while (code := self.process.poll()) is None:
            assert time.monotonic() < end, f"it did not end; the screen shows\n{self.text}"
            self._read(0.1)
        return code

    @property
    def given_back(self) -> bool:
        """Whether the terminal is as a shell wants it: keys are echoed, lines are edited, the cursor is there."""
        self._read(0.0)
        modes = termios.tcgetattr(self._master)[3]
        return bool(modes & termios.ECHO and modes & termios.ICANON) and not self._screen.cursor.hidden

    def kill(self) -> None:
        """End the console as the kernel would (SIGKILL)."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def hang_up(self) -> None:
        """Close the terminal under the console."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _read(self, seconds: float) -> None:
        if self._master < 0:
            return
        while select.select([self._master], [], [], seconds)[0]:
            try:
                found = os.read(self._master, 65536)
            except OSError:  # the other side is closed
                return
            if not found:
                return
            self.received += len(found)
            self._stream.feed(found)
            seconds = 0.0
