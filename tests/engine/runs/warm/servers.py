"""A fork server for tests: kept as the engine keeps it, without waiting until it would be used."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from engine.runs.steps.limits import Limits
from engine.runs.steps.running import RunningStep, start_step
from engine.runs.steps.step import StepSpec, clean_environment
from engine.runs.warm import fork_request, place
from engine.runs.warm.keeper import WANTED, Keeper
from engine.storage import workspace as workspaces
from engine.storage.workspace import Workspace
from tests.engine.runs.step_workshop import ROOT, none_alive, until


class Served:
    """A workspace with a fork server."""

    def __init__(self, home: Path) -> None:
        self.workspace: Workspace = workspaces.create(home)
        self.home, self.socket = home, place.folder_of(home) / place.SOCKET
        self.keeper = Keeper(self.workspace)
        self.start()

    def start(self) -> None:
        fork_request.PATIENCE_SECONDS = 60.0  # A busy machine is not to decide who forks.
        place.clear(self.home)
        for _ in range(WANTED):
            place.note_unanswered(self.home, "run")
        self.keeper.look()
        until(self.socket.exists)
        assert self.keeper._server is not None
        self.pid = self.keeper._server.pid
        (self.for_runs,) = children(self.pid)

    def forks(self) -> list[int]:
        """What it has forked: of its two processes, and without the one that was itself forked by the other."""
        return [pid for pid in (*children(self.pid), *children(self.for_runs)) if pid != self.for_runs]

    def begin(
        self, folder: Path, deed: str, limits: Mapping[str, int] | None = None, *, forked: bool = True
    ) -> RunningStep:
        """A process of the engine's own that does one of ``deeds``, with a lock in its hands."""
        folder.mkdir(parents=True, exist_ok=True)
        job, lock = folder / "job", os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(lock, fcntl.LOCK_EX)
        job.write_text(deed)
        extra = {"PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo"}
        spec = StepSpec(
            name="measure",
            argv=(sys.executable, "-P", "-m", "tests.engine.runs.warm.deeds", str(job)),
            cwd=folder,
            environment=clean_environment((), extra, 1),
            log=folder / "measure.log",
            limits=Limits(**{"seconds": 60, "memory": 4 << 30, **(limits or {})}),
            marker=f"test-{os.getpid()}:{folder.name}",
            held=lock,
            forked=self.home if forked else None,
        )
        try:
            return start_step(spec, lambda at, text: None)
        finally:
            os.close(lock)


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """The workspace; with the block its server ends."""
    patience = fork_request.PATIENCE_SECONDS
    found = Served(home)
    try:
        yield found
    finally:
        fork_request.PATIENCE_SECONDS = patience
        found.keeper.stop()
        until(lambda: none_alive([found.pid, found.for_runs]))


def runs_started_afresh(home: Path) -> int:
    return (place.folder_of(home) / place.UNANSWERED).read_text().count("r")


def children(pid: int) -> list[int]:
    """The processes whose parent is ``pid``."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in path.read_text().split()] if path.exists() else []
