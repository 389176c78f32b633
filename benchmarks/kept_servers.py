"""What an engine that lives long keeps beside itself, for benchmarks whose engine does not: its fork servers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.api import Engine
from engine.runs.warm import place
from engine.runs.warm.keeper import WANTED, Keeper
from engine.runs.warm.wanted_server import SECRET, folder_of

LOOKS_EVERY = 0.5  # seconds


@contextmanager
def kept_servers(engine: Engine) -> Iterator[tuple[Path, Path]]:
    """The fork server, there from the start, and step servers as they are wanted. Yields two files without which the
    one and the others are not asked."""
    keeper = Keeper(engine._workspace)
    for _ in range(WANTED):
        place.note_unanswered(engine.home, "run")
    over = threading.Event()

    def keep() -> None:
        while not over.wait(LOOKS_EVERY):
            keeper.look()
        keeper.stop()

    keeper.look()
    thread = threading.Thread(target=keep)
    thread.start()
    socket = place.folder_of(engine.home) / place.SOCKET
    until = time.monotonic() + 60
    while not socket.exists() and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield socket, folder_of(engine.home) / SECRET
    finally:
        over.set()
        thread.join()


@contextmanager
def aside(*files: Path) -> Iterator[None]:
    """Nobody finds these files in the block."""
    for file in files:
        file.rename(file.with_name(f"{file.name}.aside"))
    try:
        yield
    finally:
        for file in files:
            file.with_name(f"{file.name}.aside").rename(file)
