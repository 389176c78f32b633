"""Run engine code in a process that is killed (SIGKILL) just before its Nth change to the file system.

Python tells an audit hook before every rename, link, folder, removal, process start and file opened for writing. A
process that is killed at each of them in turn has been killed at every step that can leave something half done.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from functools import cache
from pathlib import Path

from engine.runs.warm import place
from engine.runs.warm.fork_server import LOADED
from tests.forks import Forks

# What the process of a run imports, and what it does, with the run's lock in its hands as whoever starts it gives it.
RUN = """
from pathlib import Path
from engine.jobs import process
from engine.runs import queue
from engine.storage import workspace as workspaces
"""


def driven(home: Path, run: int) -> str:
    """The act of a run's process, for ``killed_at`` after ``RUN``."""
    lock = f"queue.take_lock(workspaces.find(Path({str(home)!r})), {run})"
    return f"process.main({str(home)!r}, '{run}', str({lock}))"


# What acts import on their way; a fork imports what does not stand here.
IMPORTED = (
    *LOADED, "engine.api", "engine.backup.build", "engine.backup.restoring", "engine.housekeeping.clean",
    "engine.jobs.process", "engine.release.swap", "tests.journeys.cleaning",
)  # fmt: skip


@cache
def _forks() -> Forks:
    return Forks(*IMPORTED, environment=os.environ)


def killed_at(change: int, preparation: str, act: str) -> bool:
    """Run ``preparation`` and then ``act``, killed at its change ``change``; False when it ended by itself before."""
    code, said = _forks().run(act, os.environ, preparation, change)
    assert code in (0, -signal.SIGKILL), said
    return code != 0


def let_go(home: Path) -> Path:
    """``home``, once nobody has its ledger open: a run's process outlives its last row, and a copy would be torn.

    SQLite takes the write-ahead log away when the last connection is closed. A fork server's socket cannot be copied.
    """
    place.clear(home)
    patience = time.monotonic() + 60
    while True:
        with closing(sqlite3.connect(home / "ledger.db")) as db:
            db.execute("SELECT count(*) FROM runs")
        if not (home / "ledger.db-wal").exists():
            return home
        assert time.monotonic() < patience, f"somebody still has {home} open"
        time.sleep(0.01)


def forget(home: Path) -> None:
    """Delete a workspace, also while the process of a run that has just ended lets go of its ledger."""
    while home.exists():
        shutil.rmtree(home, ignore_errors=True)
