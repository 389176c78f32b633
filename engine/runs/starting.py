"""Start the process of a run, once; and what keeps one from starting.

The lock of the run is handed over to its process: there is never a moment in which nobody holds it, so that there is
never a second process for the same run. Each start is counted in the lock's file, until the process has begun.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from engine.errors import Refusal
from engine.runs.warm import fork_request
from engine.runs.warm.circumstances import RUN
from engine.storage.free_space import in_words, too_little
from engine.storage.workspace import Workspace
from engine.text import plain

ROOM = 1 << 20  # with less not even a run's folder and the ledger's log find room
MOST = 3


class GaveUp(Refusal):
    """Whatever is tried again, the process ends before it has begun."""


def no_room(db: sqlite3.Connection, root: Path) -> str | None:
    """Why no run can begin on the disk of ``root``, as a clause; None when one can.

    Asked when the turn of a run comes: what was free when it was queued may be gone.
    """
    little, free = too_little(db, root), shutil.disk_usage(root).free
    if little is None and free < ROOM:
        return f"the disk is full, for only {in_words(free)} of it are free"
    return little


def start(workspace: Workspace, run: int, held: int) -> None:
    """Start the process of ``run`` and hand it ``held``, the descriptor of the run's lock.

    Raises GaveUp when several ended before they began, and OSError when the machine will not start one.
    """
    starts = os.fstat(held).st_size
    if starts >= MOST:
        raise GaveUp(f"{MOST} processes for it ended before it began{_last_words(workspace, run)}")
    os.pwrite(held, b".", starts)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    root = str(workspace.root)
    with (workspace.run_folder(run) / "engine.log").open("ab") as log, open(os.devnull, "rb") as nothing:
        streams = (nothing.fileno(), log.fileno(), log.fileno())
        if fork_request.ask(workspace.root, RUN, (root, str(run)), environment, root, (*streams, held)):
            return
        subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.jobs.process", root, str(run), str(held)],
            cwd=root,
            env=environment,
            stdin=nothing,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(held,),
        )


def begun(held: int) -> None:
    """Say that the process with this lock came to asking for its turn: what ended before is no sign any more."""
    with suppress(OSError):
        os.ftruncate(held, 0)


def _last_words(workspace: Workspace, run: int) -> str:
    """What the last of its processes left, as the end of a clause."""
    try:
        lines = (workspace.run_folder(run) / "engine.log").read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return f", the last with '{plain(lines[-1], 300)}'" if lines else ""
