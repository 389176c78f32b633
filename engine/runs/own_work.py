"""The cost of a part of a run's own work: time, CPU and peak memory, as a step's result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.runs.steps.step import StepResult
from engine.vocabulary.steps import StepKind

_FROM_NOW_ON = "5"  # what /proc/PID/clear_refs wants to hear to begin the peak anew


@contextmanager
def measured(kind: StepKind, record: Callable[[StepResult], None]) -> Iterator[None]:
    """Record the block as a step when it went well; what it raises is the run's own outcome."""
    _begin_peak()
    began, cpu = time.monotonic(), time.process_time()
    yield
    record(
        StepResult(
            name=kind.name,
            state="succeeded",
            exit_code=0,
            seconds=round(time.monotonic() - began, 3),
            cpu_seconds=round(time.process_time() - cpu, 3),
            peak_memory=peak_memory(Path("/proc/self/status").read_text()),
            why=None,
            last_lines=(),
        )
    )


def _begin_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text(_FROM_NOW_ON)
    except OSError:
        return  # Some machines forbid it; the peak is then that of the whole run's process, and never too small.


def peak_memory(status: str) -> int:
    """The peak of the resident size in bytes, from the text of /proc/PID/status."""
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
