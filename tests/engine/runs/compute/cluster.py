"""A real Dask scheduler and real workers on this machine, on ports that the system finds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.engine.runs.step_workshop import until

SECONDS = 60


class Cluster:
    """A scheduler and its workers, each a process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "scheduler.json"
        self._started = list[subprocess.Popen[bytes]]()
        self.workers = list[subprocess.Popen[bytes]]()
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", self._file)
        self.address = str(until(self._found, SECONDS)["address"])

    def _found(self) -> dict[str, object]:
        try:
            found: dict[str, object] = json.loads(self._file.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found

    def worker(self, *options: str, memory: str = "1GiB") -> subprocess.Popen[bytes]:
        """Start one and wait until the scheduler knows it."""
        log = self.folder / f"{len(self._started)}.log"
        process = self._start(
            "worker", self.address, "--host", "127.0.0.1", "--no-nanny", "--nthreads", "1", "--memory-limit", memory,
            "--local-directory", self.scratch, *options,
        )  # fmt: skip
        until(lambda: b"Registered to" in log.read_bytes(), SECONDS)
        self.workers.append(process)
        return process

    @property
    def scratch(self) -> Path:
        """Where the workers put their guests."""
        return self.folder / "scratch"

    def _start(self, what: str, *options: str | Path) -> subprocess.Popen[bytes]:
        with (self.folder / f"{len(self._started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", what, *map(str, options), "--no-dashboard"],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.folder,
                env={**os.environ, "DASK_TEMPORARY_DIRECTORY": str(self.folder)},
            )  # fmt: skip
        self._started.append(process)
        return process

    def guests(self) -> list[Path]:
        """The folders of steps that are on a worker now."""
        return list(self.scratch.glob("dask-scratch-space/*/leverframe-*"))

    def close(self) -> None:
        """End all of it."""
        for process in reversed(self._started):
            process.kill()
            process.wait()
