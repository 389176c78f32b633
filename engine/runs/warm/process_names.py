"""What the system shows of a fork: not what the server was called with, but what the fork is.

The words of a process and its first environment lie in its memory, side by side, and the system reads them there. The
environment is how a run's processes are found by their mark (``sweep``), so a fork writes its own into it: the server
is started with a variable that keeps the place.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from pathlib import Path

from engine.runs.steps.step import MARKER, TOKEN

PLACE = "LEVERFRAME_PLACE"
RESERVED = {PLACE: " " * 256}


def _block() -> tuple[int, int, int, int]:
    """Where this process's words and its first environment begin and end."""
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    return int(fields[45]), int(fields[46]), int(fields[47]), int(fields[48])


_WORDS, _WORDS_END, _VARIABLES, _VARIABLES_END = _block()


def _reserved() -> int:
    """Where the place lies; 0 without one, as in a process that no server forked."""
    held = ctypes.string_at(_VARIABLES, _VARIABLES_END - _VARIABLES) if PLACE in os.environ else b""
    return _VARIABLES + held.index(b"%s= " % PLACE.encode()) if b"%s= " % PLACE.encode() in held else 0


_RESERVED = _reserved()


def call(*words: str) -> None:
    """Let the list of processes say ``words``, as far as there is room."""
    room = _WORDS_END - _WORDS
    said = b"\0".join(os.fsencode(word) for word in words)[: room - 1]
    ctypes.memmove(_WORDS, said.ljust(room, b"\0"), room)


def mark(environment: Mapping[str, str]) -> None:
    """Let the system show the run and the step that this process is of. Raises ValueError without room."""
    said = b"\0".join(f"{name}={environment[name]}".encode() for name in (MARKER, TOKEN))
    room = len(PLACE) + 1 + len(RESERVED[PLACE])
    if not _RESERVED or len(said) > room:
        raise ValueError("no room for the mark")
    ctypes.memmove(_RESERVED, said.ljust(room, b"\0"), room)
