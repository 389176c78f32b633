"""The file in which tracebacks of our own mistakes are kept, so that nobody who asks or looks is shown one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from engine.clock import stamp


def keep_traceback(logs: Path, text: str, at: datetime, number: str = "") -> Path:
    """Add ``text`` to the file in ``logs``, with the ``number`` of the request that it came of, where it came of one;
    returns the file. Raises OSError."""
    path = logs / "failures.log"
    # A project's words may hold half a character, which is no UTF-8.
    with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{stamp(at)} {number}".rstrip() + f"\n{text}\n")
    return path
