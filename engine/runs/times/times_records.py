"""How long runs take, as screens and the command line speak of it. Frozen, plain, and free of I/O.

Durations are seconds, sizes bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Trend = Literal["steady", "slower", "faster", "cannot tell"]


@dataclass(frozen=True)
class StepTimes:
    """What one step took in the last runs that went well.

    ``share`` is its p50 in the run's p50: steps that run beside each other add up to more than one, and the queue
    stands before the run. ``trend`` is ``slower`` or ``faster`` from the run ``since_run`` on; ``why`` then says what
    changed with that run.
    """

    name: str
    n: int
    p50: float
    p95: float
    last: float
    share: float
    peak_memory_p95: int | None
    rows_per_second: float | None
    trend: Trend
    since_run: int | None
    why: str
    cpu_p50: float | None = None


@dataclass(frozen=True)
class RunTimes:
    """What one job of a project took in its last runs that went well, without the time in the queue.

    A run that takes longer than ``bound`` is to be looked at; None while too few runs are known. ``costliest`` is the
    step that takes the most of a run.
    """

    project: str
    job: str
    n: int
    p50: float
    p95: float
    bound: float | None
    steps: tuple[StepTimes, ...]
    costliest: str | None
