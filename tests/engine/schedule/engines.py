"""Engines as processes that a test starts, stops and kills, and the clock that they all look at."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.clock import stamp

ROOT = Path(__file__).resolve().parents[3]


class Clock:
    """A time that moves when it is told to; written whole, so that nobody reads half of one."""

    def __init__(self, path: Path, at: datetime) -> None:
        self._path, self.at = path, at
        self.move(timedelta())

    def move(self, span: timedelta) -> None:
        self.at += span
        new = self._path.with_suffix(".new")
        new.write_text(stamp(self.at))
        new.replace(self._path)


class Hall:
    """A workspace with the engines that compete for it."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.home, self.journal, self.log = home, folder / "journal", folder / "engines.log"
        self.journal.touch()
        self.clock = Clock(folder / "clock", datetime.now(UTC))
        self._clock_path = folder / "clock"

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            module = "tests.engine.schedule.engine_process"
            return subprocess.Popen(
                [sys.executable, "-m", module, self.home, self._clock_path, self.journal],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    def begun(self, what: str) -> list[list[int]]:
        """What the journal says of runs (number, process), steps and engines."""
        lines = [line.split() for line in self.journal.read_text().splitlines()]
        return [[int(word) for word in words] for kind, *words in lines if kind == what]


def wait_until(reached: Callable[[], bool], seconds: float = 60.0) -> None:
    """Give other processes the time they need; a test that waits in vain fails."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
