"""An engine as a process of its own, with a clock that a test drives and runs that take no time:

    python -m tests.engine.schedule.engine_process HOME CLOCK JOURNAL

The clock is a file that holds the time. A run is a real process behind the real queue, forked because a thousand fresh
Pythons would take minutes; it takes its lock, claims its row, has a real process as its step, writes its outcome. The
journal gets a line for each run that was really begun.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

from engine import clock
from engine.runs import queue
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from tests.people import open_engine

STEP_SECONDS = "0.05"


def journal(path: Path, *words: object) -> None:
    with path.open("a") as file:
        file.write(" ".join(map(str, words)) + "\n")


def do_run(home: Path, run: int, path: Path) -> None:
    """What engine.jobs.process does, with a sleep as the step."""
    os.setsid()
    workspace = Workspace(home)
    held = queue.take_lock(workspace, run)
    if held is None:
        return
    ledger = Ledger(workspace.ledger, locks=home / "locks")
    if not queue.claim(ledger, run, clock.now()):
        return
    journal(path, "run", run, os.getpid())
    environment = {"LEVERFRAME_RUN": queue.marker(workspace, run)}
    step = subprocess.Popen(["/bin/sleep", STEP_SECONDS], env=environment, pass_fds=(held,))
    journal(path, "step", run, step.pid)
    state = "succeeded" if step.wait() == 0 else "failed"
    with ledger.write() as db:
        queue.finish(db, run, state, clock.now(), why=None if state == "succeeded" else "its step was killed")


def nursery(home: Path, path: Path) -> int:
    """Fork a process that forks runs, before there is any thread; returns where to write their numbers."""
    read, write = os.pipe()
    if os.fork():
        os.close(read)
        return write
    os.close(write)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with os.fdopen(read) as numbers:
        for number in numbers:
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                with contextlib.suppress(BaseException):
                    do_run(home, int(number), path)
                os._exit(0)
    os._exit(0)


def main(home: Path, clock_file: Path, path: Path) -> None:
    runs = nursery(home, path)
    queue._start_process = lambda workspace, run: os.write(runs, f"{run}\n".encode())  # type: ignore[assignment]

    def now() -> datetime:
        return clock.moment(clock_file.read_text())

    engine = open_engine(home, "ada")
    journal(path, "engine", os.getpid())
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    scheduler = engine.start_scheduler(lambda line: print(line, flush=True), now=now, tick=0.04, patience=0.4)
    while not ended.wait(0.5):  # a signal may be taken by another thread, which does not wake this one
        pass
    scheduler.stop()
    engine.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
