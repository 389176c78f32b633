"""A warden that the fork server forked, with what the engine's own process below it needs already loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from engine.runs.warm import fork_request
from engine.runs.warm.circumstances import WARDEN

HELD = 3  # As which a fork holds what it was handed over.


class ForkedWarden:
    """Its standard streams, as of a process that was started; nobody is told how it ends, as it is no child of ours."""

    held = HELD

    def __init__(self, stdin: int, stdout: int, stderr: int) -> None:
        self.stdin: BinaryIO = os.fdopen(stdin, "wb")
        self.stdout: BinaryIO = os.fdopen(stdout, "rb")
        self.stderr: BinaryIO = os.fdopen(stderr, "rb")

    def wait(self) -> int:
        """0; that its output has ended says that it has."""
        return 0


def forked_warden(root: Path, environment: Mapping[str, str], held: int) -> ForkedWarden | None:
    """One of the workspace ``root``, for a process with ``environment``; None: it is to be started afresh."""
    return with_streams(lambda streams: fork_request.ask(root, WARDEN, (), environment, "/", (*streams, held)))


def with_streams(ask: Callable[[tuple[int, int, int]], bool]) -> ForkedWarden | None:
    """The warden that takes over what ``ask`` hands it: standard input, output and error output; None without one."""
    read_in, write_in = os.pipe()
    read_out, write_out = os.pipe()
    read_error, write_error = os.pipe()
    theirs, ours = (read_in, write_out, write_error), (write_in, read_out, read_error)
    begun = False
    try:
        begun = ask(theirs)
    finally:
        for each in theirs if begun else (*theirs, *ours):
            os.close(each)
    return ForkedWarden(*ours) if begun else None
