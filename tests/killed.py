"""``python -m tests.killed``: does what each line of JSON says in a fork of itself, which dies where the line says.

What the engine imports is imported once, here: a death costs what the act costs until then and no start of Python.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

# ruff: noqa: F401 - what acts import on their way; the fork imports what does not stand here.
import pyarrow.dataset
import pyarrow.parquet
import zstandard

import engine.api
import engine.backup.build
import engine.backup.restoring
import engine.housekeeping.clean
import engine.jobs.process
import engine.jobs.retrain.package
import engine.jobs.retrain.retrain

CHANGES = {"os.rename", "os.symlink", "os.mkdir", "os.rmdir", "os.remove", "os.link", "subprocess.Popen"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def die_before(change: int) -> None:
    """SIGKILL for this process before its Nth change to the file system from now on."""
    left = change

    def hook(event: str, given: tuple[Any, ...]) -> None:
        nonlocal left
        if event in CHANGES or (event == "open" and isinstance(given[2], int) and given[2] & WRITING):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def next_order() -> dict[str, Any]:
    """In a fork, each time: what it is to do. This process itself ends when nobody asks any more."""
    asked, answer = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    for line in asked:
        child = os.fork()
        if child == 0:
            asked.close()
            answer.close()
            order: dict[str, Any] = json.loads(line)
            return order
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answer, flush=True)
    sys.exit()


def main() -> None:
    order = next_order()
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.environ.clear()
    os.environ.update(order["environment"])
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(order["preparation"], names)
    die_before(order["change"])
    exec(order["act"], names)


if __name__ == "__main__":
    main()
