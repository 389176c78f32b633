"""Runs of tests that begin with their imports paid, as an engine's do from its second run on.

A look at a tiny project is nearly nothing but imports, 1.3 s of CPU for each; a retrain pays 0.5 s. One fork server for
each process of pytest serves every workspace that asks for it: its socket and its key get one more name there. Where
it does not answer a run is started afresh.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from engine.runs.warm import place
from engine.runs.warm.keeper import WANTED, Keeper
from engine.storage import workspace as workspaces


@cache
def _server() -> tuple[Keeper, Path]:
    """A server, kept until pytest ends, and the folder in which it listens."""
    folder = Path(tempfile.mkdtemp(prefix="leverframe-forks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    keeper = Keeper(workspaces.create(folder / "home"))
    for _ in range(WANTED):
        place.note_unanswered(folder / "home", "run")
    keeper.look()
    listens = place.folder_of(folder / "home")
    patience = time.monotonic() + 60
    while not (listens / place.SOCKET).exists() and time.monotonic() < patience:
        time.sleep(0.01)
    return keeper, listens


def forked_runs(home: Path) -> None:
    """Have the runs of the workspace ``home``, which is there, forked."""
    _, listens = _server()
    mine = place.made(home)
    for name in (*place.SOCKETS.values(), place.KEY):
        with suppress(OSError):  # There already, or on another disk: then they are started afresh.
            os.link(listens / name, mine / name)
