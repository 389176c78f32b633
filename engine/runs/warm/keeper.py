"""Whoever is the engine keeps a fork server: started when it would be used, renewed when the code is, ended with it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engine.runs import capacity
from engine.runs.steps.step import clean_environment
from engine.runs.warm import circumstances, place, process_names
from engine.runs.warm.fork_server import SPENT
from engine.runs.warm.step_servers import StepServers
from engine.storage.workspace import Workspace

WANTED = 4  # processes that were started afresh, two runs with their judges: less is not worth loading everything for
REST_SECONDS = 60.0  # after one that ended in a way it should not have
LEAST_FREE = 1 << 30


class Keeper:
    """``look`` is called every few seconds by the engine, from one thread."""

    def __init__(self, workspace: Workspace, steady: Callable[[], float] = time.monotonic) -> None:
        self._root, self._steady = workspace.root, steady
        self._server: subprocess.Popen[bytes] | None = None
        self._steps = StepServers(workspace.root, workspace.environments)
        self._code = ""
        self._not_before = 0.0
        with suppress(OSError):
            place.made(self._root)
            place.clear(self._root)  # What one left that was killed, or that is another engine's of before.

    def look(self) -> None:
        """Start one, end one that is out of date, take leave of one that has ended; step servers as well."""
        self._steps.look()
        if self._server is not None:
            ended = self._server.poll()
            if ended is None:
                if self._is_of_other_code() or capacity.free_memory() < LEAST_FREE // 4:
                    self.stop()
                return
            self._forget(ended)
        wanted = place.unanswered(self._root) >= WANTED
        if wanted and self._steady() >= self._not_before and capacity.free_memory() >= LEAST_FREE:
            self._start()

    def stop(self) -> None:
        """End the servers, and do not wait for it: what they have in hand are forks, and they go on."""
        self._steps.stop()
        self._end_server()

    def _end_server(self) -> None:
        if self._server is not None and self._server.stdin is not None:
            self._server.stdin.close()
        self._server = None

    def _is_of_other_code(self) -> bool:
        try:
            return circumstances.code() != self._code
        except OSError:
            return True  # It is being replaced at this moment.

    def _forget(self, ended: int) -> None:
        self._end_server()  # What it had beside it ends with its standard input; step servers are none of its.
        if ended == SPENT:
            return  # The next takes its place at once.
        place.forget_unanswered(self._root)
        self._not_before = self._steady() + (REST_SECONDS if ended else 0.0)

    def _start(self) -> None:
        with suppress(OSError):  # Then every process is started afresh.
            self._code = circumstances.code()
            folder = place.made(self._root)
            with (folder / "server.log").open("wb") as log:
                self._server = subprocess.Popen(
                    [sys.executable, "-P", "-m", "engine.runs.warm.fork_server", str(folder)],
                    cwd="/",
                    env=clean_environment((), {**_OWN, **process_names.RESERVED}, 1),
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )


# Like a judge or a meter, which have one thread for their libraries of numbers too; and an allocator without its own.
_OWN = {"PYTHONPATH": str(Path(__file__).resolve().parents[3]), "JE_ARROW_MALLOC_CONF": "background_thread:false"}
