"""Runs of tests that begin with their imports paid, as an engine's do from its second run on.

A look at a tiny project is nearly nothing but imports: forked it costs 0.6 s of CPU instead of 2.2 s, a retrain 0.5 s
instead of 1.1 s. One fork server for all workers of a run of pytest serves every workspace that asks for it: its socket
and its key get one more name there. Where it does not answer a run is started afresh.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from engine.api import Engine
from engine.runs.warm import fork_request, place
from engine.runs.warm.keeper import WANTED, Keeper
from engine.storage import workspace as workspaces

_KEPT: list[Keeper] = []  # Whoever started it keeps it: a server ends with its standard input.


def _listens() -> Path:
    """The folder in which the server listens, which whoever comes first starts, and starts again when it is spent."""
    fork_request.PATIENCE_SECONDS = 60.0  # A busy machine is not to decide who forks.
    everybody = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"alone-{os.getpid()}")
    folder = Path(tempfile.gettempdir()) / f"leverframe-forks-{everybody}"
    folder.mkdir(mode=0o700, exist_ok=True)
    listens = place.folder_of(folder / "home")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sockets = [listens / name for name in place.SOCKETS.values()]
        if not all(each.exists() for each in sockets):
            _start(folder, sockets)
    return listens


def _start(folder: Path, sockets: list[Path]) -> None:
    shutil.rmtree(folder / "home", ignore_errors=True)
    keeper = Keeper(workspaces.create(folder / "home"))
    _KEPT.append(keeper)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for _ in range(WANTED):
        place.note_unanswered(folder / "home", "run")
    keeper.look()
    patience = time.monotonic() + 60
    while not all(each.exists() for each in sockets) and time.monotonic() < patience:
        time.sleep(0.01)


def forked_runs(home: Path) -> None:
    """Have the runs of the workspace ``home`` forked, if it is there already."""
    if not (home / "ledger.db").exists():
        return
    listens = _listens()
    mine = place.made(home)
    for name in (*place.SOCKETS.values(), place.KEY):
        with suppress(OSError):  # There already, or on another disk: then they are started afresh.
            os.link(listens / name, mine / name)


def forking(engine: Engine) -> Engine:
    """``engine``, whose runs are forked."""
    forked_runs(engine.home)
    return engine
