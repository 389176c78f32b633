"""What a step prints, read by its warden: a log of bounded size, and how far the step says it is.

Stand-alone: loaded by ``warden.py`` from beside it; the standard library only.
"""

from __future__ import annotations

import os
import time

PROGRESS = b"::progress "
LONGEST_PROGRESS = 600


class Log:
    """What the step prints, in a file of at most ``most`` bytes: the beginning and the end, a line where it was cut.

    Short of ``most`` it is a plain file that grows. Beyond, it is written anew (and renamed into place) with a quarter
    of ``most`` as its end, at most once a second, so that a step that prints gigabytes is not slowed down.
    """

    def __init__(self, path: str, most: int) -> None:
        self._path, self._most = path, most
        self._head, self._keep = most // 2, most // 4
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._size = self._cut = self._tail_at = 0
        self._pending = bytearray()
        self._dropped = 0
        self._written_anew = 0.0

    def write(self, data: bytes) -> None:
        if not self._pending and self._size + len(data) <= self._most:
            self._append(data)
            return
        room = max(self._head - self._size, 0) if not self._pending else 0
        if room:
            self._append(data[:room])
        self._pending += data[room:]
        # Twice, so that the surplus is not moved for every read.
        if len(self._pending) > 2 * self._keep:
            surplus = len(self._pending) - self._keep
            del self._pending[:surplus]
            self._dropped += surplus
        self.flush()

    def flush(self, *, last: bool = False) -> None:
        """Put what is held back into the file, if the last time is long enough ago or this is the ``last`` time."""
        now = time.monotonic()
        if self._pending and (last or now - self._written_anew >= 1.0):
            self._written_anew = now
            self._write_anew()

    def _append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.write(self._fd, view)
            self._size += written
            view = view[written:]

    def _write_anew(self) -> None:
        begin = os.pread(self._fd, min(self._size, self._head), 0)
        end = b""
        tail_at = self._tail_at or len(begin)
        # Once something was dropped, what the file ends with is no longer next to what is pending.
        if not self._dropped:
            end = os.pread(self._fd, max(self._size - tail_at, 0), tail_at)
        else:
            self._cut += max(self._size - tail_at, 0) + self._dropped
        end += bytes(self._pending)
        self._cut += max(len(end) - self._keep, 0)
        end = end[-self._keep :] if self._keep else b""
        line = b"\n[leverframe: %d bytes were cut here]\n" % self._cut if self._cut else b""
        new = self._path + ".new"
        fd = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.close(self._fd)
        self._fd, self._size, self._dropped = fd, 0, 0
        self._pending.clear()
        self._append(begin + line)
        self._tail_at = self._size
        self._append(end)
        os.rename(new, self._path)

    def close(self) -> None:
        os.close(self._fd)


class Progress:
    """Finds ``::progress 0.4 fitting`` lines in the output, and says the newest, ten a second at most."""

    def __init__(self) -> None:
        self._line = b""
        self._newest: tuple[float, str] | None = None
        self._told = 0.0

    def read(self, data: bytes) -> None:
        data = self._line + data
        whole, _, self._line = data.rpartition(b"\n")
        if len(self._line) > LONGEST_PROGRESS:
            self._line = b"\0"  # It is no progress line, and must not begin to look like one.
        if PROGRESS in whole:
            for line in whole.split(b"\n"):
                if line.startswith(PROGRESS) and len(line) <= LONGEST_PROGRESS:
                    self._take(line)

    def _take(self, line: bytes) -> None:
        number, _, text = line[len(PROGRESS) :].strip().partition(b" ")
        try:
            value = float(number)
        except ValueError:
            return
        if 0.0 <= value <= 1.0:
            self._newest = (value, text.decode("utf-8", "replace").strip())

    def due(self, *, last: bool = False) -> tuple[float, str] | None:
        """What is to be told now: how far the step is, and doing what. Each is told once."""
        now = time.monotonic()
        if self._newest is None or (now - self._told < 0.1 and not last):
            return None
        newest, self._newest, self._told = self._newest, None, now
        return newest
