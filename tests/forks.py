"""Processes that begin with their libraries loaded: forks of ``python -m tests.forks NAMES``, which has imported them.

A start of Python with the engine in it costs 0.3 s of CPU, with pandas and scikit-learn 0.9 s. A fork is a process like
any other: it is killed, ends with an exit code, has its own environment and folder, and shares nothing with the next.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.runs.steps.step_server import end

ROOT = Path(__file__).resolve().parents[1]
CHANGES = {"os.rename", "os.symlink", "os.mkdir", "os.rmdir", "os.remove", "os.link", "subprocess.Popen"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Forks:
    """The process that is forked; it ends with this one, which closes its standard input."""

    def __init__(self, *modules: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forks", *modules],
            env={**environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, code: str, environment: Mapping[str, str], preparation: str = "", killed_at: int = 0
    ) -> tuple[int, str]:
        """The exit code of ``preparation`` and ``code``, and what they said; see ``die_before`` for ``killed_at``."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with tempfile.NamedTemporaryFile() as said:
            order = {"preparation": preparation, "code": code, "killed_at": killed_at, "said": said.name}
            self._process.stdin.write(json.dumps({**order, "environment": dict(environment)}) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline()), said.read().decode("utf-8", "replace")


def die_before(change: int) -> None:
    """SIGKILL for this process before its Nth change to the file system from now on; 0: never."""
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


def main(modules: list[str]) -> None:
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # A fork that looks for garbage would copy all of it.
    order = next_order()
    loaded = set(sys.modules)
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.environ.clear()
    os.environ.update(order["environment"])
    end(carried_out(order), loaded)


def carried_out(order: Mapping[str, Any]) -> int:
    """The exit code of what was ordered, as Python has it."""
    names: dict[str, Any] = {"__name__": "__main__"}
    tempfile.gettempdir()  # It writes a file to see whether it may: whoever is killed just then would leave that.
    try:
        exec(order["preparation"], names)
        die_before(order["killed_at"])
        exec(order["code"], names)
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main(sys.argv[1:])
